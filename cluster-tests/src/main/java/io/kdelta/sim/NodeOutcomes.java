package io.kdelta.sim;

import io.kdelta.causal.CausalToken;
import io.kdelta.core.Reply;
import io.kdelta.error.KdeltaException;

/** Who gets what a {@link SimNode} answers, and hears what becomes of it. */
interface NodeOutcomes {
  void answered(SimNode node, long ticket, Reply reply, CausalToken token);

  void refused(SimNode node, long ticket, KdeltaException error, CausalToken token);

  /** The process of the node ended: what was asked of it has no answer and never will have. */
  void vanished(SimNode node);

  /** The node is out of its cluster for good: it left, or heard that it was removed. */
  void left(SimNode node);

  /**
   * The node has told the others that it stops for a while.
   *
   * @param shipped whether it says that others hold everything that it holds
   */
  void drained(SimNode node, boolean shipped);
}
