package io.kdelta.storage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.env.SimEntropy;
import io.kdelta.error.KdeltaException;
import io.kdelta.memory.Bytes;
import io.kdelta.vfs.SimVfs;
import io.kdelta.vfs.Vfs;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/**
 * Goal: DETECT while the store runs: bytes that rot under an open engine are never answered as data
 * once they were found, never get into another file, and the scrub finds them. Method: seeded
 * writes, merges and reads while bytes of tables flip under the mappings; every answer is held
 * against a map.
 */
final class RuntimeRotTest {
  private static final StorageLimits LIMITS =
      new StorageLimits(64 << 10, 3, 4 << 20, 64 << 10, 512, 1 << 20, 0);

  /** Of several tables. */
  private static final StorageLimits PARTED =
      new StorageLimits(64 << 10, 3, 4 << 20, 64 << 10, 512, 128 << 10, 0);

  private static final int KEYS = 400;
  private static final int SEEDS = 12;

  /** 252 rotted a directory of values, 292 the list of the values that a table refers to. */
  private static final int SEEDS_BEHIND = 300;

  private final NavigableMap<RowKey, Bytes> model = new TreeMap<>();

  @Test
  void whatRotsBeforeItsFirstTouchIsNeverAnswered() {
    int refused = 0;
    int answered = 0;
    for (int seed = 1; seed <= SEEDS; seed++) {
      SimEntropy dice = new SimEntropy(seed);
      SimVfs disk = filled(seed, dice);
      // Opening reads the chunks of the columns; the others are touched by the first reads.
      try (StorageEngine store = StorageEngine.open(disk, new SimEntropy(seed), LIMITS)) {
        flipRows(disk, dice, 1 + dice.nextInt(3));
        for (int i = 0; i < 600; i++) {
          RowKey key = key(dice.nextInt(KEYS));
          try {
            Row row = store.get(key);
            assertEquals(model.get(key), row == null ? null : row.value(), "seed " + seed);
            answered++;
          } catch (KdeltaException.Corrupt found) {
            assertTrue(store.recovery().lossy(), "seed " + seed);
            refused++;
          }
        }
        everythingOrCorrupt("seed " + seed, store);
      }
    }
    assertTrue(refused > 50 && answered > 1000, refused + " refused, " + answered + " answered");
  }

  @Test
  void theScrubFindsWhatRotsBehindTheFirstTouch() {
    int found = 0;
    for (int seed = 1; seed <= SEEDS; seed++) {
      SimEntropy dice = new SimEntropy(100L + seed);
      SimVfs disk = filled(seed, dice);
      try (StorageEngine store = StorageEngine.open(disk, new SimEntropy(seed), LIMITS)) {
        everythingOrCorrupt("whole, seed " + seed, store);
        assertFalse(store.recovery().lossy());
        flipRows(disk, dice, 1);
        Specimen.scrub(store);
        assertTrue(store.recovery().lossy(), "seed " + seed);
        found++;
        everythingOrCorrupt("scrubbed, seed " + seed, store);
        assertTrue(store.setDamagedAside());
        Map<RowKey, Bytes> left = content(store);
        left.forEach((key, value) -> assertTrue(oncePut(key, value), "never put: " + key));
      }
    }
    assertEquals(SEEDS, found);
  }

  @Test
  void aRepairRestsOnNothingThatRottedBehindItsFirstTouch() {
    int more = 0;
    for (int seed = 1; seed <= SEEDS; seed++) {
      SimEntropy dice = new SimEntropy(300L + seed);
      SimVfs disk = filled(seed, dice, PARTED);
      try (StorageEngine store = StorageEngine.open(disk, new SimEntropy(seed), PARTED)) {
        everythingOrCorrupt("whole, seed " + seed, store);
        flipRows(disk, dice, 1);
        Specimen.scrub(store);
        // More rots when nobody looks, also in tables of which nothing is known.
        flipRows(disk, dice, 40);
        int known = store.recovery().setAside().size();
        assertTrue(store.setDamagedAside());
        more += store.recovery().setAside().size() - known;
        try (Cursor cursor = store.cursor(RowKey.first(Bytes.of(0)), null)) {
          while (cursor.next()) {
            Row row = cursor.row();
            assertTrue(oncePut(row.key(), row.value()), "seed " + seed + ": never put " + row);
          }
        }
      }
    }
    assertTrue(more > SEEDS / 2, more + " more tables were found");
  }

