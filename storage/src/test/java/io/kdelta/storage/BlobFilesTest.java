package io.kdelta.storage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.env.SimEntropy;
import io.kdelta.error.KdeltaException;
import io.kdelta.memory.Bytes;
import io.kdelta.vfs.SimVfs;
import io.kdelta.vfs.Vfs;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * Goal: large values come back from blob files, each content lies there once, dead ones go, nothing
 * that a reader holds goes under it, and no flipped byte is ever answered. Method: files written by
 * hand with every byte flipped; engines whose files are counted; seeded work against the model.
 */
final class BlobFilesTest {
  private static final StorageLimits LIMITS =
      new StorageLimits(256 << 10, 3, 4 << 20, 1 << 20, 1024, 32 << 10, 0);

  private final SimVfs vfs = new SimVfs(new SimEntropy(1));
  private int opens;

  @Test
  void everyFlippedByteIsFound() {
    List<byte[]> values = new ArrayList<>();
    for (int i = 0; i < 5; i++) values.add(value(i, 40 + i).toArray());
    ManifestEdit.BlobAdded added = write(values);
    String path = FileNames.blob(added.file());
    byte[] good = bytes(path);
    read(added, values);
    for (int at = 0; at < good.length; at++) {
      byte[] bad = good.clone();
      bad[at] ^= (byte) (1 << at % 8);
      replace(path, bad);
      KdeltaException.Corrupt found =
          assertThrows(KdeltaException.Corrupt.class, () -> read(added, values), "byte " + at);
      assertEquals(path, found.file());
    }
    for (int size : new int[] {0, 63, 64, 191, good.length - 1}) {
      replace(path, java.util.Arrays.copyOf(good, size));
      assertThrows(KdeltaException.Corrupt.class, () -> read(added, values));
    }
    replace(path, good);
    read(added, values);
  }

  @Test
  void aContentIsStoredOnceWithinAFlushAndAcrossFlushes() {
    StorageEngine engine = open();
    for (int i = 0; i < 40; i++) engine.apply(new WriteBatch().put(key(i), value(i % 4, 5000)));
    flush(engine);
    StorageStats once = engine.stats();
    assertEquals(1, once.blobs(), once.toString());
    assertTrue(once.blobBytes() < 5 * 5000, once.toString());
    for (int i = 40; i < 80; i++) engine.apply(new WriteBatch().put(key(i), value(i % 4, 5000)));
    flush(engine);
    assertEquals(once.blobBytes(), engine.stats().blobBytes(), engine.stats().toString());
    for (int i = 0; i < 80; i++) {
      Row row = engine.get(key(i));
      assertNotNull(row);
      assertEquals(value(i % 4, 5000), row.value());
    }
    engine.close();
  }

  /** Whether a value is known is found by its checksum, and decided by its bytes. */
  @Test
  void contentsOfOneChecksumAreKeptApart() {
    byte[] one = value(1, 5000).toArray();
    byte[] other = one.clone();
    // What differs by the generator itself has the same remainder.
    long generator = 1L | 0x82F63B78L << 1;
    for (int i = 0; i < Long.BYTES; i++) other[i] ^= (byte) (generator >>> (8 * i));
    assertEquals(SSTableFormat.crc(one, 0, one.length), SSTableFormat.crc(other, 0, other.length));
    StorageEngine engine = open();
    for (int i = 0; i < 6; i++) {
      engine.apply(new WriteBatch().put(key(i), Bytes.wrap(i % 2 == 0 ? one : other)));
      if (i % 3 == 2) flush(engine);
    }
    for (int i = 0; i < 6; i++) {
      Row row = engine.get(key(i));
      assertNotNull(row);
      assertEquals(Bytes.wrap(i % 2 == 0 ? one : other), row.value());
    }
    engine.close();
  }

  @Test
  void valuesBelowTheBoundStayInTheTable() {
    StorageEngine engine = open();
    engine.apply(new WriteBatch().put(key(1), value(1, BlobFormat.VALUE_BYTES_MIN - 1)));
    flush(engine);
    assertEquals(0, engine.stats().blobs());
    engine.apply(new WriteBatch().put(key(2), value(2, BlobFormat.VALUE_BYTES_MIN)));
    flush(engine);
    assertEquals(1, engine.stats().blobs());
    engine.close();
  }

