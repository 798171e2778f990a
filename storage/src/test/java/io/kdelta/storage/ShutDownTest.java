package io.kdelta.storage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.env.SimEntropy;
import io.kdelta.vfs.SimVfs;
import org.junit.jupiter.api.Test;

/**
 * Goal: a store that was closed in good order opens without reading its log, and closing in good
 * order never costs anything that was applied before. Method: a store with rows in tables,
 * memtables and the log is shut down, whole and with a fault at every call of it, opened, compared
 * with the model, used, killed and compared again.
 */
final class ShutDownTest {
  private static final StorageLimits LIMITS =
      new StorageLimits(4096, 3, 1 << 20, 8192, 128, 2048, 0);

  /** A store that is open, what it must hold, and its disk. */
  private static final class Life {
    private final SimVfs vfs = new SimVfs(new SimEntropy(1));
    private final StoreModel model = new StoreModel();
    private final StorageEngine store = open(vfs, 2);

    private Life(int batches) {
      RandomRows random = new RandomRows(3, 60, 0);
      for (int i = 0; i < batches; i++) {
        store.apply(model.change(random, 8));
        store.runInline();
      }
    }

    /** Opens, compares, writes on, dies, opens, compares. */
    private void check(String where, long last) {
      StoreModel onwards = model.copy();
      try (StorageEngine again = open(vfs, 4)) {
        assertFalse(again.recovery().lossy(), where + ": " + again.recovery());
        assertEquals(last, again.lastLsn(), where);
        assertEquals(last, again.durableLsn(), where);
        model.same(where, again);
        RandomRows random = new RandomRows(5, 60, 0);
        for (int i = 0; i < 30; i++) {
          again.apply(onwards.change(random, 8));
          again.runInline();
        }
      }
      vfs.crash();
      try (StorageEngine third = open(vfs, 6)) {
        assertEquals(last + 30, third.lastLsn(), where);
        onwards.same(where, third);
      }
    }
  }

  @Test
  void theNextOpenReadsNothingBack() {
    for (int batches : new int[] {1, 7, 40}) {
      Life life = new Life(batches);
      life.store.shutDown();
      life.vfs.crash();
      try (StorageEngine again = open(life.vfs, 7)) {
        assertEquals(0, again.recovery().log().records());
        assertEquals(batches, again.lastLsn());
        life.model.same("shut down", again);
      }
      life.check("opened and left", batches);
    }
  }

  @Test
  void aStoreNobodyWroteToMayBeShutDownToo() {
    Life life = new Life(0);
    life.store.shutDown();
    life.check("empty", 0);
  }

  @Test
  void shutDownAgainAndAgain() {
    Life life = new Life(20);
    life.store.shutDown();
    for (int i = 0; i < 3; i++) open(life.vfs, 10 + i).shutDown();
    life.check("again and again", 20);
  }

  @Test
  void whatWasAppliedStaysWhateverFailsMeanwhile() {
    for (SimVfs.Fault fault : SimVfs.Fault.values()) {
      int calls = 0;
      for (boolean reached = true; reached; calls++) {
        Life life = new Life(25);
        long before = life.vfs.calls();
        life.vfs.failCall(calls + 1, fault);
        try {
          life.store.shutDown();
        } catch (SimVfs.PowerLoss _) {
          life.store.close();
        }
        reached = life.vfs.calls() > before + calls;
        life.vfs.failNothing();
        life.vfs.crash();
        life.check(fault + " at call " + calls + " of shutting down", 25);
      }
      assertTrue(calls > 10, "only " + calls + " calls");
    }
  }

  private static StorageEngine open(SimVfs vfs, long seed) {
    return StorageEngine.open(vfs, new SimEntropy(seed), LIMITS);
  }
}