  /**
   * Between its first touch and the scrub nobody looks at a byte again: what rots then may be
   * answered (DETECT). Whatever it looks like, it is an answer or Corrupt, never anything that
   * would stop the node.
   */
  @Test
  void whatRotsBehindTheFirstTouchIsAnAnswerOrCorrupt() {
    int refused = 0;
    for (int seed = 1; seed <= SEEDS_BEHIND; seed++) {
      SimEntropy dice = new SimEntropy(400L + seed);
      Specimen specimen = LARGE_AND_SMALL;
      SimVfs disk = specimen.disk.copy(new SimEntropy(seed));
      try (StorageEngine store = Specimen.open(disk)) {
        assertEquals(0, readAnyhow(store), "it is whole");
        List<String> files =
            disk.list("").stream()
                .filter(name -> name.endsWith(FileNames.TABLE) || name.endsWith(FileNames.BLOB))
                .toList();
        for (int i = 0; i < 3; i++) {
          String file = files.get(dice.nextInt(files.size()));
          long at = Math.floorMod(dice.nextLong(), disk.sizeOf(file));
          switch (dice.nextInt(4)) {
            case 0, 1 -> disk.flip(file, at, 1 << dice.nextInt(8));
            case 2 -> disk.zero(file, at, 1 + dice.nextInt(600));
            default -> disk.misdirect(file, at, file, at / 2, 1 + dice.nextInt(600));
          }
          refused += readAnyhow(store);
        }
        Specimen.scrub(store);
        refused += readAnyhow(store);
      } catch (RuntimeException | AssertionError e) {
        throw new AssertionError("seed " + seed, e);
      }
    }
    assertTrue(refused > 100, refused + " reads were refused");
  }

  private static final Specimen LARGE_AND_SMALL = new Specimen();

  /** Reads everything in every way; how often it was Corrupt. */
  private static int readAnyhow(StorageEngine store) {
    List<RowKey> keys = new ArrayList<>();
    LARGE_AND_SMALL.states.forEach(state -> keys.addAll(state.keySet()));
    int refused = 0;
    MultiGet together = new MultiGet();
    RowView view = new RowView();
    for (RowKey key : new TreeSet<>(keys)) {
      byte[] bytes = Bytes.concat(key.point(), key.suffix()).toArray();
      int point = key.point().size();
      int suffix = key.suffix().size();
      refused += corrupt(() -> store.get(key));
      refused +=
          corrupt(() -> {
            if (store.get(bytes, 0, point, suffix, view)) view.row();
          });
      refused +=
          corrupt(() -> {
            if (store.ceiling(bytes, 0, point, suffix, view)) view.row();
          });
      refused +=
          corrupt(() -> {
            try (Cursor group = store.group(key.point())) {
              while (group.next()) group.row();
            }
          });
      together.add(bytes, 0, point, suffix);
    }
    refused +=
        corrupt(() -> {
          store.get(together);
          for (int i = 0; i < together.size(); i++) if (together.found(i)) together.view(i).row();
        });
    refused +=
        corrupt(() -> {
          try (Cursor cursor = store.cursor(RowKey.first(Bytes.of(0)), null)) {
            while (cursor.next()) cursor.row();
          }
        });
    return refused;
  }

  private static int corrupt(Runnable read) {
    try {
      read.run();
      return 0;
    } catch (KdeltaException.Corrupt found) {
      return 1;
    }
  }

  @Test
  void mergesNeverCarryRotIntoAnotherFile() {
    int damaged = 0;
    int sound = 0;
    for (int seed = 1; seed <= SEEDS; seed++) {
      SimEntropy dice = new SimEntropy(200L + seed);
      SimVfs disk = filled(seed, dice);
      try (StorageEngine store = StorageEngine.open(disk, new SimEntropy(seed), LIMITS)) {
        everythingOrCorrupt("whole", store);
        for (int i = 0; i < 300; i++) {
          if (seed % 3 > 0 && i == 100 * (seed % 3)) flipRows(disk, dice, 1);
          write(store, dice);
          store.runInline();
        }
        store.compact();
        for (int i = 0; i < 10; i++) store.runInline();
      }
      disk.kill();
      // Whatever the mappings showed meanwhile: what lies on the disk is right, or is found.
      try (StorageEngine store = StorageEngine.open(disk, new SimEntropy(seed), LIMITS)) {
        Specimen.scrub(store);
        boolean lossy = store.recovery().lossy();
        if (lossy) damaged++;
        else sound++;
        content(store).forEach((key, value) -> assertTrue(oncePut(key, value), "" + key));
        if (!lossy) assertEquals(model, content(store), "seed " + seed);
      }
    }
    assertTrue(damaged > 0 && sound > 0, damaged + " stores damaged, " + sound + " not");
  }

