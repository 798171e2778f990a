package io.kdelta.sim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/**
 * Goal: the record of a run is the run. Method: what was done to the worlds of several seeds is
 * done again to worlds of the same setup, without anybody who decides, and must leave the same
 * trace, event for event; together the seeds show every kind of action.
 */
final class ReplayTest {
  private static final long SEEDS = 12;

  /** What the seeds must have shown, all of it. */
  private static final List<String> KINDS =
      List.of(
          "Ask",
          "Clock",
          "Cut",
          "FailCall",
          "Fill",
          "Flip",
          "Glance",
          "Heal",
          "HealAll",
          "HealDisk",
          "Judge",
          "Kill",
          "PowerLoss",
          "Start",
          "WeatherTurns");

  @Test
  void theRecordPerformedAgainLeavesTheSameTrace() {
    TreeSet<String> kinds = new TreeSet<>();
    for (long seed = 1; seed <= SEEDS; seed++) {
      SimRun.Recorded run = SimRun.recorded(seed);
      assertEquals(run.outcome(), SimRun.replay(run.setup(), run.steps()), "seed " + seed);
      for (Step step : run.steps()) kinds.add(step.action().getClass().getSimpleName());
    }
    assertTrue(kinds.containsAll(KINDS), kinds.toString());
  }
}
