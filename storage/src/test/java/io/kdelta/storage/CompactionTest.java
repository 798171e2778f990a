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

  private final Scratch scratch = new Scratch();

  @Test
  void nothingToDo() {
    assertEquals(Optional.empty(), plan());
    assertEquals(Optional.empty(), plan(64));
    assertEquals(Optional.empty(), plan(64, 64, 64, 1000));
  }

  @Test
  void aQuarterOfTheBottomAboveItMergesAll() {
    assertEquals(Optional.of(new Compaction.Plan(0, 1, true)), plan(64, 256));
    assertEquals(Optional.of(new Compaction.Plan(0, 3, true)), plan(64, 64, 122, 1000));
  }

  @Test
  void fourOfATierBecomeOne() {
    assertEquals(Optional.of(new Compaction.Plan(0, 3, false)), plan(64, 64, 64, 64, 100_000));
    assertEquals(
        Optional.of(new Compaction.Plan(0, 5, false)), plan(64, 64, 256, 256, 256, 256, 100_000));
    assertEquals(Optional.empty(), plan(64, 64, 64, 256, 256, 256, 100_000));
  }

  @Test
  void oddSizesDoNotPileUp() {
    long[] sizes = new long[Compaction.RUNS_MAX + 1];
    for (int i = 0; i < Compaction.RUNS_MAX; i++) sizes[i] = 64L << (40 - 2 * i);
    sizes[Compaction.RUNS_MAX] = Long.MAX_VALUE / 2;
    assertEquals(Optional.of(new Compaction.Plan(0, Compaction.RUNS_MAX, true)), plan(sizes));
  }

  @Test
  void manyDeletesForceAMergeEvenOfTheBottomAlone() {
    assertEquals(
        Optional.of(new Compaction.Plan(0, 0, true)),
        Compaction.plan(List.of(new Compaction.Shape(1000, 100, 21)), MEMTABLE));
    assertEquals(
        Optional.empty(), Compaction.plan(List.of(new Compaction.Shape(1000, 100, 20)), MEMTABLE));
  }

  /** Overwrites of a fixed number of rows: the bottom keeps its size, everything above is waste. */
  @Test
  void amplificationStaysWithinBounds() {
    long live = 64 * 400;
    List<Long> runs = new ArrayList<>(List.of(live));
    long written = 0;
    long flushed = 0;
    long spaceSum = 0;
    long runSum = 0;
    int flushes = 20_000;
    for (int i = 0; i < flushes; i++) {
      runs.addFirst(MEMTABLE);
      flushed += MEMTABLE;
      written += MEMTABLE;
      long[] sizes = runs.stream().mapToLong(Long::longValue).toArray();
      for (Optional<Compaction.Plan> due = plan(sizes);
          due.isPresent();
          due = plan(runs.stream().mapToLong(Long::longValue).toArray())) {
        List<Long> merged = runs.subList(due.get().first(), due.get().last() + 1);
        long size = merged.stream().mapToLong(Long::longValue).sum();
        if (due.get().bottom()) size = live;
        merged.clear();
        runs.add(due.get().first(), size);
        written += size;
      }
      spaceSum += runs.stream().mapToLong(Long::longValue).sum();
      runSum += runs.size();
    }
    double writes = (double) written / flushed;
    double space = (double) spaceSum / flushes / live;
    double runCount = (double) runSum / flushes;
    assertTrue(writes < 8.5, "table writes per write: " + writes);
    assertTrue(space < 1.15, "space: " + space);
    assertTrue(runCount < 8, "runs: " + runCount);
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

  private static Optional<Compaction.Plan> plan(long... sizes) {
    List<Compaction.Shape> shapes = new ArrayList<>();
    for (long size : sizes) shapes.add(new Compaction.Shape(size, size, 0));
    return Compaction.plan(shapes, MEMTABLE);
  }
}
