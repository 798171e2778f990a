package io.kdelta.storage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.env.SimEntropy;
import io.kdelta.memory.Bytes;
import io.kdelta.vfs.SimVfs;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/**
 * Goal: the plan keeps runs few, space small and writes few; the merge is the model's merge.
 * Method: hand-made shapes, a long simulated load by sizes alone, seeded merges against maps.
 */
final class CompactionTest {
  private static final long MEMTABLE = 64;
  private static final long PARTITION = 16;

  private final Scratch scratch = new Scratch();

  @Test
  void nothingToDo() {
    assertEquals(Optional.empty(), plan());
    assertEquals(Optional.empty(), plan(run(0, 99, 400)));
    // A sixth less three eighths of a memtable is free: 142.
    assertEquals(Optional.empty(), plan(run(0, 99, 71), run(0, 99, 71), run(0, 99, 1000)));
  }

  @Test
  void theRangeWithTheGreatestShareOfNewerRowsIsMergedFirst() {
    List<Compaction.Shape> bottom = partitions(0, 10, 5);
    List<Compaction.Shape> newest = List.of(table(3, 7, 1), table(20, 29, 9), table(41, 44, 2));
    List<Compaction.Shape> newer = List.of(table(0, 9, 5), table(31, 31, 8), table(40, 49, 8));
    Compaction.Plan due = plan(newest, newer, bottom).orElseThrow();
    assertEquals(new Ranges.Range(4, 5, 10, 10, 20, 0), due.ranges().getFirst());
    assertEquals(new Compaction.Plan(0, 2, true, false, due.ranges()), due);
    assertEquals(1, due.ranges().size());
  }

  /** Else a delete could go while an older row that it hides stays above the range. */
  @Test
  void aRangeGrowsUntilNoTableLiesAcrossItsEnds() {
    List<Compaction.Shape> bottom = partitions(0, 10, 6);
    List<Compaction.Shape> newest = List.of(table(12, 13, 2), table(27, 35, 9));
    List<Compaction.Shape> newer = List.of(table(14, 25, 12), table(50, 51, 1));
    Ranges ranges = new Ranges(bottom);
    assertEquals(6, ranges.list(0).size());
    ranges.add(newer);
    ranges.add(newest);
    List<Ranges.Range> list = ranges.list(0);
    assertEquals(
        List.of(
            new Ranges.Range(0, 1, 10, 0, 10, 0),
            new Ranges.Range(1, 4, 30, 23, 53, 0),
            new Ranges.Range(4, 5, 10, 0, 10, 0),
            new Ranges.Range(5, 6, 10, 1, 11, 0)),
        list);
    assertEquals(List.of(list.get(1)), plan(newest, newer, bottom).orElseThrow().ranges());
  }

  @Test
  void newerRunsThatWouldMakeARangeTooLargeStayAboveIt() {
    List<Compaction.Shape> bottom = partitions(0, 16, 8);
    List<Compaction.Shape> newest = List.of(table(0, 79, 60));
    List<Compaction.Shape> older = List.of(table(0, 9, 4), table(10, 19, 12), table(70, 79, 9));
    Compaction.Plan due = plan(newest, older, bottom).orElseThrow();
    assertEquals(
        new Compaction.Plan(1, 2, true, true, List.of(new Ranges.Range(1, 2, 16, 12, 28, 0))), due);
  }

  @Test
  void smallNeighboursAreTakenTogether() {
    Ranges ranges = new Ranges(partitions(0, 3, 7));
    assertEquals(
        List.of(new Ranges.Range(0, 3, 9, 0, 9, 0), new Ranges.Range(3, 7, 12, 0, 12, 0)),
        ranges.list(8));
  }

  @Test
  void fourOfATierBecomeOne() {
    List<Compaction.Shape> bottom = run(0, 99, 100_000);
    List<Compaction.Shape> whole = run(0, 99, 64);
    List<Compaction.Shape> large = run(0, 99, 256);
    List<Compaction.Shape> eaten = run(0, 99, 20);
    assertEquals(Optional.empty(), plan(whole, whole, whole, bottom));
    assertEquals(3, plan(whole, whole, whole, whole, bottom).orElseThrow().last());
    assertEquals(3, plan(whole, whole, whole, whole, large, bottom).orElseThrow().last());
    assertEquals(5, plan(whole, whole, large, large, large, large, bottom).orElseThrow().last());
    assertEquals(Optional.empty(), plan(whole, eaten, eaten, eaten, bottom));
    assertEquals(false, plan(whole, whole, whole, whole, bottom).orElseThrow().bottom());
  }

