package io.kdelta.causal;

import io.kdelta.memory.ByteReader;
import io.kdelta.memory.ByteWriter;
import io.kdelta.memory.Bytes;
import java.util.ArrayList;
import java.util.List;

/**
 * A set of log positions as disjoint ranges: one range for a log without holes, however long.
 *
 * <p>An immutable value without owner or thread. Invariant: ranges ascend, are not empty and do not
 * touch, and every position is at least 1.
 *
 * <pre>
 * 4        count of ranges
 * 16 each  u64 first, u64 last; ascending, with a gap between one and the next
 * </pre>
 *
 * @param ranges the ranges in order
 */
public record Intervals(List<Range> ranges) {
  /** No position. */
  public static final Intervals EMPTY = new Intervals(List.of());

  /**
   * Positions next to each other.
   *
   * @param first the first of them, at least 1
   * @param last the last of them
   */
  public record Range(long first, long last) {
    /** A range that is empty or out of bounds is a bug of ours. */
    public Range {
      if (first < 1 || last < first || last == Long.MAX_VALUE) {
        throw new IllegalArgumentException(first + " to " + last);
      }
    }

    /** How many positions it has. */
    public long count() {
      return last - first + 1;
    }
  }

  /** Checks the order of the ranges. */
  public Intervals {
    ranges = List.copyOf(ranges);
    for (int i = 1; i < ranges.size(); i++) {
      if (ranges.get(i).first() <= ranges.get(i - 1).last() + 1) {
        throw new IllegalArgumentException("ranges touch or go back: " + ranges);
      }
    }
  }

  /** All positions from {@code first} to {@code last}. */
  public static Intervals of(long first, long last) {
    return new Intervals(List.of(new Range(first, last)));
  }

  /** Whether {@code seq} is in. */
  public boolean contains(long seq) {
    int at = atOrBefore(seq);
    return at >= 0 && ranges.get(at).last() >= seq;
  }

  /** Whether every position of {@code other} is in. */
  public boolean containsAll(Intervals other) {
    for (Range range : other.ranges) {
      // Ranges do not touch: what is in lies within one of them.
      int at = atOrBefore(range.first());
      if (at < 0 || ranges.get(at).last() < range.last()) return false;
    }
    return true;
  }

  /** Whether no position is in. */
  public boolean isEmpty() {
    return ranges.isEmpty();
  }

  /** The largest position, 0 for none. */
  public long max() {
    return ranges.isEmpty() ? 0 : ranges.getLast().last();
  }

  /** The largest position such that it and all below it from 1 on are in; 0 for none. */
  public long prefix() {
    return ranges.isEmpty() || ranges.getFirst().first() > 1 ? 0 : ranges.getFirst().last();
  }

  /** How many positions are in. */
  public long count() {
    long count = 0;
    for (Range range : ranges) count += range.count();
    return count;
  }

  /** These positions and all from {@code first} to {@code last}. */
  public Intervals with(long first, long last) {
    IntervalSet set = new IntervalSet(this);
    set.add(first, last);
    return set.toIntervals();
  }

  /** The positions that are in this or in {@code other}. */
  public Intervals union(Intervals other) {
    if (isEmpty()) return other;
    if (other.isEmpty()) return this;
    IntervalSet set = new IntervalSet(this);
    for (Range range : other.ranges) set.add(range.first(), range.last());
    return set.toIntervals();
  }

  /** The positions that are in this and not in {@code other}. */
  public Intervals minus(Intervals other) {
    List<Range> rest = new ArrayList<>();
    int at = 0;
    for (Range range : ranges) {
      long from = range.first();
      while (at < other.ranges.size() && other.ranges.get(at).last() < from) at++;
      for (int i = at; i < other.ranges.size() && from <= range.last(); i++) {
        Range cut = other.ranges.get(i);
        if (cut.first() > range.last()) break;
        if (cut.first() > from) rest.add(new Range(from, cut.first() - 1));
        from = cut.last() + 1;
      }
      if (from <= range.last()) rest.add(new Range(from, range.last()));
    }
    return new Intervals(rest);
  }

  /** Writes the table above. */
  public void write(ByteWriter out) {
    out.writeInt(ranges.size());
    for (Range range : ranges) out.writeLong(range.first()).writeLong(range.last());
  }

  /** Reads one set and leaves the reader behind it; what breaks the invariant is Invalid. */
  public static Intervals read(ByteReader in) {
    int count = in.readCount(2 * Long.BYTES);
    List<Range> ranges = new ArrayList<>(count);
    long before = -1;
    for (int i = 0; i < count; i++) {
      long first = in.readLong();
      long last = in.readLong();
      if (first < 1 || first <= before + 1 || last < first || last == Long.MAX_VALUE) {
        throw in.invalid("a range from " + first + " to " + last);
      }
      ranges.add(new Range(first, last));
      before = last;
    }
    return new Intervals(ranges);
  }

  /** The bytes of the table above. */
  public Bytes encode() {
    ByteWriter out = new ByteWriter(4 + ranges.size() * 16);
    write(out);
    return out.toBytes();
  }

  /** Reads what {@link #encode} wrote; anything else is Invalid. */
  public static Intervals decode(Bytes bytes) {
    ByteReader in = new ByteReader(bytes, "intervals");
    Intervals set = read(in);
    in.end();
    return set;
  }

  private int atOrBefore(long seq) {
    int low = 0;
    int high = ranges.size() - 1;
    while (low <= high) {
      int middle = (low + high) >>> 1;
      if (ranges.get(middle).first() <= seq) {
        low = middle + 1;
      } else {
        high = middle - 1;
      }
    }
    return high;
  }
}
