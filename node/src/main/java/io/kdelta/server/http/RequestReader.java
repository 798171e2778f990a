package io.kdelta.server.http;

import com.google.protobuf.ByteString;
import com.google.protobuf.Message;

/** Reads messages of clients within the bounds that gRPC has for them. Thread-safe. */
@FunctionalInterface
public interface RequestReader {
  /**
   * A message of the type of {@code prototype}; {@link io.kdelta.error.KdeltaException.Invalid} for
   * what is none, nests too deep or has too many fields.
   */
  <Q extends Message> Q read(Q prototype, ByteString bytes);
}