  @Test
  void oddSizesDoNotPileUp() {
    List<List<Compaction.Shape>> runs = new ArrayList<>();
    for (int i = 0; i < Compaction.RUNS_MAX; i++) runs.add(run(0, 99, 64L << (40 - 2 * i)));
    runs.add(run(0, 99, Long.MAX_VALUE / 2));
    Compaction.Plan due = Compaction.plan(runs, MEMTABLE, PARTITION).orElseThrow();
    assertEquals(Compaction.RUNS_MAX - 1, due.last());
    assertEquals(false, due.bottom());
  }

  @Test
  void manyDeletesForceAMergeEvenOfTheBottomAlone() {
    Compaction.Shape few = new Compaction.Shape(point(0), point(9), 1000, 100, 20);
    Compaction.Shape many = new Compaction.Shape(point(10), point(19), 1000, 100, 21);
    assertEquals(
        List.of(new Ranges.Range(1, 2, 1000, 0, 100, 21)),
        plan(List.of(few, many)).orElseThrow().ranges());
    assertEquals(Optional.empty(), plan(List.of(few)));
  }

  /** Overwrites of a fixed number of rows: the bottom keeps its size, everything above is waste. */
  @Test
  void amplificationAndSpaceStayWithinBounds() {
    for (int memtables : new int[] {3, 4, 6, 10, 16, 40, 100}) overwrites(memtables);
  }

  /** By sizes alone: 64 bytes a flush, spread evenly, cut where the bottom is as a store does. */
  private static void overwrites(int memtables) {
    int partitions = memtables * 4;
    List<Compaction.Shape> bottom = partitions(0, PARTITION, partitions);
    List<List<Compaction.Shape>> runs = new ArrayList<>(List.of(bottom));
    long live = partitions * PARTITION;
    long written = 0;
    double above = 0;
    int samples = 0;
    int deepest = 0;
    int flushes = 200 + 6 * memtables;
    for (int i = 0; i < flushes; i++) {
      runs.addFirst(spread(partitions, 48));
      written += 48;
      for (Optional<Compaction.Plan> due = Compaction.plan(runs, MEMTABLE, PARTITION);
          due.isPresent();
          due = Compaction.plan(runs, MEMTABLE, PARTITION)) {
        above += upper(runs);
        samples++;
        written += merged(runs, due.get(), partitions);
      }
      above += upper(runs);
      samples++;
      deepest = Math.max(deepest, runs.size());
    }
    String where = memtables + " memtables of live rows: ";
    double writes = written / (flushes * 48.0);
    assertTrue(writes < 6, where + "table writes per write: " + writes);
    double space = above / samples / live;
    assertTrue(space < 0.25, where + "newer rows, of the bottom: " + space);
    assertTrue(deepest <= Compaction.RUNS_MAX, where + "runs: " + deepest);
  }

  /** Rows of all keys in as many tables as partitions, so many bytes of them together. */
  private static List<Compaction.Shape> spread(int partitions, long bytes) {
    List<Compaction.Shape> tables = new ArrayList<>();
    for (int i = 0; i < partitions; i++) {
      long share = bytes * (i + 1) / partitions - bytes * i / partitions;
      if (share > 0) tables.add(table(10 * i, 10 * i + 9, share));
    }
    return tables;
  }

  private static long upper(List<List<Compaction.Shape>> runs) {
    long bytes = 0;
    for (int i = 0; i < runs.size() - 1; i++) {
      for (Compaction.Shape table : runs.get(i)) bytes += table.bytes();
    }
    return bytes;
  }

  /** Does what a plan says and answers how many bytes that writes. */
  private static long merged(
      List<List<Compaction.Shape>> runs, Compaction.Plan due, int partitions) {
    if (!due.bottom()) {
      List<List<Compaction.Shape>> tier = runs.subList(due.first(), due.last() + 1);
      long bytes = 0;
      for (List<Compaction.Shape> run : tier) {
        for (Compaction.Shape table : run) bytes += table.bytes();
      }
      tier.clear();
      runs.add(due.first(), spread(partitions, bytes));
      return bytes;
    }
    Ranges.Range range = due.ranges().getFirst();
    for (int i = runs.size() - 2; i >= due.first(); i--) {
      List<Compaction.Shape> left = new ArrayList<>(runs.get(i));
      left.removeIf(table ->
          table.first().compareTo(point(10 * range.from())) >= 0
              && table.first().compareTo(point(10 * range.to())) < 0);
      if (left.isEmpty()) runs.remove(i);
      else runs.set(i, left);
    }
    return range.bottomBytes();
  }

