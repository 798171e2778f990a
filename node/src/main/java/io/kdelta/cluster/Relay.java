package io.kdelta.cluster;

import io.kdelta.causal.Incarnation;
import io.kdelta.causal.Intervals;
import io.kdelta.causal.NodeId;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Pulls what the linked nodes hold and this one lacks, from the nearest holder: so everybody gets
 * everything, backup or not, whether the origin lives or not. Owned by the core thread.
 *
 * <p>Invariant: at most one pull per log at a time, and none while the log comes live and makes
 * progress; a pull that brings nothing for {@code pace.pull} is given to another holder. Only nodes
 * with which a session has ended are asked. What is missing may be under way, so it is asked for a
 * moment later, unless a client waits for it.
 */
final class Relay {
  /** For so many messages of what a node holds a hurry lasts. Judged. */
  private static final int HURRIED_PAUSES = 8;

  private final ClusterConfig config;
  private final Replica replica;
  private final Holdings holdings;
  private final Backup backup;
  private final Roster roster;
  private final Wire wire;
  private final Predicate<NodeId> met;
  private final Map<Incarnation, Pull> pulls = new TreeMap<>();
  private final Map<Incarnation, Long> missingSince = new TreeMap<>();
  private long lookedAt = Long.MIN_VALUE / 2;
  private long dueAt = Long.MAX_VALUE;
  private long hurriedUntil = Long.MIN_VALUE;

  /** What was asked of whom. */
  private record Pull(NodeId holder, long from, long upTo, long askedAt) {}

  Relay(
      ClusterConfig config,
      Replica replica,
      Holdings holdings,
      Backup backup,
      Roster roster,
      Wire wire,
      Predicate<NodeId> met) {
    this.config = config;
    this.replica = replica;
    this.holdings = holdings;
    this.backup = backup;
    this.roster = roster;
    this.wire = wire;
    this.met = met;
  }

  /** What is held, here or there, may have changed: looks again soon, not at every event. */
  void changed(long now) {
    dueAt = Math.min(dueAt, Math.max(now, lookedAt + config.pace().facts() / 2));
  }

  /**
   * Somebody waits for what others hold: for a while nothing that could be under way is waited for.
   */
  void hurry(long now) {
    hurriedUntil = now + HURRIED_PAUSES * config.pace().facts();
    changed(now);
  }

  /** A node is not linked any more. */
  void down(NodeId node) {
    pulls.values().removeIf(pull -> pull.holder().equals(node));
    dueAt = Long.MIN_VALUE;
  }

  /** Asks for what is missing and does not come by itself. */
  void tick(long now) {
    if (now < dueAt) return;
    lookedAt = now;
    dueAt = Long.MAX_VALUE;
    List<NodeId> holders = new ArrayList<>();
    for (NodeId node : wire.linked()) {
      if (met.test(node)) holders.add(node);
    }
    TreeSet<Incarnation> logs = new TreeSet<>();
    for (NodeId holder : holders) logs.addAll(holdings.logs(holder));
    missingSince.keySet().retainAll(logs);
    pulls.keySet().retainAll(logs);
    Optional<Incarnation> own = replica.own();
    for (Incarnation log : logs) {
      if (own.isPresent() && own.get().equals(log)) continue;
      dueAt = Math.min(dueAt, consider(log, holders, now));
    }
  }

  /** When {@link #tick} has something to do. */
  long deadline() {
    return dueAt;
  }

  /** Pulls a log if it is time to; when to look again if nothing changes until then. */
  private long consider(Incarnation log, List<NodeId> holders, long now) {
    Intervals held = backup.held(log);
    long progress = backup.progressAt(log);
    Pull pull = pulls.get(log);
    if (pull != null) {
      boolean done = held.containsAll(Intervals.of(pull.from(), pull.upTo()));
      long patience = Math.max(pull.askedAt(), progress) + config.pace().pull();
      boolean useless = now >= patience || backup.suspended(pull.holder(), log, now);
      if (!done && !useless) return patience;
      pulls.remove(log);
    }
    Intervals missing = Intervals.EMPTY;
    boolean live = false;
    for (NodeId holder : holders) {
      missing = missing.union(holdings.heard(holder, log).minus(held));
      live |= backup.followsLive(holder, log, now);
    }
    if (missing.isEmpty()) {
      missingSince.remove(log);
      return Long.MAX_VALUE;
    }
    long since = missingSince.computeIfAbsent(log, incarnation -> now);
    long patience = live ? Math.max(since, progress) + config.pace().pull() : since + ripening(now);
    if (now < patience) return patience;
    ask(log, missing, holders, pull == null ? null : pull.holder(), now);
    return now + config.pace().pull();
  }

  /** What is missing may be under way: it is asked for when that had a moment. */
  private long ripening(long now) {
    return now < hurriedUntil ? 0 : 2 * config.pace().facts();
  }

  private void ask(
      Incarnation log, Intervals missing, List<NodeId> holders, @Nullable NodeId failed, long now) {
    for (Intervals.Range range : missing.ranges()) {
      long from = range.first();
      List<Member.Card> fit = new ArrayList<>();
      for (NodeId holder : holders) {
        Roster.Entry entry = roster.find(holder);
        boolean has = holdings.heard(holder, log).contains(from);
        if (entry == null || !has || backup.suspended(holder, log, now)) continue;
        fit.add(entry.card());
      }
      if (fit.size() > 1 && failed != null) fit.removeIf(card -> card.node().equals(failed));
      if (fit.isEmpty()) continue;
      NodeId holder = nearest(fit);
      long upTo = range.last();
      for (Intervals.Range theirs : holdings.heard(holder, log).ranges()) {
        if (theirs.first() <= from && from <= theirs.last()) upTo = Math.min(upTo, theirs.last());
      }
      pulls.put(log, new Pull(holder, from, upTo, now));
      backup.follow(holder, log, from, upTo, now);
      return;
    }
  }

  /** One of the own zone if there is one; among equals the rank spreads the load. */
  private NodeId nearest(List<Member.Card> fit) {
    List<Member.Card> ranked = Rendezvous.ranked(config.node(), fit);
    for (Member.Card card : ranked) {
      if (!config.zone().isEmpty() && card.zone().equals(config.zone())) return card.node();
    }
    return ranked.getFirst().node();
  }
}
