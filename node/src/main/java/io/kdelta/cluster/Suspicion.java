package io.kdelta.cluster;

import io.kdelta.causal.NodeId;
import java.util.TreeSet;

/**
 * How long a suspected member has to refute: the more others accuse it too, the shorter (Lifeguard,
 * section IV-B). Owned by the core thread.
 *
 * <pre>
 * min     = 4 * max(1, log10(members)) * probe interval
 * max     = 6 * min
 * timeout = max(min, max - (max - min) * ln(C + 1) / ln(K + 1))
 * </pre>
 *
 * with C further accusers of the K expected ones; K = min(3, members - 2), and with none to expect
 * the timeout is min.
 */
final class Suspicion {
  private static final double MULTIPLIER = 4;
  private static final double MAX_FACTOR = 6;
  private static final int ACCUSERS = 3;

  private final TreeSet<NodeId> accusers = new TreeSet<>();
  private final int expected;
  private final long min;
  private final long max;
  private long since;

  Suspicion(int members, long probe, NodeId accuser, long now) {
    this.expected = Math.max(0, Math.min(ACCUSERS, members - 2));
    this.min = (long) (MULTIPLIER * Math.max(1, StrictMath.log10(members)) * probe);
    this.max = expected == 0 ? min : (long) (MAX_FACTOR * min);
    this.since = now;
    accusers.add(accuser);
  }

  /** One of those who accuse. */
  NodeId accuser() {
    return accusers.getFirst();
  }

  /** One more accuses; whether that was news that is worth telling. */
  boolean confirm(NodeId accuser) {
    return accusers.size() <= expected && accusers.add(accuser);
  }

  /** When the suspect is dead unless it refutes. */
  long deadline() {
    if (expected == 0) return since + min;
    double share = StrictMath.log(accusers.size()) / StrictMath.log(expected + 1.0);
    return since + Math.max(min, (long) (max - (max - min) * share));
  }

  /** This node itself was asleep for that long. */
  void forgive(long nanos) {
    since += nanos;
  }
}
