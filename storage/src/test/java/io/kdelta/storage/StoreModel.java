package io.kdelta.storage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.memory.Bytes;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** What a store should hold: a sorted map, and the comparisons of one with any {@link Rows}. */
final class StoreModel {
  /** Everything small, so that a few hundred batches flush, merge, roll and reuse all there is. */
  static final StorageLimits TINY =
      new StorageLimits(16 << 10, 3, 1 << 20, 16 << 10, 256, 8 << 10, 0);

  private final NavigableMap<RowKey, Bytes> rows;

  StoreModel() {
    this(new TreeMap<>());
  }

  private StoreModel(NavigableMap<RowKey, Bytes> rows) {
    this.rows = rows;
  }

  StoreModel copy() {
    return new StoreModel(new TreeMap<>(rows));
  }

  /** A random batch; the model is what the store should be after it. */
  WriteBatch change(RandomRows random, int rowsMax) {
    WriteBatch batch = new WriteBatch();
    for (int i = random.below(rowsMax); i >= 0; i--) {
      RowKey key = random.key();
      if (random.chance(4)) {
        batch.delete(key);
        rows.remove(key);
      } else {
        Bytes value = random.value();
        batch.put(key, value);
        rows.put(key, value);
      }
    }
    return batch;
  }

  boolean equalTo(StoreModel other) {
    return rows.equals(other.rows);
  }

  /** Whether a store holds exactly this. */
  boolean isIn(Rows store) {
    NavigableMap<RowKey, Bytes> found = new TreeMap<>();
    try (Cursor cursor = store.cursor(RowKey.first(Bytes.of(0)), null)) {
      while (cursor.next()) found.put(cursor.row().key(), cursor.row().value());
    }
    return rows.equals(found);
  }

  /** Compares everything, one way. */
  void same(String where, Rows store) {
    try (Cursor cursor = store.cursor(RowKey.first(Bytes.of(0)), null)) {
      same(where, rows, cursor);
    }
  }

  /** Compares samples, every way. */
  void sampled(String where, Rows store, RandomRows random) {
    for (int i = 0; i < 10; i++) {
      RowKey key = random.key();
      Row row = store.get(key);
      assertEquals(rows.get(key), row == null ? null : row.value(), where);
      if (row != null) assertEquals(key, row.key(), where);
      try (Cursor group = store.group(key.point())) {
        same(where, group(key.point()), group);
      }
      RowKey to = random.chance(3) ? null : random.key();
      if (to == null || key.compareTo(to) <= 0) range(where, store, key, to, random);
    }
  }

  private void range(
      String where, Rows store, RowKey from, @Nullable RowKey to, RandomRows random) {
    NavigableMap<RowKey, Bytes> expected =
        to == null ? rows.tailMap(from, true) : rows.subMap(from, true, to, false);
    try (Cursor cursor = store.cursor(from, to)) {
      same(where, expected, cursor);
    }
    try (Cursor cursor = store.cursor(from, to)) {
      RowKey target = random.key();
      RowKey ceiling =
          target.compareTo(from) <= 0
              ? (expected.isEmpty() ? null : expected.firstKey())
              : expected.ceilingKey(target);
      assertEquals(ceiling != null, cursor.seek(target), where);
      if (ceiling != null) assertEquals(ceiling, cursor.row().key(), where);
    }
  }

  private NavigableMap<RowKey, Bytes> group(Bytes point) {
    NavigableMap<RowKey, Bytes> group = new TreeMap<>();
    for (Map.Entry<RowKey, Bytes> row : rows.tailMap(RowKey.first(point)).entrySet()) {
      if (!row.getKey().point().equals(point)) break;
      group.put(row.getKey(), row.getValue());
    }
    return group;
  }

  private static void same(String where, NavigableMap<RowKey, Bytes> expected, Cursor cursor) {
    for (Map.Entry<RowKey, Bytes> entry : expected.entrySet()) {
      assertTrue(cursor.next(), where + ": ends before " + entry.getKey());
      assertEquals(entry.getKey(), cursor.row().key(), where);
      assertEquals(entry.getValue(), cursor.row().value(), where);
    }
    assertFalse(cursor.next(), where);
  }
}
