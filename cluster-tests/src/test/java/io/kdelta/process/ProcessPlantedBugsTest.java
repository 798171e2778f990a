package io.kdelta.process;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.sim.OracleFailure;
import io.kdelta.sim.PlantedBug;
import io.kdelta.sim.PlantedBugs;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: the oracles over real processes can fail. Method: node processes with a planted bug in
 * front of their class path run a {@link Piece} in which one node after the other is cut off; the
 * oracle that names the bug must end it. The product itself passes the same piece.
 */
final class ProcessPlantedBugsTest {
  private static final Path ROOT = Path.of(System.getProperty("kdelta.root"));
  private static final int NODES = 3;
  private static final long SEED = 1;

  @TempDir private Path folder;

  @Test
  void oneHeadOfTwoIsNotEnough() throws Exception {
    caught(9, Set.of("O4"), 40);
  }

  @Test
  @Tag("process")
  void whatIsShownBeforeItsParentsIsSeen() throws Exception {
    // While the parent is missing, or when it has come and is a head beside its child.
    caught(12, Set.of("CAUSAL", "O4"), 40);
  }

  @Test
  @Tag("process")
  void aReceiptCountedTwiceIsSeen() throws Exception {
    caught(13, Set.of("O1"), 40);
  }

  @Test
  @Tag("process")
  void aReadThatDoesNotWaitForItsTokenIsSeen() throws Exception {
    // Sessions are judged when the piece has come to its end.
    caught(18, Set.of("O5"), 6);
  }

  @Test
  @Tag("process")
  void theProductPasses() throws Exception {
    try (Piece piece = piece(List.of(), 6)) {
      System.out.println("processes: without a bug: " + piece.run());
    }
  }

  private void caught(int number, Set<String> oracles, int cuts) throws Exception {
    PlantedBug bug =
        PlantedBugs.ALL.stream().filter(b -> b.number() == number).findFirst().orElseThrow();
    Path planted = folder.resolve("planted");
    var _ = bug.plant(ROOT, planted);
    try (Piece piece = piece(List.of(planted.resolve("classes")), cuts)) {
      long started = System.nanoTime();
      OracleFailure failure = assertThrows(OracleFailure.class, piece::run, bug.name());
      System.out.printf(
          "processes: planted bug %d (%s) is caught by %s after %d s%n",
          number, bug.name(), failure.oracle(), (System.nanoTime() - started) / 1_000_000_000L);
      assertTrue(
          oracles.contains(failure.oracle()),
          bug.name() + " is caught by " + failure + ", not " + oracles);
    }
  }

  /** One node after the other is cut off for two seconds, so often. */
  private Piece piece(List<Path> patches, int cuts) throws Exception {
    List<FaultSchedule.Timed> faults = new ArrayList<>();
    for (int i = 0; i < cuts; i++) {
      faults.add(new FaultSchedule.Timed(3_000L * i, new Fault.Isolate(i % NODES, 2_000)));
    }
    FaultSchedule schedule = new FaultSchedule(faults, 3_000L * cuts);
    Path place = Files.createDirectories(folder.resolve("piece"));
    return new Piece(SEED, NODES, schedule, place, patches, false);
  }
}
