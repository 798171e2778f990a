package io.kdelta.storage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.env.SimEntropy;
import io.kdelta.error.KdeltaException;
import io.kdelta.memory.Bytes;
import io.kdelta.storage.verify.Findings;
import io.kdelta.storage.verify.StoreVerifier;
import io.kdelta.vfs.SimVfs;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/**
 * Goal: rows that are loaded become the oldest of the store, all of them or none, and leave nothing
 * behind. Method: loads of several lanes with small and large values below own rows, compared with
 * the model at every stage; what must be refused; seeded work on top of a load. Faults at every
 * call: {@link BulkLoadFaultTest}.
 */
final class BulkLoadTest {
  private static final int LANES = 3;
  private static final int GROUPS = 60;

  private SimVfs disk = new SimVfs(new SimEntropy(1));
  private final StoreModel model = new StoreModel();
  private final List<Optional<KdeltaException>> told = new ArrayList<>();
  private int opens;

  @Test
  void rowsOfSeveralLanesLieBelowAllOthers() {
    NavigableMap<RowKey, Bytes> rows = rows();
    rows.forEach(model::put);
    StorageEngine store = open();
    for (int i = 0; i < GROUPS; i += 7) {
      store.apply(model.put(key(0, i, 0), value(i, 40)));
      store.runInline();
    }
    BulkLoad load = loaded(store, rows, LANES);
    assertFalse(model.isIn(store), "shown too early");
    assertTrue(load.tables().size() > LANES, "tables: " + load.tables().size());
    assertEquals(1, load.blobs().size());
    Snapshot before = store.snapshot();
    install(store, load);
    load.drop();
    assertFalse(disk.exists(BulkLoad.DIRECTORY));
    assertEquals(null, before.get(key(1, 1, 1)), "a snapshot shows what was there before");
    before.close();
    check("installed", store, rows);
    store = again(store, false);
    check("opened again", store, rows);
    for (int i = 0; i < GROUPS; i++) {
      if (i % 3 == 0) store.apply(model.put(key(i % LANES, i, i % 2), value(i, i % 2 * 4500)));
      if (i % 5 == 0) store.apply(model.delete(key(i % LANES, i, 1)));
      store.runInline();
    }
    check("written over", store, rows);
    store = again(store, true);
    check("crashed", store, rows);
    Errand errand = store.compact();
    store.runInline();
    assertTrue(errand.done());
    assertEquals(1, store.stats().runs());
    check("compacted", store, rows);
    BulkLoad second = loaded(store, rows, LANES);
    StorageEngine full = store;
    assertThrows(KdeltaException.Overloaded.class, () -> full.install(second, told::add));
    second.drop();
    store = again(store, false);
    check("opened a last time", store, rows);
    assertEquals(store.stats().tables(), files(FileNames.TABLE));
    assertEquals(store.stats().blobs(), files(FileNames.BLOB));
    assertEquals(List.of(Optional.empty()), told);
    store.close();
    assertEquals(0, disk.openFiles());
    assertEquals(0, disk.mappings());
  }

  @Test
  void aLoadOfNothingIsNothing() {
    StorageEngine store = open();
    install(store, loaded(store, new TreeMap<>(), 2));
    assertEquals(0, store.stats().runs());
    rows().forEach(model::put);
    install(store, loaded(store, rows(), LANES));
    check("installed", store, rows());
    store.close();
  }

