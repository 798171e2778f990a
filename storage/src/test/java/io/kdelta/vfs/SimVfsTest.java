package io.kdelta.vfs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.env.SimEntropy;
import io.kdelta.error.KdeltaException;
import io.kdelta.memory.Bytes;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/**
 * Goal: the simulated disk keeps the contract, loses nothing that was synced, and does lose, keep
 * and tear everything else. Method: the contract; each law over many seeds, with every permitted
 * outcome required to be seen.
 */
final class SimVfsTest extends VfsContract {
  private static final int SEEDS = 200;

  @Override
  Vfs vfs() {
    return disk(1);
  }

  @Test
  void whatIsSyncedWithItsNameSurvivesEveryCrash() {
    for (int seed = 0; seed < SEEDS; seed++) {
      SimVfs vfs = disk(seed);
      synced(vfs, "a", 1, 2, 3);
      assertTrue(vfs.clean());
      vfs.crash();
      assertEquals(List.of(1, 2, 3), content(vfs, "a"));
    }
  }

  @Test
  void syncedBytesWithoutTheirNameMayBeGone() {
    TreeSet<String> seen = new TreeSet<>();
    for (int seed = 0; seed < SEEDS; seed++) {
      SimVfs vfs = disk(seed);
      try (Vfs.File file = vfs.create("a")) {
        file.append(bytes(1));
        file.sync();
      }
      vfs.crash();
      seen.add(vfs.exists("a") ? content(vfs, "a").toString() : "gone");
    }
    assertEquals(new TreeSet<>(List.of("gone", "[1]")), seen);
  }

  @Test
  void aNameWithoutItsBytesMayBeEmptyOrWhole() {
    TreeSet<String> seen = new TreeSet<>();
    for (int seed = 0; seed < SEEDS; seed++) {
      SimVfs vfs = disk(seed);
      make(vfs, "a", 1);
      vfs.syncDirectory("");
      vfs.crash();
      seen.add(content(vfs, "a").toString());
    }
    assertEquals(new TreeSet<>(List.of("[]", "[1]")), seen);
  }

  @Test
  void anUnsyncedWriteIsDroppedKeptOrTornAtSectors() {
    TreeMap<String, Integer> seen = new TreeMap<>();
    for (int seed = 0; seed < SEEDS; seed++) {
      SimVfs vfs = disk(seed);
      Vfs.File file = zeros(vfs, 16_384);
      ByteBuffer ones = ByteBuffer.allocate(10_000);
      while (ones.hasRemaining()) ones.put((byte) 1);
      file.writeAt(100, ones.flip());
      vfs.crash();
      byte[] found = new byte[16_384];
      try (Vfs.File again = vfs.open("a")) {
        assertEquals(16_384, again.readAt(0, ByteBuffer.wrap(found)));
      }
      int count = 0;
      for (int i = 0; i < found.length; i++) {
        count += found[i];
        boolean written = i >= 100 && i < 10_100;
        // Nothing appears outside of what was written; inside one sector it is all or nothing.
        boolean sane =
            written ? i == 100 || i % 512 == 0 || found[i] == found[i - 1] : found[i] == 0;
        if (!sane) throw new AssertionError("byte " + i + ", seed " + seed);
      }
      seen.merge(count == 0 ? "dropped" : count == 10_000 ? "kept" : "torn", 1, Integer::sum);
    }
    assertEquals(3, seen.size(), seen.toString());
    assertTrue(seen.values().stream().allMatch(n -> n > SEEDS / 20), seen.toString());
  }

  @Test
  void writesReachTheDiskInAnyOrder() {
    TreeSet<String> seen = new TreeSet<>();
    for (int seed = 0; seed < SEEDS; seed++) {
      SimVfs vfs = disk(seed);
      Vfs.File file = zeros(vfs, 3);
      file.writeAt(0, bytes(1));
      file.writeAt(1, bytes(1));
      file.writeAt(2, bytes(1));
      vfs.crash();
      seen.add(content(vfs, "a").toString());
    }
    assertEquals(8, seen.size(), seen.toString());
  }

