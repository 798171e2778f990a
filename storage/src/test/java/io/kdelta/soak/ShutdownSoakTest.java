package io.kdelta.soak;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.env.HostEntropy;
import io.kdelta.env.SimEntropy;
import io.kdelta.storage.StorageEngine;
import io.kdelta.vfs.HostVfs;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: what was acknowledged survives although a real file system kept nothing that was not
 * synced. Method: a process tells the {@link Story} on an ext4 file system in a file; the file
 * system is shut down under it without writing its journal, mounted again, and everything that the
 * store holds is compared; again and again.
 */
@Tag("soak")
final class ShutdownSoakTest {
  private static final int CYCLES = Integer.getInteger("soak.shutdowns", 100);
  private static final int MEGABYTES = 96;

  @TempDir private Path folder;

  @Test
  void shutDownAgainAndAgain() throws Exception {
    SimEntropy dice = new SimEntropy(Long.getLong("soak.seed", 1));
    Story story = new Story();
    long cut = 0;
    long fenced = 0;
    long readOnly = 0;
    try (Mount disk = Mount.ext4(folder.resolve("disk"), folder.resolve("disk.img"), MEGABYTES)) {
      Path store = disk.point().resolve("store");
      for (int cycle = 1; cycle <= CYCLES; cycle++) {
        String where = "cycle " + cycle;
        Child child = new Child(store);
        if (dice.nextInt(8) == 0) Thread.sleep(150L + dice.nextInt(150));
        else assertTrue(child.awaitFirstWord(), where + ": " + child.lastWord());
        Thread.sleep(dice.nextInt(dice.nextInt(4) == 0 ? 400 : 60));
        disk.shutDown();
        // What it acknowledges from now on would be a lie, and be found out.
        child.awaitEnd(dice.nextInt(3) == 0 ? 0 : 5_000);
        long acknowledged = child.kill();
        if (child.lastWord().startsWith("fenced")) fenced++;
        else if (child.lastWord().startsWith("refused")) readOnly++;
        else assertEquals("", child.lastWord(), where);
        disk.again();
        try (StorageEngine engine =
            StorageEngine.open(new HostVfs(store), new HostEntropy(), Driver.LIMITS)) {
          assertFalse(engine.recovery().lossy(), where + ": " + engine.recovery());
          assertTrue(
              engine.lastLsn() >= acknowledged, where + ": " + acknowledged + " acknowledged");
          story.audit(engine.lastLsn(), engine);
          if (engine.recovery().log().cut().isPresent()) cut++;
        }
      }
    }
    assertTrue(fenced + readOnly > 0, "no process ever saw its disk fail");
    System.out.printf(
        "soak: %d shutdowns of ext4, %d batches acknowledged and audited, %d torn ends cut,"
            + " %d processes fenced and %d read-only before the end, nothing lost%n",
        CYCLES, story.lsn(), cut, fenced, readOnly);
  }
}
