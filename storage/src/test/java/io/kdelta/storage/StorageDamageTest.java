package io.kdelta.storage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.env.SimEntropy;
import io.kdelta.error.KdeltaException;
import io.kdelta.memory.Bytes;
import io.kdelta.vfs.SimVfs;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * Goal: DETECT for tables: what does not pass its checks is never answered as data, is named, stays
 * set aside over restarts until its owner has dealt with it, and the rest goes on. Method: bytes
 * are flipped in, and files taken from, the disk under an engine and between two of its lives.
 */
final class StorageDamageTest {
  private static final StorageLimits LIMITS =
      new StorageLimits(64 << 10, 3, 4 << 20, 64 << 10, 4096, 1 << 20, 0);
  private static final int KEYS = 1500;

  private final SimVfs vfs = new SimVfs(new SimEntropy(1));
  private long opens;

  @Test
  void aFlipFoundWhileReadingIsNamedAndStaysSetAside() {
    StorageEngine engine = loaded();
    String table = largestTable();
    vfs.flip(table, 70_000, 8);
    engine = reopen(engine);
    assertFalse(engine.recovery().lossy());
    int corrupt = 0;
    for (int i = 0; i < KEYS; i++) {
      try {
        Row row = engine.get(key(i));
        assertEquals(value(i), row == null ? null : row.value());
      } catch (KdeltaException.Corrupt found) {
        assertEquals(table, found.file());
        corrupt++;
      }
    }
    assertTrue(corrupt > 0 && corrupt < KEYS / 2, corrupt + " keys lost with one chunk");
    StorageEngine reader = engine;
    assertThrows(
        KdeltaException.Corrupt.class,
        () -> {
          try (Cursor cursor = reader.cursor(RowKey.first(Bytes.of(0)), null)) {
            while (cursor.next()) {}
          }
        });
    assertEquals(0, engine.stats().pins());
    assertEquals(List.of(table), files(engine));
    assertFalse(engine.recovery().setAside().getFirst().known());
    engine.runInline();
    engine.apply(new WriteBatch().put(key(KEYS), value(KEYS)));
    engine.runInline();

    engine = reopen(engine);
    assertEquals(List.of(table), files(engine));
    assertTrue(engine.recovery().setAside().getFirst().known());
    assertTrue(engine.setDamagedAside());
    assertEquals(List.of(table), files(engine));
    assertTrue(engine.recovery().setAside().getFirst().known());
    try (Cursor cursor = engine.cursor(RowKey.first(Bytes.of(0)), null)) {
      while (cursor.next()) {
        int i = index(cursor.row().key());
        assertEquals(value(i), cursor.row().value());
      }
    }
    engine.forgetSetAside();
    engine.runInline();
    assertFalse(engine.recovery().lossy());
    engine = reopen(engine);
    assertFalse(engine.recovery().lossy());
    assertEquals(0, engine.stats().setAside());
    engine.close();
  }

  @Test
  void whatRotsUnderARunningEngineIsSetAsideWithoutAnOpen() {
    StorageEngine engine = reopen(loaded());
    String table = largestTable();
    vfs.flip(table, 70_000, 8);
    int corrupt = 0;
    for (int i = 0; i < KEYS; i++) {
      try {
        engine.get(key(i));
      } catch (KdeltaException.Corrupt found) {
        corrupt++;
      }
    }
    assertTrue(corrupt > 0);
    List<StorageWork> out = engine.takeWork();
    assertFalse(engine.setDamagedAside(), "table work is out");
    assertEquals(1, out.size());
    out.getFirst().run();
    engine.workDone(out.getFirst());
    Snapshot held = engine.snapshot();
    assertTrue(engine.setDamagedAside());
    assertTrue(engine.setDamagedAside(), "nothing is left to be done");
    int missing = 0;
    for (int i = 0; i < KEYS; i++) {
      Row row = engine.get(key(i));
      if (row == null) missing++;
      assertTrue(row == null || row.value().equals(value(i)), "key " + i);
    }
    assertTrue(missing >= corrupt, missing + " missing of " + corrupt);
    assertEquals(List.of(table), files(engine));
    engine.runInline();
    assertTrue(vfs.exists(table), "a crash has to find it named or gone");

    // A process that ends before its owner dealt with the loss finds it set aside.
    StorageEngine again =
        StorageEngine.open(vfs.copy(new SimEntropy(77)), new SimEntropy(78), LIMITS);
    assertEquals(List.of(table), files(again));
    assertTrue(again.recovery().setAside().getFirst().known());
    again.close();

    long merges = engine.stats().merges();
    for (int i = 0; i < KEYS; i++) {
      engine.apply(new WriteBatch().put(key(i), value(i)));
      engine.runInline();
    }
    assertTrue(engine.stats().merges() > merges, "merges go on");
    engine.forgetSetAside();
    engine.runInline();
    assertFalse(engine.recovery().lossy());
    assertTrue(vfs.exists(table), "a snapshot reads it");
    held.close();
    engine.runInline();
    assertFalse(vfs.exists(table));
    engine.close();
    everyKeyIsThere();
  }

