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
 * Goal: a process that is killed at any moment has lost nothing that it acknowledged, and nothing
 * is damaged. Method: a process tells the {@link Story} and is killed with SIGKILL after a random
 * time, again and again; each time everything that the store holds is compared.
 */
@Tag("soak")
final class KillSoakTest {
  private static final int CYCLES = Integer.getInteger("soak.cycles", 300);

  @TempDir private Path folder;

  @Test
  void killedAgainAndAgain() throws Exception {
    SimEntropy dice = new SimEntropy(Long.getLong("soak.seed", 1));
    Story story = new Story();
    long flushes = 0;
    long cut = 0;
    for (int cycle = 1; cycle <= CYCLES; cycle++) {
      Child child = new Child(folder);
      // Now and then in the middle of the opening.
      if (dice.nextInt(8) == 0) Thread.sleep(150L + dice.nextInt(150));
      else assertTrue(child.awaitFirstWord(), "cycle " + cycle + ": " + child.lastWord());
      Thread.sleep(dice.nextInt(dice.nextInt(4) == 0 ? 400 : 60));
      long acknowledged = child.kill();
      assertEquals("", child.lastWord());
      try (StorageEngine store =
          StorageEngine.open(new HostVfs(folder), new HostEntropy(), Driver.LIMITS)) {
        String where = "cycle " + cycle;
        assertFalse(store.recovery().lossy(), where + ": " + store.recovery());
        assertTrue(store.lastLsn() >= acknowledged, where + ": " + acknowledged + " acknowledged");
        story.audit(store.lastLsn(), store);
        flushes = Math.max(flushes, store.stats().tables());
        if (store.recovery().log().cut().isPresent()) cut++;
      }
    }
    assertTrue(flushes > 0, "nothing was ever flushed");
    System.out.printf(
        "soak: %d kills, %d batches acknowledged and audited, %d torn ends cut, nothing lost%n",
        CYCLES, story.lsn(), cut);
  }
}
