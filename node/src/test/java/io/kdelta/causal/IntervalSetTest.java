package io.kdelta.causal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.causal.Intervals.Range;
import io.kdelta.env.SimEntropy;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * Goal: a set of many ranges, in many pages, answers as one of few. Method: seeded random steps
 * against a bit set, dense enough that pages are split, joined and swallowed whole; and the order
 * in which a join by snapshot brings positions.
 */
final class IntervalSetTest {
  private static final int SPACE = 12_000;

  private static Intervals of(BitSet model) {
    List<Range> ranges = new ArrayList<>();
    for (int first = model.nextSetBit(1); first > 0; first = model.nextSetBit(first)) {
      int end = model.nextClearBit(first);
      ranges.add(new Range(first, end - 1));
      first = end;
    }
    return new Intervals(ranges);
  }

  /** Asks everything about one place. */
  private static void same(BitSet model, IntervalSet set, int first, int last, String when) {
    assertEquals(model.get(first), set.contains(first), when);
    assertEquals(model.nextClearBit(first) > last, set.contains(first, last), when);
    int next = model.nextSetBit(first);
    assertEquals(next < 0 || next > last, set.lacks(first, last), when);
    assertEquals(Math.max(0, model.previousSetBit(first)), set.lastUpTo(first), when);
    assertEquals(model.get(1) ? model.nextClearBit(1) - 1 : 0, set.prefix(), when);
    assertEquals(model.isEmpty(), set.isEmpty(), when);
    if (model.get(first)) {
      assertEquals(model.previousClearBit(first) + 1, set.startOf(first), when);
    }
  }

  @Test
  void itIsABitSet() {
    for (long seed = 0; seed < 12; seed++) {
      SimEntropy entropy = new SimEntropy(seed);
      IntervalSet set = new IntervalSet();
      BitSet model = new BitSet();
      int pagesMost = 0;
      for (int step = 0; step < 30_000; step++) {
        int first = 1 + entropy.nextInt(SPACE);
        // Mostly single places at first; later more is taken out, or long runs are put in.
        boolean late = step > 15_000;
        int last = first;
        if (entropy.nextInt(late ? 2_000 : 10_000) == 0) last += entropy.nextInt(SPACE / 2);
        if (entropy.nextInt(late ? 2 : 20) == 0) {
          set.remove(first);
          model.clear(first);
        } else {
          set.add(first, last);
          model.set(first, last + 1);
        }
        String when = "seed " + seed + " step " + step;
        int asked = 1 + entropy.nextInt(SPACE);
        same(model, set, first, last + 1, when);
        same(model, set, asked, asked + entropy.nextInt(4), when);
        if (step % 1_000 == 0) {
          Intervals value = set.toIntervals();
          assertEquals(of(model), value, when);
          if (entropy.nextInt(3) == 0) set = new IntervalSet(value);
        }
        pagesMost = Math.max(pagesMost, set.pages());
      }
      assertTrue(pagesMost > 3, "pages " + pagesMost);
    }
  }

  @Test
  void scatteredPlacesFillUpToOneRange() {
    SimEntropy entropy = new SimEntropy(20);
    int count = 40_000;
    int[] order = new int[count];
    for (int i = 0; i < count; i++) {
      int other = entropy.nextInt(i + 1);
      order[i] = order[other];
      order[other] = i + 1;
    }
    IntervalSet set = new IntervalSet();
    int pagesMost = 0;
    for (int seq : order) {
      assertTrue(set.lacks(seq, seq));
      set.add(seq, seq);
      assertTrue(set.contains(seq));
      pagesMost = Math.max(pagesMost, set.pages());
    }
    assertTrue(pagesMost > 10, "pages " + pagesMost);
    assertEquals(1, set.pages());
    assertEquals(Intervals.of(1, count), set.toIntervals());
    for (int seq : order) set.remove(seq);
    assertTrue(set.isEmpty());
    assertEquals(Intervals.EMPTY, set.toIntervals());
  }

  @Test
  void oneRangeSwallowsAllPages() {
    IntervalSet set = new IntervalSet();
    for (int i = 1; i < 5_000; i++) set.add(3L * i, 3L * i);
    assertTrue(set.pages() > 5);
    set.add(4, 14_000);
    assertEquals(14_000, set.lastUpTo(14_000));
    assertEquals(3, set.startOf(14_000));
    set.add(1, 1L << 40);
    assertEquals(Intervals.of(1, 1L << 40), set.toIntervals());
    assertEquals(1, set.pages());
    assertThrows(IllegalArgumentException.class, () -> set.add(0, 1));
    assertThrows(IllegalArgumentException.class, () -> set.add(5, 4));
  }
}
