package io.kdelta.storage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.env.SimEntropy;
import io.kdelta.error.KdeltaException;
import io.kdelta.memory.Bytes;
import io.kdelta.vfs.SimVfs;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * Goal: tables that meet no older one become part of the bottom as they are, and the store holds
 * the same before, meanwhile and after. Method: rows that come in order beside rows that do not,
 * with the bytes of merges counted; overwrites and deletes of what has sunk against the model;
 * every kind of fault, power losses among them, at every call, after which the next life holds the
 * same and the verifier finds no fault.
 */
final class SinkingTest {
  private static final int TURNS = 200;

  private final StoreModel model = new StoreModel();
  private int sunk;

  @Test
  void rowsThatComeInOrderAreWrittenOnce() {
    SimVfs disk = new SimVfs(new SimEntropy(1));
    StorageLimits limits = new StorageLimits(64 << 10, 3, 1 << 20, 256 << 10, 1 << 10, 16 << 10, 0);
    StorageEngine store = StorageEngine.open(disk, new SimEntropy(2), limits);
    for (int i = 0; i < 4_000; i++) {
      store.apply(model.put(row(7, i), value(i, 300)));
      store.apply(model.put(row(8, i * 2_654_435_769L), value(i, 10)));
      work(store);
    }
    StorageStats stats = store.stats();
    assertTrue(sunk > 20, "sunk: " + sunk);
    assertTrue(stats.mergedBytes() * 2 < stats.flushedBytes(), stats.toString());
    model.same("in order", store);
    for (int i = 0; i < 4_000; i += 3) {
      store.apply(i % 2 == 0 ? model.put(row(7, i), value(-i, 20)) : model.delete(row(7, i)));
      work(store);
    }
    model.same("overwritten", store);
    store.shutDown();
    StorageEngine again = StorageEngine.open(disk, new SimEntropy(3), limits);
    model.same("opened again", again);
    again.compact();
    again.runInline();
    assertEquals(1, again.stats().runs());
    model.same("compacted", again);
    again.close();
  }

  @Test
  void aPinnedViewReadsOnWhatHasSunkAndWasMergedAway() {
    MergeRig rig = MergeRig.inOrder();
    SimVfs disk = rig.copy(1);
    StorageEngine store = rig.open(disk, 5);
    try (Snapshot before = store.snapshot();
        Cursor walk = before.cursor(RowKey.first(Bytes.of(7)), null)) {
      work(store);
      assertTrue(sunk > 0);
      store.compact();
      work(store);
      int rows = 0;
      while (walk.next()) rows++;
      assertEquals(3 * 24 * 2, rows);
    }
    store.close();
  }

  @Test
  void anyCallMayFail() {
    MergeRig rig = MergeRig.inOrder();
    for (SimVfs.Fault fault : SimVfs.Fault.values()) {
      int struck = 0;
      for (int call = 1; ; call++) {
        String where = fault + " at such call " + call;
        SimVfs disk = rig.copy(call);
        disk.failCallThatCan(call, fault);
        boolean failed = live(rig, disk, call);
        if (disk.faultsHappened() == 0) break;
        if (failed) struck++;
        disk.failNothing();
        if (failed || call % 2 == 0) disk.crash();
        else disk.kill();
        StorageEngine again = rig.open(disk, call);
        rig.same(where, again);
        again.runInline();
        rig.same(where + ", all work done", again);
        again.close();
        rig.verify(where, disk);
      }
      assertTrue(struck > 0 || fault != SimVfs.Fault.POWER_LOSS, fault + ": " + struck);
    }
  }

  /** Does what is due; whether the process ended before that. */
  private boolean live(MergeRig rig, SimVfs disk, int seed) {
    try {
      StorageEngine store = rig.open(disk, seed);
      for (int turn = 0; turn < TURNS; turn++) work(store);
      rig.same("alive", store);
      store.close();
      return false;
    } catch (SimVfs.PowerLoss | KdeltaException.DiskFault ended) {
      return true;
    }
  }

  private void work(StorageEngine store) {
    for (List<StorageWork> due = store.takeWork(); !due.isEmpty(); due = store.takeWork()) {
      for (StorageWork work : due) {
        work.run();
        if (work instanceof TableWork.Sink sink) sunk += sink.tables.size();
        store.workDone(work);
      }
    }
  }

  private static RowKey row(int kind, long i) {
    return RowKey.first(
        Bytes.of(
            kind,
            (int) (i >>> 24) & 0xFF,
            (int) (i >>> 16) & 0xFF,
            (int) (i >>> 8) & 0xFF,
            (int) i & 0xFF));
  }

  private static Bytes value(int i, int size) {
    byte[] value = new byte[size];
    new SimEntropy(i).fill(value);
    return Bytes.wrap(value);
  }
}
