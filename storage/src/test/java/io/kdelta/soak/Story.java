package io.kdelta.soak;

import io.kdelta.env.SimEntropy;
import io.kdelta.memory.Bytes;
import io.kdelta.storage.Cursor;
import io.kdelta.storage.Row;
import io.kdelta.storage.RowKey;
import io.kdelta.storage.Rows;
import io.kdelta.storage.WriteBatch;
import java.util.Map;
import java.util.TreeMap;

/**
 * What is written in a soak: the batch of each LSN follows from the LSN alone, so whoever knows how
 * far a store has come knows all that it must hold, whichever process wrote it.
 */
final class Story {
  private static final int GROUPS = 600;
  private static final int LARGE_BYTES = 5_000;

  /** Which LSN wrote each live row last. */
  private final TreeMap<RowKey, Long> rows = new TreeMap<>();

  private long told;

  /** The batch that every store applies as this LSN. */
  static WriteBatch batch(long lsn) {
    SimEntropy dice = new SimEntropy(lsn);
    WriteBatch batch = new WriteBatch();
    for (int i = dice.nextInt(8); i >= 0; i--) {
      RowKey key = key(dice);
      if (dice.nextInt(5) == 0) {
        batch.delete(key);
      } else {
        batch.put(key, value(lsn, key));
      }
    }
    return batch;
  }

  /** How far the story has been told. */
  long lsn() {
    return told;
  }

  /**
   * Tells on up to an LSN and compares everything, by a walk and by single reads.
   *
   * @throws AssertionError naming the first difference
   */
  void audit(long lsn, Rows store) {
    if (lsn < told) throw new AssertionError("has come to " + lsn + ", had held " + told);
    while (told < lsn) tell(++told);
    try (Cursor cursor = store.cursor(RowKey.first(Bytes.of(0)), null)) {
      for (Map.Entry<RowKey, Long> expected : rows.entrySet()) {
        if (!cursor.next()) throw new AssertionError("ends before " + expected.getKey());
        same(expected, cursor.row());
      }
      if (cursor.next()) throw new AssertionError("has too much: " + cursor.row().key());
    }
    int each = 0;
    for (Map.Entry<RowKey, Long> expected : rows.entrySet()) {
      if (each++ % 7 != lsn % 7) continue;
      Row row = store.get(expected.getKey());
      if (row == null) throw new AssertionError("does not find " + expected.getKey());
      same(expected, row);
    }
  }

  private static void same(Map.Entry<RowKey, Long> expected, Row row) {
    boolean same =
        row.key().equals(expected.getKey())
            && row.value().equals(value(expected.getValue(), expected.getKey()));
    if (!same) throw new AssertionError("should hold " + expected + ", holds " + row.key());
  }

  private void tell(long lsn) {
    SimEntropy dice = new SimEntropy(lsn);
    for (int i = dice.nextInt(8); i >= 0; i--) {
      RowKey key = key(dice);
      if (dice.nextInt(5) == 0) {
        rows.remove(key);
      } else {
        rows.put(key, lsn);
      }
    }
  }

  private static RowKey key(SimEntropy dice) {
    int group = dice.nextInt(GROUPS);
    return new RowKey(Bytes.of(1 + (group >> 8), group & 255), Bytes.of(dice.nextInt(4)));
  }

  /** A large one now and then, so that files of large values come and go too. */
  private static Bytes value(long lsn, RowKey key) {
    SimEntropy dice = new SimEntropy(lsn * 31 + key.hashCode());
    byte[] value = new byte[dice.nextInt(60) == 0 ? LARGE_BYTES : dice.nextInt(400)];
    dice.fill(value);
    return Bytes.wrap(value);
  }
}
