package io.kdelta.storage;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * Puts the groups of a memtable in order of their point parts: a radix sort over windows of eight
 * bytes, each behind what all the keys at hand have in common.
 *
 * <p>A window is read once for each key, in whatever order the keys lie, so that the processor
 * waits for many of them at a time; a comparison would wait for each. Owner: one thread; it holds
 * nothing but its working memory.
 */
final class MemtableOrder {
  private static final int FEW = 24;
  private static final int DIGIT_BITS = 8;
  private static final int DIGITS = 1 << DIGIT_BITS;

  private static final ValueLayout.OfLong SORTED_U64 =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

  private final MemorySegment memory;
  private final Scratch scratch;
  private int[] groups = new int[0];
  private int[] otherGroups = new int[0];
  private long[] windows = new long[0];
  private long[] otherWindows = new long[0];

  /**
   * @param scratch its working memory, until a sort has returned
   */
  MemtableOrder(MemorySegment memory, Scratch scratch) {
    this.memory = memory;
    this.scratch = scratch;
  }

  /** Sorts the first references of groups, no two with the same point part, in place. */
  void sort(int[] references, int count) {
    int use = scratch.begin();
    scratch.reserve(count);
    groups = references;
    otherGroups = scratch.ints();
    windows = scratch.longs();
    otherWindows = scratch.otherLongs();
    sort(0, count, 0);
    assert scratch.isOf(use) : "somebody else used it";
  }

  /** Sorts a part whose keys are the same up to {@code depth}. */
  private void sort(int from, int to, int depth) {
    if (to - from <= FEW) {
      insert(from, to);
      return;
    }
    int window = common(from, to, depth);
    for (int i = from; i < to; i++) windows[i] = window(groups[i], window);
    radix(from, to);
    for (int start = from; start < to; ) {
      int end = start + 1;
      while (end < to && windows[end] == windows[start]) end++;
      if (end - start > 1) sortBehind(start, end, window + Long.BYTES);
      start = end;
    }
  }

  /**
   * Sorts keys whose windows are equal, the end of a key counting as zeros: those that end within
   * the window, at most one of each length, come before all others.
   */
  private void sortBehind(int from, int to, int depth) {
    int longer = from;
    for (int i = from; i < to; i++) {
      int group = groups[i];
      if (Memtable.pointSize(memory, group) > depth) continue;
      groups[i] = groups[longer];
      groups[longer++] = group;
    }
    insert(from, longer);
    sort(longer, to, depth);
  }

  private void insert(int from, int to) {
    for (int i = from + 1; i < to; i++) {
      int group = groups[i];
      int at = i;
      while (at > from && Memtable.compareGroups(memory, groups[at - 1], group) > 0) {
        groups[at] = groups[at - 1];
        at--;
      }
      groups[at] = group;
    }
  }

  /** How many leading bytes all keys of the part have in common, at least {@code depth}. */
  private int common(int from, int to, int depth) {
    int first = groups[from];
    int common = Memtable.pointSize(memory, first);
    for (int i = from + 1; i < to && common > depth; i++) {
      common = Memtable.commonPoint(memory, first, groups[i], depth, common);
    }
    return common;
  }

  /** Eight bytes of the point part from {@code at}, as a number that sorts as they do. */
  private long window(int group, int at) {
    int left = Memtable.pointSize(memory, group) - at;
    if (left <= 0) return 0;
    long point = Memtable.pointOffset(group) + at;
    if (left >= Long.BYTES) return memory.get(SORTED_U64, point);
    long window = 0;
    for (int i = 0; i < left; i++) {
      window |= (memory.get(ValueLayout.JAVA_BYTE, point + i) & 0xFFL) << (56 - 8 * i);
    }
    return window;
  }

  /** Least significant digit first; digits that are the same in all windows cost one look. */
  private void radix(int from, int to) {
    long differing = 0;
    for (int i = from; i < to; i++) differing |= windows[i] ^ windows[from];
    int[] starts = new int[DIGITS + 1];
    for (int shift = 0; shift < Long.SIZE; shift += DIGIT_BITS) {
      if ((differing >>> shift & DIGITS - 1) == 0) continue;
      Arrays.fill(starts, 0);
      for (int i = from; i < to; i++) starts[(int) (windows[i] >>> shift & DIGITS - 1) + 1]++;
      starts[0] = from;
      for (int i = 1; i <= DIGITS; i++) starts[i] += starts[i - 1];
      for (int i = from; i < to; i++) {
        int at = starts[(int) (windows[i] >>> shift & DIGITS - 1)]++;
        otherWindows[at] = windows[i];
        otherGroups[at] = groups[i];
      }
      System.arraycopy(otherWindows, from, windows, from, to - from);
      System.arraycopy(otherGroups, from, groups, from, to - from);
    }
  }
}
