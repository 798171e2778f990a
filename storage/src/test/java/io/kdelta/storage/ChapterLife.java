package io.kdelta.storage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.env.SimEntropy;
import io.kdelta.error.KdeltaException;
import io.kdelta.vfs.SimVfs;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One life of a {@link Chapter} on a disk of its own: what was applied and acknowledged in it, and
 * what must hold of the store while a fault strikes and from then on.
 */
final class ChapterLife {
  private static final int HEAL_ROUNDS_MAX = 400;

  private final Chapter chapter;
  private final long seed;
  private final SimVfs vfs;
  private final List<StoreModel> applied = new ArrayList<>();
  private String where;
  private long acknowledged;
  private long fencedAt = -1;
  private long struckTableWorks;
  private int secondFaultAfter;
  private SimVfs.@Nullable Fault secondFault;
  private Chapter.@Nullable Deeds deeds;
  private @Nullable StorageEngine engine;

  ChapterLife(Chapter chapter, long seed) {
    this.chapter = chapter;
    this.seed = seed;
    this.vfs = chapter.disk().copy(new SimEntropy(seed));
    this.where = "chapter " + chapter.index();
    this.acknowledged = chapter.lsn();
    applied.add(chapter.model());
  }

  SimVfs vfs() {
    return vfs;
  }

  StoreModel latest() {
    return applied.getLast();
  }

  /** Of the last batch that was applied. */
  long lastLsn() {
    return chapter.lsn() + applied.size() - 1;
  }

  void countInto(Chapter.Deeds counted) {
    deeds = counted;
  }

  /** Lets a call fail that can fail so. */
  void fail(long call, SimVfs.Fault fault) {
    where += ", " + fault + " at such call " + call;
    vfs.failCallThatCan(call, fault);
  }

  /** When that was in a piece of table work, something else happens so many calls later. */
  void then(SimVfs.Fault fault, int callsLater) {
    where += ", then " + fault + " +" + callsLater;
    secondFault = fault;
    secondFaultAfter = callsLater;
  }

  String where() {
    return where;
  }

  /** Whether the store could be opened. */
  boolean opened() {
    return engine != null;
  }

  /** Opens, writes and works; ends with work that was taken back. */
  void live() {
    StorageEngine store = StorageEngine.open(vfs, new SimEntropy(chapter.index()), Chapter.LIMITS);
    engine = store;
    long manifestBefore = manifest();
    RandomRows random = chapter.rows();
    for (int i = 0; i < chapter.batches(); i++) {
      put(store, random);
      if (chapter.mergedAt(i)) merge(store);
      work(store, i % 3 == 0);
    }
    work(store, true);
    if (deeds != null) count(deeds, store, manifestBefore);
  }

  /** The store goes on for as long as it takes: it heals, unless it is fenced. */
  void afterwards() {
    StorageEngine store = engine;
    if (store == null) return;
    vfs.failNothing();
    latest().same(where, store);
    if (store.fenced()) {
      staysFenced(store);
    } else {
      heals(store);
    }
    latest().same(where, store);
  }

  void end(boolean powerLoss) {
    if (engine != null) engine.close();
    engine = null;
    vfs.failNothing();
    if (powerLoss) {
      vfs.crash();
    } else {
      vfs.kill();
    }
  }

  /** What the next lives on this disk find: nothing acknowledged is lost, and it goes on. */
  void check() {
    check(where, vfs);
  }

  /** The power is cut now: what it leaves of the disk is drawn so many times, each is checked. */
  void checkCrashes(int times) {
    for (int i = 0; i < times; i++) {
      SimVfs copy = vfs.copy(new SimEntropy(seed * 31 + i));
      copy.crash();
      check(where + ", outcome " + i, copy);
    }
  }

  private void check(String at, SimVfs disk) {
    StoreModel onwards;
    long last;
    try (StorageEngine store = StorageEngine.open(disk, new SimEntropy(seed), Chapter.LIMITS)) {
      assertFalse(store.recovery().lossy(), at + ": " + store.recovery());
      last = store.lastLsn();
      assertTrue(last >= acknowledged, at + ": " + last + " of " + acknowledged);
      assertTrue(last <= lastLsn(), at + ": " + last + " never applied");
      assertEquals(last, store.durableLsn(), at);
      onwards = applied.get((int) (last - chapter.lsn())).copy();
      onwards.same(at, store);
      RandomRows random = chapter.rows();
      if (seed % 4 == 0) onwards.sampled(at, store, random);
      for (int i = 0; i < 4; i++) {
        store.apply(onwards.change(random, Chapter.ROWS_MAX));
        store.runInline();
      }
      assertEquals(last + 4, store.durableLsn(), at);
      onwards.same(at, store);
    }
    disk.crash();
    try (StorageEngine again = StorageEngine.open(disk, new SimEntropy(seed + 1), Chapter.LIMITS)) {
      assertFalse(again.recovery().lossy(), at + ": " + again.recovery());
      assertEquals(last + 4, again.lastLsn(), at);
      onwards.same(at, again);
    }
  }

