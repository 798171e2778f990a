package io.kdelta.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

/**
 * Goal: nothing is lost when the array behind the writer is replaced. Method: each kind of value is
 * written so often that the array grows at each of its bytes.
 */
final class ByteWriterTest {
  @Test
  void everyKindSurvivesGrowth() {
    for (int lead = 0; lead < 9; lead++) {
      ByteWriter writer = new ByteWriter(8);
      for (int i = 0; i < lead; i++) writer.writeByte(i);
      for (int i = 0; i < 200; i++) {
        writer.writeByte(7).writeShort(i).writeInt(i).writeLong(i).writeBigEndianLong(i);
      }
      Bytes bytes = writer.toBytes();
      for (int i = 0; i < lead; i++) assertEquals(i, bytes.at(i));
      for (int i = 0; i < 200; i++) {
        int at = lead + i * 23;
        assertEquals(7, bytes.at(at));
        assertEquals(i, bytes.unsignedShortAt(at + 1));
        assertEquals(i, bytes.intAt(at + 3));
        assertEquals(i, bytes.longAt(at + 7));
        assertEquals(i, bytes.bigEndianLongAt(at + 15));
      }
    }
  }

  @Test
  void whatIsHandedOverIsNotWrittenToAgain() {
    ByteWriter writer = new ByteWriter(8).writeInt(1).writeInt(2).writeInt(3);
    Bytes first = writer.handOver();
    assertEquals(12, first.size());
    assertEquals(0, writer.size());
    writer.writeLong(-1).writeLong(-1);
    assertEquals(16, writer.toBytes().size());
    for (int i = 0; i < 3; i++) assertEquals(i + 1, first.intAt(4 * i));
  }
}
