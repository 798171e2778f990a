package io.kdelta.storage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.memory.Bytes;
import java.util.ArrayList;
import java.util.List;
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
  private final RowView view = new RowView();
  private final MultiGet keys = new MultiGet();
  private final WriteBatch reused = new WriteBatch();

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
    boolean raw = random.chance(2);
    WriteBatch batch = raw ? reused.clear() : new WriteBatch();
    for (int i = random.below(rowsMax); i >= 0; i--) {
      RowKey key = random.key();
      byte[] bytes = Bytes.concat(Bytes.of(1), key.point(), key.suffix()).toArray();
      int points = key.point().size();
      if (random.chance(4)) {
        if (raw) batch.delete(bytes, 1, points, key.suffix().size());
        else batch.delete(key);
        rows.remove(key);
      } else {
        Bytes value = random.value();
        byte[] shifted = Bytes.concat(value, Bytes.of(2)).toArray();
        if (raw) batch.put(bytes, 1, points, key.suffix().size(), shifted, 0, value.size());
        else batch.put(key, value);
        rows.put(key, value);
      }
    }
    return batch;
  }

  /** One row; the model is what the store should be after it. */
  WriteBatch put(RowKey key, Bytes value) {
    rows.put(key, value);
    return new WriteBatch().put(key, value);
  }

  /** One delete; the model is what the store should be after it. */
  WriteBatch delete(RowKey key) {
    rows.remove(key);
    return new WriteBatch().delete(key);
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
    together(where, store, random);
    for (int i = 0; i < 10; i++) {
      RowKey key = random.key();
      Row row = store.get(key);
      assertEquals(rows.get(key), row == null ? null : row.value(), where);
      if (row != null) assertEquals(key, row.key(), where);
      shown(where, store, key);
      try (Cursor group = store.group(key.point())) {
        same(where, group(key.point()), group);
      }
      RowKey to = random.chance(3) ? null : random.key();
      if (to == null || key.compareTo(to) <= 0) range(where, store, key, to, random);
    }
  }

  private void shown(String where, Rows store, RowKey key) {
    byte[] raw = Bytes.concat(Bytes.of(9), key.point(), key.suffix()).toArray();
    int pointSize = key.point().size();
    boolean found = store.get(raw, 1, pointSize, key.suffix().size(), view);
    Bytes value = rows.get(key);
    assertEquals(value != null, found, where);
    if (value != null) same(where, new Row(key, value, view.lsn()), view);
    NavigableMap<RowKey, Bytes> group = group(key.point());
    boolean any = store.first(raw, 1, pointSize, view);
    assertEquals(!group.isEmpty(), any, where);
    if (any) {
      same(where, new Row(group.firstKey(), group.firstEntry().getValue(), view.lsn()), view);
    }
    boolean from = store.ceiling(raw, 1, pointSize, key.suffix().size(), view);
    Map.Entry<RowKey, Bytes> ceiling = group.ceilingEntry(key);
    assertEquals(ceiling != null, from, where);
    if (ceiling != null) {
      same(where, new Row(ceiling.getKey(), ceiling.getValue(), view.lsn()), view);
    }
  }

  private void together(String where, Rows store, RandomRows random) {
    keys.clear();
    List<RowKey> asked = new ArrayList<>();
    int expected = 0;
    for (int i = random.below(40); i >= 0; i--) {
      RowKey key = random.key();
      asked.add(key);
      if (rows.containsKey(key)) expected++;
      byte[] raw = Bytes.concat(key.point(), key.suffix()).toArray();
      keys.add(raw, 0, key.point().size(), key.suffix().size());
    }
    assertEquals(expected, store.get(keys), where);
    assertEquals(asked.size(), keys.size(), where);
    for (int i = 0; i < asked.size(); i++) {
      RowKey key = asked.get(i);
      Bytes value = rows.get(key);
      assertEquals(value != null, keys.found(i), where);
      if (value != null) same(where, new Row(key, value, keys.view(i).lsn()), keys.view(i));
    }
  }

  /** Compares all that a view shows, in every way in which it can be asked. */
  private static void same(String where, Row expected, RowView view) {
    assertEquals(expected, view.row(), where);
    assertEquals(expected.key().suffix(), view.suffix(), where);
    Bytes copied = Bytes.copyOf(view.valueSegment(), view.valueOffset(), view.valueSize());
    assertEquals(expected.value(), copied, where);
    for (int i = 0; i < view.pointSize(); i++) {
      assertEquals(expected.key().point().at(i), view.pointAt(i), where);
    }
    for (int i = 0; i < view.suffixSize(); i++) {
      assertEquals(expected.key().suffix().at(i), view.suffixAt(i), where);
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
      same(where, cursor.row(), cursor.view());
    }
    assertFalse(cursor.next(), where);
  }
}
