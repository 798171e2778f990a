package io.kdelta.storage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.env.SimEntropy;
import io.kdelta.error.KdeltaException;
import io.kdelta.memory.Bytes;
import io.kdelta.vfs.SimVfs;
import io.kdelta.vfs.SimVfs.Fault;
import io.kdelta.vfs.Vfs;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/**
 * Goal: a backup holds the store as it was at its position, whatever goes on meanwhile and whatever
 * is cut or refused; a directory never looks like a backup that it is not.
 *
 * <p>Method: the store works while a backup is made; what is restored is compared with the model of
 * the position that the backup names. Then the same with a power loss, and with each kind of fault,
 * at every call that backup or restore make.
 */
final class BackupTest {
  private static final StorageLimits LIMITS =
      new StorageLimits(4096, 3, 1 << 20, 8192, 128, 2048, 0);
  private static final Bytes LABEL = Bytes.utf8("store one");

  /** A store that is written to, and what it held after each batch. */
  private static final class Busy implements AutoCloseable {
    private final RandomRows random;
    private final StorageEngine store;
    private final List<StoreModel> prefixes = new ArrayList<>(List.of(new StoreModel()));

    Busy(Vfs vfs, long seed) {
      random = new RandomRows(seed, 60);
      store = StorageEngine.open(vfs, new SimEntropy(seed + 1), LIMITS);
    }

    void write(int batches) {
      for (int i = 0; i < batches; i++) {
        StoreModel model = prefixes.getLast().copy();
        store.apply(model.change(random, 8));
        prefixes.add(model);
        store.runInline();
      }
    }

    /** Writes on while the errand is under way. */
    Errand during(Errand errand) {
      for (int i = 0; !errand.done(); i++) {
        assertTrue(i < 1000, "the errand does not end");
        if (i % 3 == 0) {
          StoreModel model = prefixes.getLast().copy();
          try {
            store.apply(model.change(random, 4));
            prefixes.add(model);
          } catch (KdeltaException.Overloaded | KdeltaException.ReadOnly full) {
            // Then it is enough to go on working.
          }
        }
        for (StorageWork work : store.takeWork()) {
          work.run();
          store.workDone(work);
        }
      }
      return errand;
    }

    Errand backup(Vfs target) {
      return during(store.backup(target, LABEL, "a test"));
    }

    @Override
    public void close() {
      store.close();
    }
  }

  private static Errand.Report restore(Vfs backup, Vfs target) {
    return Restoration.restore(
        backup, target, new SimEntropy(9), Optional.empty(), "a test", (_, _) -> {});
  }

  private static void holds(StoreModel model, Vfs directory) {
    try (StorageEngine store = StorageEngine.open(directory, new SimEntropy(5), LIMITS)) {
      assertFalse(store.recovery().lossy(), () -> "" + store.recovery());
      model.same("restored", store);
    }
  }

  @Test
  void aBackupUnderLoadIsRestoredAsItWas() {
    for (boolean sameDisk : List.of(true, false)) {
      SimVfs disk = new SimVfs(new SimEntropy(1));
      Vfs target = sameDisk ? disk.below("backup") : new SimVfs(new SimEntropy(2));
      try (Busy busy = new Busy(disk, 7)) {
        busy.write(100);
        Errand.Report first = busy.backup(target).report();
        assertEquals(sameDisk ? 0 : first.bytes(), first.bytesCopied());
        assertTrue(first.lsn() >= 100);
        SimVfs other = new SimVfs(new SimEntropy(3));
        assertEquals(first.files(), restore(target, other).filesNew());
        holds(busy.prefixes.get((int) first.lsn()), other);
        busy.write(3);
        Errand.Report second = busy.backup(target).report();
        assertTrue(second.lsn() > first.lsn());
        assertTrue(second.filesNew() < second.files(), () -> "" + second);
        SimVfs third = new SimVfs(new SimEntropy(4));
        restore(target, third);
        holds(busy.prefixes.get((int) second.lsn()), third);
      }
    }
  }

  @Test
  void aRestoredStoreHasTheFirstBatchAndGoesOn() {
    SimVfs disk = new SimVfs(new SimEntropy(1));
    try (Busy busy = new Busy(disk, 7)) {
      busy.write(50);
      Errand.Report made = busy.backup(disk.below("backup")).report();
      SimVfs other = new SimVfs(new SimEntropy(3));
      RowKey key = RowKey.first(Bytes.utf8("who"));
      Restoration.restore(
          disk.below("backup"),
          other,
          new SimEntropy(9),
          Optional.of(new WriteBatch().put(key, Bytes.utf8("me"))),
          "a test",
          (_, _) -> {});
      try (StorageEngine store = StorageEngine.open(other, new SimEntropy(5), LIMITS)) {
        assertEquals(made.lsn() + 1, store.durableLsn());
        Row row = store.get(key);
        assertTrue(row != null && row.value().equals(Bytes.utf8("me")));
        store.apply(new WriteBatch().delete(key));
        store.runInline();
        busy.prefixes.get((int) made.lsn()).same("without it", store);
      }
    }
  }

