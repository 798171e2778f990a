package io.kdelta.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.error.KdeltaException;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * Goal: what the writer wrote is read back, and no bytes make the reader read past the end or
 * allocate. Method: a message with every kind of field; the same cut at every byte; wild sizes.
 */
final class ByteReaderTest {
  private static final Bytes MESSAGE =
      new ByteWriter()
          .writeByte(200)
          .writeShort(60_000)
          .writeInt(-7)
          .writeLong(Long.MIN_VALUE)
          .writeBigEndianLong(5)
          .writeSized(Bytes.of(1, 2, 3))
          .write(Bytes.of(4))
          .write(new byte[] {5})
          .toBytes();

  @Test
  void readsWhatWasWritten() {
    ByteReader in = new ByteReader(MESSAGE, "message");
    readAll(in);
    assertEquals(MESSAGE.size(), in.position());
  }

  @Test
  void everyCutIsInvalidAndNamesTheMessage() {
    for (int size = 0; size < MESSAGE.size(); size++) {
      ByteReader in = new ByteReader(MESSAGE.slice(0, size), "message");
      var invalid = assertThrows(KdeltaException.Invalid.class, () -> readAll(in));
      assertTrue(invalid.field().startsWith("message at byte "), invalid.field());
    }
  }

  @Test
  void leftoversAreInvalid() {
    ByteReader in = new ByteReader(Bytes.concat(MESSAGE, Bytes.of(0)), "message");
    assertThrows(KdeltaException.Invalid.class, () -> readAll(in));
  }

  @Test
  void sizesAndCountsAreBoundBeforeAnythingIsAllocated() {
    for (int wild : List.of(-1, Integer.MIN_VALUE, Integer.MAX_VALUE, 9)) {
      Bytes bytes = new ByteWriter().writeInt(wild).writeLong(0).toBytes();
      assertThrows(
          KdeltaException.Invalid.class, () -> new ByteReader(bytes, "x").readSized(1 << 30));
      assertThrows(KdeltaException.Invalid.class, () -> new ByteReader(bytes, "x").readCount(1));
      assertThrows(
          KdeltaException.Invalid.class,
          () -> new ByteReader(bytes, "x").read(wild < 0 ? wild : wild | 15));
    }
    Bytes two = new ByteWriter().writeInt(2).writeLong(0).toBytes();
    assertEquals(2, new ByteReader(two, "x").readCount(4));
    assertThrows(KdeltaException.Invalid.class, () -> new ByteReader(two, "x").readCount(5));
    assertThrows(KdeltaException.Invalid.class, () -> new ByteReader(two, "x").readSized(1));
  }

  private static void readAll(ByteReader in) {
    assertEquals(200, in.readByte());
    assertEquals(60_000, in.readShort());
    assertEquals(-7, in.readInt());
    assertEquals(Long.MIN_VALUE, in.readLong());
    assertEquals(5, in.readBigEndianLong());
    assertEquals(Bytes.of(1, 2, 3), in.readSized(3));
    assertEquals(Bytes.of(4, 5), in.read(2));
    in.end();
  }
}
