package io.kdelta.storage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.env.SimEntropy;
import io.kdelta.memory.Bytes;
import io.kdelta.vfs.SimVfs;
import io.kdelta.vfs.Vfs;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * Goal: DETECT without a read: a byte of a table that rots under a running engine is found within
 * one pass of the scrub, wherever it lies, and damage everywhere is told apart from damage
 * somewhere. Method: flips in every part of a table file, then scrubbing until the pass is over.
 */
final class ScrubTest {
  private static final StorageLimits LIMITS =
      new StorageLimits(64 << 10, 3, 1 << 22, 128 << 10, 4096, 1 << 20, 0);

  private static StorageEngine filled(SimVfs disk, int batches) {
    StorageEngine store = StorageEngine.open(disk, new SimEntropy(3), LIMITS);
    for (int i = 0; i < batches; i++) {
      byte[] value = new byte[2000];
      new SimEntropy(i).fill(value);
      store.apply(new WriteBatch().put(RowKey.first(Bytes.utf8("key " + i)), Bytes.copyOf(value)));
      store.runInline();
    }
    store.compact();
    store.runInline();
    return store;
  }

  private static List<String> tables(Vfs disk) {
    return disk.list("").stream().filter(name -> name.endsWith(".table")).toList();
  }

  private static void pass(StorageEngine store) {
    long before = store.stats().scrubPasses();
    for (int i = 0; store.stats().scrubPasses() == before; i++) {
      assertTrue(i < 1000, "a pass does not end");
      store.scrub(128 << 10);
      store.runInline();
    }
  }

  @Test
  void aPassReadsEverythingAndFindsNothingInAWholeStore() {
    SimVfs disk = new SimVfs(new SimEntropy(1));
    try (StorageEngine store = filled(disk, 120)) {
      long before = store.stats().scrubbedBytes();
      pass(store);
      assertTrue(store.stats().scrubbedBytes() - before >= store.stats().tableBytes());
      assertFalse(store.recovery().lossy());
      long once = store.stats().scrubbedBytes();
      pass(store);
      assertTrue(store.stats().scrubbedBytes() > once, "it begins anew");
    }
  }

  @Test
  void aFlippedByteIsFoundWhereverItLies() {
    SimVfs whole = new SimVfs(new SimEntropy(1));
    filled(whole, 120).close();
    String table = tables(whole).getFirst();
    long size = size(whole, table);
    for (long offset = 0; offset < size; offset += offset < 256 || offset > size - 300 ? 1 : 4099) {
      SimVfs disk = whole.copy(new SimEntropy(offset));
      try (StorageEngine store = StorageEngine.open(disk, new SimEntropy(3), LIMITS)) {
        assertFalse(store.recovery().lossy());
        disk.flip(table, offset, 1);
        pass(store);
        List<Damage> found = store.recovery().setAside();
        assertEquals(1, found.size(), "flip at " + offset);
        assertEquals(table, found.getFirst().file());
        assertTrue(store.systematicDamage().isEmpty());
      }
    }
  }

  @Test
  void aFlippedByteOfALargeValueIsFoundWithTheTableThatRefersToIt() {
    SimVfs whole = new SimVfs(new SimEntropy(1));
    try (StorageEngine store = StorageEngine.open(whole, new SimEntropy(3), LIMITS)) {
      for (int i = 0; i < 30; i++) {
        byte[] value = new byte[5000];
        new SimEntropy(i).fill(value);
        store.apply(
            new WriteBatch().put(RowKey.first(Bytes.utf8("key " + i)), Bytes.copyOf(value)));
        store.runInline();
      }
      store.compact();
      store.runInline();
      pass(store);
      assertFalse(store.recovery().lossy());
    }
    String blob =
        whole.list("").stream().filter(name -> name.endsWith(".blob")).findFirst().orElseThrow();
    int found = 0;
    for (long offset = 70; offset < 20_000; offset += 1_301) {
      SimVfs disk = whole.copy(new SimEntropy(offset));
      try (StorageEngine store = StorageEngine.open(disk, new SimEntropy(3), LIMITS)) {
        assertFalse(store.recovery().lossy());
        disk.flip(blob, offset, 1);
        pass(store);
        List<Damage> damage = store.recovery().setAside();
        assertEquals(1, damage.size(), "flip at " + offset);
        assertTrue(damage.getFirst().reason().contains(blob), () -> "" + damage);
        found++;
      }
    }
    assertTrue(found > 10);
  }

