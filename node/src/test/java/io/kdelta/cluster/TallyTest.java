package io.kdelta.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.causal.Incarnation;
import io.kdelta.causal.Intervals;
import io.kdelta.env.SimEntropy;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/**
 * Goal: of two nodes the sums say which logs they hold alike, and a difference shows in the bucket
 * of its log alone. Method: a thousand logs drawn by chance, one of them changed in every way.
 */
final class TallyTest {
  private final SortedMap<Incarnation, Intervals> held = new TreeMap<>();

  TallyTest() {
    SimEntropy chance = new SimEntropy(5);
    for (int i = 0; i < 1_000; i++) {
      Incarnation log = new Incarnation(chance.nextLong(), chance.nextLong());
      held.put(log, Intervals.of(1, 1 + chance.nextInt(100)));
    }
  }

  @Test
  void equalHoldingsAgreeEverywhere() {
    long equal = Tally.of(held).equal(Tally.of(new TreeMap<>(held)));
    assertEquals(-1L, equal, "a thousand logs leave no bucket empty");
    assertTrue(held.keySet().stream().allMatch(log -> Tally.names(equal, log)));
  }

  @Test
  void aDifferenceShowsInItsBucketAlone() {
    Tally before = Tally.of(held);
    for (Incarnation log : held.keySet().stream().limit(40).toList()) {
      TreeMap<Incarnation, Intervals> grown = new TreeMap<>(held);
      grown.computeIfPresent(log, (name, places) -> places.with(200, 200));
      TreeMap<Incarnation, Intervals> shrunk = new TreeMap<>(held);
      shrunk.remove(log);
      for (var other : java.util.List.of(grown, shrunk)) {
        long equal = before.equal(Tally.of(other));
        assertEquals(Tally.BUCKETS - 1, Long.bitCount(equal));
        assertFalse(Tally.names(equal, log));
      }
    }
  }

  @Test
  void whatNobodyHoldsIsNoAgreement() {
    Tally nothing = Tally.of(new TreeMap<>());
    assertEquals(0, nothing.equal(nothing));
  }
}
