package io.kdelta.storage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.memory.Bytes;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Goal: several sources read like one map in which the newer ones overwrite the older ones. Method:
 * seeded layers over a model that applies them oldest first; ranges, groups, seeks.
 */
final class MergeCursorTest {
  @Test
  void readsLikeTheLayersApplied() {
    for (int seed = 1; seed <= 40; seed++) {
      RandomRows random = new RandomRows(seed, 1 + seed * 3);
      List<NavigableMap<RowKey, Optional<Bytes>>> newestFirst = new ArrayList<>();
      for (int i = seed % 5; i >= 0; i--) {
        NavigableMap<RowKey, Optional<Bytes>> layer = new TreeMap<>();
        for (int j = random.below(60); j > 0; j--) {
          layer.put(
              random.key(), random.chance(3) ? Optional.empty() : Optional.of(random.value()));
        }
        newestFirst.add(layer);
      }
      NavigableMap<RowKey, Optional<Bytes>> all = new TreeMap<>();
      for (int i = newestFirst.size() - 1; i >= 0; i--) all.putAll(newestFirst.get(i));
      NavigableMap<RowKey, Bytes> live = new TreeMap<>();
      all.forEach((key, value) -> value.ifPresent(present -> live.put(key, present)));
      entries(seed, all, newestFirst);
      for (int i = 0; i < 30; i++) {
        RowKey from = random.key();
        RowKey to = random.chance(3) ? null : random.key();
        if (to != null && to.compareTo(from) < 0) continue;
        range(seed, live, newestFirst, from, to);
        seeks(seed, live, newestFirst, from, to, random);
      }
    }
  }

  @Test
  void closesOnceAndThenStandsNowhere() {
    int[] closed = {0};
    NavigableMap<RowKey, Optional<Bytes>> layer = new TreeMap<>();
    layer.put(RowKey.first(Bytes.of(1)), Optional.of(Bytes.EMPTY));
    MergeCursor cursor = MergeCursor.range(sources(List.of(layer)), null, null, () -> closed[0]++);
    assertTrue(cursor.next());
    cursor.close();
    cursor.close();
    assertEquals(1, closed[0]);
    assertFalse(cursor.next());
    assertFalse(cursor.seek(RowKey.first(Bytes.of(1))));
  }

  private static void entries(
      int seed,
      NavigableMap<RowKey, Optional<Bytes>> all,
      List<NavigableMap<RowKey, Optional<Bytes>>> layers) {
    try (MergeCursor cursor = MergeCursor.range(sources(layers), null, null, () -> {})) {
      for (Map.Entry<RowKey, Optional<Bytes>> entry : all.entrySet()) {
        assertTrue(cursor.nextEntry(), "seed " + seed);
        assertEquals(entry.getKey(), cursor.entry().rowKey(), "seed " + seed);
        assertEquals(entry.getValue().isEmpty(), cursor.entry().tombstone, "seed " + seed);
      }
      assertFalse(cursor.nextEntry(), "seed " + seed);
    }
  }

  private static void range(
      int seed,
      NavigableMap<RowKey, Bytes> live,
      List<NavigableMap<RowKey, Optional<Bytes>>> layers,
      RowKey from,
      @Nullable RowKey to) {
    NavigableMap<RowKey, Bytes> expected =
        to == null ? live.tailMap(from, true) : live.subMap(from, true, to, false);
    try (MergeCursor cursor = MergeCursor.range(sources(layers), from, to, () -> {})) {
      for (Map.Entry<RowKey, Bytes> entry : expected.entrySet()) {
        assertTrue(cursor.next(), "seed " + seed);
        assertEquals(new Row(entry.getKey(), entry.getValue(), 0), cursor.row(), "seed " + seed);
      }
      assertFalse(cursor.next(), "seed " + seed);
      assertFalse(cursor.next(), "seed " + seed);
    }
  }

  private static void seeks(
      int seed,
      NavigableMap<RowKey, Bytes> live,
      List<NavigableMap<RowKey, Optional<Bytes>>> layers,
      RowKey from,
      @Nullable RowKey to,
      RandomRows random) {
    NavigableMap<RowKey, Bytes> expected =
        to == null ? live.tailMap(from, true) : live.subMap(from, true, to, false);
    try (MergeCursor cursor = MergeCursor.range(sources(layers), from, to, () -> {})) {
      RowKey at = null;
      boolean ended = false;
      for (int i = 0; i < 12; i++) {
        RowKey target = random.key();
        boolean seek = random.chance(2);
        RowKey next;
        if (ended) {
          next = null;
        } else if (seek && (at == null || target.compareTo(at) > 0)) {
          next = expected.ceilingKey(target);
        } else {
          next =
              at == null
                  ? (expected.isEmpty() ? null : expected.firstKey())
                  : expected.higherKey(at);
        }
        assertEquals(next != null, seek ? cursor.seek(target) : cursor.next(), "seed " + seed);
        if (next != null) assertEquals(next, cursor.row().key(), "seed " + seed);
        at = next;
        ended = next == null;
      }
    }
  }

  private static List<RowSource> sources(List<NavigableMap<RowKey, Optional<Bytes>>> layers) {
    List<RowSource> sources = new ArrayList<>();
    for (NavigableMap<RowKey, Optional<Bytes>> layer : layers) sources.add(new ListSource(layer));
    return sources;
  }
}
