package io.kdelta.sim;

import io.kdelta.causal.NodeId;

/**
 * Which receipts of one node somebody may still count on although its disk no longer bears them
 * out: those of before it rotted, went back to an older state, or got another id. Each was true
 * when it was given.
 *
 * <p>Copies are counted by node id (DUR-K), and a disk that loses everything loses its id with it,
 * as does one that rots where the id lies. So such a node may have given receipts under two ids.
 */
final class PastReceipts {
  /** How long after a receipt it may count for an answer: a few attempts of a client. */
  private static final long COUNTS_NANOS = 40_000_000_000L;

  private final Simulator simulator;
  private NodeId id = NodeId.NONE;
  private boolean struck;
  private boolean rotten;
  private long rolledBackAtNanos = -COUNTS_NANOS;
  private long replacedAtNanos = -COUNTS_NANOS;
  private long renamedAtNanos = -COUNTS_NANOS;

  PastReceipts(Simulator simulator) {
    this.simulator = simulator;
  }

  /** Something on the disk is destroyed, or all of it made older. */
  void struck(Action.OnDisk action) {
    struck = true;
    rotten |= action.rots();
    switch (action) {
      case Action.RollBack _, Action.Clone _ -> rolledBackAtNanos = simulator.nowNanos();
      case Action.Wipe _ -> replaced();
      default -> {
        // It may rot for as long as it runs.
      }
    }
  }

  /** The node has an empty disk. */
  void replaced() {
    replacedAtNanos = simulator.nowNanos();
  }

  /** It runs under that id. Who was never struck has no reason to have another than before. */
  void started(NodeId now) {
    if (struck && !now.equals(id)) renamedAtNanos = simulator.nowNanos();
    id = now;
  }

  /** Whether anything on the disk was ever destroyed, or all of it made older. */
  boolean struck() {
    return struck;
  }

  /** Whether the disk has ever changed by itself. */
  boolean rotten() {
    return rotten;
  }

  /** Whether the disk may have lost something that the node has given a receipt for. */
  boolean forgotten() {
    return rotten || within(rolledBackAtNanos, COUNTS_NANOS);
  }

  /** Whether a receipt may count that it gave under another id. */
  boolean underAnotherId() {
    return within(Math.max(replacedAtNanos, renamedAtNanos), COUNTS_NANOS);
  }

  /** Whether its disk was emptied less than so long ago. */
  boolean replacedWithin(long nanos) {
    return within(replacedAtNanos, nanos);
  }

  private boolean within(long atNanos, long nanos) {
    return simulator.nowNanos() - atNanos < nanos;
  }
}
