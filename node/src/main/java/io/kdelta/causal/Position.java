package io.kdelta.causal;

import io.kdelta.reconciliation.Digest;
import org.jspecify.annotations.Nullable;

/**
 * How far this node holds one incarnation's log.
 *
 * @param incarnation whose log
 * @param node the node whose log it is, or none when unknown
 * @param received positions with a row of their own, of visible or durably parked versions: what a
 *     receipt may cover
 * @param applied those of them whose versions are visible: what may be relayed
 * @param adopted positions known to be in the set without a row: never asked for, never receipted
 * @param chainSeq the position up to which the chain value is known without a gap; 0 for none
 * @param chain the chain value there; at 0 the start of the chain
 * @param disputed whether two versions claimed one dot: left out of streaming
 */
public record Position(
    Incarnation incarnation,
    NodeId node,
    Intervals received,
    Intervals applied,
    Intervals adopted,
    long chainSeq,
    Digest chain,
    boolean disputed) {
  /** Everything that need not be asked for. */
  public Intervals held() {
    return received.union(adopted);
  }

  /** The chain value at {@code seq} if it is the one kept here; the store knows others. */
  public @Nullable Digest chainAt(long seq) {
    return seq == chainSeq ? chain : null;
  }
}
