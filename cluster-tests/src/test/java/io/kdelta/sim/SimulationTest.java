package io.kdelta.sim;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * Goal: whole clusters keep every promise under faults. Method: fixed seeds of {@link SimRun}, two
 * at a time; one that fails is cut down, kept in the corpus, and prints its replay command. {@code
 * -Dkdelta.seed=N} runs that one alone, {@code -Dkdelta.seeds=COUNT} that many. What they did is
 * printed and kept in target/simulation.
 */
final class SimulationTest {
  private static final long SEEDS = 200;
  private static final int THREADS = 2;

  @Test
  void seedsKeepEveryPromise() throws IOException {
    String one = System.getProperty("kdelta.seed", "");
    if (!one.isEmpty()) {
      SimRun.of(Long.parseLong(one));
      return;
    }
    String count = System.getProperty("kdelta.seeds", "");
    long seeds = count.isEmpty() ? SEEDS : Long.parseLong(count);
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    Corpus corpus = new Corpus(Path.of(System.getProperty("kdelta.root")));
    Campaign.Totals totals = new Campaign(corpus, out, THREADS).run(1, seed -> seed <= seeds);
    Reports.keep("seeds", totals + "\n" + totals.guards().table());
    assertEquals(List.of(), totals.failures());
    // A simulator that does nothing would keep every promise, too.
    assertEquals(List.of(), totals.guards().flaws());
  }

  /** Pushes that a store under pressure refused ended sessions, and catching up took minutes. */
  @Test
  void seedsThatOnceBrokeLiveKeepIt() {
    for (long seed : new long[] {285, 439}) SimRun.of(seed);
  }
}
