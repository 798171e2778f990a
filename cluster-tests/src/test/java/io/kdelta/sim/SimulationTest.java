package io.kdelta.sim;

import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/**
 * Goal: whole clusters keep every promise under faults. Method: fixed seeds of {@link SimRun}; a
 * failing one prints its replay command. {@code -Dkdelta.seed=N} runs that one alone, {@code
 * -Dkdelta.seeds=COUNT} that many.
 */
final class SimulationTest {
  private static final long SEEDS = 60;

  @Test
  void seedsKeepEveryPromise() {
    String one = System.getProperty("kdelta.seed", "");
    if (!one.isEmpty()) {
      SimRun.of(Long.parseLong(one));
      return;
    }
    String count = System.getProperty("kdelta.seeds", "");
    long seeds = count.isEmpty() ? SEEDS : Long.parseLong(count);
    long acknowledged = 0;
    long faults = 0;
    long conflicts = 0;
    for (long seed = 1; seed <= seeds; seed++) {
      SimRun.Outcome outcome = SimRun.of(seed);
      acknowledged += outcome.acknowledged();
      faults += outcome.faults();
      conflicts += outcome.conflicts();
    }
    // A simulator that does nothing would keep every promise, too.
    assertTrue(acknowledged > 100 * seeds, acknowledged + " writes acknowledged");
    assertTrue(faults > seeds, faults + " faults injected");
    assertTrue(conflicts > 0, "no run ended with a conflict");
  }
}
