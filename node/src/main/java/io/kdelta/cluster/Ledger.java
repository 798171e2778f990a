package io.kdelta.cluster;

import io.kdelta.causal.Incarnation;
import io.kdelta.causal.Intervals;
import io.kdelta.causal.NodeId;
import io.kdelta.reconciliation.Digest;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Whose receipts cover what: the one place that counts further copies. Owned by the core thread.
 *
 * <p>Invariants: a node counts once, by its id, however many receipts it sends; a receipt counts
 * only where its chain value is the one this node knows for that position; this node itself never
 * counts. Logs beyond the limit are dropped, the longest untouched first: dropping only costs
 * asking again.
 */
final class Ledger {
  private static final int LOGS_MAX = 256;
  private static final int RANGES_MAX = 1_024;

  private final Replica replica;
  private final NodeId self;
  private final Map<Incarnation, Map<NodeId, Intervals>> logs =
      new LinkedHashMap<>(16, 0.75f, true);

  private long news;

  Ledger(Replica replica, NodeId self) {
    this.replica = replica;
    this.self = self;
  }

  /** A member's receipt; whether it covers anything that none of its earlier ones did. */
  boolean receipt(NodeId node, PeerMessage.Receipt receipt) {
    if (node.equals(self)) return false;
    Optional<Digest> chain = replica.chain(receipt.incarnation(), receipt.synced());
    if (chain.isEmpty() || !chain.get().equals(receipt.chain())) return false;
    Map<NodeId, Intervals> log =
        logs.computeIfAbsent(receipt.incarnation(), incarnation -> new TreeMap<>());
    trim();
    Intervals before = log.getOrDefault(node, Intervals.EMPTY);
    Intervals after = before.with(receipt.from(), receipt.synced());
    if (after.equals(before) || after.ranges().size() > RANGES_MAX) return false;
    log.put(node, after);
    news++;
    return true;
  }

  /** Whether that node has all of these positions synced. */
  boolean covers(NodeId node, Incarnation incarnation, long first, long last) {
    Map<NodeId, Intervals> log = logs.get(incarnation);
    Intervals covered = log == null ? null : log.get(node);
    return covered != null && covered.containsAll(Intervals.of(first, last));
  }

  /** Receipts that told something new. */
  long news() {
    return news;
  }

  /** The last position of a log that a node has receipted; 0 for none. */
  long last(NodeId node, Incarnation incarnation) {
    Map<NodeId, Intervals> log = logs.get(incarnation);
    Intervals covered = log == null ? null : log.get(node);
    return covered == null ? 0 : covered.max();
  }

  private void trim() {
    Iterator<Incarnation> eldest = logs.keySet().iterator();
    while (logs.size() > LOGS_MAX) {
      eldest.next();
      eldest.remove();
    }
  }
}