  @Test
  void aRenameHappensWholeOrNotAtAll() {
    TreeSet<String> seen = new TreeSet<>();
    for (int seed = 0; seed < SEEDS; seed++) {
      SimVfs vfs = disk(seed);
      synced(vfs, "old", 1);
      synced(vfs, "new", 2);
      vfs.syncDirectory("");
      vfs.rename("new", "old");
      vfs.crash();
      seen.add(vfs.list("") + " " + content(vfs, "old"));
    }
    assertEquals(new TreeSet<>(List.of("[new, old] [1]", "[old] [2]")), seen);
  }

  @Test
  void aRenameBetweenDirectoriesNeverLosesBothNames() {
    for (int seed = 0; seed < SEEDS; seed++) {
      SimVfs vfs = disk(seed);
      vfs.createDirectories("lost");
      synced(vfs, "a", 1);
      vfs.rename("a", "lost/a");
      if (seed % 3 == 0) vfs.syncDirectory("");
      if (seed % 3 == 1) vfs.syncDirectory("lost");
      vfs.crash();
      assertTrue(vfs.exists("a") || vfs.exists("lost/a"), "seed " + seed);
      if (seed % 3 != 2) assertTrue(vfs.exists("lost/a"), "seed " + seed);
      if (seed % 3 == 0) assertFalse(vfs.exists("a"), "seed " + seed);
    }
  }

  @Test
  void anUnsyncedDeleteMayComeBackWithItsBytes() {
    TreeSet<Boolean> seen = new TreeSet<>();
    for (int seed = 0; seed < SEEDS; seed++) {
      SimVfs vfs = disk(seed);
      synced(vfs, "a", 1);
      vfs.delete("a");
      vfs.crash();
      seen.add(vfs.exists("a"));
      if (vfs.exists("a")) assertEquals(List.of(1), content(vfs, "a"));
    }
    assertEquals(2, seen.size());
  }

  @Test
  void aKillKeepsWhatIsPendingReadableAndPending() {
    TreeSet<String> seen = new TreeSet<>();
    for (int seed = 0; seed < SEEDS; seed++) {
      SimVfs vfs = disk(seed);
      synced(vfs, "a", 1);
      try (Vfs.File file = vfs.open("a")) {
        file.append(bytes(2));
      }
      vfs.kill();
      assertEquals(List.of(1, 2), content(vfs, "a"));
      assertFalse(vfs.clean());
      vfs.crash();
      seen.add(content(vfs, "a").toString());
    }
    assertEquals(new TreeSet<>(List.of("[1]", "[1, 2]")), seen);
  }

  @Test
  void filesAndLocksOfAnEarlierLifeAreDead() {
    SimVfs vfs = disk(1);
    Vfs.Lock lock = vfs.lock("LOCK", "first life");
    Vfs.File file = vfs.create("a");
    vfs.kill();
    assertThrows(SimVfs.PowerLoss.class, () -> file.append(bytes(1)));
    assertThrows(SimVfs.PowerLoss.class, () -> file.readAt(0, ByteBuffer.allocate(1)));
    Vfs.Lock second = vfs.lock("LOCK", "second life");
    lock.close();
    assertThrows(KdeltaException.DiskFault.class, () -> vfs.lock("LOCK", "third"));
    second.close();
  }

  @Test
  void aSyncThatFailsMayForgetPagesThatLaterSyncsDoNotBringBack() {
    TreeSet<String> seen = new TreeSet<>();
    for (int seed = 0; seed < SEEDS; seed++) {
      SimVfs vfs = disk(seed);
      Vfs.File file = zeros(vfs, 8_192);
      file.writeAt(0, bytes(1));
      vfs.failCall(1, SimVfs.Fault.SYNC_LOSES_PAGES);
      assertThrows(KdeltaException.DiskFault.class, file::sync);
      assertEquals(List.of(1), read(file, 0, 1));
      file.writeAt(4_096, bytes(2));
      file.sync();
      vfs.crash();
      try (Vfs.File again = vfs.open("a")) {
        assertEquals(List.of(2), read(again, 4_096, 1));
        seen.add(read(again, 0, 1).toString());
      }
    }
    assertEquals(new TreeSet<>(List.of("[0]", "[1]")), seen);
  }

