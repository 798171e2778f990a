package io.kdelta.storage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.env.SimEntropy;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * Goal: four bad reads in a row, or more than five among the last hundred, are systematic, and
 * nothing else. Method: the edges; random reads against a naive count.
 */
final class CorruptionTrackerTest {
  @Test
  void fourInARow() {
    CorruptionTracker tracker = new CorruptionTracker();
    for (int i = 0; i < 3; i++) tracker.bad();
    assertFalse(tracker.systematic());
    tracker.good();
    tracker.bad();
    assertFalse(tracker.systematic());
    for (int i = 0; i < 3; i++) tracker.bad();
    assertTrue(tracker.systematic());
  }

  @Test
  void randomReadsAgainstANaiveCount() {
    SimEntropy chance = new SimEntropy(3);
    int systematic = 0;
    for (int run = 0; run < 50; run++) {
      CorruptionTracker tracker = new CorruptionTracker();
      List<Boolean> reads = new ArrayList<>();
      for (int i = 0; i < 400; i++) {
        boolean bad = chance.nextInt(20 + run) == 0;
        if (bad) tracker.bad();
        else tracker.good();
        reads.add(bad);
        assertEquals(naive(reads), tracker.systematic(), "run " + run + " read " + i);
        if (tracker.systematic()) systematic++;
      }
    }
    assertTrue(systematic > 100, systematic + " times");
  }

  private static boolean naive(List<Boolean> reads) {
    int inARow = 0;
    for (int i = reads.size() - 1; i >= 0 && reads.get(i); i--) inARow++;
    List<Boolean> last = reads.subList(Math.max(0, reads.size() - 100), reads.size());
    long bad = last.stream().filter(read -> read).count();
    return inARow > 3 || (last.size() == 100 && bad > 5);
  }
}
