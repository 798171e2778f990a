package io.kdelta.storage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.env.SimEntropy;
import io.kdelta.error.KdeltaException;
import io.kdelta.memory.Bytes;
import io.kdelta.vfs.SimVfs;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Goal: DUR-LOCAL, FENCE, NOHOLE and DISK on one node: whatever call the power fails at, whatever
 * call the disk refuses, everything acknowledged is there afterwards, and what is there is a prefix
 * of what was applied.
 *
 * <p>Method: one script that rolls the log, flushes, merges, reuses segments and keeps a snapshot
 * is run once for every call that it makes, with the power lost at that call, and for some with
 * another fault (all of them: {@link StorageCrashSweepTest}); then the store is opened and compared
 * with the model of every prefix, goes on working, and is compared again.
 */
final class StorageCrashTest {
  private static final StorageLimits LIMITS =
      new StorageLimits(4096, 3, 1 << 20, 8192, 128, 2048, 0);
  private static final int BATCHES = 130;

  /** One life of a store, and what it must never take back. */
  private static final class Life {
    private final SimVfs vfs;
    private final long seed;
    private final List<StoreModel> prefixes = new ArrayList<>(List.of(new StoreModel()));
    private long acknowledged;
    private @Nullable StorageEngine engine;

    private Life(long seed) {
      this.seed = seed;
      this.vfs = new SimVfs(new SimEntropy(seed));
    }

    /** Applies batches and works; returns normally when the disk's faults were survived. */
    private void script(int batches) {
      RandomRows random = new RandomRows(seed, 60);
      StorageEngine store = StorageEngine.open(vfs, new SimEntropy(seed + 1), LIMITS);
      engine = store;
      Snapshot snapshot = null;
      for (int i = 0; i < batches; i++) {
        StoreModel model = prefixes.getLast().copy();
        WriteBatch batch = model.change(random, 8);
        try {
          assertEquals(prefixes.size(), store.apply(batch));
          prefixes.add(model);
        } catch (KdeltaException.Overloaded | KdeltaException.ReadOnly refused) {
          assertEquals(prefixes.size() - 1, store.lastLsn());
        }
        if (i % 3 != 1) work(store, i % 5 == 0);
        if (i == batches / 3) snapshot = store.snapshot();
        if (i == batches / 2 && snapshot != null) snapshot.close();
      }
      work(store, true);
    }

    private void work(StorageEngine store, boolean all) {
      List<StorageWork> due = store.takeWork();
      while (!due.isEmpty()) {
        for (StorageWork work : due) {
          work.run();
          store.workDone(work);
          acknowledged = Math.max(acknowledged, store.durableLsn());
        }
        due = all ? store.takeWork() : List.of();
      }
    }

    private void end(boolean powerLoss) {
      if (engine != null) engine.close();
      engine = null;
      vfs.failNothing();
      if (powerLoss) {
        vfs.crash();
      } else {
        vfs.kill();
      }
    }

    /** Opens, compares, goes on, ends, opens, compares. */
    private void check(String where, boolean powerLoss) {
      try (StorageEngine store = StorageEngine.open(vfs, new SimEntropy(seed + 2), LIMITS)) {
        assertFalse(store.recovery().lossy(), where + ": " + store.recovery());
        long last = store.lastLsn();
        assertTrue(last >= acknowledged, where + ": " + last + " of " + acknowledged);
        assertTrue(last < prefixes.size(), where + ": " + last + " never applied");
        assertEquals(last, store.durableLsn(), where);
        StoreModel model = prefixes.get((int) last);
        model.same(where, store);
        RandomRows random = new RandomRows(seed + 3, 60);
        model.sampled(where, store, random);
        StoreModel onwards = model.copy();
        for (int i = 0; i < 10; i++) {
          store.runInline();
          store.apply(onwards.change(random, 8));
        }
        store.runInline();
        assertEquals(last + 10, store.durableLsn(), where);
        onwards.same(where, store);
        engine = store;
        end(powerLoss);
        try (StorageEngine again = StorageEngine.open(vfs, new SimEntropy(seed + 4), LIMITS)) {
          assertEquals(last + 10, again.lastLsn(), where);
          onwards.same(where, again);
        }
      }
    }
  }

  @Test
  void theScriptDoesEverythingThatCanGoWrong() {
    Life life = new Life(1);
    life.script(BATCHES);
    StorageEngine engine = life.engine;
    assertTrue(engine != null);
    StorageStats stats = engine.stats();
    assertTrue(stats.flushes() > 5, stats.toString());
    assertTrue(stats.merges() > 5, stats.toString());
    assertTrue(stats.tables() > stats.runs(), stats.toString());
    assertTrue(engine.durableLsn() > BATCHES * 9 / 10, "" + engine.durableLsn());
    assertEquals(engine.lastLsn(), engine.durableLsn());
    engine.close();
  }

  @Test
  void powerLossAtEveryCall() {
    long calls = calls();
    for (long call = 1; call <= calls; call++) {
      Life life = new Life(1);
      life.vfs.failCall(call, SimVfs.Fault.POWER_LOSS);
      boolean died = false;
      try {
        life.script(BATCHES);
      } catch (SimVfs.PowerLoss _) {
        died = true;
      }
      assertTrue(died, "call " + call + " of " + calls);
      life.end(true);
      life.check("power lost at call " + call, true);
    }
  }

