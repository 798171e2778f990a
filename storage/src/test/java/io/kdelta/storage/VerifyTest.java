package io.kdelta.storage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.env.SimEntropy;
import io.kdelta.error.KdeltaException;
import io.kdelta.memory.Bytes;
import io.kdelta.storage.verify.Finding;
import io.kdelta.storage.verify.Findings;
import io.kdelta.storage.verify.StoreVerifier;
import io.kdelta.vfs.SimVfs;
import io.kdelta.vfs.Vfs;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Goal: the second reader of the formats agrees with the first about whole stores, in every state a
 * crash can leave them in, and finds every flipped byte of every kind of file.
 *
 * <p>Method: random stores, with tables of every shape, verified after each step and compared row
 * by row with what the engine reads; then each byte of a small store flipped in turn, a file
 * missing, cut, swapped.
 */
final class VerifyTest {
  private static final StorageLimits LIMITS =
      new StorageLimits(4096, 3, 1 << 20, 8192, 128, 2048, 0);

  private static Findings verify(Vfs vfs, StoreVerifier.@Nullable Visitor visitor) {
    Findings findings = new Findings();
    try {
      var _ = new StoreVerifier(vfs, findings, (_, _) -> {}).verify(visitor);
    } catch (KdeltaException.Corrupt found) {
      findings.damage(found.file(), found.offset(), found.reason());
    }
    return findings;
  }

  private static Map<RowKey, Bytes> rows(Rows store) {
    TreeMap<RowKey, Bytes> rows = new TreeMap<>();
    try (Cursor cursor = store.cursor(RowKey.first(Bytes.of(0)), null)) {
      while (cursor.next()) rows.put(cursor.row().key(), cursor.row().value());
    }
    return rows;
  }

  @Test
  void everyStateOfABusyStoreIsWholeAndReadsTheSame() {
    for (long seed = 1; seed <= 4; seed++) {
      SimVfs disk = new SimVfs(new SimEntropy(seed));
      RandomRows random = new RandomRows(seed, 60);
      StoreModel model = new StoreModel();
      StorageEngine store = StorageEngine.open(disk, new SimEntropy(seed + 1), LIMITS);
      for (int i = 0; i < 150; i++) {
        StoreModel next = model.copy();
        try {
          store.apply(next.change(random, 8));
          model = next;
        } catch (KdeltaException.Overloaded wait) {
          // The work below makes room.
        }
        for (StorageWork work : store.takeWork()) {
          work.run();
          store.workDone(work);
        }
        if (i % 10 != 0) continue;
        Map<RowKey, Bytes> expected = rows(store);
        boolean durable = store.durableLsn() == store.lastLsn();
        TreeMap<RowKey, Bytes> found = new TreeMap<>();
        Findings findings =
            verify(disk, (point, suffix, value) -> found.put(new RowKey(point, suffix), value));
        assertEquals(List.of(), damage(findings), "seed " + seed + " step " + i);
        if (durable) assertEquals(expected, found, "seed " + seed + " step " + i);
        if (i % 50 == 0) {
          store.close();
          if (i % 100 == 0) {
            disk.crash();
          } else {
            disk.kill();
          }
          assertEquals(List.of(), damage(verify(disk, (_, _, _) -> {})), "crash at " + i);
          store = StorageEngine.open(disk, new SimEntropy(seed + i), LIMITS);
          model = new StoreModel();
          random = new RandomRows(seed + i, 60);
        }
      }
      store.close();
    }
  }

  private static List<Finding> damage(Findings findings) {
    return findings.kept().stream()
        .filter(finding -> finding.level() == Finding.Level.DAMAGE)
        .toList();
  }

  /** The files that count: not those that wait to be used again. */
  private static List<String> named(SimVfs whole) {
    Findings findings = verify(whole, null);
    assertEquals(0, findings.damage());
    List<String> named = new ArrayList<>(whole.list(""));
    named.remove("LOCK");
    for (Finding note : findings.kept()) named.remove(note.file());
    return named;
  }

