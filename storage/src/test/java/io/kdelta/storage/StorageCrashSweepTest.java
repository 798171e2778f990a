package io.kdelta.storage;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.error.KdeltaException;
import io.kdelta.vfs.SimVfs;
import org.junit.jupiter.api.Test;

/**
 * Goal: DUR-LOCAL, FENCE, NOHOLE and DISK, exhaustively: every kind of fault at every call that an
 * engine makes while it opens, writes and rolls the log, flushes, merges up to a bottom of several
 * partitions, writes, rewrites and removes blob files and switches manifests. ({@link
 * MergeFaultTest} has the merges above the bottom.)
 *
 * <p>Method: a history is cut into chapters, each of which begins with opening what the one before
 * has left, and which together do all of that. Each chapter is lived again for every call that it
 * makes and every kind of fault that this call can show; soon after a piece of table work was
 * struck, another fault or the end of that life comes. From then on a fenced store acknowledges
 * nothing any more, any other heals by itself, both go on answering as the model does; and what the
 * next life finds is a prefix of what was applied with everything in it that was acknowledged.
 */
final class StorageCrashSweepTest {
  private static final int SEED = 7;

  @Test
  void theHistoryDoesEverythingThatCanGoWrong() {
    Chapter.Deeds deeds = new Chapter.Deeds();
    Chapter.history(SEED, deeds);
    assertTrue(deeds.flushes > 13, deeds.toString());
    assertTrue(deeds.bottomSteps > 5, deeds.toString());
    assertTrue(deeds.blobRewrites > 4, deeds.toString());
    assertTrue(deeds.blobsRemoved > 4, deeds.toString());
    assertTrue(deeds.manifestsRewritten > 0, deeds.toString());
    assertTrue(deeds.segments > 7, deeds.toString());
  }

  @Test
  void anyCallMayFail() {
    sweep(SimVfs.Fault.IO_ERROR, 1050);
  }

  @Test
  void anyCallMayFindTheDiskFull() {
    sweep(SimVfs.Fault.DISK_FULL, 340);
  }

  @Test
  void anyWriteMayStoreOnlyAPart() {
    sweep(SimVfs.Fault.SHORT_WRITE, 270);
  }

  @Test
  void anySyncMayFailAndLosePages() {
    sweep(SimVfs.Fault.SYNC_LOSES_PAGES, 155);
  }

  @Test
  void thePowerMayGoAtAnyCall() {
    for (Chapter chapter : Chapter.history(SEED, new Chapter.Deeds())) {
      for (long call = 1; ; call++) {
        ChapterLife life = new ChapterLife(chapter, call);
        life.fail(call, SimVfs.Fault.POWER_LOSS);
        boolean died = false;
        try {
          life.live();
        } catch (SimVfs.PowerLoss _) {
          died = true;
        }
        life.end(call % 3 != 0);
        life.check();
        if (!died) break;
      }
    }
  }

  private static void sweep(SimVfs.Fault fault, int leastFaults) {
    int happened = 0;
    for (Chapter chapter : Chapter.history(SEED, new Chapter.Deeds())) {
      for (long call = 1; ; call++) {
        ChapterLife life = new ChapterLife(chapter, call);
        life.fail(call, fault);
        life.then(call % 2 == 0 ? SimVfs.Fault.POWER_LOSS : fault, 1 + (int) (call / 2 % 12));
        boolean died = false;
        try {
          life.live();
        } catch (KdeltaException.DiskFault _) {
          assertFalse(life.opened(), life.where() + ": only opening may fail");
        } catch (SimVfs.PowerLoss _) {
          died = true;
        }
        boolean past = life.vfs().faultPlanned() && life.vfs().faultsHappened() == 0;
        if (past) {
          life.end(false);
          break;
        }
        happened++;
        if (!died) life.afterwards();
        life.end(call % 4 < 2);
        life.check();
      }
    }
    assertTrue(happened >= leastFaults, fault + " happened " + happened + " times");
  }
}
