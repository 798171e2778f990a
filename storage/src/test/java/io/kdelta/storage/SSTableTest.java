package io.kdelta.storage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import io.kdelta.env.SimEntropy;
import io.kdelta.error.KdeltaException;
import io.kdelta.memory.Bytes;
import io.kdelta.vfs.SimVfs;
import io.kdelta.vfs.Vfs;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Goal: a table answers like the sorted map it was written from, and never answers anything else
 * than that, whatever happens to its file. Method: seeded tables of both layouts against the map;
 * then every byte of a file is flipped, and the file is cut, swapped and removed.
 */
final class SSTableTest {
  private static final long HASH_SEED = 99;

  private final SimVfs vfs = new SimVfs(new SimEntropy(1));

  /** The same for all tables, as in an engine: none may find what another left there. */
  private final Scratch scratch = new Scratch();

  @Test
  void answersLikeTheMapItWasWrittenFrom() {
    for (int seed = 1; seed <= 16; seed++) {
      RandomRows random = new RandomRows(seed, seed % 3 == 0 ? 4 : 400);
      NavigableMap<RowKey, Optional<Bytes>> rows = rows(random, seed % 5 == 0 ? 1 : 1500);
      SSTableWriter.Finished finished = write(seed, rows, 64 << (seed % 8), seed % 2 == 0);
      try (SSTable table = SSTable.open(vfs, finished)) {
        assertEquals(rows.size(), table.rows());
        assertEquals(rows.values().stream().filter(Optional::isEmpty).count(), table.tombstones());
        assertEquals(rows.firstKey(), table.first());
        assertEquals(rows.lastKey(), table.last());
        same(rows, table.walk());
        same(rows, table.scan());
        for (int i = 0; i < 400; i++) point(seed, rows, table, random.key());
        for (RowKey key : rows.keySet()) point(seed, rows, table, key);
      }
    }
  }

  @Test
  void holdsTheLargestKeyAndValue() {
    byte[] point = new byte[RowKey.BYTES_MAX - 1000];
    byte[] value = new byte[WriteBatch.VALUE_BYTES_MAX];
    new SimEntropy(4).fill(value);
    NavigableMap<RowKey, Optional<Bytes>> rows = new TreeMap<>();
    rows.put(
        new RowKey(Bytes.wrap(point), Bytes.wrap(new byte[1000])), Optional.of(Bytes.wrap(value)));
    rows.put(RowKey.first(Bytes.of(1)), Optional.of(Bytes.EMPTY));
    for (boolean bottom : new boolean[] {false, true}) {
      try (SSTable table = SSTable.open(vfs, write(bottom ? 2 : 1, rows, 4096, bottom))) {
        same(rows, table.walk());
        same(rows, table.scan());
      }
    }
  }

  @Test
  void everyFlippedByteIsFound() {
    NavigableMap<RowKey, Optional<Bytes>> rows = rows(new RandomRows(3, 40), 60);
    SSTableWriter.Finished finished = write(1, rows, 512, true);
    String path = FileNames.table(1);
    byte[] good = bytes(path);
    for (int at = 0; at < good.length; at++) {
      byte[] bad = good.clone();
      bad[at] ^= (byte) (1 << at % 8);
      replace(path, bad);
      assertFound(finished, rows, at, false);
      assertFound(finished, rows, at, true);
    }
    replace(path, good);
    try (SSTable table = SSTable.open(vfs, finished)) {
      same(rows, table.walk());
    }
  }

  @Test
  void flipsInChunksBehindTheFirstAreFoundWhenTouched() {
    NavigableMap<RowKey, Optional<Bytes>> rows = new TreeMap<>();
    SimEntropy entropy = new SimEntropy(6);
    for (int i = 0; i < 300; i++) {
      byte[] value = new byte[1000];
      entropy.fill(value);
      rows.put(RowKey.first(Bytes.of(i >> 8, i & 255)), Optional.of(Bytes.wrap(value)));
    }
    SSTableWriter.Finished finished = write(1, rows, 4096, false);
    String path = FileNames.table(1);
    byte[] bad = bytes(path);
    bad[150_000] ^= 4;
    replace(path, bad);
    try (SSTable table = SSTable.open(vfs, finished)) {
      RowKey first = rows.firstKey();
      byte[] point = first.point().toArray();
      assertEquals(Found.ROW, table.get(hash(first), point, 0, point.length, 0, new RowView()));
      assertTrue(table.damage().isEmpty());
      RowSource walk = table.walk();
      KdeltaException.Corrupt found =
          assertThrows(
              KdeltaException.Corrupt.class,
              () -> {
                while (walk.next()) {}
              });
      assertEquals(path, found.file());
      assertEquals(131_072, found.offset());
      assertTrue(table.damage().isPresent());
    }
  }