  @Test
  void everyByteOfABlobFileCounts() {
    SimVfs disk = new SimVfs(new SimEntropy(1));
    StorageLimits limits = new StorageLimits(64 << 10, 3, 1 << 22, 128 << 10, 4096, 1 << 20, 0);
    TreeMap<RowKey, Bytes> expected = new TreeMap<>();
    try (StorageEngine store = StorageEngine.open(disk, new SimEntropy(2), limits)) {
      for (int i = 0; i < 12; i++) {
        byte[] value = new byte[4_096 + i];
        new SimEntropy(i).fill(value);
        RowKey key = RowKey.first(Bytes.utf8("key " + i));
        store.apply(new WriteBatch().put(key, Bytes.copyOf(value)));
        expected.put(key, Bytes.copyOf(value));
      }
      store.runInline();
      store.compact();
      store.runInline();
    }
    TreeMap<RowKey, Bytes> found = new TreeMap<>();
    Findings whole =
        verify(disk, (point, suffix, value) -> found.put(new RowKey(point, suffix), value));
    assertEquals(List.of(), damage(whole));
    assertEquals(expected, found);
    String blob =
        disk.list("").stream().filter(name -> name.endsWith(".blob")).findFirst().orElseThrow();
    long size = size(disk, blob);
    for (long offset = 0; offset < size; offset += offset < 80 || offset > size - 900 ? 1 : 61) {
      disk.flip(blob, offset, 16);
      assertTrue(names(verify(disk, null), blob), blob + " at " + offset);
      disk.flip(blob, offset, 16);
    }
  }

  @Test
  void aStoreClosedInGoodOrderIsWholeAndSoIsItAfterTheNextStart() {
    SimVfs disk = new SimVfs(new SimEntropy(1));
    RandomRows random = new RandomRows(3, 30);
    StoreModel model = new StoreModel();
    for (int life = 0; life < 3; life++) {
      StorageEngine store = StorageEngine.open(disk, new SimEntropy(life), LIMITS);
      for (int i = 0; i < 20; i++) {
        store.apply(model.change(random, 6));
        store.runInline();
      }
      Map<RowKey, Bytes> expected = rows(store);
      store.shutDown();
      TreeMap<RowKey, Bytes> found = new TreeMap<>();
      Findings findings =
          verify(disk, (point, suffix, value) -> found.put(new RowKey(point, suffix), value));
      assertEquals(List.of(), damage(findings), "life " + life);
      assertEquals(expected, found);
      try (StorageEngine again = StorageEngine.open(disk, new SimEntropy(life + 9), LIMITS)) {
        again.runInline();
        assertEquals(List.of(), damage(verify(disk, null)), "opened again, life " + life);
      }
    }
  }

  private static SimVfs small() {
    SimVfs disk = new SimVfs(new SimEntropy(1));
    RandomRows random = new RandomRows(3, 12);
    StoreModel model = new StoreModel();
    try (StorageEngine store = StorageEngine.open(disk, new SimEntropy(2), LIMITS)) {
      for (int i = 0; i < 40; i++) {
        store.apply(model.change(random, 6));
        store.runInline();
      }
    }
    return disk;
  }

  @Test
  void everyFlippedByteIsFoundAndItsFileNamed() {
    SimVfs whole = small();
    int flips = 0;
    for (String name : named(whole)) {
      boolean log = name.endsWith(".log");
      boolean manifest = name.endsWith(".manifest");
      long end = log ? lastByte(whole, name) : size(whole, name);
      for (long offset = 0; offset < end; offset++) {
        whole.flip(name, offset, 1 << (offset % 8));
        Findings findings = verify(whole, null);
        boolean named = false;
        for (Finding finding : findings.kept()) {
          // The last record of a log or manifest: nothing proves that it was ever acknowledged.
          boolean tail = (log || manifest) && finding.what().contains("torn tail");
          boolean damage = finding.level() == Finding.Level.DAMAGE;
          named |= finding.file().equals(name) && (damage || tail);
        }
        assertTrue(named, name + " at " + offset + ": " + findings.kept());
        whole.flip(name, offset, 1 << (offset % 8));
        flips++;
      }
    }
    assertEquals(0, verify(whole, null).damage());
    assertTrue(flips > 4_000, "only " + flips);
  }

