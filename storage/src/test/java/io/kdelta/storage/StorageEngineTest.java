package io.kdelta.storage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.env.SimEntropy;
import io.kdelta.error.KdeltaException;
import io.kdelta.memory.Bytes;
import io.kdelta.vfs.HostVfs;
import io.kdelta.vfs.SimVfs;
import io.kdelta.vfs.Vfs;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: the engine is a sorted map with snapshots, whatever its work is doing meanwhile. Method:
 * seeded batches, reads, snapshots and reopenings against a model, with work handed back late and
 * never; then each limit and refusal by itself. Crashes and faults: {@link StorageCrashTest}.
 */
final class StorageEngineTest {
  private static final StorageLimits TINY = StoreModel.TINY;
  private static final RowKey KEY = RowKey.first(Bytes.utf8("key"));

  private record Kept(Snapshot snapshot, StoreModel model) {}

  @Test
  void isASortedMapWithSnapshots() {
    for (int seed = 1; seed <= 6; seed++) {
      SimVfs vfs = new SimVfs(new SimEntropy(seed));
      RandomRows random = new RandomRows(seed, seed % 2 == 0 ? 300 : 20);
      StoreModel model = new StoreModel();
      StorageEngine engine = StorageEngine.open(vfs, new SimEntropy(seed), TINY);
      List<Kept> kept = new ArrayList<>();
      ArrayDeque<StorageWork> out = new ArrayDeque<>();
      long lsn = 0;
      for (int i = 0; i < 1200; i++) {
        String where = "seed " + seed + " step " + i;
        StoreModel before = model.copy();
        WriteBatch batch = model.change(random, 8);
        try {
          assertEquals(++lsn, engine.apply(batch), where);
        } catch (KdeltaException.Overloaded full) {
          lsn--;
          model = before;
          work(engine, out, Integer.MAX_VALUE);
        }
        work(engine, out, random.below(3));
        if (random.chance(20)) model.sampled(where, engine, random);
        if (random.chance(100)) model.same(where, engine);
        if (random.chance(40)) kept.add(new Kept(engine.snapshot(), model.copy()));
        if (kept.size() > 4) release(where, kept.remove(random.below(kept.size())), random);
        if (random.chance(400)) {
          while (!kept.isEmpty()) release(where, kept.removeLast(), random);
          engine = reopen(vfs, engine, out, seed * 1000L + i);
          model.same(where, engine);
          assertEquals(lsn, engine.lastLsn(), where);
          assertFalse(engine.recovery().lossy(), where);
        }
      }
      while (!kept.isEmpty()) release("seed " + seed, kept.removeLast(), random);
      work(engine, out, Integer.MAX_VALUE);
      model.same("seed " + seed, engine);
      StorageStats stats = engine.stats();
      assertEquals(0, stats.pins());
      assertEquals(lsn, engine.durableLsn());
      assertTrue(stats.runs() < 8, "seed " + seed + ": " + stats);
      engine.close();
    }
  }

  @Test
  void everythingWasExercised() {
    SimVfs vfs = new SimVfs(new SimEntropy(3));
    RandomRows random = new RandomRows(3, 300);
    StoreModel model = new StoreModel();
    try (StorageEngine engine = StorageEngine.open(vfs, new SimEntropy(3), TINY)) {
      for (int i = 0; i < 1500; i++) {
        engine.apply(model.change(random, 8));
        engine.runInline();
      }
      StorageStats stats = engine.stats();
      assertTrue(stats.flushes() > 20, stats.toString());
      assertTrue(stats.merges() > 20, stats.toString());
      assertTrue(stats.tables() > stats.runs(), "the bottom is one table: " + stats);
      assertEquals(0, stats.failures());
      int files = vfs.list("").size();
      assertTrue(files < stats.tables() + 12, files + " files for " + stats);
      model.same("after all", engine);
    }
  }

  @Test
  void aBatchIsReadableAtOnceAndDurableAfterItsSync() {
    try (StorageEngine engine = open(1)) {
      long lsn = engine.apply(new WriteBatch().put(KEY, Bytes.of(1)));
      assertEquals(new Row(KEY, Bytes.of(1), lsn), engine.get(KEY));
      assertTrue(engine.durableLsn() < lsn);
      List<StorageWork> work = engine.takeWork();
      assertEquals(1, work.stream().filter(each -> each.kind() == StorageWork.Kind.LOG).count());
      assertTrue(engine.durableLsn() < lsn);
      for (StorageWork each : work) {
        each.run();
        engine.workDone(each);
      }
      assertEquals(lsn, engine.durableLsn());
    }
  }

