package io.kdelta.soak;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.env.HostEntropy;
import io.kdelta.env.SimEntropy;
import io.kdelta.vfs.HostVfs;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: DISK on a real file system: a full disk stops writes, not reads, loses nothing, and as soon
 * as there is room the store goes on by itself. Method: a store on a small tmpfs; again and again
 * somebody else fills it, the story is told until it is refused, everything is compared, the room
 * comes back, the story goes on; now and then the store is opened anew, also while it is full.
 */
@Tag("soak")
final class FullDiskSoakTest {
  private static final int SECONDS = Integer.getInteger("soak.seconds", 180);
  private static final int MEGABYTES = 24;
  private static final long PATIENCE = TimeUnit.SECONDS.toNanos(20);

  @TempDir private Path folder;
  private final SimEntropy dice = new SimEntropy(Long.getLong("soak.seed", 1));
  private final Story story = new Story();

  @Test
  void fullAgainAndAgain() throws Exception {
    int filled = 0;
    int reopened = 0;
    try (Mount disk = Mount.tmpfs(folder.resolve("disk"), MEGABYTES)) {
      Path store = disk.point().resolve("store");
      Path filler = disk.point().resolve("filler");
      Driver driver = new Driver(new HostVfs(store), new HostEntropy());
      try {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);
        while (System.nanoTime() < end) {
          tellUntilRefused(driver, filler, (long) dice.nextInt(200) << 10);
          filled++;
          assertFalse(driver.store().fenced(), "a full disk is no reason to fence");
          story.audit(driver.store().lastLsn(), driver.store());
          if (dice.nextInt(6) == 0) {
            Files.delete(filler);
            driver = reopened(driver, store);
            reopened++;
          } else {
            Files.delete(filler);
          }
          heal(driver);
          story.audit(driver.store().lastLsn(), driver.store());
        }
      } finally {
        driver.close();
      }
    }
    System.out.printf(
        "soak: a tmpfs of %d MiB full %d times in %d s, opened anew %d times,"
            + " %d batches acknowledged and audited, nothing lost%n",
        MEGABYTES, filled, SECONDS, reopened, story.lsn());
    assertTrue(filled > 0, "never full");
  }

  /** Somebody else takes all the room but so many bytes, and all that comes free. */
  private static void fill(Path filler, long roomBytes) throws IOException {
    try (FileChannel file =
        FileChannel.open(
            filler,
            StandardOpenOption.CREATE,
            StandardOpenOption.WRITE,
            StandardOpenOption.APPEND)) {
      ByteBuffer block = ByteBuffer.allocateDirect(4096);
      while (Files.getFileStore(filler).getUsableSpace() > roomBytes) {
        file.write(block.clear());
      }
    } catch (IOException full) {
      // The store took the rest meanwhile.
      assertTrue(String.valueOf(full.getMessage()).contains("No space"), full.toString());
    }
  }

  private static void tellUntilRefused(Driver driver, Path filler, long roomBytes)
      throws IOException {
    long deadline = System.nanoTime() + PATIENCE;
    for (int i = 0; driver.store().readOnlyReason().isEmpty(); i++) {
      if (i % 64 == 0) fill(filler, roomBytes);
      boolean all = driver.tell(8);
      driver.work(all ? 0 : 1);
      assertTrue(System.nanoTime() < deadline, "the disk is full and nobody notices");
    }
    // What was applied before the disk was full still becomes durable: its log lies ready.
    while (driver.store().durableLsn() < driver.store().lastLsn()) {
      driver.work(1);
      assertTrue(System.nanoTime() < deadline, "the log does not go on");
    }
  }

  /** There is room again: the store must notice that by itself, and take writes. */
  private static void heal(Driver driver) {
    long deadline = System.nanoTime() + PATIENCE;
    long goal = driver.store().lastLsn() + 200;
    while (driver.store().durableLsn() < goal) {
      boolean all = driver.tell(8);
      driver.work(all ? 0 : 1);
      assertTrue(System.nanoTime() < deadline, "does not heal: " + driver.store().readOnlyReason());
    }
    assertTrue(driver.store().readOnlyReason().isEmpty());
  }

  private Driver reopened(Driver driver, Path store) {
    long durable = driver.store().durableLsn();
    driver.close();
    Driver again = new Driver(new HostVfs(store), new HostEntropy());
    assertFalse(again.store().recovery().lossy(), () -> "" + again.store().recovery());
    assertEquals(durable, again.store().lastLsn());
    story.audit(durable, again.store());
    return again;
  }
}
