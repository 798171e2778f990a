package io.kdelta.core;

import io.kdelta.causal.Dot;
import io.kdelta.causal.Incarnation;
import io.kdelta.causal.Intervals;
import io.kdelta.causal.NodeId;
import io.kdelta.cluster.AckLevel;
import io.kdelta.error.KdeltaException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * Parks replies until what they say would survive: the only place that knows what durable means.
 *
 * <p>A reply waits for two things. First for the local log: everything it shows lies in batches up
 * to its LSN, and these must be synced here. Then, when its level asks for it, for further nodes:
 * each counts once, by its id, and only when its synced receipts cover every version of the reply
 * (any dot of it). A write that can no longer reach its level, since too few members are alive, is
 * told so as soon as it is synced here; any other that waits beyond its deadline is told then. Both
 * hear DURABILITY_UNMET with what was reached: the write stays and may still spread. After a fence
 * nothing is acknowledged that was not synced before it.
 *
 * <p>Owned by the core. Time comes in as an argument, effects leave through {@link #settle}.
 */
final class CommitGate {
  /**
   * What a reply waits for.
   *
   * @param lsn the newest batch that it depends on; 0 for none
   * @param level what its client asked for; null for a read, which waits for the local log only
   * @param further how many other nodes must have it synced
   * @param places for each version the dots it lies at; a node has the version when its receipts
   *     cover one of them
   */
  record Need(long lsn, @Nullable AckLevel level, int further, List<List<Dot>> places) {
    Need {
      if (further > 0 && (level == null || places.isEmpty())) {
        throw new AssertionError("a reply that waits for others names a level and its versions");
      }
      List<List<Dot>> copies = new ArrayList<>();
      for (List<Dot> place : places) copies.add(List.copyOf(place));
      places = List.copyOf(copies);
    }

    /** A read: nothing that a crash could take back. */
    static Need read(long lsn) {
      return new Need(lsn, null, 0, List.of());
    }
  }

  /** One parked reply. It is in {@link #byTicket} until it leaves; the queues drop it lazily. */
  private static final class Parked {
    final long ticket;
    final long order;
    final Need need;
    final long deadline;
    final IntFunction<Reply> reply;
    boolean left;

    Parked(long ticket, long order, Need need, long deadline, IntFunction<Reply> reply) {
      this.ticket = ticket;
      this.order = order;
      this.need = need;
      this.deadline = deadline;
      this.reply = reply;
    }
  }

  private final NodeId self;
  private final Map<Long, Parked> byTicket = new HashMap<>();
  private final PriorityQueue<Parked> unsynced =
      new PriorityQueue<>(
          Comparator.<Parked>comparingLong(p -> p.need.lsn).thenComparingLong(p -> p.order));
  private final PriorityQueue<Parked> deadlines =
      new PriorityQueue<>(
          Comparator.<Parked>comparingLong(p -> p.deadline).thenComparingLong(p -> p.order));
  private final Map<Long, Parked> waitingForOthers = new LinkedHashMap<>();
  private final TreeMap<Incarnation, TreeMap<NodeId, Intervals>> receipts = new TreeMap<>();
  private final TreeSet<NodeId> others = new TreeSet<>();
  private SortedSet<NodeId> reachable = new TreeSet<>();
  private boolean othersChanged;
  private long durableLsn;
  private long orders;
  private long unmet;
  private @Nullable String fence;

  /** A gate of the node {@code self}, whose own receipts never count. */
  CommitGate(NodeId self, long durableLsn) {
    this.self = self;
    this.durableLsn = durableLsn;
  }

  /**
   * Parks a reply.
   *
   * @param deadline when to give up, on the clock of {@link #settle}
   * @param reply made when it leaves, from how many nodes have it synced, this one included
   */
  void park(long ticket, Need need, long deadline, IntFunction<Reply> reply) {
    Parked parked = new Parked(ticket, orders++, need, deadline, reply);
    if (byTicket.putIfAbsent(ticket, parked) != null) {
      throw new AssertionError("ticket " + ticket + " is parked already");
    }
    unsynced.add(parked);
    deadlines.add(parked);
  }

  /** Everything up to {@code lsn} is synced here. Never goes back. */
  void durable(long lsn) {
    durableLsn = Math.max(durableLsn, lsn);
  }

  /** A node has these positions of an incarnation synced. Repeated ones do no harm. */
  void receipt(NodeId node, Incarnation incarnation, long first, long last) {
    if (node.equals(self)) return;
    receipts
        .computeIfAbsent(incarnation, _ -> new TreeMap<>())
        .merge(node, Intervals.of(first, last), (held, _) -> held.with(first, last));
    others.add(node);
    othersChanged = true;
  }

  /** The members, this node left out, that may still send receipts. */
  void reachable(SortedSet<NodeId> nodes) {
    reachable = new TreeSet<>(nodes);
    reachable.remove(self);
    othersChanged = true;
  }

  /** The log failed: what is not synced by now never counts as synced in this process. */
  void fence(String reason) {
    if (fence == null) fence = reason;
  }

  /** The client of a ticket needs no answer. */
  void abandon(long ticket) {
    Parked parked = byTicket.remove(ticket);
    if (parked == null) return;
    parked.left = true;
    waitingForOthers.remove(ticket);
  }

  /** How many replies wait. */
  int parked() {
    return byTicket.size();
  }

  /** How many writes were told that their level was not met. */
  long unmet() {
    return unmet;
  }

  /** When the next parked reply gives up, or {@link Timers#NEVER}. */
  long nextDeadline() {
    dropLeft(deadlines);
    Parked next = deadlines.peek();
    return next == null ? Timers.NEVER : next.deadline;
  }

  /** Everything that may leave at {@code now}, as Answer and Refuse in the order of its leaving. */
  List<Effect> settle(long now) {
    List<Effect> effects = new ArrayList<>();
    settleSynced(effects);
    if (othersChanged) settleOthers(effects);
    if (fence != null) settleFenced(effects, fence);
    settleLate(effects, now);
    return effects;
  }

  private void settleSynced(List<Effect> effects) {
    for (dropLeft(unsynced); !unsynced.isEmpty(); dropLeft(unsynced)) {
      Parked parked = unsynced.element();
      if (parked.need.lsn > durableLsn) return;
      unsynced.remove();
      if (!settleIfCertain(effects, parked)) waitingForOthers.put(parked.ticket, parked);
    }
  }

  private void settleOthers(List<Effect> effects) {
    othersChanged = false;
    for (Parked parked : List.copyOf(waitingForOthers.values())) settleIfCertain(effects, parked);
  }

  /** Answers what has its level and refuses what can not get it any more; it is synced here. */
  private boolean settleIfCertain(List<Effect> effects, Parked parked) {
    Need need = parked.need;
    int further = 0;
    int possible = 0;
    if (!need.places.isEmpty()) {
      for (NodeId node : others) {
        if (covers(node, need.places)) {
          further++;
        } else if (reachable.contains(node)) {
          possible++;
        }
      }
      for (NodeId node : reachable) {
        if (!others.contains(node)) possible++;
      }
    }
    if (further >= need.further) {
      leave(parked);
      effects.add(new Effect.Answer(parked.ticket, parked.reply.apply(1 + further)));
      return true;
    }
    if (further + possible < need.further) {
      refuse(effects, parked, further, "too few members are alive");
      return true;
    }
    return false;
  }

  private boolean covers(NodeId node, List<List<Dot>> places) {
    for (List<Dot> place : places) {
      boolean covered = false;
      for (Dot dot : place) {
        Map<NodeId, Intervals> known = receipts.get(dot.incarnation());
        Intervals synced = known == null ? null : known.get(node);
        covered |= synced != null && synced.contains(dot.seq());
      }
      if (!covered) return false;
    }
    return true;
  }

  private void settleFenced(List<Effect> effects, String reason) {
    for (dropLeft(unsynced); !unsynced.isEmpty(); dropLeft(unsynced)) {
      refuse(effects, unsynced.remove(), 0, reason);
    }
  }

  private void settleLate(List<Effect> effects, long now) {
    for (dropLeft(deadlines); !deadlines.isEmpty(); dropLeft(deadlines)) {
      Parked parked = deadlines.element();
      if (parked.deadline > now) return;
      deadlines.remove();
      refuse(effects, parked, further(parked.need), "the deadline has passed");
    }
  }

  private int further(Need need) {
    if (need.places.isEmpty()) return 0;
    int further = 0;
    for (NodeId node : others) {
      if (covers(node, need.places)) further++;
    }
    return further;
  }

  private void refuse(List<Effect> effects, Parked parked, int further, String reason) {
    leave(parked);
    unmet++;
    boolean here = parked.need.lsn <= durableLsn;
    int synced = further + (here ? 1 : 0);
    String level =
        parked.need.level == null ? "local" : parked.need.level.toString().toLowerCase(Locale.ROOT);
    String reached = "synced on " + synced + (synced == 1 ? " node: " : " nodes: ") + reason;
    effects.add(
        new Effect.Refuse(parked.ticket, new KdeltaException.DurabilityUnmet(level, reached)));
  }

  private void leave(Parked parked) {
    parked.left = true;
    byTicket.remove(parked.ticket);
    waitingForOthers.remove(parked.ticket);
  }

  private static void dropLeft(PriorityQueue<Parked> queue) {
    while (!queue.isEmpty() && queue.element().left) queue.remove();
  }
}