  @Test
  void whatIsOverwrittenIsDroppedAndReadersKeepWhatTheySee() {
    StorageEngine engine = open();
    for (int i = 0; i < 30; i++) engine.apply(new WriteBatch().put(key(i), value(i, 5000)));
    flush(engine);
    Snapshot before = engine.snapshot();
    long full = engine.stats().blobBytes();
    for (int i = 0; i < 20; i++) engine.apply(new WriteBatch().put(key(i), value(1000 + i, 100)));
    flush(engine);
    assertEquals(1, engine.stats().blobRewrites(), engine.stats().toString());
    assertTrue(engine.stats().blobBytes() < full / 2, engine.stats().toString());
    assertEquals(2, files(FileNames.BLOB), "the snapshot keeps the old file");
    for (int i = 0; i < 30; i++) {
      Row old = before.get(key(i));
      Row now = engine.get(key(i));
      assertTrue(old != null && old.value().equals(value(i, 5000)), "key " + i);
      Bytes expected = i < 20 ? value(1000 + i, 100) : value(i, 5000);
      assertTrue(now != null && now.value().equals(expected), "key " + i);
    }
    before.close();
    engine.runInline();
    assertEquals(1, files(FileNames.BLOB));
    for (int i = 20; i < 30; i++) engine.apply(new WriteBatch().delete(key(i)));
    flush(engine);
    assertEquals(0, engine.stats().blobs(), engine.stats().toString());
    assertEquals(0, files(FileNames.BLOB));
    // The content of a file that went is stored again, not referred to.
    engine.apply(new WriteBatch().put(key(5), value(25, 5000)));
    flush(engine);
    engine.close();
    StorageEngine again = open();
    assertFalse(again.recovery().lossy(), again.recovery().toString());
    Row row = again.get(key(5));
    assertTrue(row != null && row.value().equals(value(25, 5000)));
    again.close();
  }

  @Test
  void aFlippedValueIsDamageOfTheTableThatRefersToIt() {
    StorageEngine engine = open();
    for (int i = 0; i < 20; i++) engine.apply(new WriteBatch().put(key(i), value(i, 5000)));
    flush(engine);
    engine.close();
    vfs.flip(FileNames.blob(blobFile()), 64 + 5 * 5000 + 17, 1);
    StorageEngine opened = open();
    assertThrows(KdeltaException.Corrupt.class, () -> opened.get(key(5)));
    assertThrows(KdeltaException.Corrupt.class, () -> opened.get(key(5)), "each time");
    Row other = opened.get(key(6));
    assertTrue(other != null && other.value().equals(value(6, 5000)));
    assertEquals(1, opened.recovery().setAside().size());
    opened.close();
  }

  @Test
  void aMissingFileTakesItsTablesAsideAndIsForgottenWithThem() {
    StorageEngine engine = open();
    for (int i = 0; i < 20; i++) engine.apply(new WriteBatch().put(key(i), value(i, 5000)));
    flush(engine);
    engine.close();
    vfs.delete(FileNames.blob(blobFile()));
    StorageEngine opened = open();
    assertTrue(opened.recovery().lossy());
    assertThrows(KdeltaException.Corrupt.class, () -> opened.get(key(5)));
    assertTrue(opened.setDamagedAside());
    opened.runInline();
    assertEquals(null, opened.get(key(5)));
    opened.forgetSetAside();
    opened.runInline();
    opened.close();
    StorageEngine again = open();
    assertFalse(again.recovery().lossy(), again.recovery().toString());
    assertEquals(0, again.stats().blobs());
    again.close();
  }

