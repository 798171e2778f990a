package io.kdelta.server;

import static org.junit.jupiter.api.Assertions.assertEquals;

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
}
