package io.kdelta.client;

import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import java.security.SecureRandom;
import java.util.HexFormat;

/** Names of writes: by its name a write that is sent again is known where it has arrived. */
public final class RequestIds {
  private static final String FIELD = "request_id";
  private static final int BYTES = 16;

  private RequestIds() {}

  /** A name that nobody else draws. */
  public static String draw() {
    byte[] id = new byte[BYTES];
    new SecureRandom().nextBytes(id);
    return HexFormat.of().formatHex(id);
  }

  /** The request, named if it is one that takes a name and has none yet. */
  @SuppressWarnings("unchecked") // A builder builds what it was made of.
  static <Q extends Message> Q named(Q request) {
    FieldDescriptor field = request.getDescriptorForType().findFieldByName(FIELD);
    if (field == null || !((String) request.getField(field)).isEmpty()) return request;
    return (Q) request.toBuilder().setField(field, draw()).build();
  }
}
