package io.kdelta.cluster;

import io.kdelta.causal.NodeId;
import java.util.Map;
import java.util.TreeMap;

/**
 * How often a peer may force the last rung, whose every place costs hashing and a look at the rows:
 * {@value #BURST} times at once, then once in {@value #REFILL_SECONDS} s.
 *
 * <p>Owned by {@link Reconciler}, on the core thread. Invariant: it remembers a peer no longer than
 * the allowance takes to fill again, so peers that come and go under new ids cost nothing that
 * stays. It outlives links: who hangs up and comes back has spent what it has spent.
 */
final class DrillAllowance {
  static final int BURST = 3;
  static final long REFILL_SECONDS = 10;
  private static final long REFILL = REFILL_SECONDS * 1_000_000_000L;

  /** When the allowance is full again. */
  private final Map<NodeId, Long> full = new TreeMap<>();

  /** A session with that node has climbed to the last rung. */
  void spend(NodeId node, long now) {
    full.values().removeIf(moment -> moment <= now);
    full.merge(node, now + REFILL, (before, _) -> before + REFILL);
  }

  /**
   * From when on a session with that node may climb so far again; not after {@code now}: it may.
   */
  long allowedAt(NodeId node, long now) {
    Long moment = full.get(node);
    return moment == null ? now : moment - (BURST - 1) * REFILL;
  }
}
