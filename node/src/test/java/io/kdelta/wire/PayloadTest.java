package io.kdelta.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import io.kdelta.memory.Bytes;
import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;

/** Goal: whatever a string of bytes is made of, its bytes come out. Method: each kind of them. */
final class PayloadTest {
  private static void comesOut(ByteString string) {
    assertEquals(Bytes.wrap(string.toByteArray()), Payload.of(string));
  }

  @Test
  void theBytesAreThoseOfTheString() {
    byte[] many = new byte[10_000];
    for (int i = 0; i < many.length; i++) many[i] = (byte) (i * 31);
    ByteString plain = ByteString.copyFrom(many);
    comesOut(ByteString.EMPTY);
    comesOut(plain);
    comesOut(plain.substring(17, 9_000));
    comesOut(plain.concat(plain.substring(3)).concat(ByteString.copyFromUtf8("end")));
    comesOut(UnsafeByteOperations.unsafeWrap(ByteBuffer.wrap(many, 5, 700)));
    ByteBuffer direct = ByteBuffer.allocateDirect(300);
    direct.put(many, 0, 300).flip();
    comesOut(UnsafeByteOperations.unsafeWrap(direct.asReadOnlyBuffer()));
  }

  /** A piece of a snapshot is half a megabyte: thousands of copies of it would be noticed. */
  @Test
  void neitherWayCopies() {
    byte[] array = new byte[1_000];
    Bytes middle = Bytes.wrap(array, 100, 800);
    ByteString string = Payload.string(middle);
    assertEquals(middle, Payload.of(string));
    Payload.of(string)
        .feed((behind, from, size) -> {
          assertSame(array, behind);
          assertEquals(100, from);
          assertEquals(800, size);
        });
    assertEquals(ByteString.EMPTY, Payload.string(Bytes.EMPTY));
  }
}