  private void put(StorageEngine store, RandomRows random) {
    StoreModel model = latest().copy();
    WriteBatch batch = model.change(random, Chapter.ROWS_MAX);
    try {
      assertEquals(lastLsn() + 1, store.apply(batch), where);
      assertEquals(-1, fencedAt, where + ": applied although fenced");
      applied.add(model);
    } catch (KdeltaException.Overloaded | KdeltaException.ReadOnly refused) {
      assertEquals(lastLsn(), store.lastLsn(), where);
      assertTrue(vfs.faultsHappened() > 0, where + ": refused without a fault: " + refused);
    }
  }

  private void merge(StorageEngine store) {
    try {
      store.compact();
    } catch (KdeltaException.Overloaded _) {
      assertTrue(vfs.faultsHappened() > 0, where + ": the merge before has not ended");
    }
  }

  private void work(StorageEngine store, boolean all) {
    List<StorageWork> due = store.takeWork();
    while (!due.isEmpty()) {
      for (StorageWork work : due) run(store, work);
      due = all ? store.takeWork() : List.of();
    }
  }

  private void run(StorageEngine store, StorageWork work) {
    long durable = store.durableLsn();
    long faults = vfs.faultsHappened();
    work.run();
    boolean struck = vfs.faultsHappened() > faults;
    store.workDone(work);
    if (work.kind() == StorageWork.Kind.LOG) {
      assertEquals(struck, store.fenced(), where);
      if (struck) fencedAt = durable;
    } else if (struck) {
      assertEquals(fencedAt >= 0, store.fenced(), where + ": fenced by " + work);
      struckTableWorks++;
      latest().same(where, store);
      SimVfs.Fault again = secondFault;
      if (again != null) vfs.failCallThatCan(secondFaultAfter, again);
      secondFault = null;
    }
    if (fencedAt >= 0) assertEquals(fencedAt, store.durableLsn(), where + ": acknowledged");
    acknowledged = Math.max(acknowledged, store.durableLsn());
    if (deeds != null && work instanceof TableWork.Merge merge && merge.step.bottom()) {
      deeds.bottomSteps++;
    }
    if (deeds != null && work instanceof TableWork.Segment) deeds.segments++;
    if (deeds != null && work instanceof TableWork.Note note) {
      deeds.blobsRemoved += note.dead.size();
    }
  }

  private void staysFenced(StorageEngine store) {
    RandomRows random = chapter.rows();
    for (int i = 0; i < 5; i++) {
      WriteBatch batch = latest().copy().change(random, Chapter.ROWS_MAX);
      assertThrows(KdeltaException.ReadOnly.class, () -> store.apply(batch), where);
      for (int round = 0; round < 10; round++) work(store, true);
    }
    Errand errand = store.compact();
    work(store, true);
    assertTrue(errand.done(), where + ": somebody waits for a merge that can not come");
    assertTrue(errand.failure().isPresent(), where);
    assertTrue(store.fenced(), where);
    assertEquals(fencedAt, store.durableLsn(), where);
  }

  /** Everything that was left undone is done, and everything that can be asked for succeeds. */
  private void heals(StorageEngine store) {
    RandomRows random = chapter.rows();
    int more = applied.size() + 4;
    int rounds = 0;
    for (; rounds < HEAL_ROUNDS_MAX && applied.size() < more; rounds++) {
      put(store, random);
      work(store, true);
    }
    assertEquals(more, applied.size(), where + ": refuses writes: " + store.readOnlyReason());
    // After a failure the same work comes again some calls later.
    for (int i = 0; i < 70; i++) work(store, true);
    Errand errand = store.compact(); // Not Overloaded: an earlier one has ended by now.
    for (int i = 0; i < 70 && !errand.done(); i++) work(store, true);
    assertTrue(errand.done(), where + ": can not be merged");
    assertEquals(List.of(), errand.failure().stream().toList(), where);
    assertEquals(lastLsn(), store.durableLsn(), where);
    assertEquals(1, store.stats().unflushedMemtables(), where);
    assertTrue(store.stats().runs() <= 1, where + ": " + store.stats());
    assertTrue(store.stats().failures() <= struckTableWorks, where + ": " + store.stats());
    assertTrue(store.readOnlyReason().isEmpty(), where + ": " + store.readOnlyReason());
  }

  private void count(Chapter.Deeds into, StorageEngine store, long manifestBefore) {
    StorageStats stats = store.stats();
    into.flushes += stats.flushes();
    into.blobRewrites += stats.blobRewrites();
    into.calls += vfs.calls();
    if (manifest() > manifestBefore) into.manifestsRewritten++;
  }

  private long manifest() {
    if (deeds == null) return 0;
    long highest = 0;
    for (String name : vfs.list("")) {
      if (name.endsWith(FileNames.MANIFEST)) highest = Math.max(highest, FileNames.number(name));
    }
    return highest;
  }
}
