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
import java.util.Optional;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Goal: whatever call fails while rows are loaded and installed, the next life has all of them or
 * none, has what its owner was told, and has every own batch that was durable.
 *
 * <p>Method: one script of own batches, a load, its installation and more batches is run once for
 * every fault at every call at which it can happen; after it the store is opened and compared with
 * the two models that there can be. Then two faults: an append to the manifest that leaves open
 * what it did, and any call after it.
 */
final class BulkLoadFaultTest {
  private static final int TURNS = 300;

  /** One life of a store, and what its owner knows of it. */
  private static final class Life {
    final SimVfs disk;
    final List<UnaryOperator<StoreModel>> applied = new ArrayList<>();
    final List<Optional<KdeltaException>> told = new ArrayList<>();
    long durable;
    int tries;
    boolean undecided;

    /** What is planned as soon as an installation is undecided. */
    Runnable atUndecided = () -> {};

    /** Whether this life ends as soon as the owner is told. */
    boolean endsWhenTold;

    private @Nullable StorageEngine engine;
    private @Nullable BulkLoad load;

    Life(long seed) {
      this.disk = new SimVfs(new SimEntropy(seed));
    }

    /** Whether it came to its end alive. */
    boolean script() {
      try {
        StorageEngine store = StorageEngine.open(disk, new SimEntropy(2), MergeRig.LIMITS);
        engine = store;
        for (int i = 0; i < 4; i++) put(store, i * 3, i);
        load(store);
        if (endsWhenTold && !told.isEmpty()) return true;
        for (int i = 0; i < 10; i++) put(store, i * 2, 20 + i);
        delete(store, 5);
        for (int i = 0; i < TURNS && store.durableLsn() < store.lastLsn(); i++) work(store);
        same("alive", store);
        if (store.fenced()) return true;
        assertEquals(store.lastLsn(), store.durableLsn());
        boolean left = installed() && disk.exists(BulkLoad.DIRECTORY);
        assertFalse(left && !disk.list(BulkLoad.DIRECTORY).isEmpty(), "files stay");
        return true;
      } catch (SimVfs.PowerLoss | KdeltaException.DiskFault ended) {
        return false;
      }
    }

    private void load(StorageEngine store) {
      BulkLoad next = store.bulkLoad(2);
      load = next;
      try {
        for (int i = 0; i < 12; i++) {
          for (int lane = 0; lane < 2; lane++) {
            if (i % 4 == 1) next.add(lane, BulkLoadTest.key(lane, i, 0), large(i));
            next.add(lane, BulkLoadTest.key(lane, i, 1), small(i));
          }
        }
        next.finish();
      } catch (KdeltaException.DiskFault failed) {
        drop(next);
        return;
      }
      store.install(next, told::add);
      for (int i = 0; i < TURNS && told.isEmpty(); i++) work(store);
      if (endsWhenTold) return;
      assertTrue(told.size() == 1 || store.fenced(), "never told");
      if (!told.isEmpty()) drop(next);
    }

    /** A fault may strike here too; then the files stay for the next open. */
    private void drop(BulkLoad of) {
      try {
        of.drop();
      } catch (KdeltaException.DiskFault _) {
        of.letGo();
      }
    }

    private void work(StorageEngine store) {
      for (StorageWork work : store.takeWork()) {
        work.run();
        if (work instanceof BulkInstall install) {
          tries++;
          boolean open = install.undecided() && install.failure().isPresent();
          if (open && !undecided) atUndecided.run();
          undecided |= open;
        }
        store.workDone(work);
        durable = Math.max(durable, store.durableLsn());
        assertTrue(told.size() <= 1, "told twice");
      }
    }

    private void put(StorageEngine store, int group, int content) {
      apply(store, model -> model.put(BulkLoadTest.key(0, group, 1), small(content)));
    }

    private void delete(StorageEngine store, int group) {
      apply(store, model -> model.delete(BulkLoadTest.key(0, group, 1)));
    }

    private void apply(StorageEngine store, Function<StoreModel, WriteBatch> op) {
      try {
        store.apply(op.apply(new StoreModel()));
        applied.add(model -> {
          var _ = op.apply(model);
          return model;
        });
      } catch (KdeltaException.Overloaded | KdeltaException.ReadOnly refused) {
        assertEquals(applied.size(), store.lastLsn());
      }
      work(store);
    }

    boolean installed() {
      return told.equals(List.of(Optional.empty()));
    }

