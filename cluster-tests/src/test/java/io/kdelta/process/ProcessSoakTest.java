package io.kdelta.process;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.env.SimEntropy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: as {@link NemesisTest}, for minutes: {@code mvn -pl cluster-tests -am -Pprocess verify
 * -Dminutes=N -Dseed=S}. Method: one {@link Piece} after the other, each a fresh cluster with a
 * seed of its own, counted from S; {@code -Dminutes=0} is the one piece of S.
 */
@Tag("process")
final class ProcessSoakTest {
  private static final int MINUTES = Integer.getInteger("minutes", 15);
  private static final long SEED = Long.getLong("seed", System.currentTimeMillis() / 1_000);
  private static final long NANOS_A_MINUTE = 60_000_000_000L;

  @TempDir(cleanup = CleanupMode.ON_SUCCESS)
  private Path folder;

  private final TreeMap<String, Integer> struck = new TreeMap<>();
  private final TreeMap<String, Integer> outcomes = new TreeMap<>();

  @Test
  void pieceAfterPiece() throws Exception {
    String hindrance = Tmpfs.hindrance(folder);
    if (!hindrance.isEmpty()) System.out.println("processes: no full disks: " + hindrance);
    boolean fullDisks = hindrance.isEmpty();
    long started = System.nanoTime();
    long acknowledged = 0;
    long versions = 0;
    long slowestHeal = 0;
    int pieces = 0;
    do {
      Piece.Outcome outcome = piece(SEED + pieces, fullDisks);
      pieces++;
      add(outcome.struck(), struck);
      add(outcome.outcomes(), outcomes);
      acknowledged += outcome.acknowledged();
      versions += outcome.versions();
      slowestHeal = Math.max(slowestHeal, outcome.healMillis());
    } while (System.nanoTime() - started < MINUTES * NANOS_A_MINUTE);
    System.out.printf(
        "processes: %d pieces from seed %d in %d s, %d writes acknowledged, %d versions on every"
            + " node, agreed after %d ms at most%n  faults %s%n  requests %s%n",
        pieces,
        SEED,
        (System.nanoTime() - started) / 1_000_000_000L,
        acknowledged,
        versions,
        slowestHeal,
        struck,
        outcomes);
    assertTrue(acknowledged > 0, "nothing was ever acknowledged");
  }

  private Piece.Outcome piece(long seed, boolean fullDisks) throws Exception {
    int nodes = new SimEntropy(seed).split("size").nextInt(4) == 0 ? 2 : 3;
    FaultSchedule schedule = FaultSchedule.of(seed, nodes, FaultSchedule.Limits.soak(fullDisks));
    Path place = Files.createDirectories(folder.resolve("piece-" + seed));
    try (Piece piece = new Piece(seed, nodes, schedule, place, List.of(), fullDisks)) {
      Piece.Outcome outcome = piece.run();
      System.out.println(
          "processes: " + nodes + " nodes, O1 to O7 and the others pass: " + outcome);
      return outcome;
    } catch (AssertionError | RuntimeException e) {
      throw new AssertionError(
          "seed "
              + seed
              + " fails: "
              + e
              + "\nreplay: mvn -pl cluster-tests -am -Pprocess verify -Dminutes=0 -Dseed="
              + seed
              + "\nwhat the nodes said is kept in "
              + place
              + "\n"
              + schedule,
          e);
    }
  }

  private static void add(Map<String, Integer> more, Map<String, Integer> total) {
    more.forEach((name, count) -> total.merge(name, count, Integer::sum));
  }
}
