package io.kdelta.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.env.SimEntropy;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/**
 * Goal: a byte string is its content, wherever it lies in an array. Method: examples at the edges;
 * seeded random slices against plain arrays.
 */
final class BytesTest {
  @Test
  void equalByContentAndOrderedUnsigned() {
    assertEquals(Bytes.of(1, 2), Bytes.of(0, 1, 2, 3).slice(1, 3));
    assertEquals(Bytes.of(1, 2).hashCode(), Bytes.of(0, 1, 2, 3).slice(1, 3).hashCode());
    assertNotEquals(Bytes.of(1, 2), Bytes.of(1));
    assertTrue(Bytes.of(0x7F).compareTo(Bytes.of(0x80)) < 0);
    assertTrue(Bytes.of(1).compareTo(Bytes.of(1, 0)) < 0);
    assertEquals(0, Bytes.EMPTY.compareTo(Bytes.of()));
    assertTrue(Bytes.EMPTY.isEmpty());
  }

  @Test
  void numbersAreReadInBothOrders() {
    Bytes bytes = Bytes.of(0xFF, 1, 2, 3, 4, 5, 6, 7, 8).slice(1);
    assertEquals(0x0201, bytes.unsignedShortAt(0));
    assertEquals(0x04030201, bytes.intAt(0));
    assertEquals(0x0807060504030201L, bytes.longAt(0));
    assertEquals(0x0102030405060708L, bytes.bigEndianLongAt(0));
    assertEquals(0xFF, Bytes.of(0xFF).unsignedAt(0));
    assertEquals(-1, Bytes.of(0xFF).at(0));
  }

  @Test
  void nothingReadsPastTheEndOfASlice() {
    Bytes slice = Bytes.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10).slice(1, 9);
    assertEquals(8, slice.size());
    assertThrows(IndexOutOfBoundsException.class, () -> slice.at(8));
    assertThrows(IndexOutOfBoundsException.class, () -> slice.at(-1));
    assertThrows(IndexOutOfBoundsException.class, () -> slice.longAt(1));
    assertThrows(IndexOutOfBoundsException.class, () -> slice.intAt(5));
    assertThrows(IndexOutOfBoundsException.class, () -> slice.slice(0, 9));
    assertThrows(IndexOutOfBoundsException.class, () -> slice.slice(3, 2));
    assertThrows(IndexOutOfBoundsException.class, () -> slice.intAt(Integer.MAX_VALUE));
    assertThrows(IndexOutOfBoundsException.class, () -> Bytes.wrap(new byte[3], 2, 2));
  }

  @Test
  void copiesDoNotShare() {
    byte[] array = {1, 2, 3};
    Bytes copy = Bytes.copyOf(array);
    Bytes part = Bytes.copyOf(array, 1, 2);
    Bytes buffered = Bytes.copyOf(ByteBuffer.wrap(array, 1, 1));
    array[1] = 9;
    assertEquals(Bytes.of(1, 2, 3), copy);
    assertEquals(Bytes.of(2, 3), part);
    assertEquals(Bytes.of(2), buffered);
    copy.toArray()[0] = 9;
    assertEquals(1, copy.at(0));
    assertTrue(copy.buffer().isReadOnly());
  }

  @Test
  void textHexAndJoining() {
    assertEquals("ä", Bytes.utf8("ä").utf8());
    assertEquals("00ff", Bytes.of(0, 255).hex());
    assertEquals(Bytes.of(0, 255), Bytes.ofHex("00FF"));
    assertThrows(IllegalArgumentException.class, () -> Bytes.ofHex("0"));
    assertEquals(Bytes.of(1, 2, 3), Bytes.concat(Bytes.of(1), Bytes.EMPTY, Bytes.of(2, 3)));
    assertEquals("... (41 bytes)", Bytes.wrap(new byte[41]).toString().substring(80));
  }

  @Test
  void copiesToAndFromOffHeapMemory() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment memory = arena.allocate(8);
      Bytes.of(7, 8, 9).slice(1).copyTo(memory, 3);
      assertEquals(Bytes.of(0, 8, 9, 0), Bytes.copyOf(memory, 2, 4));
    }
  }

  @Test
  void randomSlicesBehaveAsArrays() {
    SimEntropy chance = new SimEntropy(17);
    byte[] array = new byte[200];
    for (int round = 0; round < 2_000; round++) {
      chance.fill(array);
      int from = chance.nextInt(100);
      int size = chance.nextInt(100);
      int otherFrom = chance.nextInt(100);
      int otherSize = chance.nextInt(100);
      Bytes bytes = Bytes.wrap(array.clone(), from, size);
      Bytes other = Bytes.copyOf(array, otherFrom, otherSize);
      byte[] a = Arrays.copyOfRange(array, from, from + size);
      byte[] b = Arrays.copyOfRange(array, otherFrom, otherFrom + otherSize);
      assertEquals(
          Integer.signum(Arrays.compareUnsigned(a, b)), Integer.signum(bytes.compareTo(other)));
      assertEquals(Arrays.equals(a, b), bytes.equals(other));
      assertEquals(-1, Arrays.mismatch(a, bytes.toArray()));
      int cut = chance.nextInt(size + 1);
      assertTrue(bytes.startsWith(Bytes.copyOf(a, 0, cut)));
      assertEquals(bytes, Bytes.concat(bytes.slice(0, cut), bytes.slice(cut)));
      assertFalse(bytes.startsWith(Bytes.concat(bytes, Bytes.of(1))));
    }
  }
}
