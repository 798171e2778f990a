package io.kdelta.storage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.env.SimEntropy;
import io.kdelta.error.KdeltaException;
import io.kdelta.memory.Bytes;
import io.kdelta.vfs.SimVfs;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/**
 * Goal: of a damaged table only what rotted is lost: a row written last week next to one that
 * rotted last year may have no copy anywhere else. Method: one byte of a large value, or of a
 * block, rots under a running engine whose table holds rows of before and after; then every call of
 * the repair fails in turn.
 */
final class SalvageTest {
  private static final StorageLimits LIMITS =
      new StorageLimits(64 << 10, 3, 4 << 20, 64 << 10, 512, 1 << 20, 0);
  private static final int KEYS = 1500;

  /** Each so many keys has a large value. */
  private static final int LARGE_EACH = 100;

  private final TreeMap<RowKey, Bytes> model = new TreeMap<>();
  private final SimVfs filled = filled();

  @Test
  void aLargeValueThatRotsTakesItsOwnRowsOnly() {
    SimVfs disk = filled.copy(new SimEntropy(5));
    try (StorageEngine store = open(disk)) {
      disk.flip(largest(disk, FileNames.BLOB), 5_000, 4);
      NavigableSet<RowKey> refused = refused(store);
      assertEquals(1, refused.size());
      assertTrue(store.setDamagedAside());
      heldBut(store, refused);
      assertEquals(1, store.recovery().setAside().size());

      // The value comes back, and is not taken for the one that lies there already.
      RowKey back = refused.getFirst();
      store.apply(new WriteBatch().put(back, Objects.requireNonNull(model.get(back))));
      flush(store);
      heldBut(store, new TreeSet<>());
      store.forgetSetAside();
      store.runInline();
    }
    try (StorageEngine store = open(disk)) {
      assertFalse(store.recovery().lossy());
      heldBut(store, new TreeSet<>());
    }
  }

  @Test
  void aBlockThatRotsTakesItsOwnRowsOnly() {
    SimVfs disk = filled.copy(new SimEntropy(6));
    try (StorageEngine store = open(disk)) {
      disk.flip(largest(disk, FileNames.TABLE), 3_000, 1);
      NavigableSet<RowKey> refused = refused(store);
      assertTrue(!refused.isEmpty() && refused.size() < KEYS, refused.size() + " refused");
      assertTrue(store.setDamagedAside());
      heldBut(store, refused);
    }
  }

  @Test
  void aLifeThatOnlyFoundTheDamageLeavesTheRestToTheNext() {
    SimVfs disk = filled.copy(new SimEntropy(7));
    NavigableSet<RowKey> refused;
    try (StorageEngine store = open(disk)) {
      disk.flip(largest(disk, FileNames.BLOB), 5_000, 4);
      refused = refused(store);
      store.runInline();
    }
    for (int life = 0; life < 3; life++) {
      try (StorageEngine store = open(disk)) {
        assertTrue(store.recovery().setAside().getFirst().known());
        assertTrue(store.setDamagedAside());
        heldBut(store, refused);
        assertEquals(1, store.recovery().setAside().size());
      }
    }
  }

  @Test
  void aFileOfLargeValuesThatDoesNotOpenTakesNoSmallOnes() {
    SimVfs disk = filled.copy(new SimEntropy(8));
    String blob = largest(disk, FileNames.BLOB);
    disk.flip(blob, disk.sizeOf(blob) - 100, 4);
    try (StorageEngine store = open(disk)) {
      assertTrue(store.recovery().lossy());
      assertTrue(store.setDamagedAside());
      TreeSet<RowKey> lost = new TreeSet<>();
      model.forEach((key, value) -> {
        if (store.get(key) != null) return;
        assertTrue(value.size() >= BlobFormat.VALUE_BYTES_MIN, key + " is not large");
        lost.add(key);
      });
      assertFalse(lost.isEmpty());
      heldBut(store, lost);
    }
  }

  @Test
  void anyCallOfItMayFail() {
    int struck = 0;
    for (SimVfs.Fault fault : SimVfs.Fault.values()) {
      for (int call = 1; ; call++) {
        SimVfs disk = filled.copy(new SimEntropy(call));
        boolean happened = fails(disk, fault, call);
        if (!happened) break;
        struck++;
      }
    }
    assertTrue(struck > 40, struck + " calls were struck");
  }