  @Test
  void theLaterOfTwoWritesInABatchCounts() {
    try (StorageEngine engine = open(1)) {
      engine.apply(new WriteBatch().put(KEY, Bytes.of(1)).put(KEY, Bytes.of(2)));
      assertEquals(Bytes.of(2), value(engine, KEY));
      engine.apply(new WriteBatch().put(KEY, Bytes.of(3)).delete(KEY));
      assertNull(engine.get(KEY));
      engine.apply(new WriteBatch());
      assertEquals(3, engine.lastLsn());
    }
  }

  @Test
  void largeValuesGoThroughLogMemtableAndTable() {
    SimVfs vfs = new SimVfs(new SimEntropy(1));
    StorageLimits limits = new StorageLimits(64 << 10, 2, 256L << 20, 32 << 20, 4096, 1 << 20, 0);
    byte[] large = new byte[WriteBatch.VALUE_BYTES_MAX];
    new SimEntropy(2).fill(large);
    RowKey other = RowKey.first(Bytes.utf8("other"));
    try (StorageEngine engine = StorageEngine.open(vfs, new SimEntropy(1), limits)) {
      engine.runInline();
      engine.apply(new WriteBatch().put(KEY, Bytes.copyOf(large)));
      engine.runInline();
      engine.apply(new WriteBatch().put(other, Bytes.copyOf(large)));
      engine.runInline();
      engine.apply(new WriteBatch().put(other, Bytes.of(1)));
      engine.runInline();
      assertEquals(Bytes.wrap(large), value(engine, KEY));
      assertTrue(engine.stats().tables() > 0);
    }
    vfs.kill();
    try (StorageEngine engine = StorageEngine.open(vfs, new SimEntropy(2), limits)) {
      assertEquals(Bytes.wrap(large), value(engine, KEY));
      assertEquals(Bytes.of(1), value(engine, other));
    }
    assertThrows(
        KdeltaException.Invalid.class,
        () -> new WriteBatch().put(KEY, Bytes.wrap(new byte[WriteBatch.VALUE_BYTES_MAX + 1])));
  }

  @Test
  void aBatchLargerThanASegmentIsRefused() {
    try (StorageEngine engine = open(1)) {
      WriteBatch batch = new WriteBatch().put(KEY, Bytes.wrap(new byte[20 << 10]));
      assertThrows(KdeltaException.Invalid.class, () -> engine.apply(batch));
      assertEquals(0, engine.lastLsn());
    }
  }

  @Test
  void withoutAnyoneWorkingWritesAreRefusedAndThenResume() {
    try (StorageEngine engine = open(1)) {
      engine.runInline();
      int accepted = 0;
      double pressure = 0;
      KdeltaException.Overloaded refused = null;
      while (refused == null) {
        long before = engine.lastLsn();
        try {
          engine.apply(new WriteBatch().put(KEY, Bytes.wrap(new byte[500])));
          accepted++;
          pressure = Math.max(pressure, engine.stats().pressure());
        } catch (KdeltaException.Overloaded full) {
          refused = full;
          assertEquals(before, engine.lastLsn());
        }
      }
      assertTrue(accepted > 5, "accepted " + accepted);
      assertTrue(engine.readOnlyReason().isEmpty());
      engine.runInline();
      engine.apply(new WriteBatch().put(KEY, Bytes.wrap(new byte[500])));
    }
  }

  @Test
  void memtablesHeldBySnapshotsAreCountedAndGivenBack() {
    StorageLimits limits = new StorageLimits(16 << 10, 3, 64 << 10, 16 << 10, 256, 8 << 10, 0);
    SimVfs vfs = new SimVfs(new SimEntropy(1));
    try (StorageEngine engine = StorageEngine.open(vfs, new SimEntropy(1), limits)) {
      List<Snapshot> snapshots = new ArrayList<>();
      assertThrows(
          KdeltaException.Overloaded.class,
          () -> {
            for (int i = 0; i < 500; i++) {
              engine.runInline();
              engine.apply(new WriteBatch().put(KEY, Bytes.wrap(new byte[500])));
              if (i % 5 == 0) snapshots.add(engine.snapshot());
            }
          });
      assertTrue(engine.stats().arenaBytes() <= 64 << 10);
      assertEquals(snapshots.size(), engine.stats().pins());
      for (Snapshot snapshot : snapshots) snapshot.close();
      assertEquals(0, engine.stats().pins());
      engine.runInline();
      engine.apply(new WriteBatch().put(KEY, Bytes.wrap(new byte[500])));
    }
  }