  @Test
  void missingCutAndSwappedFilesAreNamed() {
    for (String name : named(small())) {
      SimVfs missing = small();
      missing.erase(name);
      assertTrue(names(verify(missing, null), name), name + " missing");
      SimVfs cut = small();
      cut.cut(name, size(cut, name) / 2);
      Findings found = verify(cut, null);
      boolean torn = found.kept().stream().anyMatch(f -> f.what().contains("torn tail"));
      assertTrue(names(found, name) || torn, name + " cut");
    }
    SimVfs disk = small();
    List<String> tables = disk.list("").stream().filter(n -> n.endsWith(".table")).toList();
    SimVfs other = disk.copy(new SimEntropy(4));
    other.rename(tables.getFirst(), tables.getLast());
    disk.swapIn(tables.getLast(), other);
    assertTrue(names(verify(disk, null), tables.getLast()));
  }

  @Test
  void whatIsNoStoreIsRefused() {
    SimVfs empty = new SimVfs(new SimEntropy(1));
    assertThrows(
        KdeltaException.NotFound.class,
        () -> new StoreVerifier(empty, new Findings(), (_, _) -> {}).verify(null));
    SimVfs garbage = new SimVfs(new SimEntropy(1));
    for (String name : List.of("CURRENT", "0000000001.manifest", "0000000002.table")) {
      byte[] bytes = new byte[5000];
      new SimEntropy(name.length()).fill(bytes);
      try (Vfs.File file = garbage.create(name)) {
        file.append(Bytes.wrap(bytes).buffer());
      }
    }
    assertFalse(verify(garbage, null).damage() == 0);
  }

  @Test
  void whatAnEndedRewriteLeftDoesNotHideTheManifestThatCounts() {
    SimVfs disk = small();
    disk.flip("CURRENT", 24, 32);
    try (Vfs.File file = disk.create(FileNames.manifest(9_999))) {
      file.append(ByteBuffer.allocate(700));
    }
    Findings findings = verify(disk, null);
    assertEquals(List.of("CURRENT"), damage(findings).stream().map(Finding::file).toList());
  }

  @Test
  void aBackupIsWhole() {
    SimVfs disk = new SimVfs(new SimEntropy(1));
    RandomRows random = new RandomRows(3, 30);
    StoreModel model = new StoreModel();
    try (StorageEngine store = StorageEngine.open(disk, new SimEntropy(2), LIMITS)) {
      for (int i = 0; i < 60; i++) {
        store.apply(model.change(random, 6));
        store.runInline();
      }
      Errand errand = store.backup(disk.below("backup"), Bytes.EMPTY, "a test");
      store.runInline();
      assertTrue(errand.done() && errand.failure().isEmpty());
      TreeMap<RowKey, Bytes> found = new TreeMap<>();
      Findings findings =
          verify(
              disk.below("backup"),
              (point, suffix, value) -> found.put(new RowKey(point, suffix), value));
      assertEquals(List.of(), findings.kept());
      assertEquals(rows(store), found);
    }
  }

  private static boolean names(Findings findings, String file) {
    List<String> named = new ArrayList<>();
    for (Finding finding : damage(findings)) named.add(finding.file());
    return named.contains(file);
  }

  /** Where the records of a log end: what follows is left from an earlier use of the file. */
  private static long lastByte(Vfs disk, String name) {
    byte[] bytes = new byte[(int) size(disk, name)];
    try (Vfs.File file = disk.openForReading(name)) {
      file.readAt(0, ByteBuffer.wrap(bytes));
    }
    WalFormat format = new WalFormat();
    return format
        .decodeHeader(WalFormat.SEGMENT_MAGIC, bytes)
        .map(header ->
            RecordScan.of(
                    format,
                    FileWindow.of(bytes),
                    WalFormat.HEADER_BYTES,
                    bytes.length,
                    header.salt(),
                    header.predecessor().lastLsn() + 1)
                .end())
        .orElse(0);
  }

  private static long size(Vfs disk, String name) {
    try (Vfs.File file = disk.openForReading(name)) {
      return file.size();
    }
  }
}
