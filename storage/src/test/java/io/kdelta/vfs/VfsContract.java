package io.kdelta.vfs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.env.SimEntropy;
import io.kdelta.error.KdeltaException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * Goal: the real and the simulated file system answer every call the same way. Method: one set of
 * tests, run against both.
 */
abstract class VfsContract {
  abstract Vfs vfs();

  @Test
  void whatIsWrittenIsRead() {
    Vfs vfs = vfs();
    try (Vfs.File file = vfs.create("a")) {
      file.append(bytes(1, 2, 3));
      file.append(bytes(4));
      file.writeAt(1, bytes(9));
      file.writeAt(6, bytes(7));
      assertEquals("a", file.path());
      assertEquals(7, file.size());
      assertEquals(List.of(1, 9, 3, 4, 0, 0, 7), read(file, 0, 10));
      assertEquals(List.of(4, 0), read(file, 3, 2));
      assertEquals(List.of(), read(file, 7, 1));
      assertEquals(List.of(), read(file, 900, 1));
      file.sync();
    }
    try (Vfs.File file = vfs.open("a")) {
      assertEquals(7, file.size());
      file.append(bytes(8));
      assertEquals(List.of(7, 8), read(file, 6, 5));
    }
  }

  @Test
  void aDirectoryBelowIsARootOfItsOwnAndSharesTheDisk() {
    Vfs vfs = vfs();
    vfs.createDirectories("part/of");
    Vfs below = vfs.below("part").below("of");
    try (Vfs.File file = vfs.create("a")) {
      file.append(bytes(1, 2, 3));
    }
    assertTrue(vfs.linkTo("a", below, "b"));
    assertEquals(List.of("b"), below.list(""));
    assertTrue(vfs.exists("part/of/b"));
    try (Vfs.File file = below.openForReading("b")) {
      assertEquals(List.of(2, 3), read(file, 1, 5));
    }
    assertThrows(KdeltaException.DiskFault.class, () -> vfs.linkTo("a", below, "b"));
    assertThrows(KdeltaException.DiskFault.class, () -> vfs.linkTo("none", below, "c"));
    below.delete("b");
    assertTrue(vfs.exists("a"));
  }

  @Test
  void preallocatingFillsWithZerosAndNeverShrinks() {
    try (Vfs.File file = vfs().create("a")) {
      file.append(bytes(5));
      file.preallocate(3_000_000);
      assertEquals(3_000_000, file.size());
      assertEquals(List.of(5, 0, 0), read(file, 0, 3));
      assertEquals(List.of(0), read(file, 2_999_999, 10));
      file.preallocate(10);
      assertEquals(3_000_000, file.size());
    }
  }

  @Test
  void truncatingCutsAndNeverGrows() {
    try (Vfs.File file = vfs().create("a")) {
      file.append(bytes(1, 2, 3, 4));
      file.truncate(2);
      assertEquals(2, file.size());
      file.writeAt(3, bytes(9));
      assertEquals(List.of(1, 2, 0, 9), read(file, 0, 9));
      assertThrows(KdeltaException.DiskFault.class, () -> file.truncate(5));
    }
  }

