package io.kdelta.storage;

import static org.junit.jupiter.api.Assertions.assertEquals;
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
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * A small store on a simulated disk that holds every kind of file, with all that was ever true of
 * it, and the judge of what a damaged copy of it answers.
 *
 * <p>The judge's rule is DETECT: a store that reports nothing must hold exactly what was written; a
 * store that reports may lack rows, or show an older state of one, but never bytes that nobody
 * wrote under that key.
 */
final class Specimen {
  static final StorageLimits LIMITS = new StorageLimits(4096, 3, 1 << 20, 1 << 15, 256, 1 << 16, 0);

  /** What became of a damaged copy. */
  enum Outcome {
    /** It answers everything, rightly. */
    HARMLESS,
    /** The end of the log was taken for a tear: it answers an earlier state. */
    CUT,
    /** It opens, and names what is damaged. */
    REPORTED,
    /** It does not open, with Corrupt. */
    REFUSED
  }

  private static final int BATCHES = 60;
  private static final int ROWS = 14;

  /** Batches of the last group that was synced. */
  private static final int LAST_GROUP = 2;

  final SimVfs disk = new SimVfs(new SimEntropy(1));

  /** What the store held after each LSN. */
  final List<Map<RowKey, Bytes>> states = new ArrayList<>(List.of(new TreeMap<>()));

  private final TreeMap<RowKey, TreeSet<Bytes>> written = new TreeMap<>();
  private final SimEntropy dice = new SimEntropy(2);

  Specimen() {
    try (StorageEngine store = open(disk)) {
      for (int i = 0; i < BATCHES; i++) {
        change(store);
        store.runInline();
        if (i == BATCHES / 2) store.compact();
      }
      for (int i = 0; i < LAST_GROUP; i++) change(store);
      store.runInline();
      assertEquals(store.lastLsn(), store.durableLsn());
    }
    disk.kill();
  }

  static StorageEngine open(SimVfs vfs) {
    return StorageEngine.open(vfs, new SimEntropy(3), LIMITS);
  }

  /** Its files, each with its content. */
  SortedMap<String, byte[]> files() {
    TreeMap<String, byte[]> files = new TreeMap<>();
    for (String name : disk.list("")) {
      if (name.equals(FileNames.LOST)) continue;
      try (Vfs.File file = disk.open(name)) {
        byte[] content = new byte[(int) file.size()];
        file.readAt(0, ByteBuffer.wrap(content));
        files.put(name, content);
      }
    }
    return files;
  }

  /** Puts other content into a file of a copy, for good. */
  static void replace(SimVfs copy, String name, byte[] content) {
    try (Vfs.File file = copy.open(name)) {
      file.truncate(0);
      file.append(ByteBuffer.wrap(content));
      file.sync();
    }
  }

  /** The log that the store wrote last. */
  String youngestLog() {
    String youngest = "";
    long marked = -1;
    WalFormat format = new WalFormat();
    for (Map.Entry<String, byte[]> file : files().entrySet()) {
      if (!file.getKey().endsWith(FileNames.LOG)) continue;
      long sequence =
          format
              .decodeHeader(WalFormat.SEGMENT_MAGIC, file.getValue())
              .map(WalFormat.Header::sequence)
              .orElse(-1L);
      if (sequence <= marked) continue;
      marked = sequence;
      youngest = file.getKey();
    }
    return youngest;
  }

  /**
   * Opens a damaged copy, reads everything in every way, lets the scrub read it, and reads again.
   *
   * @param cutMax how many of the last LSNs may be taken for a tear
   */
  Outcome judge(SimVfs copy, long cutMax, String what) {
    try (StorageEngine store = open(copy)) {
      assertTrue(store.lastLsn() < states.size(), "more than was written: " + store.lastLsn());
      boolean cut = store.lastLsn() < states.size() - 1;
      boolean complained = !reads(store);
      boolean before = complained || store.recovery().lossy();
      scrub(store);
      complained |= !reads(store);
      boolean reported = complained || store.recovery().lossy();
      if (before) assertTrue(store.recovery().lossy(), "was found, and is not named");
      if (!reported) {
        assertTrue(store.lastLsn() >= states.size() - 1 - cutMax, "cut at " + store.lastLsn());
        holds(store);
      }
      return reported ? Outcome.REPORTED : cut ? Outcome.CUT : Outcome.HARMLESS;
    } catch (KdeltaException.Corrupt refused) {
      return Outcome.REFUSED;
    } catch (AssertionError | RuntimeException e) {
      throw new AssertionError(what, e);
    }
  }

  /** One whole pass of the scrub. */
  static void scrub(StorageEngine store) {
    long passes = store.stats().scrubPasses();
    for (int i = 0; store.stats().scrubPasses() == passes; i++) {
      assertTrue(i < 1000, "a pass does not end");
      store.scrub(1 << 20);
      store.runInline();
    }
  }

  /** Whether every read answers; what it answers must have been written once. */
  boolean reads(StorageEngine store) {
    boolean all = true;
    try (Cursor cursor = store.cursor(RowKey.first(Bytes.of(0)), null)) {
      while (cursor.next()) once(cursor.row());
    } catch (KdeltaException.Corrupt found) {
      all = false;
    }
    for (RowKey key : written.keySet()) {
      try (Cursor group = store.group(key.point())) {
        Row row = store.get(key);
        if (row != null) once(row);
        if (group.next()) once(group.row());
      } catch (KdeltaException.Corrupt found) {
        all = false;
      }
    }
    return all;
  }

  private void once(Row row) {
    TreeSet<Bytes> values = written.get(row.key());
    assertTrue(values != null && values.contains(row.value()), "never written: " + row);
  }

  /** Compares everything with the state of the store's last LSN. */
  private void holds(StorageEngine store) {
    Map<RowKey, Bytes> state = states.get((int) store.lastLsn());
    Map<RowKey, Bytes> found = new TreeMap<>();
    try (Cursor cursor = store.cursor(RowKey.first(Bytes.of(0)), null)) {
      while (cursor.next()) found.put(cursor.row().key(), cursor.row().value());
    }
    assertEquals(state, found);
    for (RowKey key : written.keySet()) {
      Row row = store.get(key);
      assertEquals(state.get(key), row == null ? null : row.value());
    }
  }

  private void change(StorageEngine store) {
    Map<RowKey, Bytes> state = new TreeMap<>(states.getLast());
    WriteBatch batch = new WriteBatch();
    for (int i = 0; i <= dice.nextInt(3); i++) {
      int row = dice.nextInt(ROWS);
      RowKey key = new RowKey(Bytes.of(1 + row / 3), Bytes.of(row % 3));
      @Nullable Bytes value = dice.nextInt(5) == 0 ? null : value();
      if (value == null) {
        batch.delete(key);
        state.remove(key);
      } else {
        batch.put(key, value);
        state.put(key, value);
        written.computeIfAbsent(key, _ -> new TreeSet<>()).add(value);
      }
    }
    assertEquals(states.size(), store.apply(batch));
    states.add(state);
  }

  private Bytes value() {
    // Rarely one that is large enough for a file of its own.
    byte[] value = new byte[dice.nextInt(40) == 0 ? 4096 : dice.nextInt(90)];
    dice.fill(value);
    return Bytes.wrap(value);
  }
}
