package io.kdelta.reconciliation;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.reconciliation.SessionFuzz.Fate;
import org.junit.jupiter.api.Test;

/**
 * Goal: whatever happens to a session, it ends, in bounded work, and never says that unequal sets
 * are equal; and a session to which nothing happens makes them equal. Method: {@link SessionFuzz},
 * for as many sessions as the property kdelta.sessions says, {@value #SESSIONS} if it says nothing,
 * from seed kdelta.seed on, with up to a thousand versions a side, or about as many as kdelta.ids
 * says. The totals are printed, with the seeds they are of: the next portion begins behind them.
 */
final class SessionFuzzTest {
  private static final int SESSIONS = 4_000;

  @Test
  void noSessionEndsWrongOrNotAtAll() {
    long sessions = Long.getLong("kdelta.sessions", SESSIONS);
    int ids = Integer.getInteger("kdelta.ids", SessionFuzz.IDS);
    long began = System.nanoTime();
    int from = Integer.getInteger("kdelta.seed", 0);
    SessionFuzz.Totals totals = SessionFuzz.run(from, sessions, ids);
    long seconds = (System.nanoTime() - began) / 1_000_000_000;
    System.out.printf(
        "session fuzz, about %d ids, seeds %d to %d, %d s: %s%n",
        ids, from, from + totals.lives - 1, seconds, totals);
    if (totals.sessions < SESSIONS) return;
    for (Fate fate : Fate.values()) {
      assertTrue(totals.outcomes.containsKey(fate), fate + ": " + totals);
    }
    for (Rung rung : Rung.values()) {
      boolean rare = ids > SessionFuzz.IDS && rung == Rung.MERKLE;
      assertTrue(rare || totals.rungs.getOrDefault(rung, 0) > 10, rung + ": " + totals);
    }
  }
}
