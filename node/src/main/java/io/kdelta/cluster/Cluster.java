package io.kdelta.cluster;

import io.kdelta.causal.Incarnation;
import io.kdelta.causal.NodeId;
import io.kdelta.env.Entropy;
import java.util.List;
import java.util.Optional;

/**
 * A node's part in its cluster: the whole protocol behind one {@link #step}.
 *
 * <p>Owned by the core thread; no other may call it. Pure but for the {@link Replica} it reads: the
 * same events at the same times with the same entropy give the same effects.
 */
public final class Cluster {

  /** Reads what the node remembers; says nothing before {@link Event.Started}. */
  public Cluster(ClusterConfig config, Replica replica, Entropy entropy) {
    throw new UnsupportedOperationException();
  }

  /**
   * Takes one event in.
   *
   * @param nowNanos of a clock that never goes back
   * @return what is to be done, in order
   */
  public List<Effect> step(Event event, long nowNanos) {
    throw new UnsupportedOperationException();
  }

  /** The cluster that this node is in. */
  public ClusterId clusterId() {
    throw new UnsupportedOperationException();
  }

  /** Whether this node takes writes. */
  public Readiness readiness() {
    throw new UnsupportedOperationException();
  }

  /** Every member that is known, this node and those that left included, by id. */
  public List<Member> members() {
    throw new UnsupportedOperationException();
  }

  /** That member. */
  public Optional<Member> member(NodeId node) {
    throw new UnsupportedOperationException();
  }

  /** The level of a write that names none: LOCAL until another member was met, then ONE. */
  public AckLevel defaultLevel() {
    throw new UnsupportedOperationException();
  }

  /** What a write accepted now at that level has to reach. */
  public AckPlan plan(AckLevel level) {
    throw new UnsupportedOperationException();
  }

  /** On how many further members all of these dots are known to be synced. */
  public int receipts(Incarnation incarnation, long first, long last) {
    throw new UnsupportedOperationException();
  }

  /** Whether the plan can still be met: receipts, and members alive that have not sent theirs. */
  public boolean reachable(AckPlan plan, Incarnation incarnation, long first, long last) {
    throw new UnsupportedOperationException();
  }

  /** Sessions that ended, newest first, a bounded number. */
  public List<Session> sessions() {
    throw new UnsupportedOperationException();
  }
}