  @Test
  void aFlipFoundByAMergeStopsMergesAndNotWrites() {
    StorageEngine engine = loaded();
    String table = largestTable();
    vfs.flip(table, 70_000, 8);
    engine = reopen(engine);
    long merges = 0;
    for (int i = 0; i < KEYS; i++) {
      engine.apply(new WriteBatch().put(key(KEYS + i), value(KEYS + i)));
      engine.runInline();
      if (engine.stats().setAside() == 0) merges = engine.stats().merges();
    }
    assertEquals(List.of(table), files(engine));
    assertEquals(merges, engine.stats().merges());
    assertTrue(engine.readOnlyReason().isEmpty());
    assertEquals(engine.lastLsn(), engine.durableLsn());
    for (int i = 0; i < KEYS; i++) {
      Row row = engine.get(key(KEYS + i));
      assertEquals(value(KEYS + i), row == null ? null : row.value());
    }
    engine.close();
  }

  @Test
  void aDamagedHeaderOrAMissingFileIsSetAsideAtOpen() {
    StorageEngine engine = loaded();
    String table = largestTable();
    vfs.flip(table, 20, 1);
    engine = reopen(engine);
    assertEquals(List.of(table), files(engine));
    assertThrows(AssertionError.class, this::everyKeyIsThere);
    vfs.erase(table);
    engine = reopen(engine);
    assertEquals(List.of(table), files(engine));
    engine.runInline();
    engine.apply(new WriteBatch().put(key(0), value(0)));
    engine.runInline();
    assertEquals(engine.lastLsn(), engine.durableLsn());
    engine = reopen(engine);
    assertEquals(List.of(table), files(engine));
    engine.forgetSetAside();
    engine.runInline();
    engine = reopen(engine);
    assertFalse(engine.recovery().lossy());
    Row row = engine.get(key(0));
    assertEquals(value(0), row == null ? null : row.value());
    engine.close();
  }

  private void everyKeyIsThere() {
    vfs.kill();
    try (StorageEngine engine = open()) {
      for (int i = 0; i < KEYS; i++) {
        if (engine.get(key(i)) == null) throw new AssertionError("key " + i + " is gone");
      }
    }
  }

  /** A store whose keys lie in tables of several chunks. */
  private StorageEngine loaded() {
    StorageEngine engine = open();
    for (int i = 0; i < KEYS; i++) {
      engine.runInline();
      engine.apply(new WriteBatch().put(key(i), value(i)));
    }
    engine.runInline();
    return engine;
  }

  private StorageEngine open() {
    return StorageEngine.open(vfs, new SimEntropy(++opens), LIMITS);
  }

  private StorageEngine reopen(StorageEngine engine) {
    engine.close();
    vfs.kill();
    return open();
  }

  private String largestTable() {
    String largest = "";
    long size = 0;
    for (String name : vfs.list("")) {
      if (!name.endsWith(FileNames.TABLE)) continue;
      try (var file = vfs.open(name)) {
        if (file.size() > size) {
          size = file.size();
          largest = name;
        }
      }
    }
    assertTrue(size > 100_000, "the largest table has " + size);
    return largest;
  }

  private static List<String> files(StorageEngine engine) {
    return engine.recovery().setAside().stream().map(Damage::file).toList();
  }

  private static RowKey key(int i) {
    return new RowKey(Bytes.of(i >> 8, i & 255), Bytes.of(7));
  }

  private static int index(RowKey key) {
    return key.point().unsignedAt(0) << 8 | key.point().unsignedAt(1);
  }

  private static Bytes value(int i) {
    byte[] value = new byte[200];
    new SimEntropy(i).fill(value);
    return Bytes.wrap(value);
  }
}
