package io.kdelta.causal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.env.SimEntropy;
import io.kdelta.error.KdeltaException;
import io.kdelta.memory.Bytes;
import java.util.BitSet;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * Goal: interval sets are sets. Method: seeded random operations on the mutable and the immutable
 * form against a bit set.
 */
final class IntervalsTest {
  private static final long SEED = 5;
  private static final int SPACE = 60;

  @Test
  void growingAndShrinkingMatchesABitSet() {
    SimEntropy entropy = new SimEntropy(SEED);
    for (int round = 0; round < 300; round++) {
      IntervalSet set = new IntervalSet();
      BitSet model = new BitSet();
      for (int step = 0; step < 60; step++) {
        int first = 1 + entropy.nextInt(SPACE);
        if (entropy.nextInt(3) == 0) {
          set.remove(first);
          model.clear(first);
        } else {
          int last = first + entropy.nextInt(5);
          set.add(first, last);
          model.set(first, last + 1);
        }
        same(model, set.toIntervals());
        assertEquals(model.get(7), set.contains(7));
      }
    }
  }

  @Test
  void algebraMatchesABitSet() {
    SimEntropy entropy = new SimEntropy(SEED + 1);
    for (int round = 0; round < 3_000; round++) {
      BitSet a = random(entropy);
      BitSet b = random(entropy);
      Intervals left = intervals(a);
      Intervals right = intervals(b);
      BitSet union = (BitSet) a.clone();
      union.or(b);
      same(union, left.union(right));
      BitSet rest = (BitSet) a.clone();
      rest.andNot(b);
      same(rest, left.minus(right));
      assertEquals(rest.isEmpty(), right.containsAll(left));
      assertEquals(left, Intervals.decode(left.encode()));
      int first = 1 + entropy.nextInt(SPACE);
      BitSet more = (BitSet) a.clone();
      more.set(first, first + 4);
      same(more, left.with(first, first + 3));
    }
  }

  @Test
  void prefixAndMaximum() {
    assertEquals(0, Intervals.EMPTY.prefix());
    assertEquals(0, Intervals.EMPTY.max());
    assertEquals(9, Intervals.of(1, 9).prefix());
    assertEquals(0, Intervals.of(2, 9).prefix());
    assertEquals(9, Intervals.of(1, 3).with(5, 9).max());
    assertEquals(3, Intervals.of(1, 3).with(5, 9).prefix());
    assertEquals(9, Intervals.of(1, 3).with(5, 9).with(4, 4).prefix());
  }

  @Test
  void whatBreaksTheInvariantIsRefused() {
    assertThrows(IllegalArgumentException.class, () -> Intervals.of(0, 3));
    assertThrows(IllegalArgumentException.class, () -> Intervals.of(4, 3));
    assertThrows(
        IllegalArgumentException.class,
        () -> new Intervals(List.of(new Intervals.Range(1, 3), new Intervals.Range(4, 5))));
    SimEntropy entropy = new SimEntropy(SEED + 2);
    for (int i = 0; i < 5_000; i++) {
      byte[] bytes = intervals(random(entropy)).encode().toArray();
      bytes[entropy.nextInt(bytes.length)] = (byte) entropy.nextInt(256);
      Bytes hostile = Bytes.wrap(bytes);
      try {
        assertEquals(hostile, Intervals.decode(hostile).encode());
      } catch (KdeltaException.Invalid expected) {
        assertFalse(expected.reason().isEmpty());
      }
    }
  }

  private static BitSet random(SimEntropy entropy) {
    BitSet set = new BitSet();
    for (int n = entropy.nextInt(8); n > 0; n--) {
      int first = 1 + entropy.nextInt(SPACE);
      set.set(first, first + 1 + entropy.nextInt(6));
    }
    return set;
  }

  private static Intervals intervals(BitSet set) {
    Intervals intervals = Intervals.EMPTY;
    for (int i = set.nextSetBit(0); i >= 0; i = set.nextSetBit(i + 1)) {
      intervals = intervals.with(i, i);
    }
    return intervals;
  }

  private static void same(BitSet model, Intervals actual) {
    BitSet set = new BitSet();
    for (Intervals.Range range : actual.ranges()) {
      set.set((int) range.first(), (int) range.last() + 1);
    }
    assertEquals(model, set);
    assertEquals(model.cardinality(), actual.count());
    for (int i = 1; i < SPACE + 12; i++) assertEquals(model.get(i), actual.contains(i));
    assertTrue(actual.ranges().size() <= model.cardinality());
  }
}