  @Test
  void largeValuesGoToSeveralFiles() {
    List<String> written = new ArrayList<>();
    AtomicLong numbers = new AtomicLong(10);
    List<byte[]> references = new ArrayList<>();
    List<BlobWriter.Finished> finished;
    try (BulkBlobs blobs = new BulkBlobs(disk, numbers::incrementAndGet, 20_000, written)) {
      for (int i = 0; i < 11; i++) {
        // A value larger than a file has one of its own.
        byte[] value = value(i, i == 5 ? 30_000 : 5_000 + i).toArray();
        references.add(blobs.add(MemorySegment.ofArray(value), 0, value.length));
      }
      finished = blobs.finish();
    }
    assertEquals(5, finished.size());
    assertEquals(written, disk.files());
    assertEquals(0, disk.openFiles());
    for (BlobWriter.Finished each : finished) {
      try (BlobFile blob = BlobFile.open(disk, each.added())) {
        for (int i = 0; i < references.size(); i++) {
          MemorySegment reference = MemorySegment.ofArray(references.get(i));
          if (BlobFormat.referenceNumber(reference, 0) != each.number()) continue;
          Bytes value = value(i, BlobFormat.referenceSize(reference, 0));
          ByteBuffer read = blob.read(BlobFormat.referenceEntry(reference, 0));
          assertEquals(value.buffer(), read, "value " + i);
          references.set(i, BlobFormat.reference(0, 0, 0, 0));
        }
      }
    }
    for (byte[] reference : references) {
      assertEquals(0, BlobFormat.referenceNumber(MemorySegment.ofArray(reference), 0));
    }
  }

  @Test
  void rowsThatDoNotGrowAreRefused() {
    StorageEngine store = open();
    BulkLoad load = store.bulkLoad(2);
    load.add(0, key(0, 5, 1), value(1, 10));
    load.add(1, key(1, 2, 1), value(1, 10));
    for (RowKey bad : List.of(key(0, 5, 1), key(0, 5, 0), key(0, 4, 2))) {
      assertThrows(KdeltaException.Corrupt.class, () -> load.add(0, bad, value(1, 10)));
    }
    load.add(0, key(0, 5, 2), value(1, 10));
    load.drop();
    assertEquals(0, disk.openFiles() - openWithout());
    assertFalse(disk.exists(BulkLoad.DIRECTORY));
    store.close();
  }

  /** Files that an engine without a load has open. */
  private static int openWithout() {
    SimVfs other = new SimVfs(new SimEntropy(1));
    try (StorageEngine _ = StorageEngine.open(other, new SimEntropy(1), StoreModel.TINY)) {
      return other.openFiles();
    }
  }

  @Test
  void nothingIsAppliedWhileALoadIsInstalled() {
    rows().forEach(model::put);
    StorageEngine store = open();
    BulkLoad load = loaded(store, rows(), LANES);
    BulkLoad other = store.bulkLoad(1);
    store.install(load, told::add);
    long last = store.lastLsn();
    WriteBatch batch = new WriteBatch().put(key(0, 0, 0), value(3, 3));
    assertThrows(KdeltaException.Overloaded.class, () -> store.apply(batch));
    assertThrows(KdeltaException.Overloaded.class, () -> store.install(other, told::add));
    boolean out = false;
    for (List<StorageWork> due = store.takeWork(); told.isEmpty(); due = store.takeWork()) {
      for (StorageWork work : due) {
        work.run();
        out |= work instanceof BulkInstall;
        assertThrows(KdeltaException.Overloaded.class, () -> store.apply(batch));
        store.workDone(work);
      }
    }
    assertTrue(out);
    assertEquals(last, store.lastLsn());
    assertEquals(List.of(Optional.empty()), told);
    store.apply(model.put(key(0, 0, 0), value(3, 3)));
    check("applied", store, rows());
    assertThrows(KdeltaException.Overloaded.class, () -> store.install(other, told::add));
    assertEquals(1, told.size());
    store.close();
  }

  @Test
  void anEndInGoodOrderLeavesAllOrNothing() {
    for (boolean own : new boolean[] {false, true}) {
      disk = new SimVfs(new SimEntropy(1));
      StorageEngine store = open();
      StoreModel with = new StoreModel();
      StoreModel without = new StoreModel();
      rows().forEach(with::put);
      if (own) {
        store.apply(without.put(key(0, 1, 0), value(1, 9)));
        with.put(key(0, 1, 0), value(1, 9));
      }
      List<Optional<KdeltaException>> heard = new ArrayList<>();
      store.install(loaded(store, rows(), LANES), heard::add);
      store.shutDown();
      assertTrue(heard.isEmpty() || heard.equals(List.of(Optional.empty())), heard.toString());
      store = open();
      (heard.isEmpty() ? without : with).same("own: " + own, store);
      store.close();
    }
  }