  @Test
  void aCutMissingOrSwappedFileIsFoundAtOpen() {
    NavigableMap<RowKey, Optional<Bytes>> rows = rows(new RandomRows(3, 40), 60);
    SSTableWriter.Finished one = write(1, rows, 512, false);
    NavigableMap<RowKey, Optional<Bytes>> others = new TreeMap<>(rows);
    others.put(rows.lastKey(), Optional.of(Bytes.of(1)));
    SSTableWriter.Finished two = write(2, others, 512, false);
    byte[] oneBytes = bytes(FileNames.table(1));
    replace(FileNames.table(1), bytes(FileNames.table(2)));
    assertThrows(KdeltaException.Corrupt.class, () -> SSTable.open(vfs, one));
    for (int size : new int[] {0, 1, 63, 64, 200, oneBytes.length - 1}) {
      replace(FileNames.table(1), java.util.Arrays.copyOf(oneBytes, size));
      assertThrows(KdeltaException.Corrupt.class, () -> SSTable.open(vfs, one));
    }
    vfs.delete(FileNames.table(2));
    assertThrows(KdeltaException.Corrupt.class, () -> SSTable.open(vfs, two));
  }

  /** A flip must be found at open or by reading everything; never a wrong or missing row. */
  private void assertFound(
      SSTableWriter.Finished finished,
      NavigableMap<RowKey, Optional<Bytes>> rows,
      int at,
      boolean byFile) {
    try (SSTable table = SSTable.open(vfs, finished)) {
      RowSource source = byFile ? table.scan() : table.walk();
      for (Map.Entry<RowKey, Optional<Bytes>> row : rows.entrySet()) {
        assertTrue(source.next());
        assertEquals(row.getKey(), source.rowKey());
        assertEquals(row.getValue().orElse(Bytes.EMPTY), source.value());
      }
      fail("nobody noticed the flip at byte " + at);
    } catch (KdeltaException.Corrupt found) {
      assertEquals(FileNames.table(1), found.file());
    }
  }

  private SSTableWriter.Finished write(
      long number, NavigableMap<RowKey, Optional<Bytes>> rows, int blockBytes, boolean bottom) {
    try (Vfs.File file = vfs.create(FileNames.table(number))) {
      SSTableWriter.Layout layout = new SSTableWriter.Layout(HASH_SEED, blockBytes, bottom, bottom);
      SSTableWriter writer = new SSTableWriter(file, number, layout, null, scratch);
      RowSource source = new ListSource(rows);
      while (source.next()) writer.add(source);
      return writer.finish();
    }
  }

  private static NavigableMap<RowKey, Optional<Bytes>> rows(RandomRows random, int count) {
    NavigableMap<RowKey, Optional<Bytes>> rows = new TreeMap<>();
    for (int i = 0; i < count; i++) {
      rows.put(random.key(), random.chance(6) ? Optional.empty() : Optional.of(random.value()));
    }
    return rows;
  }

  private static void same(NavigableMap<RowKey, Optional<Bytes>> rows, RowSource source) {
    for (Map.Entry<RowKey, Optional<Bytes>> row : rows.entrySet()) {
      assertTrue(source.next());
      assertEquals(row.getKey(), source.rowKey());
      assertEquals(row.getValue().isEmpty(), source.tombstone);
      assertEquals(row.getValue().orElse(Bytes.EMPTY), source.value());
    }
    assertFalse(source.next());
  }

  private static void shows(
      String where,
      NavigableMap<RowKey, Optional<Bytes>> rows,
      @Nullable RowKey key,
      Found found,
      RowView view) {
    if (key == null || !rows.containsKey(key)) {
      assertEquals(Found.NOTHING, found, where);
      return;
    }
    Optional<Bytes> held = rows.getOrDefault(key, Optional.empty());
    assertEquals(held.isEmpty() ? Found.DELETE : Found.ROW, found, where);
    if (held.isEmpty()) return;
    view.validFor(new ReadEpoch());
    assertEquals(key, view.key(), where);
    assertEquals(held.get(), view.value(), where);
  }

  private static void point(
      int seed, NavigableMap<RowKey, Optional<Bytes>> rows, SSTable table, RowKey key) {
    String where = "seed " + seed + " key " + key;
    byte[] point = key.point().toArray();
    byte[] raw = Bytes.concat(Bytes.of(3), key.point(), key.suffix()).toArray();
    int suffixSize = key.suffix().size();
    RowView view = new RowView();
    Found found = table.get(hash(key), raw, 1, point.length, suffixSize, view);
    if (rows.containsKey(key)) assertTrue(table.mayContain(hash(key)), where);
    shows(where, rows, key, found, view);
    RowKey least = rows.ceilingKey(key);
    if (least != null && !least.point().equals(key.point())) least = null;
    Found atOrAfter =
        table.ceiling(hash(key), raw, 1, point.length, key.suffix().toArray(), suffixSize, view);
    shows(where, rows, least, atOrAfter, view);
    RowSource seeker = table.walk();
    RowKey ceiling = rows.ceilingKey(key);
    assertEquals(ceiling != null, seeker.seek(key), where);
    if (ceiling != null) assertEquals(ceiling, seeker.rowKey(), where);
    RowKey first = rows.ceilingKey(RowKey.first(key.point()));
    RowSource group = table.group(point);
    if (first == null || !first.point().equals(key.point())) {
      assertNull(group, where);
    } else {
      assertNotNull(group, where);
      for (RowKey at = first;
          at != null && at.point().equals(key.point());
          at = rows.higherKey(at)) {
        assertTrue(group.next(), where);
        assertEquals(at, group.rowKey(), where);
      }
    }
  }

  private static long hash(RowKey key) {
    byte[] point = key.point().toArray();
    return PointHash.of(point, 0, point.length, HASH_SEED);
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
}
