package io.kdelta.causal;

import io.kdelta.causal.Intervals.Range;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A set of log positions that grows and shrinks, in O(log ranges) a step.
 *
 * <p>Mutable; owned by whoever made it. Invariant: that of {@link Intervals}.
 */
final class IntervalSet {
  private final TreeMap<Long, Long> ranges = new TreeMap<>();

  IntervalSet() {}

  IntervalSet(Intervals start) {
    for (Range range : start.ranges()) ranges.put(range.first(), range.last());
  }

  /** Adds all positions from {@code first} to {@code last}. */
  void add(long first, long last) {
    if (first < 1 || last < first || last == Long.MAX_VALUE) {
      throw new IllegalArgumentException(first + " to " + last);
    }
    long from = first;
    long to = last;
    Map.Entry<Long, Long> range = ranges.floorEntry(to + 1);
    while (range != null && range.getValue() >= from - 1) {
      from = Math.min(from, range.getKey());
      to = Math.max(to, range.getValue());
      ranges.remove(range.getKey());
      range = ranges.floorEntry(to + 1);
    }
    ranges.put(from, to);
  }

  /** Takes one position out; it need not be in. */
  void remove(long seq) {
    Map.Entry<Long, Long> range = ranges.floorEntry(seq);
    if (range == null || range.getValue() < seq) return;
    long first = range.getKey();
    long last = range.getValue();
    ranges.remove(first);
    if (first < seq) ranges.put(first, seq - 1);
    if (seq < last) ranges.put(seq + 1, last);
  }

  boolean isEmpty() {
    return ranges.isEmpty();
  }

  boolean contains(long seq) {
    Map.Entry<Long, Long> range = ranges.floorEntry(seq);
    return range != null && range.getValue() >= seq;
  }

  /** Whether all positions from {@code first} to {@code last} are in. */
  boolean contains(long first, long last) {
    Map.Entry<Long, Long> range = ranges.floorEntry(first);
    return range != null && range.getValue() >= last;
  }

  /** Whether none from {@code first} to {@code last} is in. */
  boolean lacks(long first, long last) {
    Map.Entry<Long, Long> range = ranges.floorEntry(last);
    return range == null || range.getValue() < first;
  }

  /** The last position of the gapless run from 1; 0 for none. */
  long prefix() {
    Map.Entry<Long, Long> range = ranges.firstEntry();
    return range == null || range.getKey() != 1 ? 0 : range.getValue();
  }

  /** The first of those that lead to {@code seq} without a gap, which is in. */
  long startOf(long seq) {
    return ranges.floorEntry(seq).getKey();
  }

  /** The largest position up to {@code seq}; 0 for none. */
  long lastUpTo(long seq) {
    Map.Entry<Long, Long> range = ranges.floorEntry(seq);
    return range == null ? 0 : Math.min(seq, range.getValue());
  }

  /** The same set as a value. */
  Intervals toIntervals() {
    List<Range> list = new ArrayList<>(ranges.size());
    ranges.forEach((first, last) -> list.add(new Range(first, last)));
    return new Intervals(list);
  }
}
