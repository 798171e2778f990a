package io.kdelta.storage;

import io.kdelta.memory.Bytes;
import io.kdelta.vfs.Vfs;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Which runs to merge, and how: both pure functions of their inputs, so that every replay does the
 * same.
 *
 * <p>Size-tiered with exactly one run at the bottom (lazy levelling: Dayan, Idreos, Dostoevsky,
 * 2018) and T = 4: runs above it are merged four of a size at a time. The bottom is split by key
 * into partitions, and newer runs are cut where those begin. When all that lies above the bottom is
 * more than {@link #free}, ranges of keys are merged with all that lies above them, the one with
 * the greatest share of newer rows first, until it is not; so the ranges come to it one after the
 * other, each with about twice the mean share. Deletes go only in a merge that includes the bottom:
 * there is nothing older that they could hide, and snapshots hold on to the tables they read.
 */
final class Compaction {
  static final int TIER_RUNS = 4;

  /** However odd the sizes: with so many runs above the bottom, they are merged into one. */
  static final int RUNS_MAX = 3 * TIER_RUNS;

  /** A merge with the bottom is forced when more than one row in this many is a delete. */
  static final int TOMBSTONE_SHARE = 5;

  /** Newer rows above a range may not be worth rewriting it: less than one in so many. */
  private static final int WORTH_SHARE = 5;

  /** The mean room of newer rows, as one in so many of the bottom, flushes included. */
  private static final int MEAN_SHARE = 6;

  /** Below so many memtables of data a few flushes are no waste of space worth waiting for. */
  private static final int SMALL_MEMTABLES = 2;

  /** So many tables of one merge may end where another kind of keys begins. */
  private static final int KINDS_MAX = 16;

  /** A table ends there from this part of its size on. */
  private static final int KIND_SHARE = 16;

  private Compaction() {}

  /** What the plan looks at in a table: its first and last group, and what is in it. */
  record Shape(Bytes first, Bytes last, long bytes, long rows, long tombstones) {}

  /**
   * A merge that is due.
   *
   * @param first index of the newest run in it
   * @param last index of the oldest run in it
   * @param bottom whether that is the bottom
   * @param urgent whether flushes wait for it
   * @param ranges what is merged, as tables of the oldest run
   */
  record Plan(int first, int last, boolean bottom, boolean urgent, List<Ranges.Range> ranges) {}

  /** What one step of a merge may read, unless it can not be less. */
  static long stepBytes(long partitionBytes) {
    return 4 * partitionBytes;
  }

  /**
   * @param runs newest first, each as its tables in key order
   * @param memtableBytes the size of a memtable
   * @param partitionBytes about the size of a partition
   */
  static Optional<Plan> plan(List<List<Shape>> runs, long memtableBytes, long partitionBytes) {
    if (runs.isEmpty()) return Optional.empty();
    Optional<Plan> due = intoBottom(runs, memtableBytes, partitionBytes);
    return due.isPresent() ? due : tier(runs, memtableBytes, partitionBytes);
  }

  /**
   * How much may lie above the bottom when nothing is about to be merged into it: with half of a
   * flush, whose tables have three quarters of the bytes of a memtable, it comes to a sixth.
   */
  static long free(long bottomBytes, long memtableBytes) {
    return Math.max(0, bottomBytes / MEAN_SHARE - memtableBytes * 3 / 8);
  }

  /** Everything into one run. */
  static Plan all(List<List<Shape>> runs, long partitionBytes) {
    int last = runs.size() - 1;
    return new Plan(0, last, true, false, ranges(runs, partitionBytes));
  }

  /** The range with the greatest debt; newer runs that would make it too large stay out of it. */
  private static Optional<Plan> intoBottom(
      List<List<Shape>> runs, long memtableBytes, long partitionBytes) {
    int bottom = runs.size() - 1;
    long bottomBytes = bytes(runs.get(bottom));
    long upperBytes = -free(bottomBytes, memtableBytes);
    for (List<Shape> run : runs.subList(0, bottom)) upperBytes += bytes(run);
    boolean urgent = bottomBytes >= SMALL_MEMTABLES * memtableBytes;
    Ranges ranges = new Ranges(runs.get(bottom));
    Plan best = null;
    for (int first = bottom; first >= 0; first--) {
      if (first < bottom) ranges.add(runs.get(first));
      for (Ranges.Range range : ranges.list(partitionBytes / 2)) {
        boolean worth = range.upperBytes() * WORTH_SHARE >= range.bottomBytes();
        boolean debt = upperBytes > 0 && range.upperBytes() > 0 && worth;
        boolean deletes = first == 0 && range.tombstones() * TOMBSTONE_SHARE > range.rows();
        if (!debt && !deletes) continue;
        if (best == null || isBetter(range, best.ranges().getFirst(), partitionBytes)) {
          best = new Plan(first, bottom, true, urgent && debt, List.of(range));
        }
      }
    }
    return Optional.ofNullable(best);
  }

  private static boolean isBetter(Ranges.Range one, Ranges.Range other, long partitionBytes) {
    boolean fits = one.bytes() <= stepBytes(partitionBytes);
    boolean otherFits = other.bytes() <= stepBytes(partitionBytes);
    if (fits != otherFits) return fits;
    double debt = (double) one.upperBytes() / one.bottomBytes();
    return debt > (double) other.upperBytes() / other.bottomBytes();
  }

  /**
   * The newest runs up to and including four of one tier, smaller ones between them included. Runs
   * less than half as large as the newest do not count: merges of their ranges are about to end
   * them.
   */
  private static Optional<Plan> tier(
      List<List<Shape>> runs, long memtableBytes, long partitionBytes) {
    int bottom = runs.size() - 1;
    if (bottom >= RUNS_MAX) return Optional.of(above(runs, bottom - 1, partitionBytes));
    long runBytes = Math.max(1, memtableBytes / 2);
    for (int tier = 0; tier < Long.SIZE / 2; tier++, runBytes *= TIER_RUNS) {
      long leastBytes = tier == 0 ? bytes(runs.getFirst()) / 2 : runBytes;
      int sameTier = 0;
      int end = 0;
      for (; end < bottom; end++) {
        long bytes = bytes(runs.get(end));
        if (bytes / TIER_RUNS >= runBytes) break;
        if (bytes >= leastBytes) sameTier++;
      }
      if (sameTier >= TIER_RUNS) return Optional.of(above(runs, end - 1, partitionBytes));
      if (end == bottom) return Optional.empty();
    }
    return Optional.empty();
  }

  private static Plan above(List<List<Shape>> runs, int last, long partitionBytes) {
    return new Plan(0, last, false, false, ranges(runs.subList(0, last + 1), partitionBytes));
  }

  private static List<Ranges.Range> ranges(List<List<Shape>> runs, long partitionBytes) {
    Ranges ranges = new Ranges(runs.getLast());
    for (int i = runs.size() - 2; i >= 0; i--) ranges.add(runs.get(i));
    return ranges.list(partitionBytes / 2);
  }

  private static long bytes(List<Shape> run) {
    long bytes = 0;
    for (Shape table : run) bytes += table.bytes();
    return bytes;
  }

  /**
   * Where tables are written.
   *
   * @param numbers gives a new file number each time
   * @param layout of the tables
   * @param tableBytes at which a table ends, as soon as a group does; one of a sixteenth of it ends
   *     already before the first byte of keys changes: rows of different kinds come in different
   *     orders, and a table that reaches from one to the next meets all tables between (see {@link
   *     Sinking})
   * @param cuts where it ends too
   * @param scratch working memory of the thread that writes them
   */
  record Target(
      Vfs vfs,
      LongSupplier numbers,
      SSTableWriter.Layout layout,
      long tableBytes,
      Cuts cuts,
      Scratch scratch) {}

  /**
   * Writes the newest row of every key in {@code [from, to)} into as many tables as it takes, which
   * are synced but not yet durably named. Deletes are kept unless they go.
   *
   * @param newestFirst sources that nothing else moves
   * @param blobs takes large values; null when no source has any
   * @param written is told of every file before it is created, so that a failed attempt can be
   *     cleaned up
   */
  static List<SSTableWriter.Finished> merge(
      Target target,
      List<RowSource> newestFirst,
      @Nullable RowKey from,
      @Nullable RowKey to,
      boolean dropTombstones,
      @Nullable BlobWriter blobs,
      List<String> written) {
    List<SSTableWriter.Finished> finished = new ArrayList<>();
    MergeCursor rows = MergeCursor.range(newestFirst, from, to, () -> {});
    Cuts.Walk cuts = new Cuts.Walk(target.cuts());
    int kinds = 0;
    boolean more = advance(rows, dropTombstones);
    if (more) cuts.reached(rows.entry());
    while (more) {
      long number = target.numbers().getAsLong();
      String path = FileNames.table(number);
      written.add(path);
      try (Vfs.File file = target.vfs().create(path)) {
        SSTableWriter writer =
            new SSTableWriter(file, number, target.layout(), blobs, target.scratch());
        boolean ends = false;
        while (!ends) {
          writer.add(rows.entry());
          more = advance(rows, dropTombstones);
          ends = !more || ends(writer, rows.entry(), target, cuts);
          if (ends || kinds == KINDS_MAX || !endsKind(writer, rows.entry(), target)) continue;
          ends = true;
          kinds++;
        }
        finished.add(writer.finish());
      }
    }
    return finished;
  }

  /** Whether a table ends before this row. */
  private static boolean ends(SSTableWriter writer, RowSource next, Target target, Cuts.Walk cuts) {
    if (!writer.beginsGroup(next)) return false;
    boolean atCut = cuts.reached(next) && writer.size() >= target.cuts().bytesMin();
    return atCut || writer.size() >= target.tableBytes() || writer.full();
  }

  /** Whether a table that is large enough ends before this row because another kind begins. */
  private static boolean endsKind(SSTableWriter writer, RowSource next, Target target) {
    return writer.size() >= target.tableBytes() / KIND_SHARE && writer.beginsKind(next);
  }

  private static boolean advance(MergeCursor rows, boolean dropTombstones) {
    return dropTombstones ? rows.next() : rows.nextEntry();
  }
}