    /** Ends this life, begins another, and compares; whether the rows were there. */
    boolean next(String where, boolean powerLoss) {
      if (engine != null) engine.close();
      if (load != null) load.letGo();
      disk.failNothing();
      if (powerLoss) disk.crash();
      else disk.kill();
      StorageEngine store = StorageEngine.open(disk, new SimEntropy(3), MergeRig.LIMITS);
      assertFalse(store.recovery().lossy(), () -> where + ": " + store.recovery());
      assertFalse(disk.exists(BulkLoad.DIRECTORY), where);
      assertTrue(store.lastLsn() >= durable, where + ": " + store.lastLsn() + " of " + durable);
      boolean there = same(where, store);
      store.runInline();
      assertEquals(there, same(where + ", all work done", store));
      store.apply(new WriteBatch().put(BulkLoadTest.key(3, 1, 1), small(1)));
      store.runInline();
      assertEquals(store.lastLsn(), store.durableLsn(), where);
      store.close();
      BulkLoadTest.verify(where, disk);
      assertEquals(0, disk.openFiles(), where);
      assertEquals(0, disk.mappings(), where);
      return there;
    }

    /** The store holds the batches up to its last, above all loaded rows or none: whether all. */
    private boolean same(String where, StorageEngine store) {
      boolean all = model(true, store.lastLsn()).isIn(store);
      if (!all) model(false, store.lastLsn()).same(where, store);
      if (!told.isEmpty()) assertEquals(installed(), all, where + ": told " + told);
      return all;
    }

    private StoreModel model(boolean loaded, long last) {
      StoreModel model = new StoreModel();
      for (int i = 0; i < 12 && loaded; i++) {
        for (int lane = 0; lane < 2; lane++) {
          if (i % 4 == 1) model.put(BulkLoadTest.key(lane, i, 0), large(i));
          model.put(BulkLoadTest.key(lane, i, 1), small(i));
        }
      }
      for (UnaryOperator<StoreModel> batch : applied.subList(0, (int) last)) {
        model = batch.apply(model);
      }
      return model;
    }

    private static Bytes small(int content) {
      return BulkLoadTest.value(content, 250);
    }

    private static Bytes large(int content) {
      return BulkLoadTest.value(content, BlobFormat.VALUE_BYTES_MIN + content);
    }
  }

  @Test
  void theScriptLoadsAndInstalls() {
    Life life = new Life(1);
    assertTrue(life.script());
    assertTrue(life.installed());
    assertEquals(1, life.tries);
    assertEquals(15, life.applied.size());
    assertTrue(life.next("no fault", true));
  }

  @Test
  void anyCallMayFail() {
    for (SimVfs.Fault fault : SimVfs.Fault.values()) {
      int there = 0;
      int gone = 0;
      int again = 0;
      for (int call = 1; ; call++) {
        String where = fault + " at such call " + call;
        Life life = new Life(call);
        life.disk.failCallThatCan(call, fault);
        boolean alive = life.script();
        if (life.disk.faultsHappened() == 0) break;
        boolean machine = !life.disk.onlyTheProcessStopped() && (!alive || call % 2 == 0);
        if (life.next(where, machine)) there++;
        else gone++;
        if (life.tries > 1) again++;
      }
      // The last reads of all look at what is to be installed.
      boolean writes = fault != SimVfs.Fault.READ_ERROR && fault != SimVfs.Fault.SHORT_READ;
      assertTrue(gone > 0, fault + ": " + there + " there, " + gone + " gone");
      assertTrue(there > 0 || !writes, fault + ": " + there + " there, " + gone + " gone");
      assertTrue(again > 0 || fault != SimVfs.Fault.IO_ERROR, fault + ": never tried again");
    }
  }

  /** Until an append succeeds nobody knows whether the rows are there, so nobody is told. */
  @Test
  void anUndecidedInstallationIsTriedUntilItIsKnown() {
    int struck = 0;
    int undecided = 0;
    for (SimVfs.Fault fault : new SimVfs.Fault[] {SimVfs.Fault.IO_ERROR, SimVfs.Fault.DISK_FULL}) {
      for (int append = 1; append <= 12; append++) {
        for (int second = 1; second <= 14; second++) {
          String where = fault + " at append " + append + ", then at call " + second;
          Life life = new Life(append * 100 + second);
          int nth = second;
          life.disk.failCall(append, FileNames.MANIFEST, SimVfs.Fault.IO_ERROR);
          life.atUndecided = () -> life.disk.failCall(nth, fault);
          life.endsWhenTold = second % 2 == 0;
          boolean alive = life.script();
          if (life.undecided) undecided++;
          if (life.undecided && life.disk.faultsHappened() > 1) struck++;
          assertTrue(!life.undecided || alive, where);
          life.next(where, true);
        }
      }
    }
    assertTrue(undecided > 20, "undecided: " + undecided);
    assertTrue(struck > 10, "struck: " + struck);
  }
}
