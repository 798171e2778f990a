package io.kdelta.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.causal.NodeId;
import io.kdelta.env.SimEntropy;
import org.junit.jupiter.api.Test;

/**
 * Goal: three at once, then one in ten seconds, each peer on its own. Method: a hand-wound time.
 */
final class DrillAllowanceTest {
  private static final long SECOND = 1_000_000_000L;

  @Test
  void aBurstThenOneInTenSeconds() {
    SimEntropy entropy = new SimEntropy(1);
    NodeId greedy = NodeId.draw(entropy);
    NodeId modest = NodeId.draw(entropy);
    DrillAllowance allowance = new DrillAllowance();
    long now = 5 * SECOND;
    for (int i = 0; i < DrillAllowance.BURST; i++) {
      assertTrue(allowance.allowedAt(greedy, now) <= now, "of the burst: " + i);
      allowance.spend(greedy, now);
    }
    assertEquals(now + 10 * SECOND, allowance.allowedAt(greedy, now));
    assertTrue(allowance.allowedAt(modest, now) <= now);
    now += 10 * SECOND;
    assertTrue(allowance.allowedAt(greedy, now) <= now);
    allowance.spend(greedy, now);
    assertEquals(now + 10 * SECOND, allowance.allowedAt(greedy, now));
    now += 30 * SECOND;
    allowance.spend(modest, now);
    assertEquals(now, allowance.allowedAt(greedy, now), "forgotten");
  }
}
