package io.kdelta.storage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

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
  private final MergeRig rig = MergeRig.farApart();
  private final MergeRig.Steps steps = new MergeRig.Steps();

  @Test
  void thePowerMayGoAtAnyCall() {
    merge(rig.copy(1));
    assertTrue(steps.above > 0 && steps.keeping > 3 && steps.removing > 0, steps.toString());
    int died = 0;
    for (int call = 1; ; call++) {
      SimVfs disk = rig.copy(call);
      disk.failCallThatCan(call, SimVfs.Fault.POWER_LOSS);
      try {
        merge(disk);
        break;
      } catch (SimVfs.PowerLoss _) {
        died++;
      }
      disk.crash();
      StorageEngine again = rig.open(disk, call);
      rig.same("power loss at call " + call, again);
      again.close();
      merge(disk);
      rig.verify("power loss at call " + call, disk);
    }
    assertTrue(died > 60, "died " + died + " times");
  }

  /** Merges all there is, and counts what steps that takes. */
  private void merge(SimVfs disk) {
    StorageEngine store = rig.open(disk, 9);
    work(store);
    Errand errand = store.compact();
    work(store);
    assertTrue(errand.done());
    assertEquals(1, store.stats().runs());
    assertEquals(0, store.stats().tableTombstones());
    rig.same("merged", store);
    store.close();
  }

  private void work(StorageEngine store) {
    for (List<StorageWork> due = store.takeWork(); !due.isEmpty(); due = store.takeWork()) {
      for (StorageWork work : due) {
        work.run();
        if (work instanceof TableWork.Merge merge) steps.count(merge.step);
        store.workDone(work);
      }
    }
  }
}
