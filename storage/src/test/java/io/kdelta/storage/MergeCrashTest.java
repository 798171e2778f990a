package io.kdelta.storage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.env.SimEntropy;
import io.kdelta.memory.Bytes;
import io.kdelta.storage.verify.Findings;
import io.kdelta.storage.verify.StoreVerifier;
import io.kdelta.vfs.SimVfs;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * Goal: a merge leaves the store whole after each of its steps, those included that keep the newer
 * tables for the steps to come. Method: small runs that each reach over all partitions of the
 * bottom, deletes among them, are merged with each other and then into it; the power goes at every
 * call, the next life finds what was there, ends the merge, and the verifier finds no fault.
 */
final class MergeCrashTest {
  private static final StorageLimits LIMITS =
      new StorageLimits(16 << 10, 3, 1 << 20, 32 << 10, 256, 2 << 10, 0);

  private static final int ROWS = 240;

  private final StoreModel model = new StoreModel();
  private int amongThemselves;
  private int keeping;
  private int removing;

  @Test
  void thePowerMayGoAtAnyCall() {
    SimVfs whole = prepared(1);
    merge(whole);
    assertTrue(amongThemselves > 0, "steps above the bottom: " + amongThemselves);
    assertTrue(keeping > 3, "steps that keep newer tables: " + keeping);
    assertTrue(removing > 0, "steps that remove them: " + removing);
    int died = 0;
    for (int call = 1; ; call++) {
      SimVfs disk = prepared(call);
      disk.failCallThatCan(call, SimVfs.Fault.POWER_LOSS);
      try {
        merge(disk);
        break;
      } catch (SimVfs.PowerLoss _) {
        died++;
      }
      disk.crash();
      StorageEngine again = StorageEngine.open(disk, new SimEntropy(call), LIMITS);
      model.same("power loss at call " + call, again);
      again.close();
      merge(disk);
      Findings findings = new Findings();
      var _ = new StoreVerifier(disk, findings, (_, _) -> {}).verify(null);
      assertEquals(0, findings.damage(), "call " + call + ": " + findings.kept());
    }
    assertTrue(died > 60, "died " + died + " times");
  }

  /** A bottom of many partitions below four runs of a few rows at both ends, and deletes. */
  private SimVfs prepared(long seed) {
    SimVfs disk = new SimVfs(new SimEntropy(seed));
    StorageEngine store = StorageEngine.open(disk, new SimEntropy(1), LIMITS);
    for (int i = 0; i < ROWS; i++) {
      store.apply(model.put(key(i), value(i, 200)));
      store.runInline();
    }
    store.compact();
    store.runInline();
    store.shutDown();
    for (int run = 1; run <= Compaction.TIER_RUNS; run++) {
      store = StorageEngine.open(disk, new SimEntropy(run), LIMITS);
      store.apply(model.put(key(0), value(run, 10)));
      store.apply(model.put(key(ROWS - 1), value(run, 10)));
      store.apply(model.delete(key(40 * run)));
      store.apply(model.put(key(40 * run + 20), value(run, 10)));
      store.shutDown();
    }
    return disk;
  }

  /** Merges all there is, and counts what steps that takes. */
  private void merge(SimVfs disk) {
    StorageEngine store = StorageEngine.open(disk, new SimEntropy(9), LIMITS);
    work(store);
    Errand errand = store.compact();
    work(store);
    assertTrue(errand.done());
    assertEquals(1, store.stats().runs());
    assertEquals(0, store.stats().tableTombstones());
    model.same("merged", store);
    store.close();
  }

  private void work(StorageEngine store) {
    for (List<StorageWork> due = store.takeWork(); !due.isEmpty(); due = store.takeWork()) {
      for (StorageWork work : due) {
        work.run();
        if (work instanceof TableWork.Merge merge) count(merge.step);
        store.workDone(work);
      }
    }
  }

  private void count(MergeJob.Step step) {
    int inputs = 0;
    for (Run run : step.inputs()) inputs += run.tables().size();
    if (!step.bottom()) amongThemselves++;
    else if (step.replaced().size() < inputs) keeping++;
    else removing++;
  }

  private static RowKey key(int i) {
    return RowKey.first(Bytes.of(7, i));
  }

  private static Bytes value(int i, int size) {
    byte[] value = new byte[size];
    new SimEntropy(i).fill(value);
    return Bytes.wrap(value);
  }
}