  @Test
  void aMappingShowsTheBytesAndOutlivesTheHandle() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment mapped;
      try (Vfs.File file = vfs().create("a")) {
        file.append(bytes(1, 2, 3, 4));
        mapped = file.map(1, 2, arena);
        assertThrows(KdeltaException.DiskFault.class, () -> file.map(3, 2, arena));
        assertEquals(0, file.map(4, 0, arena).byteSize());
      }
      assertEquals(2, mapped.byteSize());
      assertEquals(2, mapped.get(ValueLayout.JAVA_BYTE, 0));
      assertEquals(3, mapped.get(ValueLayout.JAVA_BYTE, 1));
      assertTrue(mapped.isReadOnly());
    }
  }

  @Test
  void namesAreMadeMovedSharedAndTakenAway() {
    Vfs vfs = vfs();
    vfs.createDirectories("x/y");
    vfs.createDirectories("x/y");
    make(vfs, "b", 1);
    make(vfs, "a", 2);
    assertEquals(List.of("a", "b", "x"), vfs.list(""));
    assertEquals(List.of("y"), vfs.list("x"));
    vfs.rename("b", "x/y/c");
    assertFalse(vfs.exists("b"));
    assertTrue(vfs.exists("x/y/c"));
    make(vfs, "d", 3);
    vfs.rename("d", "a");
    assertEquals(List.of(3), content(vfs, "a"));
    vfs.link("a", "e");
    try (Vfs.File file = vfs.open("e")) {
      file.append(bytes(4));
    }
    assertEquals(List.of(3, 4), content(vfs, "a"));
    vfs.delete("a");
    assertEquals(List.of(3, 4), content(vfs, "e"));
    assertEquals(List.of("e", "x"), vfs.list(""));
    vfs.syncDirectory("");
    vfs.syncDirectory("x/y");
  }

  @Test
  void anOpenFileSurvivesItsName() {
    Vfs vfs = vfs();
    try (Vfs.File file = vfs.create("a")) {
      file.append(bytes(1));
      vfs.delete("a");
      file.append(bytes(2));
      assertEquals(List.of(1, 2), read(file, 0, 3));
    }
    assertFalse(vfs.exists("a"));
  }

  @Test
  void whatCanNotBeIsADiskFaultWithItsCall() {
    Vfs vfs = vfs();
    make(vfs, "a", 1);
    make(vfs, "b", 1);
    assertEquals("create", faulty(() -> vfs.create("a")));
    assertEquals("create", faulty(() -> vfs.create("no/file")));
    assertEquals("open", faulty(() -> vfs.open("no")));
    assertEquals("rename", faulty(() -> vfs.rename("no", "c")));
    assertEquals("link", faulty(() -> vfs.link("a", "b")));
    assertEquals("link", faulty(() -> vfs.link("no", "c")));
    assertEquals("delete", faulty(() -> vfs.delete("no")));
    assertEquals("list", faulty(() -> vfs.list("no")));
    assertEquals("syncDirectory", faulty(() -> vfs.syncDirectory("no")));
    assertEquals("createDirectories", faulty(() -> vfs.createDirectories("a/b")));
  }

  @Test
  void aPathThatLeavesTheDirectoryIsABug() {
    Vfs vfs = vfs();
    for (String path : List.of("../a", "/a", "a/../b", "a//b", "a/", ".", "a\\b", "a\0b")) {
      assertThrows(AssertionError.class, () -> vfs.exists(path), path);
      assertThrows(AssertionError.class, () -> vfs.create(path), path);
    }
  }

  @Test
  void aLockIsHeldOnceAndTheRefusalNamesTheHolder() {
    Vfs vfs = vfs();
    Vfs.Lock lock = vfs.lock("LOCK", "process 12 at 127.0.0.1:7878");
    var refusal =
        assertThrows(KdeltaException.DiskFault.class, () -> vfs.lock("LOCK", "process 13"));
    assertEquals("lock", refusal.operation());
    assertTrue(String.valueOf(refusal.getMessage()).contains("process 12 at 127.0.0.1:7878"));
    lock.close();
    vfs.lock("LOCK", "13").close();
    assertEquals(List.of((int) '1', (int) '3'), content(vfs, "LOCK"));
  }

  @Test
  void thereIsRoom() {
    assertTrue(vfs().freeSpace() > 0);
  }

  @Test
  void randomWritesReadBackAsFromAnArray() {
    SimEntropy chance = new SimEntropy(4_711);
    byte[] model = new byte[100_000];
    int size = 0;
    try (Vfs.File file = vfs().create("a")) {
      for (int i = 0; i < 300; i++) {
        int at = chance.nextInt(90_000);
        byte[] data = new byte[chance.nextInt(9_000)];
        chance.fill(data);
        if (i % 7 == 0) {
          int cut = Math.min(size, at);
          Arrays.fill(model, cut, model.length, (byte) 0);
          file.truncate(cut);
          size = cut;
        } else if (data.length > 0) {
          System.arraycopy(data, 0, model, at, data.length);
          file.writeAt(at, ByteBuffer.wrap(data));
          size = Math.max(size, at + data.length);
        }
        if (i % 11 == 0) file.sync();
        ByteBuffer all = ByteBuffer.allocate(model.length);
        assertEquals(size, file.readAt(0, all));
        assertEquals(-1, Arrays.mismatch(model, all.array()), "step " + i);
      }
    }
  }

  static void make(Vfs vfs, String path, int... content) {
    try (Vfs.File file = vfs.create(path)) {
      file.append(bytes(content));
    }
  }

  static List<Integer> content(Vfs vfs, String path) {
    try (Vfs.File file = vfs.open(path)) {
      return read(file, 0, 100);
    }
  }

  static List<Integer> read(Vfs.File file, long position, int size) {
    ByteBuffer target = ByteBuffer.allocate(size);
    int count = file.readAt(position, target);
    assertEquals(count, target.position());
    Integer[] values = new Integer[count];
    for (int i = 0; i < count; i++) values[i] = target.get(i) & 0xFF;
    return List.of(values);
  }

  static ByteBuffer bytes(int... values) {
    ByteBuffer buffer = ByteBuffer.allocate(values.length);
    for (int value : values) buffer.put((byte) value);
    return buffer.flip();
  }

  private static String faulty(Runnable call) {
    var fault = assertThrows(KdeltaException.DiskFault.class, call::run);
    assertFalse(fault.full());
    return fault.operation();
  }
}
