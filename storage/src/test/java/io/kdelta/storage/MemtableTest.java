package io.kdelta.storage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.memory.Bytes;
import io.kdelta.memory.Slab;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Goal: the memtable answers like a sorted map at every LSN it has seen. Method: seeded batches
 * into both, with the states of the model kept, then every way of reading is compared.
 */
final class MemtableTest {
  private static final long SEED = 17;

  /** What a key held after a batch; null is a delete. */
  private record Held(@Nullable Bytes value) {}

  @Test
  void answersLikeASortedMapAtEveryLsn() {
    for (long seed = 1; seed <= 12; seed++) {
      RandomRows random = new RandomRows(seed, seed % 2 == 0 ? 5 : 300);
      try (Memtable memtable = new Memtable(Slab.create(4 << 20), SEED)) {
        List<TreeMap<RowKey, Held>> states = new ArrayList<>();
        states.add(new TreeMap<>());
        List<RowSource> early = new ArrayList<>();
        for (int lsn = 1; lsn <= 300; lsn++) {
          TreeMap<RowKey, Held> state = new TreeMap<>(states.getLast());
          apply(memtable, lsn, random, state);
          states.add(state);
          if (lsn % 10 == 0) early.add(memtable.walk(lsn));
        }
        for (int i = 0; i < early.size(); i++) {
          same(seed, states.get((i + 1) * 10), early.get(i));
        }
        for (int lsn = 0; lsn <= 300; lsn += 23) {
          same(seed, states.get(lsn), memtable.walk(lsn));
          pointReads(seed, memtable, states.get(lsn), lsn, random);
        }
        memtable.freeze();
        same(seed, states.getLast(), memtable.sorted(new Scratch()));
      }
    }
  }

  @Test
  void clearedIsEmptyAndUsableAgain() {
    RandomRows random = new RandomRows(5, 50);
    try (Memtable memtable = new Memtable(Slab.create(1 << 20), SEED)) {
      for (int use = 0; use < 20; use++) {
        TreeMap<RowKey, Held> state = new TreeMap<>();
        for (int lsn = 1; lsn <= 40; lsn++) apply(memtable, use * 100L + lsn, random, state);
        same(use, state, memtable.walk(Long.MAX_VALUE));
        memtable.clear();
        assertEquals(0, memtable.rows());
        assertFalse(memtable.walk(Long.MAX_VALUE).next());
      }
    }
  }

  @Test
  void aWalkThatOutlivesItsMemtableSaysSo() {
    try (Memtable memtable = new Memtable(Slab.create(1 << 16), SEED)) {
      apply(memtable, 1, new RandomRows(1, 5), new TreeMap<>());
      RowSource walk = memtable.walk(1);
      memtable.clear();
      assertThrows(AssertionError.class, walk::next);
    }
  }

  @Test
  void whatFitsIsKnownBeforehand() {
    RandomRows random = new RandomRows(3, 1000);
    try (Memtable memtable = new Memtable(Slab.create(1 << 14), SEED)) {
      long lsn = 0;
      WriteBatch batch = new WriteBatch().put(random.key(), random.value());
      while (memtable.fits(batch)) {
        memtable.apply(++lsn, batch.array(), 0, batch.encodedSize());
        batch = new WriteBatch();
        for (int i = random.below(5); i >= 0; i--) batch.put(random.key(), random.value());
      }
      assertTrue(lsn > 10, "only " + lsn);
      memtable.freeze();
      WriteBatch late = new WriteBatch().delete(random.key());
      long after = lsn + 1;
      assertThrows(
          AssertionError.class, () -> memtable.apply(after, late.array(), 0, late.encodedSize()));
    }
  }

