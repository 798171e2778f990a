package io.kdelta.server;

import com.google.protobuf.ByteOutput;
import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import io.kdelta.memory.Bytes;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * The bytes of a message that came in, without a copy where they lie in one array: nobody writes to
 * either, the string and {@link Bytes} are both immutable. Owned by the call that makes it.
 */
final class Payload extends ByteOutput {
  private Bytes bytes = Bytes.EMPTY;

  private Payload() {}

  static Bytes of(ByteString message) {
    Payload payload = new Payload();
    try {
      UnsafeByteOperations.unsafeWriteTo(message, payload);
    } catch (IOException e) {
      throw new AssertionError("no stream is written to", e);
    }
    return payload.bytes;
  }

  @Override
  public void write(byte value) {
    take(Bytes.of(value & 0xFF));
  }

  @Override
  public void write(byte[] value, int offset, int length) {
    take(Bytes.copyOf(value, offset, length));
  }

  @Override
  public void writeLazy(byte[] value, int offset, int length) {
    take(Bytes.wrap(value, offset, length));
  }

  @Override
  public void write(ByteBuffer value) {
    take(Bytes.copyOf(value));
  }

  @Override
  public void writeLazy(ByteBuffer value) {
    take(Bytes.copyOf(value));
  }

  private void take(Bytes next) {
    bytes = bytes.isEmpty() ? next : Bytes.concat(bytes, next);
  }
}
