package io.kdelta.causal;

import io.kdelta.causal.Intervals.Range;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A set of log positions that grows and shrinks.
 *
 * <p>Mutable; owned by whoever made it. Invariant: that of {@link Intervals}. Ranges lie in order
 * in pages of at most {@value #PAGE_RANGES}, none of them empty: a step searches the first
 * positions of the pages, then one page, and moves what is behind in that page alone. Who takes a
 * log in by the order of keys has up to a quarter of a million ranges for a while.
 */
final class IntervalSet {
  static final int PAGE_RANGES = 512;

  /** Pages that are made at once are left so full that a few ranges more split none. */
  private static final int PAGE_RANGES_MADE = PAGE_RANGES * 3 / 4;

  /** Ranges next to each other in arrays of their own; the arrays grow. */
  private static final class Page {
    private long[] firsts;
    private long[] lasts;
    private int size;

    Page(int room) {
      firsts = new long[room];
      lasts = new long[room];
    }

    /** The last range that begins at or before {@code seq}; -1 for none. */
    int floor(long seq) {
      int at = Arrays.binarySearch(firsts, 0, size, seq);
      return at >= 0 ? at : -at - 2;
    }

    void insert(int at, long first, long last) {
      if (size == firsts.length) {
        int room = Math.min(PAGE_RANGES, 2 * size);
        firsts = Arrays.copyOf(firsts, room);
        lasts = Arrays.copyOf(lasts, room);
      }
      System.arraycopy(firsts, at, firsts, at + 1, size - at);
      System.arraycopy(lasts, at, lasts, at + 1, size - at);
      firsts[at] = first;
      lasts[at] = last;
      size++;
    }

    void cut(int at, int end) {
      System.arraycopy(firsts, end, firsts, at, size - end);
      System.arraycopy(lasts, end, lasts, at, size - end);
      size -= end - at;
    }

    /** The upper half, which leaves this page. */
    Page split() {
      Page upper = new Page(PAGE_RANGES);
      int half = size / 2;
      upper.size = size - half;
      System.arraycopy(firsts, half, upper.firsts, 0, upper.size);
      System.arraycopy(lasts, half, upper.lasts, 0, upper.size);
      size = half;
      return upper;
    }

    /** Takes all of the page behind this one in. */
    void append(Page next) {
      int whole = size + next.size;
      if (whole > firsts.length) {
        firsts = Arrays.copyOf(firsts, PAGE_RANGES);
        lasts = Arrays.copyOf(lasts, PAGE_RANGES);
      }
      System.arraycopy(next.firsts, 0, firsts, size, next.size);
      System.arraycopy(next.lasts, 0, lasts, size, next.size);
      size = whole;
    }
  }

  private final ArrayList<Page> pages = new ArrayList<>(1);

  IntervalSet() {}

  IntervalSet(Intervals start) {
    List<Range> ranges = start.ranges();
    for (int from = 0; from < ranges.size(); from += PAGE_RANGES_MADE) {
      int size = Math.min(PAGE_RANGES_MADE, ranges.size() - from);
      Page page = new Page(size);
      for (Range range : ranges.subList(from, from + size)) {
        page.firsts[page.size] = range.first();
        page.lasts[page.size++] = range.last();
      }
      pages.add(page);
    }
  }

  /** Adds all positions from {@code first} to {@code last}. */
  void add(long first, long last) {
    if (first < 1 || last < first || last == Long.MAX_VALUE) {
      throw new IllegalArgumentException(first + " to " + last);
    }
    int at = Math.max(0, pageOf(first));
    if (pages.isEmpty()) pages.add(new Page(4));
    Page page = pages.get(at);
    int slot = page.floor(first);
    if (slot >= 0 && page.lasts[slot] >= first - 1) {
      if (page.lasts[slot] >= last) return;
      page.lasts[slot] = last;
    } else if (++slot < page.size && page.firsts[slot] <= last + 1) {
      page.firsts[slot] = first;
      page.lasts[slot] = Math.max(last, page.lasts[slot]);
    } else {
      if (page.size == PAGE_RANGES) {
        Page upper = page.split();
        pages.add(at + 1, upper);
        if (slot > page.size) {
          slot -= page.size;
          page = upper;
          at++;
        }
      }
      page.insert(slot, first, last);
    }
    swallow(at, slot);
  }

  /** Joins a range with those behind it that it has come to overlap or to touch. */
  private void swallow(int at, int slot) {
    Page page = pages.get(at);
    long last = page.lasts[slot];
    int end = slot + 1;
    while (end < page.size && page.firsts[end] <= last + 1)
      last = Math.max(last, page.lasts[end++]);
    if (end > slot + 1) page.cut(slot + 1, end);
    int gone = at + 1;
    while (slot == page.size - 1 && gone < pages.size()) {
      Page next = pages.get(gone);
      int upTo = 0;
      while (upTo < next.size && next.firsts[upTo] <= last + 1) {
        last = Math.max(last, next.lasts[upTo++]);
      }
      if (upTo < next.size) {
        next.cut(0, upTo);
        break;
      }
      gone++;
    }
    page.lasts[slot] = last;
    if (gone > at + 1) pages.subList(at + 1, gone).clear();
    tidy(at);
  }

  /** Takes one position out; it need not be in. */
  void remove(long seq) {
    int at = pageOf(seq);
    if (at < 0) return;
    Page page = pages.get(at);
    int slot = page.floor(seq);
    long first = page.firsts[slot];
    long last = page.lasts[slot];
    if (last < seq) return;
    if (first == seq && last == seq) {
      page.cut(slot, slot + 1);
      if (page.size == 0) pages.remove(at);
      else tidy(at);
    } else if (first == seq) {
      page.firsts[slot] = seq + 1;
    } else {
      page.lasts[slot] = seq - 1;
      if (seq < last) add(seq + 1, last);
    }
  }

  boolean isEmpty() {
    return pages.isEmpty();
  }

  boolean contains(long seq) {
    return lastOfFloor(seq) >= seq;
  }

  /** Whether all positions from {@code first} to {@code last} are in. */
  boolean contains(long first, long last) {
    return lastOfFloor(first) >= last;
  }

  /** Whether none from {@code first} to {@code last} is in. */
  boolean lacks(long first, long last) {
    return lastOfFloor(last) < first;
  }

  /** The last position of the gapless run from 1; 0 for none. */
  long prefix() {
    if (pages.isEmpty()) return 0;
    Page page = pages.getFirst();
    return page.firsts[0] == 1 ? page.lasts[0] : 0;
  }

  /** The first of those that lead to {@code seq} without a gap, which is in. */
  long startOf(long seq) {
    Page page = pages.get(pageOf(seq));
    return page.firsts[page.floor(seq)];
  }

  /** The largest position up to {@code seq}; 0 for none. */
  long lastUpTo(long seq) {
    return Math.min(seq, lastOfFloor(seq));
  }

  /** The same set as a value. */
  Intervals toIntervals() {
    int count = 0;
    for (Page page : pages) count += page.size;
    List<Range> list = new ArrayList<>(count);
    for (Page page : pages) {
      for (int i = 0; i < page.size; i++) list.add(new Range(page.firsts[i], page.lasts[i]));
    }
    return new Intervals(list);
  }

  /** How many pages it has: for tests. */
  int pages() {
    return pages.size();
  }

  /** The last position of the last range that begins at or before {@code seq}; 0 for none. */
  private long lastOfFloor(long seq) {
    int at = pageOf(seq);
    if (at < 0) return 0;
    Page page = pages.get(at);
    return page.lasts[page.floor(seq)];
  }

  /** The last page that begins at or before {@code seq}; -1 for none. */
  private int pageOf(long seq) {
    int low = 0;
    int high = pages.size() - 1;
    while (low <= high) {
      int middle = (low + high) >>> 1;
      if (pages.get(middle).firsts[0] <= seq) low = middle + 1;
      else high = middle - 1;
    }
    return high;
  }

  /** Joins a page that has become small with the one behind it, or before it. */
  private void tidy(int at) {
    if (pages.get(at).size > PAGE_RANGES / 4 || pages.size() == 1) return;
    int lower = at + 1 < pages.size() ? at : at - 1;
    Page next = pages.get(lower + 1);
    if (pages.get(lower).size + next.size > PAGE_RANGES / 2) return;
    pages.get(lower).append(next);
    pages.remove(lower + 1);
  }
}