  @Test
  void plannedFaultsHappenOnceAndInPlace() {
    SimVfs vfs = disk(1);
    vfs.failCall(2, SimVfs.Fault.IO_ERROR);
    Vfs.File file = vfs.create("a");
    assertThrows(KdeltaException.DiskFault.class, () -> file.append(bytes(1, 2)));
    assertEquals(0, file.size());
    vfs.failCall(1, SimVfs.Fault.SHORT_WRITE);
    assertThrows(KdeltaException.DiskFault.class, () -> file.append(bytes(1, 2)));
    assertEquals(List.of(1), read(file, 0, 9));
    vfs.failCall(1, SimVfs.Fault.DISK_FULL);
    assertTrue(assertThrows(KdeltaException.DiskFault.class, () -> file.append(bytes(3))).full());
    vfs.failCall(1, SimVfs.Fault.DISK_FULL);
    file.sync();
    vfs.failCall(1, SimVfs.Fault.POWER_LOSS);
    assertThrows(SimVfs.PowerLoss.class, file::sync);
    assertThrows(SimVfs.PowerLoss.class, () -> vfs.exists("a"));
    vfs.crash();
    assertTrue(vfs.calls() >= 6);
  }

  @Test
  void readsFailWholeOrInTheirMiddleAndOthersDoNot() {
    SimVfs vfs = disk(1);
    synced(vfs, "a", 1, 2, 3, 4);
    Vfs.File file = vfs.open("a");
    vfs.failCallThatCan(1, SimVfs.Fault.READ_ERROR);
    file.sync();
    ByteBuffer none = ByteBuffer.allocate(4);
    assertThrows(KdeltaException.DiskFault.class, () -> file.readAt(0, none));
    assertEquals(0, none.position());
    vfs.failCallThatCan(1, SimVfs.Fault.SHORT_READ);
    ByteBuffer half = ByteBuffer.allocate(4);
    assertThrows(KdeltaException.DiskFault.class, () -> file.readAt(0, half));
    assertEquals(2, half.position());
    assertEquals(List.of(1, 2, 3, 4), read(file, 0, 4));
    assertEquals(2, vfs.faultsHappened());
  }

  @Test
  void writesThatWereLostOrWentAstrayShowAfterTheFact() {
    SimVfs vfs = disk(1);
    synced(vfs, "a", 1, 2, 3, 4);
    SimVfs older = vfs.copy(new SimEntropy(2));
    synced(vfs, "b", 9, 8);
    try (Vfs.File file = vfs.open("a")) {
      file.writeAt(0, bytes(5, 6, 7, 8));
      file.sync();
    }
    vfs.revert("a", 1, 2, older);
    vfs.crash();
    assertEquals(List.of(5, 2, 3, 8), content(vfs, "a"));
    vfs.revert("b", 1, 1, older);
    assertEquals(List.of(9, 0), content(vfs, "b"));
    vfs.misdirect("a", 3, "b", 0, 1);
    vfs.crash();
    assertEquals(List.of(5, 2, 3, 9), content(vfs, "a"));
  }

  @Test
  void aDiskCanBeRolledBackAndClonedAndStoppedBetweenCalls() {
    SimVfs vfs = disk(1);
    vfs.createDirectories("d");
    synced(vfs, "d/a", 1);
    SimVfs older = vfs.copy(new SimEntropy(2));
    synced(vfs, "b", 2);
    assertEquals(List.of("b", "d/a"), vfs.files());
    SimVfs clone = disk(3);
    synced(clone, "c", 3);
    clone.become(vfs);
    vfs.become(older);
    assertEquals(List.of("d/a"), vfs.files());
    assertEquals(List.of("b", "d/a"), clone.files());
    assertEquals(1, clone.sizeOf("b"));
    synced(vfs, "e", 4);
    assertFalse(older.exists("e"));
    assertThrows(
        SimVfs.PowerLoss.class,
        () -> {
          throw vfs.stop("between two calls");
        });
    assertThrows(SimVfs.PowerLoss.class, () -> vfs.exists("e"));
    vfs.kill();
    assertTrue(vfs.exists("e"));
  }