  @Test
  void whatIsNotInstalledIsRemoved() {
    StorageEngine store = open();
    BulkLoad dropped = loaded(store, rows(), LANES);
    assertTrue(disk.exists(BulkLoad.DIRECTORY));
    dropped.drop();
    assertFalse(disk.exists(BulkLoad.DIRECTORY));
    dropped.drop();
    BulkLoad left = store.bulkLoad(1);
    for (int i = 0; i < GROUPS; i++) left.add(0, key(0, i, 0), value(i, 200 + i % 9 * 600));
    left.letGo();
    left.letGo();
    assertFalse(disk.list(BulkLoad.DIRECTORY).isEmpty());
    model.same("nothing is shown", store);
    // A process that dies has not let go of anything; the next load begins anew as well.
    rows().forEach(model::put);
    BulkLoad next = loaded(store, rows(), LANES);
    assertEquals(next.names().size(), disk.list(BulkLoad.DIRECTORY).size());
    store = again(store, false);
    assertFalse(disk.exists(BulkLoad.DIRECTORY));
    assertEquals(0, store.stats().runs());
    install(store, loaded(store, rows(), LANES));
    check("installed at last", store, rows());
    store.close();
  }

  @Test
  void isASortedMapBelowAnother() {
    for (int seed = 1; seed <= 8; seed++) {
      String where = "seed " + seed;
      disk = new SimVfs(new SimEntropy(seed));
      RandomRows random = new RandomRows(seed, GROUPS, 12);
      StoreModel now = new StoreModel();
      TreeMap<RowKey, Bytes> rows = new TreeMap<>();
      for (int i = random.below(2_000); i >= 0; i--) rows.put(random.key(), random.value());
      rows.forEach(now::put);
      long merges = 0;
      StorageEngine store = open();
      for (int i = random.below(200); i >= 0; i--) {
        store.apply(now.put(random.key(), random.value()));
        store.runInline();
      }
      // A merge may be under way when the load is given.
      compactPartly(store, random.below(9));
      install(store, loaded(store, rows, 1 + random.below(4)));
      now.same(where, store);
      for (int i = 0; i < 600; i++) {
        apply(store, now.change(random, 2));
        if (random.chance(2)) store.runInline();
        if (random.chance(100)) compactPartly(store, random.below(9));
        if (i % 60 == 59) now.sampled(where, store, random);
        if (i % 200 != 199) continue;
        now.same(where, store);
        store.runInline();
        merges += store.stats().merges();
        store = again(store, random.chance(2));
        now.same(where + ", opened again", store);
      }
      assertTrue(merges > 0, where);
      store.close();
      verify(where, disk);
    }
  }

  private StorageEngine open() {
    opens++;
    StorageEngine store = StorageEngine.open(disk, new SimEntropy(opens), StoreModel.TINY);
    assertFalse(store.recovery().lossy(), () -> store.recovery().toString());
    return store;
  }

  /** Ends one life, with all that was applied durable, and begins another. */
  private StorageEngine again(StorageEngine store, boolean powerLoss) {
    store.runInline();
    store.close();
    if (powerLoss) disk.crash();
    else disk.kill();
    return open();
  }

  /** Applies a batch, after all that is due where there is no room for it before that. */
  private static void apply(StorageEngine store, WriteBatch batch) {
    try {
      store.apply(batch);
    } catch (KdeltaException.Overloaded _) {
      store.runInline();
      store.apply(batch);
    }
  }

