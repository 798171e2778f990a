package io.kdelta.process;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: a cluster of real processes keeps every promise under faults of every kind. Method: one
 * {@link Piece} with the faults of a fixed seed, or of {@code -Dkdelta.seed}; the long run is
 * {@link ProcessSoakTest}.
 */
final class NemesisTest {
  private static final long SEED = 60;
  private static final int NODES = 3;

  @TempDir private Path folder;

  @Test
  void everyPromiseIsKept() throws Exception {
    String given = System.getProperty("kdelta.seed", "");
    long seed = given.isEmpty() ? SEED : Long.parseLong(given);
    String hindrance = Tmpfs.hindrance(folder);
    if (!hindrance.isEmpty()) System.out.println("processes: no full disks: " + hindrance);
    boolean fullDisks = hindrance.isEmpty();
    FaultSchedule schedule = FaultSchedule.of(seed, NODES, FaultSchedule.Limits.taste(fullDisks));
    System.out.println("processes: seed " + seed + " " + schedule);
    try (Piece piece = new Piece(seed, NODES, schedule, folder, List.of(), fullDisks)) {
      System.out.println("processes: " + piece.run());
    }
  }

  @Test
  void aSeedGivesOneSchedule() {
    FaultSchedule.Limits limits = FaultSchedule.Limits.soak(true);
    assertEquals(FaultSchedule.of(7, NODES, limits), FaultSchedule.of(7, NODES, limits));
    assertNotEquals(FaultSchedule.of(7, NODES, limits), FaultSchedule.of(8, NODES, limits));
  }
}
