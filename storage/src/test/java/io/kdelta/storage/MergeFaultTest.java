package io.kdelta.storage;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.vfs.SimVfs;
import org.junit.jupiter.api.Test;

/**
 * Goal: a disk that fails at any call of a merge above the bottom, or of one that takes the bottom
 * partition by partition, costs nothing but time. Method: every kind of fault at every call, in
 * half of the lives with a power loss some calls later. At once and at the end the store holds what
 * it held, what failed is done again and ends, and so it is for the next life and for the verifier.
 * The calls that were struck are counted by the kind of step they belong to.
 */
final class MergeFaultTest {
  /** Turns of a store that has nothing else to do: enough for all steps, and one of them twice. */
  private static final int TURNS = 300;

  private static final MergeRig RANGES = MergeRig.inRanges();
  private static final MergeRig FAR_APART = MergeRig.farApart();

  @Test
  void mergesAboveTheBottomGoByRanges() {
    Life life = new Life(RANGES, RANGES.copy(1), "without a fault", false);
    life.live(9);
    assertTrue(life.steps.above > 1, life.steps.toString());
  }

  @Test
  void anyCallMayFail() {
    sweep(SimVfs.Fault.IO_ERROR, 400, 230);
  }

  @Test
  void anyCallMayFindTheDiskFull() {
    sweep(SimVfs.Fault.DISK_FULL, 190, 90);
  }

  @Test
  void anyWriteMayStoreOnlyAPart() {
    sweep(SimVfs.Fault.SHORT_WRITE, 150, 75);
  }

  @Test
  void anySyncMayFailAndLosePages() {
    sweep(SimVfs.Fault.SYNC_LOSES_PAGES, 40, 30);
  }

  private static void sweep(SimVfs.Fault fault, int leastAbove, int leastBottom) {
    MergeRig.Steps above = sweep(RANGES, fault, false);
    assertTrue(above.above >= leastAbove, fault + ": " + above);
    MergeRig.Steps bottom = sweep(FAR_APART, fault, true);
    boolean both = bottom.keeping > 0 && bottom.removing > 0;
    assertTrue(both && bottom.keeping + bottom.removing >= leastBottom, fault + ": " + bottom);
  }

  /** Answers the steps that a fault struck. */
  private static MergeRig.Steps sweep(MergeRig rig, SimVfs.Fault fault, boolean all) {
    MergeRig.Steps struck = new MergeRig.Steps();
    for (int call = 1; ; call++) {
      Life life = new Life(rig, rig.copy(call), fault + " at such call " + call, all);
      life.call = call;
      life.fault = fault;
      if (call % 2 == 0) life.powerLossAfter = 1 + call / 2 % 12;
      boolean died = false;
      try {
        life.live(9);
      } catch (SimVfs.PowerLoss _) {
        died = true;
      }
      if (life.disk.faultsHappened() == 0) return struck;
      struck.add(life.struck);
      life.disk.failNothing();
      if (died || call % 4 == 3) life.disk.crash();
      else life.disk.kill();
      Life next = new Life(rig, life.disk, life.where + ", the next life", all);
      next.interrupted = died;
      next.live(call);
      if (call % 4 < 2) rig.verify(life.where, life.disk);
    }
  }

  /** A life in which what is due is merged, and then everything if that is wanted. */
  private static final class Life {
    private final MergeRig rig;
    private final SimVfs disk;
    private final String where;
    private final boolean all;

    /** All steps. */
    private final MergeRig.Steps steps = new MergeRig.Steps();

    /** Those that a fault struck. */
    private final MergeRig.Steps struck = new MergeRig.Steps();

    private int call;
    private SimVfs.Fault fault = SimVfs.Fault.IO_ERROR;
    private int powerLossAfter;

    /** Whether a merge may have ended half done: what is left of it waits for more of its size. */
    private boolean interrupted;

    private Life(MergeRig rig, SimVfs disk, String where, boolean all) {
      this.rig = rig;
      this.disk = disk;
      this.where = where;
      this.all = all;
    }

    void live(long seed) {
      try (StorageEngine store = rig.open(disk, seed)) {
        assertFalse(store.recovery().lossy(), where);
        if (call > 0) disk.failCallThatCan(call, fault);
        for (int turn = 0; turn < TURNS; turn++) work(store);
        if (all) mergeAll(store);
        assertFalse(store.fenced(), where);
        int runs = all ? 1 : interrupted ? 1 + Compaction.TIER_RUNS : 2;
        assertTrue(store.stats().runs() <= runs, where + ": " + store.stats());
        rig.same(where, store);
      }
    }

    /** An errand that meets a failure is given up; who asks again gets it. */
    private void mergeAll(StorageEngine store) {
      for (int asked = 0; asked < 2; asked++) {
        Errand errand = store.compact();
        for (int turn = 0; turn < TURNS; turn++) work(store);
        assertTrue(errand.done(), where);
        if (errand.failure().isEmpty()) return;
      }
      throw new AssertionError(where + ": can not be merged");
    }

    private void work(StorageEngine store) {
      for (StorageWork work : store.takeWork()) {
        long faults = disk.faultsHappened();
        work.run();
        boolean hit = disk.faultsHappened() > faults;
        store.workDone(work);
        if (work instanceof TableWork.Merge merge) {
          steps.count(merge.step);
          if (hit) struck.count(merge.step);
        }
        if (!hit) continue;
        rig.same(where + ", at once", store);
        if (powerLossAfter > 0) disk.failCallThatCan(powerLossAfter, SimVfs.Fault.POWER_LOSS);
        powerLossAfter = 0;
      }
    }
  }
}