  @Test
  void aCursorShowsTheMomentItWasMadeEvenWhenItsTablesAreMergedAway() {
    SimVfs vfs = new SimVfs(new SimEntropy(1));
    RandomRows random = new RandomRows(1, 100);
    StoreModel model = new StoreModel();
    try (StorageEngine engine = StorageEngine.open(vfs, new SimEntropy(1), TINY)) {
      for (int i = 0; i < 300; i++) {
        engine.apply(model.change(random, 8));
        engine.runInline();
      }
      Snapshot snapshot = engine.snapshot();
      StoreModel then = model.copy();
      long merges = engine.stats().merges();
      for (int i = 0; i < 400; i++) {
        engine.apply(model.change(random, 8));
        engine.runInline();
      }
      assertTrue(engine.stats().merges() > merges + 3);
      int filesHeld = vfs.list("").size();
      then.same("held", snapshot);
      assertEquals(1, engine.stats().pins());
      snapshot.close();
      engine.runInline();
      assertTrue(vfs.list("").size() < filesHeld);
      model.same("now", engine);
    }
  }

  @Test
  void worksOnTheFilesOfTheHost(@TempDir Path directory) {
    RandomRows random = new RandomRows(9, 200);
    StoreModel model = new StoreModel();
    for (int life = 0; life < 3; life++) {
      Vfs host = new HostVfs(directory);
      try (StorageEngine engine = StorageEngine.open(host, new SimEntropy(life), TINY)) {
        model.same("life " + life, engine);
        for (int i = 0; i < 150; i++) {
          engine.runInline();
          engine.apply(model.change(random, 8));
          if (i % 30 == 0) model.sampled("life " + life, engine, random);
        }
        engine.runInline();
        assertTrue(engine.stats().merges() > 3);
        model.same("life " + life, engine);
      }
    }
  }

  @Test
  void deletesLeaveNothingBehind() {
    try (StorageEngine engine = open(1)) {
      for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 400; i++) {
          engine.apply(new WriteBatch().put(key(i), Bytes.wrap(new byte[100])));
          engine.runInline();
        }
        for (int i = 0; i < 400; i++) {
          engine.apply(new WriteBatch().delete(key(i)));
          engine.runInline();
        }
      }
      for (int i = 0; i < 400; i++) {
        engine.apply(new WriteBatch().delete(key(1000 + i)));
        engine.runInline();
      }
      StorageStats stats = engine.stats();
      assertTrue(stats.tableRows() < 200, stats.toString());
    }
  }

  private static @Nullable Bytes value(StorageEngine engine, RowKey key) {
    Row row = engine.get(key);
    return row == null ? null : row.value();
  }

  private static RowKey key(int i) {
    return new RowKey(Bytes.of(i >> 8, i & 255), Bytes.of(1));
  }

  private static StorageEngine open(long seed) {
    return StorageEngine.open(new SimVfs(new SimEntropy(seed)), new SimEntropy(seed), TINY);
  }

  private static void release(String where, Kept kept, RandomRows random) {
    kept.model().sampled(where, kept.snapshot(), random);
    kept.model().same(where, kept.snapshot());
    kept.snapshot().close();
  }

  /** Does some of the work, one piece at a time, and hands it back in its own order. */
  private static void work(StorageEngine engine, ArrayDeque<StorageWork> out, int pieces) {
    for (int i = 0; i < pieces; i++) {
      out.addAll(engine.takeWork());
      if (out.isEmpty()) return;
      StorageWork work = i % 2 == 0 ? out.removeFirst() : out.removeLast();
      work.run();
      engine.workDone(work);
    }
  }

  /** Everything applied is made durable, then the process dies. */
  private static StorageEngine reopen(
      SimVfs vfs, StorageEngine engine, ArrayDeque<StorageWork> out, long seed) {
    while (engine.durableLsn() < engine.lastLsn()) work(engine, out, 1);
    out.clear();
    engine.close();
    vfs.crash();
    return StorageEngine.open(vfs, new SimEntropy(seed), TINY);
  }
}