  /** A store of several tables, closed. */
  private SimVfs filled(long seed, SimEntropy dice) {
    return filled(seed, dice, LIMITS);
  }

  private SimVfs filled(long seed, SimEntropy dice, StorageLimits limits) {
    model.clear();
    SimVfs disk = new SimVfs(new SimEntropy(seed));
    try (StorageEngine store = StorageEngine.open(disk, new SimEntropy(seed), limits)) {
      for (int i = 0; i < 1_200; i++) {
        write(store, dice);
        store.runInline();
      }
    }
    disk.kill();
    return disk;
  }

  private void write(StorageEngine store, SimEntropy dice) {
    int i = dice.nextInt(KEYS);
    Bytes value = value(i, dice.nextInt(50), dice.nextInt(1200));
    try {
      store.apply(new WriteBatch().put(key(i), value));
      model.put(key(i), value);
    } catch (KdeltaException.Overloaded behind) {
      // Merges stand still because of the damage, and flushes behind them.
    }
  }

  /** Flips bytes that hold rows, in chunks that opening a table does not read. */
  private static void flipRows(SimVfs disk, SimEntropy dice, int flips) {
    List<String> tables = new ArrayList<>();
    List<Integer> ends = new ArrayList<>();
    for (String name : disk.list("")) {
      if (!name.endsWith(FileNames.TABLE)) continue;
      try (Vfs.File file = disk.open(name)) {
        byte[] header = new byte[SSTableFormat.HEADER_BYTES];
        file.readAt(0, ByteBuffer.wrap(header));
        long columns = SSTableFormat.decodeHeader(name, header).groupsOffset();
        int end = (int) (columns / SSTableFormat.CHUNK_BYTES * SSTableFormat.CHUNK_BYTES);
        if (end == 0) continue;
        tables.add(name);
        ends.add(end);
      }
    }
    assertFalse(tables.isEmpty(), "no table of several chunks");
    for (int i = 0; i < flips; i++) {
      int table = dice.nextInt(tables.size());
      int rows = ends.get(table) - SSTableFormat.HEADER_BYTES;
      int at = SSTableFormat.HEADER_BYTES + dice.nextInt(rows);
      disk.flip(tables.get(table), at, 1 << dice.nextInt(8));
    }
  }

  private void everythingOrCorrupt(String where, StorageEngine store) {
    for (int i = 0; i < KEYS; i++) {
      RowKey key = key(i);
      try {
        Row row = store.get(key);
        assertEquals(model.get(key), row == null ? null : row.value(), where);
      } catch (KdeltaException.Corrupt found) {
        assertTrue(store.recovery().lossy(), where);
      }
    }
    try (Cursor cursor = store.cursor(RowKey.first(Bytes.of(0)), null)) {
      for (var expected : model.entrySet()) {
        assertTrue(cursor.next(), where);
        assertEquals(expected.getKey(), cursor.row().key(), where);
        assertEquals(expected.getValue(), cursor.row().value(), where);
      }
      assertFalse(cursor.next(), where);
    } catch (KdeltaException.Corrupt found) {
      assertTrue(store.recovery().lossy(), where);
    }
  }

  /** All rows that can be read. */
  private static Map<RowKey, Bytes> content(StorageEngine store) {
    TreeMap<RowKey, Bytes> found = new TreeMap<>();
    for (int i = 0; i < KEYS; i++) {
      try {
        Row row = store.get(key(i));
        if (row != null) found.put(row.key(), row.value());
      } catch (KdeltaException.Corrupt damaged) {
        assertTrue(store.recovery().lossy());
      }
    }
    return found;
  }

  /** A value says whose it is, in every byte. */
  private static boolean oncePut(RowKey key, Bytes value) {
    int i = (key.point().unsignedAt(0) << 8) | key.point().unsignedAt(1);
    return value.size() > 0 && value.equals(value(i, value.unsignedAt(0), value.size() - 1));
  }

  private static RowKey key(int i) {
    return new RowKey(Bytes.of(i >> 8, i & 255), Bytes.of(7));
  }

  private static Bytes value(int i, int draw, int size) {
    byte[] value = new byte[1 + size];
    new SimEntropy(((i * 1_000L + draw) << 11) | size).fill(value);
    value[0] = (byte) draw;
    return Bytes.wrap(value);
  }
}