  @Test
  void whatIsNoBackupOrNotEmptyIsRefused() {
    SimVfs disk = new SimVfs(new SimEntropy(1));
    try (Busy busy = new Busy(disk, 7)) {
      busy.write(20);
      Vfs foreign = disk.below("foreign");
      foreign.createDirectories("");
      foreign.create("notes.txt").close();
      assertInstanceOf(KdeltaException.Invalid.class, busy.backup(foreign).failure().orElseThrow());
      assertEquals(List.of("notes.txt"), foreign.list(""));
      Vfs target = disk.below("backup");
      assertTrue(busy.backup(target).failure().isEmpty());
      Errand other = busy.during(busy.store.backup(target, Bytes.utf8("store two"), "a test"));
      assertInstanceOf(KdeltaException.Invalid.class, other.failure().orElseThrow());
      assertThrows(
          KdeltaException.Invalid.class,
          () -> StorageEngine.open(target, new SimEntropy(5), LIMITS));
      assertThrows(KdeltaException.Invalid.class, () -> restore(target, foreign));
      assertThrows(
          KdeltaException.Invalid.class, () -> restore(disk, new SimVfs(new SimEntropy(4))));
      try (Vfs.Lock _ = target.lock("LOCK", "somebody")) {
        assertInstanceOf(
            KdeltaException.DiskFault.class, busy.backup(target).failure().orElseThrow());
      }
    }
  }

  @Test
  void snapshotsAreKeptListedAndDropped() {
    SimVfs disk = new SimVfs(new SimEntropy(1));
    try (Busy busy = new Busy(disk, 7)) {
      busy.write(60);
      Errand made = busy.during(busy.store.keepSnapshot("before", LABEL, "a test"));
      assertTrue(made.failure().isEmpty(), () -> "" + made.failure());
      assertEquals(0, made.report().bytesCopied());
      Errand twice = busy.during(busy.store.keepSnapshot("before", LABEL, "a test"));
      assertInstanceOf(KdeltaException.Invalid.class, twice.failure().orElseThrow());
      assertThrows(
          KdeltaException.Invalid.class, () -> busy.store.keepSnapshot("a b", LABEL, "a test"));
      busy.write(60);
      assertEquals(List.of("before"), busy.during(busy.store.keptSnapshots()).report().names());
      SimVfs other = new SimVfs(new SimEntropy(3));
      restore(disk.below("snapshots/before"), other);
      holds(busy.prefixes.get((int) made.report().lsn()), other);
      assertTrue(busy.during(busy.store.dropSnapshot("before")).failure().isEmpty());
      assertEquals(List.of(), busy.during(busy.store.keptSnapshots()).report().names());
      assertInstanceOf(
          KdeltaException.NotFound.class,
          busy.during(busy.store.dropSnapshot("before")).failure().orElseThrow());
    }
  }

  @Test
  void aPowerLossAtAnyCallLeavesTheBackupBeforeOrThisOneOrNone() {
    long calls = calls();
    int whole = 0;
    for (long nth = 1; nth <= calls; nth++) {
      SimVfs disk = new SimVfs(new SimEntropy(nth));
      Vfs target = disk.below("backup");
      List<Long> positions = new ArrayList<>();
      Busy busy = new Busy(disk, 7);
      busy.write(30);
      // Whoever names the directory makes it, durably; HostVfs does so when it is opened.
      disk.createDirectories("backup");
      disk.syncDirectory("");
      disk.failCall(nth, Fault.POWER_LOSS);
      boolean asked = false;
      try {
        positions.add(busy.backup(target).report().lsn());
        busy.write(5);
        asked = true;
        positions.add(busy.backup(target).report().lsn());
      } catch (SimVfs.PowerLoss end) {
        busy.close();
      }
      disk.failNothing();
      disk.crash();
      String where = "call " + nth;
      if (!target.exists("CURRENT")) {
        assertEquals(List.of(), positions, where + ": a backup that was reported is gone");
        assertFalse(asked, where);
      } else {
        SimVfs other = new SimVfs(new SimEntropy(3));
        long lsn = restore(target, other).lsn();
        whole++;
        if (!positions.isEmpty()) assertTrue(lsn >= positions.getLast(), where);
        holds(busy.prefixes.get((int) lsn), other);
      }
      try (Busy again = new Busy(disk, 7)) {
        again.prefixes.clear();
        again.prefixes.add(new StoreModel());
        assertTrue(again.backup(target).failure().isEmpty(), where + ": cannot be repeated");
      }
    }
    assertTrue(whole > 10, whole + " of " + calls);
  }

