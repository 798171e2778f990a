package io.kdelta.vfs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.error.KdeltaException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Goal: the file system of the machine keeps the contract. Method: the contract, and its modes. */
final class HostVfsTest extends VfsContract {
  @TempDir private Path directory;

  @Override
  Vfs vfs() {
    return new HostVfs(directory.resolve("data"));
  }

  @Test
  void nobodyElseMayRead() throws Exception {
    Vfs vfs = vfs();
    make(vfs, "a", 1);
    vfs.createDirectories("x");
    assertEquals("rwx------", mode(""));
    assertEquals("rwx------", mode("x"));
    assertEquals("rw-------", mode("a"));
  }

  @Test
  void twoOfThemInOneProcessShareTheLock() {
    try (Vfs.Lock lock = vfs().lock("LOCK", "first")) {
      assertTrue(vfs().exists("LOCK"), lock.toString());
      assertThrows(KdeltaException.DiskFault.class, () -> vfs().lock("LOCK", "second"));
    }
    vfs().lock("LOCK", "third").close();
  }

  @Test
  void aDirectoryUnderAnotherNameHasTheSameLock() throws Exception {
    Path real = Files.createDirectory(directory.resolve("real"));
    Path other = Files.createSymbolicLink(directory.resolve("other"), real);
    try (Vfs.Lock lock = new HostVfs(real).lock("LOCK", "first")) {
      assertTrue(Files.exists(real.resolve("LOCK")), lock.toString());
      HostVfs again = new HostVfs(other);
      assertThrows(KdeltaException.DiskFault.class, () -> again.lock("LOCK", "second"));
    }
  }

  private String mode(String path) throws Exception {
    return PosixFilePermissions.toString(
        Files.getPosixFilePermissions(directory.resolve("data").resolve(path)));
  }
}