  @Test
  void deathAtEveryCall() {
    long calls = calls();
    for (long call = 1; call <= calls; call += 3) {
      Life life = new Life(1);
      life.vfs.failCall(call, SimVfs.Fault.POWER_LOSS);
      try {
        life.script(BATCHES);
      } catch (SimVfs.PowerLoss _) {
        life.end(false);
      }
      life.check("killed at call " + call, true);
    }
  }

  @Test
  void powerLossAgainDuringEveryCallOfRecovery() {
    Life first = new Life(1);
    first.vfs.failCall(calls() * 2 / 3, SimVfs.Fault.POWER_LOSS);
    try {
      first.script(BATCHES);
    } catch (SimVfs.PowerLoss _) {
      first.end(false);
    }
    for (long call = 1; ; call++) {
      Life life = new Life(1);
      life.vfs.failCall(calls() * 2 / 3, SimVfs.Fault.POWER_LOSS);
      try {
        life.script(BATCHES);
      } catch (SimVfs.PowerLoss _) {
        life.end(true);
      }
      life.vfs.failCall(call, SimVfs.Fault.POWER_LOSS);
      boolean survived = false;
      try (StorageEngine _ = StorageEngine.open(life.vfs, new SimEntropy(call), LIMITS)) {
        survived = true;
      } catch (SimVfs.PowerLoss _) {
        life.end(true);
      }
      life.end(true);
      life.check("power lost at call " + call + " of recovery", true);
      if (survived) break;
    }
  }

  @Test
  void faultsInALongLife() {
    long calls = calls();
    SimVfs.Fault[] faults = {
      SimVfs.Fault.IO_ERROR,
      SimVfs.Fault.DISK_FULL,
      SimVfs.Fault.SHORT_WRITE,
      SimVfs.Fault.SYNC_LOSES_PAGES
    };
    for (long call = 1; call <= calls; call += 7) {
      SimVfs.Fault fault = faults[(int) (call % faults.length)];
      String where = fault + " at call " + call;
      Life life = new Life(1);
      life.vfs.failCall(call, fault);
      try {
        life.script(BATCHES);
      } catch (KdeltaException.DiskFault _) {
        assertEquals(null, life.engine, where + ": only opening may fail");
      }
      StorageEngine engine = life.engine;
      if (engine != null) {
        assertTrue(
            engine.fenced() || engine.durableLsn() == engine.lastLsn(), where + ": not fenced");
        life.prefixes.get((int) engine.lastLsn()).same(where, engine);
      }
      life.end(call % 2 == 0);
      life.check(where, true);
    }
  }

  @Test
  void aFullDiskStopsWritesNotReadsAndHealsByItself() {
    for (long room = 20; room < 60; room += 4) {
      Life life = new Life(room);
      life.vfs.setCapacity(room << 12);
      RandomRows random = new RandomRows(room, 60);
      StorageEngine store = StorageEngine.open(life.vfs, new SimEntropy(room), LIMITS);
      StoreModel model = new StoreModel();
      boolean refused = false;
      for (int i = 0; i < 4000 && !refused; i++) {
        StoreModel after = model.copy();
        WriteBatch batch = after.change(new RandomRows(room * 10_000 + i, 5000), 8);
        try {
          store.apply(batch);
          model = after;
        } catch (KdeltaException.ReadOnly _) {
          refused = true;
        } catch (KdeltaException.Overloaded _) {
          assertTrue(store.readOnlyReason().isEmpty() || !store.fenced());
        }
        store.runInline();
      }
      String where = room + " pages";
      assertTrue(refused, where);
      assertTrue(store.readOnlyReason().isPresent(), where);
      assertFalse(store.fenced(), where);
      assertEquals(1, store.stats().pressure(), where);
      model.same(where, store);
      assertEquals(store.lastLsn(), store.durableLsn(), where);
      life.vfs.setCapacity(Long.MAX_VALUE);
      for (int i = 0; i < 200 && store.readOnlyReason().isPresent(); i++) store.runInline();
      assertTrue(store.readOnlyReason().isEmpty(), where);
      for (int i = 0; i < 100; i++) {
        store.runInline();
        store.apply(model.change(random, 8));
      }
      store.runInline();
      model.same(where, store);
      store.close();
      life.vfs.crash();
      try (StorageEngine again = StorageEngine.open(life.vfs, new SimEntropy(1), LIMITS)) {
        model.same(where, again);
      }
    }
  }

  @Test
  void theReserveKeepsRoomForMerges() {
    StorageLimits limits = new StorageLimits(4096, 3, 1 << 20, 8192, 128, 2048, 200 << 10);
    SimVfs vfs = new SimVfs(new SimEntropy(1));
    vfs.setCapacity(800 << 10);
    try (StorageEngine store = StorageEngine.open(vfs, new SimEntropy(1), limits)) {
      boolean refused = false;
      for (int i = 0; i < 10_000 && !refused; i++) {
        try {
          store.apply(
              new WriteBatch()
                  .put(RowKey.first(Bytes.of(i >> 8, i & 255)), Bytes.wrap(new byte[100])));
        } catch (KdeltaException.ReadOnly _) {
          refused = true;
        }
        store.runInline();
      }
      assertTrue(refused);
      assertTrue(vfs.freeSpace() > 0);
      assertEquals(0, store.stats().failures(), store.stats().toString());
    }
  }

  private static long calls() {
    Life life = new Life(1);
    life.script(BATCHES);
    StorageEngine engine = life.engine;
    if (engine != null) engine.close();
    return life.vfs.calls();
  }
}
