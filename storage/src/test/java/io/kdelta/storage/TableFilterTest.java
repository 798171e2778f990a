package io.kdelta.storage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.env.SimEntropy;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

/** Goal: no key is ever missed, and few absent ones pass. Method: counting over random hashes. */
final class TableFilterTest {
  @Test
  void everyKeyPassesAndAboutOnePercentOfTheOthers() {
    assertTrue(passing(TableFilter.BITS_PER_KEY) < 0.015);
    assertTrue(passing(TableFilter.BITS_PER_KEY_BOTTOM) < 0.0075);
  }

  @Test
  void anEmptyFilterHasOneLine() {
    assertEquals(1, TableFilter.lines(0, 10));
    assertEquals(1, TableFilter.lines(51, 10));
    assertEquals(2, TableFilter.lines(52, 10));
  }

  private static double passing(int bitsPerKey) {
    int keys = 100_000;
    int lines = TableFilter.lines(keys, bitsPerKey);
    MemorySegment filter = MemorySegment.ofArray(new byte[lines * TableFilter.LINE_BYTES]);
    SimEntropy entropy = new SimEntropy(1);
    for (int i = 0; i < keys; i++) TableFilter.add(filter, 0, lines, entropy.nextLong());
    SimEntropy again = new SimEntropy(1);
    for (int i = 0; i < keys; i++) {
      assertTrue(TableFilter.mayContain(filter, 0, lines, again.nextLong()));
    }
    int passed = 0;
    for (int i = 0; i < keys; i++) {
      if (TableFilter.mayContain(filter, 0, lines, again.nextLong())) passed++;
    }
    return passed / (double) keys;
  }
}