  private static void apply(
      Memtable memtable, long lsn, RandomRows random, NavigableMap<RowKey, Held> state) {
    WriteBatch batch = new WriteBatch();
    for (int i = random.below(9); i >= 0; i--) {
      RowKey key = random.key();
      if (random.chance(5)) {
        batch.delete(key);
        state.put(key, new Held(null));
      } else {
        Bytes value = random.value();
        batch.put(key, value);
        state.put(key, new Held(value));
      }
    }
    assertTrue(memtable.fits(batch));
    memtable.apply(lsn, batch.array(), 0, batch.encodedSize());
  }

  private static void same(long seed, NavigableMap<RowKey, Held> expected, RowSource walk) {
    for (Map.Entry<RowKey, Held> entry : expected.entrySet()) {
      assertTrue(walk.next(), "seed " + seed + ": ends before " + entry.getKey());
      assertEquals(entry.getKey(), walk.rowKey(), "seed " + seed);
      assertEquals(entry.getValue().value() == null, walk.tombstone, "seed " + seed);
      if (!walk.tombstone) assertEquals(entry.getValue().value(), walk.value(), "seed " + seed);
    }
    assertFalse(walk.next(), "seed " + seed);
    assertFalse(walk.next(), "seed " + seed);
  }

  private static void pointReads(
      long seed, Memtable memtable, NavigableMap<RowKey, Held> state, long lsn, RandomRows random) {
    for (int i = 0; i < 60; i++) {
      RowKey key = random.key();
      Held held = state.get(key);
      RowView view = new RowView();
      byte[] raw = Bytes.concat(Bytes.of(7), key.point(), key.suffix()).toArray();
      int points = key.point().size();
      long hash = PointHash.of(raw, 1, points, SEED);
      Found found = memtable.get(hash, raw, 1, points, key.suffix().size(), lsn, view);
      shows(seed, key, held, found, view);
      byte[] suffix = random.suffix().toArray();
      Map.Entry<RowKey, Held> least =
          state.ceilingEntry(new RowKey(key.point(), Bytes.copyOf(suffix)));
      if (least != null && !least.getKey().point().equals(key.point())) least = null;
      Found first = memtable.ceiling(hash, raw, 1, points, suffix, suffix.length, lsn, view);
      shows(
          seed,
          least == null ? key : least.getKey(),
          least == null ? null : least.getValue(),
          first,
          view);
      RowSource seeker = memtable.walk(lsn);
      RowKey ceiling = state.ceilingKey(key);
      assertEquals(ceiling != null, seeker.seek(key), "seed " + seed);
      if (ceiling != null) {
        assertEquals(ceiling, seeker.rowKey(), "seed " + seed);
        RowKey after = state.higherKey(ceiling);
        assertEquals(after != null, seeker.next(), "seed " + seed);
        if (after != null) assertEquals(after, seeker.rowKey(), "seed " + seed);
      }
      group(seed, memtable, state, lsn, key.point());
    }
  }

  private static void shows(long seed, RowKey key, @Nullable Held held, Found found, RowView view) {
    String where = "seed " + seed;
    if (held == null) {
      assertEquals(Found.NOTHING, found, where);
    } else if (held.value() == null) {
      assertEquals(Found.DELETE, found, where);
    } else {
      assertEquals(Found.ROW, found, where);
      view.validFor(new ReadEpoch());
      assertEquals(key, view.key(), where);
      assertEquals(held.value(), view.value(), where);
    }
  }

  private static void group(
      long seed, Memtable memtable, NavigableMap<RowKey, Held> state, long lsn, Bytes point) {
    TreeMap<RowKey, Held> expected = new TreeMap<>();
    for (Map.Entry<RowKey, Held> entry : state.tailMap(RowKey.first(point)).entrySet()) {
      if (!entry.getKey().point().equals(point)) break;
      expected.put(entry.getKey(), entry.getValue());
    }
    RowSource walk = memtable.group(point.toArray(), lsn);
    if (walk == null) {
      assertTrue(expected.isEmpty(), "seed " + seed);
    } else {
      same(seed, expected, walk);
    }
  }
}