  private static void compactPartly(StorageEngine store, int pieces) {
    store.runInline();
    store.compact();
    for (int i = 0; i < pieces; i++) {
      for (StorageWork work : store.takeWork()) {
        work.run();
        store.workDone(work);
      }
    }
  }

  private void install(StorageEngine store, BulkLoad load) {
    int before = told.size();
    store.install(load, told::add);
    store.runInline();
    assertEquals(before + 1, told.size());
    assertEquals(Optional.empty(), told.getLast());
  }

  /** Everything, each row and each group of those that were loaded, and what the verifier says. */
  private void check(String where, StorageEngine store, NavigableMap<RowKey, Bytes> loaded) {
    model.same(where, store);
    TreeMap<RowKey, Bytes> found = new TreeMap<>();
    for (RowKey key : loaded.keySet()) {
      Row row = store.get(key);
      if (row != null) found.put(key, row.value());
      if (!key.suffix().equals(Bytes.EMPTY)) continue;
      try (Cursor group = store.group(key.point())) {
        while (group.next()) {
          Row same = store.get(group.row().key());
          assertNotNull(same, where);
          assertEquals(same.value(), group.row().value(), where);
        }
      }
    }
    StoreModel asked = new StoreModel();
    found.forEach(asked::put);
    assertTrue(asked.isIn(store), where);
    store.runInline();
    verify(where, disk);
  }

  static void verify(String where, SimVfs disk) {
    Findings findings = new Findings();
    var _ = new StoreVerifier(disk, findings, (_, _) -> {}).verify(null);
    assertEquals(0, findings.damage(), where + ": " + findings.kept());
  }

  private int files(String suffix) {
    int count = 0;
    for (String name : disk.list("")) {
      if (name.endsWith(suffix)) count++;
    }
    return count;
  }

  /** A load of these rows, cut into lanes between groups and written side by side. */
  static BulkLoad loaded(StorageEngine store, NavigableMap<RowKey, Bytes> rows, int lanes) {
    List<List<RowKey>> cut = new ArrayList<>();
    List<RowKey> lane = new ArrayList<>();
    for (RowKey key : rows.keySet()) {
      boolean begins = lane.isEmpty() || !lane.getLast().point().equals(key.point());
      if (begins && cut.size() < lanes - 1 && lane.size() * lanes >= rows.size()) {
        cut.add(lane);
        lane = new ArrayList<>();
      }
      lane.add(key);
    }
    cut.add(lane);
    BulkLoad load = store.bulkLoad(lanes);
    for (int i = 0; i < rows.size(); i++) {
      for (int j = cut.size() - 1; j >= 0; j--) {
        if (i >= cut.get(j).size()) continue;
        RowKey key = cut.get(j).get(i);
        Bytes value = rows.get(key);
        load.add(j, key, value == null ? Bytes.EMPTY : value);
      }
    }
    load.finish();
    load.letGo();
    return load;
  }

  private static NavigableMap<RowKey, Bytes> rows() {
    TreeMap<RowKey, Bytes> rows = new TreeMap<>();
    for (int lane = 0; lane < LANES; lane++) {
      for (int i = 0; i < GROUPS; i++) {
        for (int j = 0; j < 3; j++) {
          int size = (i + j) % 9 == 0 ? BlobFormat.VALUE_BYTES_MIN + i % 2 * 700 : 300 + i;
          rows.put(key(lane, i, j), value(lane * GROUPS + i, i == 4 ? 0 : size));
        }
      }
    }
    return rows;
  }

  static RowKey key(int kind, int group, int row) {
    Bytes suffix = row == 0 ? Bytes.EMPTY : Bytes.of(row, 200);
    return new RowKey(Bytes.of(7 + kind, group >>> 8, group & 0xFF), suffix);
  }

  static Bytes value(int content, int size) {
    byte[] value = new byte[size];
    new SimEntropy(content).fill(value);
    return Bytes.wrap(value);
  }
}
