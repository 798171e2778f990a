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
  private final ClusterId id;

  /** Reads what the node remembers; says nothing before {@link Event.Started}. */
  public Cluster(ClusterConfig config, Replica replica, Entropy entropy) {
    this.id = config.clusterName().map(ClusterId::named).orElseGet(() -> ClusterId.draw(entropy));
  }

  /**
   * Takes one event in.
   *
   * @param nowNanos of a clock that never goes back
   * @return what is to be done, in order
   */
  public List<Effect> step(Event event, long nowNanos) {
    if (event instanceof Event.Drain) return List.of(new Effect.Departed(false, 0));
    return List.of();
  }

  /** The cluster that this node is in. */
  public ClusterId clusterId() {
    return id;
  }

  /** Whether this node takes writes. */
  public Readiness readiness() {
    return Readiness.READY;
  }

  /** Every member that is known, this node and those that left included, by id. */
  public List<Member> members() {
    return List.of();
  }

  /** That member. */
  public Optional<Member> member(NodeId node) {
    return members().stream().filter(m -> m.node().equals(node)).findFirst();
  }

  /** The level of a write that names none: LOCAL until another member was met, then ONE. */
  public AckLevel defaultLevel() {
    return AckLevel.LOCAL;
  }

  /** What a write accepted now at that level has to reach. */
  public AckPlan plan(AckLevel level) {
    return new AckPlan(level, level.further(0), level.further(0) == 0);
  }

  /** On how many further members all of these dots are known to be synced. */
  public int receipts(Incarnation incarnation, long first, long last) {
    return 0;
  }

  /** Whether the plan can still be met: receipts, and members alive that have not sent theirs. */
  public boolean reachable(AckPlan plan, Incarnation incarnation, long first, long last) {
    return plan.further() == 0;
  }

  /** Sessions that ended, newest first, a bounded number. */
  public List<Session> sessions() {
    return List.of();
  }
}
