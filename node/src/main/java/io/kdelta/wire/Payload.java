package io.kdelta.wire;

import com.google.protobuf.ByteOutput;
import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import io.kdelta.memory.Bytes;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * The bytes of a message that came in, and those of one that goes out, without a copy where they
 * lie in one array: nobody writes to either, the string and {@link Bytes} are both immutable. Owned
 * by the call that makes it.
 */
public final class Payload extends ByteOutput {
  private Bytes bytes = Bytes.EMPTY;

  private Payload() {}

  /** The bytes of a string. */
  public static Bytes of(ByteString message) {
    Payload payload = new Payload();
    try {
      UnsafeByteOperations.unsafeWriteTo(message, payload);
    } catch (IOException e) {
      throw new AssertionError("no stream is written to", e);
    }
    return payload.bytes;
  }

  /** The string of these bytes. */
  public static ByteString string(Bytes bytes) {
    // By way of their array: a read-only buffer would be copied.
    ByteString[] string = new ByteString[1];
    bytes.feed(
        (array, from, size) -> string[0] = UnsafeByteOperations.unsafeWrap(array, from, size));
    return string[0];
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
