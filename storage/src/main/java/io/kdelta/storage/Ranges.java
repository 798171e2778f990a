package io.kdelta.storage;

import io.kdelta.memory.Bytes;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The key ranges of a run that can each be merged by themselves with newer runs: no table of any of
 * them lies in two ranges.
 *
 * <p>A table of the oldest run, a partition, begins a range of its own unless a newer table reaches
 * from before it into it; then it belongs to the range before it. Newer runs are added one by one,
 * each of which can only join ranges. Owner: whoever made it.
 */
final class Ranges {
  private final List<Compaction.Shape> partitions;
  private final boolean[] joined;
  private final long[] upperBytes;
  private final long[] rows;
  private final long[] tombstones;

  /**
   * Some partitions next to each other, with what lies above them.
   *
   * @param from index of the first
   * @param to index behind the last
   */
  record Range(int from, int to, long bottomBytes, long upperBytes, long rows, long tombstones) {
    long bytes() {
      return bottomBytes + upperBytes;
    }

    private Range with(Range next) {
      return new Range(
          from,
          next.to,
          bottomBytes + next.bottomBytes,
          upperBytes + next.upperBytes,
          rows + next.rows,
          tombstones + next.tombstones);
    }
  }

  Ranges(List<Compaction.Shape> oldest) {
    partitions = oldest;
    joined = new boolean[oldest.size()];
    upperBytes = new long[oldest.size()];
    rows = new long[oldest.size()];
    tombstones = new long[oldest.size()];
    for (int i = 0; i < oldest.size(); i++) {
      rows[i] = oldest.get(i).rows();
      tombstones[i] = oldest.get(i).tombstones();
    }
  }

  /** Lays a run above all others added before. */
  void add(List<Compaction.Shape> run) {
    for (Compaction.Shape table : run) {
      int from = partitionOf(table.first());
      int to = partitionOf(table.last()) + 1;
      upperBytes[from] += table.bytes();
      rows[from] += table.rows();
      tombstones[from] += table.tombstones();
      Arrays.fill(joined, from + 1, Math.max(from + 1, to), true);
    }
  }

  /** The ranges in key order, neighbours taken together until their partitions have that size. */
  List<Range> list(long bytesMin) {
    List<Range> ranges = new ArrayList<>();
    for (int i = 0; i < joined.length; i++) {
      Range one =
          new Range(i, i + 1, partitions.get(i).bytes(), upperBytes[i], rows[i], tombstones[i]);
      boolean small = !ranges.isEmpty() && ranges.getLast().bottomBytes() < bytesMin;
      if (joined[i] || small) {
        ranges.add(ranges.removeLast().with(one));
      } else {
        ranges.add(one);
      }
    }
    if (ranges.size() > 1 && ranges.getLast().bottomBytes() < bytesMin) {
      Range last = ranges.removeLast();
      ranges.add(ranges.removeLast().with(last));
    }
    return ranges;
  }

  /** The partition whose range a group lies in: before the first is in the first. */
  private int partitionOf(Bytes point) {
    int low = 0;
    int high = partitions.size() - 1;
    while (low < high) {
      int middle = (low + high + 1) >>> 1;
      if (partitions.get(middle).first().compareTo(point) <= 0) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    return low;
  }
}