  @Test
  void isASortedMapWithSnapshots() {
    for (int seed = 1; seed <= 3; seed++) {
      RandomRows random = new RandomRows(seed, 12, 5);
      StoreModel model = new StoreModel();
      SimVfs disk = new SimVfs(new SimEntropy(seed));
      StorageEngine engine = StorageEngine.open(disk, new SimEntropy(seed), LIMITS);
      List<Snapshot> snapshots = new ArrayList<>();
      List<StoreModel> models = new ArrayList<>();
      long rewrites = 0;
      for (int i = 0; i < 700; i++) {
        engine.apply(model.change(random, 8));
        if (i % 3 == 0) engine.runInline();
        if (i % 50 == 0) {
          snapshots.add(engine.snapshot());
          models.add(model.copy());
        }
        if (i % 70 == 69) {
          for (int j = 0; j < snapshots.size(); j++) {
            models.get(j).sampled("seed " + seed, snapshots.get(j), random);
            models.get(j).same("seed " + seed, snapshots.get(j));
          }
          if (!snapshots.isEmpty()) {
            snapshots.removeFirst().close();
            models.removeFirst();
          }
        }
        if (i % 160 == 159) {
          for (Snapshot snapshot : snapshots) snapshot.close();
          snapshots.clear();
          models.clear();
          engine.runInline();
          rewrites += engine.stats().blobRewrites();
          engine.close();
          engine = StorageEngine.open(disk, new SimEntropy(seed + i), LIMITS);
          assertFalse(engine.recovery().lossy());
          model.same("seed " + seed + " opened again", engine);
        }
      }
      rewrites += engine.stats().blobRewrites();
      assertTrue(rewrites > 2, "seed " + seed + ": " + engine.stats());
      for (Snapshot snapshot : snapshots) snapshot.close();
      engine.close();
    }
  }

  private StorageEngine open() {
    return StorageEngine.open(vfs, new SimEntropy(++opens), LIMITS);
  }

  /** Everything applied so far goes to tables, and all of them become one run. */
  private static void flush(StorageEngine engine) {
    engine.runInline();
    Errand errand = engine.compact();
    engine.runInline();
    assertTrue(errand.done());
  }

  private int files(String suffix) {
    int count = 0;
    for (String name : vfs.list("")) {
      if (name.endsWith(suffix)) count++;
    }
    return count;
  }

  private long blobFile() {
    for (String name : vfs.list("")) {
      if (name.endsWith(FileNames.BLOB)) return FileNames.number(name);
    }
    throw new AssertionError("no blob file");
  }

  private ManifestEdit.BlobAdded write(List<byte[]> values) {
    List<String> written = new ArrayList<>();
    try (BlobWriter writer = new BlobWriter(vfs, () -> 7, new BlobContents(), written)) {
      for (byte[] value : values) writer.add(MemorySegment.ofArray(value), 0, value.length);
      BlobWriter.Finished finished = writer.finish();
      assertNotNull(finished);
      assertEquals(List.of(FileNames.blob(7)), written);
      return finished.added();
    }
  }

  private void read(ManifestEdit.BlobAdded added, List<byte[]> values) {
    try (BlobFile blob = BlobFile.open(vfs, added)) {
      assertEquals(values.size(), blob.entries());
      for (int i = 0; i < values.size(); i++) {
        byte[] value = values.get(i);
        int crc = SSTableFormat.crc(value, 0, value.length);
        long offset = blob.valueOffset(i, value.length, crc);
        assertEquals(Bytes.wrap(value), Bytes.copyOf(blob.map(), offset, value.length));
        assertEquals(ByteBuffer.wrap(value), blob.read(i));
      }
    }
  }

  private byte[] bytes(String path) {
    try (Vfs.File file = vfs.open(path)) {
      byte[] bytes = new byte[Math.toIntExact(file.size())];
      file.readAt(0, ByteBuffer.wrap(bytes));
      return bytes;
    }
  }

  private void replace(String path, byte[] bytes) {
    try (Vfs.File file = vfs.open(path)) {
      file.truncate(0);
      file.append(ByteBuffer.wrap(bytes));
    }
  }

  private static RowKey key(int i) {
    return RowKey.first(Bytes.of(1, i >> 8, i & 255));
  }

  private static Bytes value(int content, int size) {
    byte[] value = new byte[size];
    new SimEntropy(content).fill(value);
    return Bytes.wrap(value);
  }
}