  @Test
  void aFullDiskSaysSoAndHealsWhenSomethingIsDeleted() {
    SimVfs vfs = disk(1);
    vfs.setCapacity(8_192);
    try (Vfs.File file = vfs.create("a")) {
      file.preallocate(8_192);
      assertEquals(0, vfs.freeSpace());
      assertTrue(
          assertThrows(KdeltaException.DiskFault.class, () -> file.preallocate(8_193)).full());
      file.writeAt(0, bytes(1));
    }
    try (Vfs.File file = vfs.create("b")) {
      assertTrue(assertThrows(KdeltaException.DiskFault.class, () -> file.append(bytes(1))).full());
      vfs.delete("a");
      file.append(bytes(1));
    }
  }

  @Test
  void rotIsForGood() {
    SimVfs vfs = disk(1);
    synced(vfs, "a", 1, 2, 3, 4);
    SimVfs older = vfs.copy(new SimEntropy(2));
    vfs.flip("a", 1, 0x80);
    vfs.crash();
    assertEquals(List.of(1, 0x82, 3, 4), content(vfs, "a"));
    vfs.zero("a", 2, 100);
    assertEquals(List.of(1, 0x82, 0, 0), content(vfs, "a"));
    vfs.cut("a", 2);
    vfs.crash();
    assertEquals(List.of(1, 0x82), content(vfs, "a"));
    vfs.swapIn("a", older);
    vfs.crash();
    assertEquals(List.of(1, 2, 3, 4), content(vfs, "a"));
    vfs.erase("a");
    vfs.crash();
    assertFalse(vfs.exists("a"));
    vfs.wipe();
    assertEquals(List.of(), vfs.list(""));
  }

  @Test
  void aCopyGoesItsOwnWayWithEverythingPending() {
    SimVfs vfs = disk(1);
    synced(vfs, "a", 1);
    try (Vfs.File file = vfs.open("a")) {
      file.append(bytes(2));
    }
    vfs.link("a", "b");
    TreeSet<String> seen = new TreeSet<>();
    for (int seed = 0; seed < SEEDS; seed++) {
      SimVfs copy = vfs.copy(new SimEntropy(seed));
      assertEquals(vfs.digest(), copy.digest());
      copy.crash();
      seen.add(copy.list("") + " " + content(copy, "a"));
      if (copy.exists("b")) assertEquals(content(copy, "a"), content(copy, "b"));
    }
    assertEquals(4, seen.size(), seen.toString());
    assertEquals(List.of(1, 2), content(vfs, "a"));
  }

  @Test
  void theSameSeedGivesTheSameDisk() {
    assertEquals(run(7), run(7));
    assertNotEquals(run(7), run(8));
  }

  @Test
  void preallocatedSpaceTakesNoMemory() {
    SimVfs vfs = disk(1);
    long before = Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
    for (int i = 0; i < 2_000; i++) {
      try (Vfs.File file = vfs.create("f" + i)) {
        file.preallocate(64 << 20);
        file.writeAt(4_096, bytes(1));
        file.sync();
      }
    }
    long after = Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
    assertEquals(2_000L * (64 << 20), vfs.used());
    assertTrue(after - before < 256L << 20, (after - before) + " bytes for 125 GiB");
  }

  private static Bytes run(int seed) {
    SimVfs vfs = disk(seed);
    SimEntropy chance = new SimEntropy(99);
    for (int i = 0; i < 50; i++) {
      String name = "f" + chance.nextInt(10);
      try (Vfs.File file = vfs.exists(name) ? vfs.open(name) : vfs.create(name)) {
        file.append(ByteBuffer.allocate(chance.nextInt(5_000)));
        file.append(bytes(i));
        if (i % 5 == 0) file.sync();
      }
      if (i % 9 == 0) vfs.syncDirectory("");
      if (i % 13 == 0) vfs.crash();
    }
    return vfs.digest();
  }

  private static SimVfs disk(int seed) {
    return new SimVfs(new SimEntropy(seed).split("disk"));
  }

  private static void synced(SimVfs vfs, String path, int... content) {
    try (Vfs.File file = vfs.create(path)) {
      file.append(bytes(content));
      file.sync();
    }
    vfs.syncDirectory("");
  }

  private static Vfs.File zeros(SimVfs vfs, long size) {
    Vfs.File file = vfs.create("a");
    file.preallocate(size);
    file.sync();
    vfs.syncDirectory("");
    return file;
  }
}