  @Test
  void aRottenManifestIsWrittenAnewBeforeTheNextOpenNeedsIt() {
    SimVfs whole = new SimVfs(new SimEntropy(1));
    filled(whole, 120).close();
    for (String suffix : List.of(".manifest", FileNames.CURRENT)) {
      for (long offset = 0; offset < 200_000; offset += 13) {
        SimVfs disk = whole.copy(new SimEntropy(offset));
        try (StorageEngine store = StorageEngine.open(disk, new SimEntropy(3), LIMITS)) {
          // What is written after the opening stands in the file, too.
          store.apply(new WriteBatch().put(RowKey.first(Bytes.utf8("late")), Bytes.utf8("1")));
          store.compact();
          store.runInline();
          String file = named(disk, suffix);
          if (offset >= size(disk, file)) break;
          disk.flip(file, offset, 1 << (offset % 8));
          long before = store.stats().scrubFound();
          pass(store);
          assertEquals(before + 1, store.stats().scrubFound(), file + " at " + offset);
          pass(store);
          assertEquals(before + 1, store.stats().scrubFound(), "it was put right");
          assertFalse(store.recovery().lossy());
        }
        disk.crash();
        try (StorageEngine store = StorageEngine.open(disk, new SimEntropy(4), LIMITS)) {
          assertFalse(store.recovery().lossy());
          assertNotNull(store.get(RowKey.first(Bytes.utf8("key 7"))));
          assertNotNull(store.get(RowKey.first(Bytes.utf8("late"))));
        }
      }
    }
  }

  @Test
  void aManifestThatIsGoneIsWrittenAnew() {
    for (String suffix : List.of(".manifest", FileNames.CURRENT)) {
      SimVfs disk = new SimVfs(new SimEntropy(1));
      try (StorageEngine store = filled(disk, 20)) {
        disk.delete(named(disk, suffix));
        pass(store);
        assertEquals(1, store.stats().scrubFound());
      }
      disk.crash();
      try (StorageEngine store = StorageEngine.open(disk, new SimEntropy(4), LIMITS)) {
        assertNotNull(store.get(RowKey.first(Bytes.utf8("key 7"))));
      }
    }
  }

  private static String named(Vfs disk, String suffix) {
    return disk.list("").stream().filter(name -> name.endsWith(suffix)).findFirst().orElseThrow();
  }

  @Test
  void damageInMoreThanThreeTablesInARowIsSystematicOnceItIsNoted() {
    SimVfs disk = new SimVfs(new SimEntropy(1));
    StorageLimits small = new StorageLimits(64 << 10, 3, 1 << 22, 128 << 10, 4096, 16 << 10, 0);
    filled(disk, 120).close();
    try (StorageEngine store = StorageEngine.open(disk, new SimEntropy(3), small)) {
      store.apply(new WriteBatch().put(RowKey.first(Bytes.utf8("more")), Bytes.utf8("x")));
      store.compact();
      store.runInline();
      List<String> tables = tables(disk);
      assertTrue(tables.size() > 5);
      for (String table : tables) disk.flip(table, 100, 2);
      pass(store);
      assertTrue(store.systematicDamage().isPresent());
    }
    // It stops a node once: what was noted is not found again.
    try (StorageEngine store = StorageEngine.open(disk, new SimEntropy(3), small)) {
      pass(store);
      assertTrue(store.systematicDamage().isEmpty());
      assertTrue(store.recovery().lossy());
    }
  }

  private static long size(Vfs disk, String name) {
    try (Vfs.File file = disk.openForReading(name)) {
      return file.size();
    }
  }
}