  /** Whether the repair made so many calls that the fault happened. */
  private boolean fails(SimVfs disk, SimVfs.Fault fault, int call) {
    String where = fault + " at call " + call;
    NavigableSet<RowKey> lost;
    boolean happened;
    try (StorageEngine store = open(disk)) {
      disk.flip(largest(disk, FileNames.BLOB), 5_000, 4);
      lost = refused(store);
      long before = disk.faultsHappened();
      disk.failCall(call, fault);
      boolean done = false;
      try {
        done = store.setDamagedAside();
      } catch (KdeltaException.ReadOnly later) {
        assertTrue(store.recovery().lossy(), where);
      }
      happened = disk.faultsHappened() > before;
      disk.failNothing();
      if (!done) store.setDamagedAside();
      assertRight(store, lost, false, where);
    } catch (SimVfs.PowerLoss died) {
      happened = true;
      lost = new TreeSet<>();
    }
    if (call % 2 == 0) disk.crash();
    else disk.kill();
    try (StorageEngine again = open(disk)) {
      NavigableSet<RowKey> still = refused(again);
      if (!still.isEmpty()) assertTrue(again.setDamagedAside(), where);
      still.addAll(lost);
      assertRight(again, still, true, where + ", the next life");
    }
    return happened;
  }

  /** Nothing but what was written; and all of it but what is lost, unless more may be. */
  private void assertRight(
      StorageEngine store, NavigableSet<RowKey> lost, boolean moreMayBe, String where) {
    int missing = 0;
    for (Map.Entry<RowKey, Bytes> entry : model.entrySet()) {
      Row row = store.get(entry.getKey());
      if (row != null) {
        assertEquals(entry.getValue(), row.value(), where);
        continue;
      }
      missing++;
      if (!moreMayBe) assertTrue(lost.contains(entry.getKey()), where + ": " + entry.getKey());
    }
    assertTrue(missing < KEYS / 2, where + ": " + missing + " rows are gone");
  }

  private void heldBut(StorageEngine store, NavigableSet<RowKey> lost) {
    model.forEach((key, value) -> {
      Row row = store.get(key);
      Optional<Bytes> expected = lost.contains(key) ? Optional.empty() : Optional.of(value);
      assertEquals(expected, Optional.ofNullable(row).map(Row::value), key.toString());
    });
    int rows = 0;
    try (Cursor cursor = store.cursor(RowKey.first(Bytes.of(0)), null)) {
      while (cursor.next()) rows++;
    }
    assertEquals(model.size() - lost.size(), rows);
  }

  private NavigableSet<RowKey> refused(StorageEngine store) {
    NavigableSet<RowKey> refused = new TreeSet<>();
    for (RowKey key : model.keySet()) {
      try {
        store.get(key);
      } catch (KdeltaException.Corrupt found) {
        refused.add(key);
      }
    }
    return refused;
  }

  /** Some rows, then more of them in between, merged into one table. */
  private SimVfs filled() {
    SimVfs disk = new SimVfs(new SimEntropy(1));
    try (StorageEngine store = open(disk)) {
      for (int part = 0; part < 2; part++) {
        for (int i = part; i < KEYS; i += 2) {
          RowKey key = RowKey.first(Bytes.of(1, i / 256, i % 256));
          Bytes value = value(i);
          store.apply(new WriteBatch().put(key, value));
          store.runInline();
          model.put(key, value);
        }
        flush(store);
      }
    }
    disk.kill();
    return disk;
  }

  private static void flush(StorageEngine store) {
    store.compact();
    store.runInline();
  }

  private static StorageEngine open(SimVfs disk) {
    return StorageEngine.open(disk, new SimEntropy(2), LIMITS);
  }

  private static Bytes value(int i) {
    byte[] value = new byte[i % LARGE_EACH == 0 ? 2 * BlobFormat.VALUE_BYTES_MIN : 60];
    SimEntropy dice = new SimEntropy(i);
    for (int at = 0; at < value.length; at++) value[at] = (byte) dice.nextInt(256);
    return Bytes.wrap(value);
  }

  private static String largest(SimVfs disk, String ending) {
    return disk.files().stream()
        .filter(name -> name.endsWith(ending))
        .max((one, other) -> Long.compare(disk.sizeOf(one), disk.sizeOf(other)))
        .orElseThrow();
  }
}