  @Test
  void aFaultAtAnyCallFailsTheBackupAloneAndTheNextOneIsWhole() {
    for (Fault fault : List.of(Fault.IO_ERROR, Fault.DISK_FULL, Fault.SHORT_WRITE)) {
      for (long nth = 1; nth < 60; nth++) {
        SimVfs target = new SimVfs(new SimEntropy(nth));
        try (Busy busy = new Busy(new SimVfs(new SimEntropy(1)), 7)) {
          busy.write(30);
          Errand.Report first = busy.backup(target).report();
          busy.write(3);
          target.failCall(nth, fault);
          Errand second = busy.backup(target);
          target.failNothing();
          assertTrue(busy.store.readOnlyReason().isEmpty());
          SimVfs other = new SimVfs(new SimEntropy(3));
          long lsn = restore(target, other).lsn();
          assertTrue(lsn >= first.lsn());
          if (second.failure().isEmpty()) assertEquals(second.report().lsn(), lsn);
          holds(busy.prefixes.get((int) lsn), other);
          busy.write(3);
          Errand third = busy.backup(target);
          assertTrue(third.failure().isEmpty(), fault + " at " + nth + ": " + third.failure());
          SimVfs last = new SimVfs(new SimEntropy(4));
          restore(target, last);
          holds(busy.prefixes.get((int) third.report().lsn()), last);
        }
      }
    }
  }

  @Test
  void aRestoreThatIsCutIsNoStoreOrAWholeOne() {
    SimVfs disk = new SimVfs(new SimEntropy(1));
    try (Busy busy = new Busy(disk, 7)) {
      busy.write(40);
      long lsn = busy.backup(disk.below("backup")).report().lsn();
      int whole = 0;
      int none = 0;
      for (Fault fault : List.of(Fault.POWER_LOSS, Fault.IO_ERROR, Fault.SHORT_WRITE)) {
        for (long nth = 1; nth < 80; nth++) {
          SimVfs other = new SimVfs(new SimEntropy(nth));
          other.failCall(nth, fault);
          try {
            restore(disk.below("backup"), other);
          } catch (SimVfs.PowerLoss | KdeltaException.DiskFault cut) {
            none++;
          }
          other.failNothing();
          other.crash();
          if (other.exists("CURRENT")) {
            whole++;
            holds(busy.prefixes.get((int) lsn), other);
          }
        }
      }
      assertTrue(whole > 10 && none > 10, whole + " whole, " + none + " cut");
    }
  }

  @Test
  void aBackupOfRotIsRefusedAndNamesIt() {
    SimVfs disk = new SimVfs(new SimEntropy(1));
    try (Busy busy = new Busy(disk, 7)) {
      busy.write(60);
      String table =
          disk.list("").stream().filter(name -> name.endsWith(".table")).findFirst().orElseThrow();
      disk.flip(table, 70, 4);
      SimVfs target = new SimVfs(new SimEntropy(2));
      KdeltaException failure = busy.backup(target).failure().orElseThrow();
      assertTrue(String.valueOf(failure.getMessage()).contains(table), () -> "" + failure);
      assertFalse(target.exists("CURRENT"));
    }
  }

  @Test
  void compactingLeavesOneRunWithoutDeletes() {
    try (Busy busy = new Busy(new SimVfs(new SimEntropy(1)), 7)) {
      busy.write(200);
      Errand errand = busy.during(busy.store.compact());
      assertTrue(errand.failure().isEmpty());
      Errand again = busy.store.compact();
      busy.store.runInline();
      assertTrue(again.done() && again.failure().isEmpty());
      assertEquals(1, busy.store.stats().runs());
      assertEquals(0, busy.store.stats().tableTombstones());
      busy.prefixes.getLast().same("compacted", busy.store);
    }
  }

  private static long calls() {
    SimVfs disk = new SimVfs(new SimEntropy(1));
    try (Busy busy = new Busy(disk, 7)) {
      busy.write(30);
      disk.createDirectories("backup");
      long before = disk.calls();
      busy.backup(disk.below("backup"));
      busy.write(5);
      busy.backup(disk.below("backup"));
      return disk.calls() - before;
    }
  }
}