  @Test
  void mergesLikeTheModelIntoTablesCutAtGroups() {
    for (int seed = 1; seed <= 12; seed++) {
      RandomRows random = new RandomRows(seed, 60);
      List<NavigableMap<RowKey, Optional<Bytes>>> newestFirst = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        NavigableMap<RowKey, Optional<Bytes>> layer = new TreeMap<>();
        for (int j = 0; j < 400; j++) {
          layer.put(
              random.key(), random.chance(4) ? Optional.empty() : Optional.of(random.value()));
        }
        newestFirst.add(layer);
      }
      NavigableMap<RowKey, Optional<Bytes>> all = new TreeMap<>();
      for (int i = 2; i >= 0; i--) all.putAll(newestFirst.get(i));
      boolean bottom = seed % 2 == 0;
      if (bottom) all.values().removeIf(Optional::isEmpty);
      List<RowSource> sources = new ArrayList<>();
      for (NavigableMap<RowKey, Optional<Bytes>> layer : newestFirst) {
        sources.add(new ListSource(layer));
      }
      SimVfs vfs = new SimVfs(new SimEntropy(seed));
      long[] number = {0};
      List<String> written = new ArrayList<>();
      List<SSTableWriter.Finished> finished =
          Compaction.merge(
              new Compaction.Target(
                  vfs,
                  () -> ++number[0],
                  new SSTableWriter.Layout(5, 256, bottom, bottom),
                  3000,
                  Cuts.NONE,
                  scratch),
              sources,
              null,
              null,
              bottom,
              null,
              written);
      assertTrue(finished.size() > 3, "seed " + seed + ": " + finished.size());
      assertEquals(finished.size(), written.size());
      check(vfs, finished, all, "seed " + seed);
    }
  }

  private static void check(
      SimVfs vfs,
      List<SSTableWriter.Finished> finished,
      NavigableMap<RowKey, Optional<Bytes>> expected,
      String where) {
    List<SSTable> tables = new ArrayList<>();
    for (SSTableWriter.Finished each : finished) tables.add(SSTable.open(vfs, each));
    for (int i = 1; i < tables.size(); i++) {
      Bytes last = tables.get(i - 1).last().point();
      assertTrue(last.compareTo(tables.get(i).first().point()) < 0, where + ": a group is cut");
    }
    Run run = new Run(1, tables);
    for (RowSource source : List.of(run.walk(), run.scan())) {
      for (RowKey key : expected.keySet()) {
        assertTrue(source.next(), where);
        assertEquals(key, source.rowKey(), where);
        assertEquals(expected.get(key).isEmpty(), source.tombstone, where);
        assertEquals(expected.get(key).orElse(Bytes.EMPTY), source.value(), where);
      }
      assertEquals(false, source.next(), where);
    }
    RandomRows random = new RandomRows(77, 80);
    RowSource seeker = run.walk();
    for (int i = 0; i < 300; i++) {
      RowKey target = random.key();
      RowKey ceiling = expected.ceilingKey(target);
      assertEquals(ceiling != null, seeker.seek(target), where);
      if (ceiling != null) assertEquals(ceiling, seeker.rowKey(), where);
    }
    for (SSTable table : tables) table.close();
  }

  @SafeVarargs
  @SuppressWarnings("varargs")
  private static Optional<Compaction.Plan> plan(List<Compaction.Shape>... runs) {
    return Compaction.plan(List.of(runs), MEMTABLE, PARTITION);
  }

  /** A run of one table. */
  private static List<Compaction.Shape> run(int first, int last, long bytes) {
    return List.of(table(first, last, bytes));
  }

  private static Compaction.Shape table(int first, int last, long bytes) {
    return new Compaction.Shape(point(first), point(last), bytes, bytes, 0);
  }

  /** A run of tables of ten points each. */
  private static List<Compaction.Shape> partitions(int first, long bytes, int count) {
    List<Compaction.Shape> tables = new ArrayList<>();
    for (int i = 0; i < count; i++) tables.add(table(first + 10 * i, first + 10 * i + 9, bytes));
    return tables;
  }

  private static Bytes point(int i) {
    return Bytes.of(i >> 8, i & 255);
  }
}
