package io.kdelta.storage;

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
 * 2018) and T = 4. Runs above it are merged four of a size at a time; when together they reach a
 * fourth of the bottom, everything becomes a new bottom. So at most a quarter of the space is
 * overwritten rows, an eighth on average. Deletes go only in a merge that includes the bottom:
 * there is nothing older that they could hide, and snapshots hold on to the tables they read.
 */
final class Compaction {
  static final int TIER_RUNS = 4;

  /** However odd the sizes: with so many runs above the bottom, everything is merged. */
  static final int RUNS_MAX = 3 * TIER_RUNS;

  /** A merge with the bottom is forced when more than one row in this many is a delete. */
  static final int TOMBSTONE_SHARE = 5;

  private Compaction() {}

  /** What the plan looks at in a run. */
  record Shape(long bytes, long rows, long tombstones) {}

  /**
   * A merge that is due.
   *
   * @param first index of the newest run in it
   * @param last index of the oldest run in it
   * @param bottom whether that is the bottom
   */
  record Plan(int first, int last, boolean bottom) {}

  /**
   * @param runs newest first
   * @param memtableBytes the size of a run fresh from a memtable
   */
  static Optional<Plan> plan(List<Shape> runs, long memtableBytes) {
    if (runs.isEmpty()) return Optional.empty();
    int bottom = runs.size() - 1;
    long upperBytes = 0;
    long rows = 0;
    long tombstones = 0;
    for (int i = 0; i <= bottom; i++) {
      if (i < bottom) upperBytes += runs.get(i).bytes();
      rows += runs.get(i).rows();
      tombstones += runs.get(i).tombstones();
    }
    boolean all =
        tombstones * TOMBSTONE_SHARE > rows
            || bottom >= RUNS_MAX
            || (bottom > 0 && upperBytes * TIER_RUNS >= runs.get(bottom).bytes());
    if (all) return Optional.of(new Plan(0, bottom, true));
    return tier(runs.subList(0, bottom), memtableBytes);
  }

  /** The newest runs up to and including four of one tier, smaller ones between them included. */
  private static Optional<Plan> tier(List<Shape> upper, long memtableBytes) {
    for (int tier = 0; tier < Long.SIZE / 2; tier++) {
      int sameTier = 0;
      int end = 0;
      while (end < upper.size() && tierOf(upper.get(end).bytes(), memtableBytes) <= tier) {
        if (tierOf(upper.get(end).bytes(), memtableBytes) == tier) sameTier++;
        end++;
      }
      if (sameTier >= TIER_RUNS) return Optional.of(new Plan(0, end - 1, false));
      if (end == upper.size()) return Optional.empty();
    }
    return Optional.empty();
  }

  private static int tierOf(long bytes, long memtableBytes) {
    int tier = 0;
    for (long size = bytes / TIER_RUNS; size >= memtableBytes; size /= TIER_RUNS) tier++;
    return tier;
  }

  /**
   * Where tables are written.
   *
   * @param numbers gives a new file number each time
   * @param layout of the tables
   * @param partitionBytes at which a table ends, as soon as a group does
   * @param scratch working memory of the thread that writes them
   */
  record Target(
      Vfs vfs,
      LongSupplier numbers,
      SSTableWriter.Layout layout,
      long partitionBytes,
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
    boolean more = advance(rows, dropTombstones);
    while (more) {
      long number = target.numbers().getAsLong();
      String path = FileNames.table(number);
      written.add(path);
      try (Vfs.File file = target.vfs().create(path)) {
        SSTableWriter writer =
            new SSTableWriter(file, number, target.layout(), blobs, target.scratch());
        do {
          writer.add(rows.entry());
          more = advance(rows, dropTombstones);
        } while (more
            && ((writer.size() < target.partitionBytes() && !writer.full())
                || !writer.beginsGroup(rows.entry())));
        finished.add(writer.finish());
      }
    }
    return finished;
  }

  private static boolean advance(MergeCursor rows, boolean dropTombstones) {
    return dropTombstones ? rows.next() : rows.nextEntry();
  }
}
