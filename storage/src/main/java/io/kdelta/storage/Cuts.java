package io.kdelta.storage;

import io.kdelta.memory.Bytes;
import java.util.ArrayList;
import java.util.List;

/**
 * Where the tables of a newer run end, so that no table lies in two key ranges that are merged by
 * themselves: at the first groups of partitions of the bottom run. Immutable.
 *
 * <p>A run that is small beside the bottom is cut at some of them only, lest it become dust. Which
 * ones is a matter of the group itself (its level: each has half as many as the one below), so that
 * runs of different sizes are cut at the same places.
 *
 * @param points in order
 * @param bytesMin a smaller table goes on beyond the end
 */
record Cuts(List<Bytes> points, long bytesMin) {
  static final Cuts NONE = new Cuts(List.of(), 0);

  Cuts {
    points = List.copyOf(points);
  }

  /**
   * For a run above the bottom.
   *
   * @param bottom the bottom run
   * @param bytes the size of the run to be cut
   * @param pieceBytes about the least a table should have
   */
  static Cuts above(Run bottom, long bytes, long pieceBytes) {
    int level = 0;
    long piece = Math.max(1, bytes / bottom.tables().size());
    for (; piece < pieceBytes; piece *= 2) level++;
    List<Bytes> chosen = new ArrayList<>();
    for (Bytes point : of(bottom.tables(), 0).points()) {
      if (level(point) >= level) chosen.add(point);
    }
    return new Cuts(chosen, 0);
  }

  /** At the tables of a run, the beginning of the first excepted. */
  static Cuts of(List<SSTable> tables, long bytesMin) {
    List<Bytes> points = new ArrayList<>();
    for (int i = 1; i < tables.size(); i++) points.add(tables.get(i).first().point());
    return new Cuts(points, bytesMin);
  }

  private static int level(Bytes point) {
    return Long.numberOfTrailingZeros(PointHash.of(point.toArray(), 0, point.size(), 0));
  }

  /** Goes through them along with the rows of a merge. */
  static final class Walk {
    private final byte[][] points;
    private int next;

    Walk(Cuts cuts) {
      points = new byte[cuts.points().size()][];
      for (int i = 0; i < points.length; i++) points[i] = cuts.points().get(i).toArray();
    }

    /** Whether one of them lies behind the row asked for before, up to this one. */
    boolean reached(RowSource row) {
      boolean passed = false;
      while (next < points.length && row.comparePoint(points[next], 0, points[next].length) >= 0) {
        passed = true;
        next++;
      }
      return passed;
    }
  }
}
