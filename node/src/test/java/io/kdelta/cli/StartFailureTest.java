package io.kdelta.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.env.SimEntropy;
import io.kdelta.error.KdeltaException;
import io.kdelta.storage.StorageEngine;
import io.kdelta.storage.StorageLimits;
import io.kdelta.vfs.SimVfs;
import org.junit.jupiter.api.Test;

/**
 * Goal: whoever can not start a node learns what is wrong, where, and what to do. Method: the very
 * failures of stores on simulated disks.
 */
final class StartFailureTest {
  private final SimVfs disk = new SimVfs(new SimEntropy(1));

  @Test
  void aManifestThatCanNotBeReadIsNamedWithTheWayOut() {
    open().close();
    for (String name : disk.list("")) {
      if (name.endsWith(".manifest")) disk.flip(name, 170, 4);
    }
    CliException told = StartCommand.startFailure(failure());
    assertEquals(ExitCode.CORRUPT, told.exitCode());
    assertTrue(String.valueOf(told.getMessage()).contains(".manifest at byte"), told::toString);
    assertTrue(String.valueOf(told.hint()).contains("--join"), () -> "" + told.hint());
  }

  @Test
  void aDiskWithoutAnyRoomIsToldAsThat() {
    open().close();
    disk.setCapacity(disk.used());
    CliException told = StartCommand.startFailure(failure());
    assertTrue(String.valueOf(told.getMessage()).contains("no space left"), told::toString);
    assertTrue(String.valueOf(told.hint()).contains("make room"), () -> "" + told.hint());
  }

  private KdeltaException failure() {
    disk.kill();
    try {
      open().close();
    } catch (KdeltaException e) {
      return e;
    }
    throw new AssertionError("it opened");
  }

  private StorageEngine open() {
    return StorageEngine.open(disk, new SimEntropy(2), StorageLimits.small());
  }
}
