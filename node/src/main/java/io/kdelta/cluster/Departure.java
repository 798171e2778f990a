package io.kdelta.cluster;

import io.kdelta.causal.Incarnation;
import io.kdelta.causal.Intervals;
import io.kdelta.causal.NodeId;
import java.util.List;
import java.util.Optional;

/**
 * How this node goes, for a while or for good: it takes no writes any more, and waits until what
 * lies here lies elsewhere too, but no longer than {@code pace.drain}. Owned by the core thread.
 *
 * <p>Elsewhere means: R of the members that are alive (all of them, if they are fewer) have synced
 * the last own write, and of every log some linked member holds all that this node holds.
 */
final class Departure {
  private final ClusterConfig config;
  private final Replica replica;
  private final Roster roster;
  private final Links links;
  private final Holdings holdings;
  private final Ledger ledger;
  private final Primary primary;
  private boolean begun;
  private boolean forGood;
  private boolean over;
  private long by = Long.MAX_VALUE;

  Departure(
      ClusterConfig config,
      Replica replica,
      Roster roster,
      Links links,
      Holdings holdings,
      Ledger ledger,
      Primary primary) {
    this.config = config;
    this.replica = replica;
    this.roster = roster;
    this.links = links;
    this.holdings = holdings;
    this.ledger = ledger;
    this.primary = primary;
  }

  /** This node is to go; whether that is news. Who leaves for good while it drains leaves. */
  boolean begin(boolean leave, long now) {
    forGood |= leave;
    if (begun) return false;
    begun = true;
    by = now + config.pace().drain();
    return true;
  }

  boolean begun() {
    return begun;
  }

  boolean forGood() {
    return forGood;
  }

  /** It has told everybody and is gone. */
  void end() {
    over = true;
  }

  boolean over() {
    return over;
  }

  /** When it goes, whatever the others lack. */
  long deadline() {
    return by;
  }

  /**
   * Whether everything that lies here lies elsewhere too.
   *
   * @param backups those that are to hold the own log
   * @param wanted R
   */
  boolean shipped(List<NodeId> backups, int wanted) {
    Optional<Incarnation> own = primary.own();
    if (own.isPresent() && !ownSynced(own.get(), backups, wanted)) return false;
    if (links.linked().isEmpty()) return false;
    for (Incarnation log : replica.incarnations()) {
      Intervals held = holdings.told(log);
      boolean elsewhere =
          held.isEmpty()
              || links.linked().stream()
                  .anyMatch(node -> holdings.heard(node, log).containsAll(held));
      if (!elsewhere) return false;
    }
    return true;
  }

  /** Whether nobody is left who could take anything. */
  boolean lonely() {
    return alive() == 0;
  }

  private boolean ownSynced(Incarnation own, List<NodeId> backups, int wanted) {
    long last = primary.last();
    for (NodeId node : backups) {
      if (!ledger.covers(node, own, last, last)) return false;
    }
    int synced = 0;
    for (Roster.Entry entry : roster.all()) {
      if (counts(entry) && ledger.covers(entry.node(), own, last, last)) synced++;
    }
    return synced >= Math.min(wanted, alive());
  }

  private int alive() {
    int alive = 0;
    for (Roster.Entry entry : roster.all()) {
      if (counts(entry) && entry.alive()) alive++;
    }
    return alive;
  }

  private boolean counts(Roster.Entry entry) {
    return entry.state() != Member.State.LEFT && !entry.node().equals(config.node());
  }
}
