package io.kdelta.core;

import io.kdelta.causal.Dot;
import io.kdelta.causal.Incarnation;
import io.kdelta.causal.Intervals;
import io.kdelta.causal.NodeId;
import io.kdelta.cluster.AckLevel;
import io.kdelta.error.KdeltaException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.NavigableSet;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.ToLongFunction;
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
 * <p>Owned by the core. Time comes in as an argument, answers leave through {@link #settle}.
 */
final class CommitGate {
  /** Logs whose receipts are kept beside those that somebody waits for. */
  static final int LOGS_MAX = 256;

  /**
   * What a reply waits for.
   *
   * @param lsn the newest batch that it depends on; 0 for none
   * @param level what its client asked for; null for a read, which waits for the local log only
   * @param further how many other nodes must have it synced
   * @param dots places that a node's receipts must cover, all of them
   * @param choices for each version that lies in several logs, or in none, the places of which a
   *     node's receipts must cover one
   */
  record Need(
      long lsn,
      @Nullable AckLevel level,
      int further,
      SortedMap<Incarnation, Intervals> dots,
      List<List<Dot>> choices) {
    Need {
      if (further > 0 && (level == null || (dots.isEmpty() && choices.isEmpty()))) {
        throw new AssertionError("a reply that waits for others names a level and its versions");
      }
      dots = Collections.unmodifiableSortedMap(new TreeMap<>(dots));
      List<List<Dot>> copies = new ArrayList<>();
      for (List<Dot> choice : choices) copies.add(List.copyOf(choice));
      choices = List.copyOf(copies);
    }

    /** A read: nothing that a crash could take back. */
    static Need read(long lsn) {
      return new Need(lsn, null, 0, new TreeMap<>(), List.of());
    }

    /**
     * A write.
     *
     * @param places for each of its versions the dots it lies at
     */
    static Need write(long lsn, AckLevel level, int further, List<List<Dot>> places) {
      TreeMap<Incarnation, Intervals> dots = new TreeMap<>();
      List<List<Dot>> choices = new ArrayList<>();
      for (List<Dot> place : places) {
        if (place.size() == 1) {
          Dot dot = place.getFirst();
          Intervals known = dots.getOrDefault(dot.incarnation(), Intervals.EMPTY);
          dots.put(dot.incarnation(), known.with(dot.seq(), dot.seq()));
        } else {
          choices.add(place);
        }
      }
      return new Need(lsn, level, further, dots, choices);
    }

    private boolean isRead() {
      return level == null;
    }
  }

  /** What happens when a reply may leave. */
  interface Departure {
    /**
     * Puts the outcome into the outbox.
     *
     * @param synced how many nodes have it synced, this one included
     */
    void leave(Outbox outbox, int synced);
  }

  /** One parked reply: in {@link #byTicket} and in the queues that it waits in, until it leaves. */
  private static final class Parked {
    final long ticket;
    final long order;
    final Need need;
    final long earliest;
    final long deadline;
    final Departure departure;

    Parked(long ticket, long order, Need need, long earliest, long deadline, Departure departure) {
      this.ticket = ticket;
      this.order = order;
      this.need = need;
      this.earliest = earliest;
      this.deadline = deadline;
      this.departure = departure;
    }
  }

  private final NodeId self;
  private final Map<Long, Parked> byTicket = new HashMap<>();
  private final NavigableSet<Parked> unsynced = queue(parked -> parked.need.lsn);
  private final NavigableSet<Parked> slowed = queue(parked -> parked.earliest);
  private final NavigableSet<Parked> deadlines = queue(parked -> parked.deadline);
  private final Map<Long, Parked> waitingForOthers = new LinkedHashMap<>();

  /** The log spoken of last is last. */
  private final LinkedHashMap<Incarnation, TreeMap<NodeId, Intervals>> receipts =
      new LinkedHashMap<>(16, 0.75f, true);

  private SortedSet<NodeId> members = new TreeSet<>();
  private SortedSet<NodeId> alive = new TreeSet<>();
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
   * @param earliest when it may leave at the earliest, to slow its client down
   * @param deadline when to give up, on the clock of {@link #settle}
   * @param departure called once when it may leave; not when it is refused
   */
  void park(long ticket, Need need, long earliest, long deadline, Departure departure) {
    Parked parked =
        new Parked(ticket, orders++, need, Math.min(earliest, deadline), deadline, departure);
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

  /**
   * A node has these positions of an incarnation synced. Repeated ones do no harm; whether the node
   * counts is decided by {@link #members}.
   */
  void receipt(NodeId node, Incarnation incarnation, long first, long last) {
    receipts
        .computeIfAbsent(incarnation, _ -> new TreeMap<>())
        .merge(node, Intervals.of(first, last), (held, _) -> held.with(first, last));
    if (receipts.size() > LOGS_MAX) trim();
    othersChanged = true;
  }

  /** How many logs receipts are kept of. */
  int logs() {
    return receipts.size();
  }

  /**
   * Whose receipts count (members that have not left, dead ones included), and which of them may
   * still send some. This node itself is in neither.
   */
  void members(SortedSet<NodeId> counted, SortedSet<NodeId> living) {
    members = new TreeSet<>(counted);
    alive = new TreeSet<>(living);
    if (members.contains(self) || !members.containsAll(alive)) {
      throw new AssertionError("members " + members + ", alive " + alive);
    }
    othersChanged = true;
  }

  /** The log failed: what is not synced by now never counts as synced in this process. */
  void fence(String reason) {
    if (fence == null) fence = reason;
  }

  /** Whether a read that rests on batches up to {@code lsn} need not be parked at all. */
  boolean survives(long lsn) {
    return lsn <= durableLsn;
  }

  /** The client of a ticket needs no answer. */
  void abandon(long ticket) {
    Parked parked = byTicket.get(ticket);
    if (parked != null) leave(parked);
  }

  /** Parks a reply that may leave as soon as it can. */
  void park(long ticket, Need need, long deadline, Departure departure) {
    park(ticket, need, Long.MIN_VALUE, deadline, departure);
  }

  /** How many replies wait. */
  int parked() {
    return byTicket.size();
  }

  /** How many writes were told that their level was not met. */
  long unmet() {
    return unmet;
  }

  /** When the next parked reply gives up or was slowed down enough, or {@link Timers#NEVER}. */
  long nextMoment() {
    long deadline = deadlines.isEmpty() ? Timers.NEVER : deadlines.first().deadline;
    long earliest = slowed.isEmpty() ? Timers.NEVER : slowed.first().earliest;
    return Math.min(deadline, earliest);
  }

  /** Lets everything leave that may leave at {@code now}. */
  void settle(long now, Outbox outbox) {
    settleSynced(now, outbox);
    if (othersChanged) settleOthers(now, outbox);
    settleSlowed(now, outbox);
    if (fence != null) settleFenced(outbox, fence);
    settleLate(outbox, now);
  }

  /** Refuses everything that waits: the node stops. */
  void stop(String reason, Outbox outbox) {
    while (!deadlines.isEmpty()) refuse(outbox, deadlines.first(), reason);
  }

  /** Forgets the logs longest untouched that nobody waits for: a retry asks for receipts again. */
  private void trim() {
    TreeSet<Incarnation> needed = new TreeSet<>();
    for (Parked parked : deadlines) {
      needed.addAll(parked.need.dots.keySet());
      for (List<Dot> choice : parked.need.choices) {
        for (Dot dot : choice) needed.add(dot.incarnation());
      }
    }
    Iterator<Incarnation> eldest = receipts.keySet().iterator();
    while (receipts.size() > LOGS_MAX && eldest.hasNext()) {
      if (!needed.contains(eldest.next())) eldest.remove();
    }
  }

  private void settleSynced(long now, Outbox outbox) {
    while (!unsynced.isEmpty() && unsynced.first().need.lsn <= durableLsn) {
      Parked parked = unsynced.removeFirst();
      if (!settleIfCertain(now, outbox, parked)) waitingForOthers.put(parked.ticket, parked);
    }
  }

  private void settleOthers(long now, Outbox outbox) {
    othersChanged = false;
    for (Parked parked : List.copyOf(waitingForOthers.values())) {
      if (settleIfCertain(now, outbox, parked)) waitingForOthers.remove(parked.ticket);
    }
  }

  private void settleSlowed(long now, Outbox outbox) {
    while (!slowed.isEmpty() && slowed.first().earliest <= now) depart(outbox, slowed.first());
  }

  private void depart(Outbox outbox, Parked parked) {
    int synced = 1 + further(parked.need);
    leave(parked);
    parked.departure.leave(outbox, synced);
  }

  /** Answers what has its level and refuses what can not get it any more; it is synced here. */
  private boolean settleIfCertain(long now, Outbox outbox, Parked parked) {
    Need need = parked.need;
    int further = further(need);
    if (further >= need.further) {
      if (parked.earliest > now) {
        slowed.add(parked);
      } else {
        depart(outbox, parked);
      }
      return true;
    }
    int possible = further;
    for (NodeId node : alive) {
      if (!covers(node, need)) possible++;
    }
    if (possible < need.further) {
      refuse(outbox, parked, "too few other members are alive");
      return true;
    }
    return false;
  }

  private void settleFenced(Outbox outbox, String reason) {
    while (!unsynced.isEmpty()) refuse(outbox, unsynced.first(), reason);
  }

  private void settleLate(Outbox outbox, long now) {
    while (!deadlines.isEmpty() && deadlines.first().deadline <= now) {
      refuse(outbox, deadlines.first(), "the deadline has passed");
    }
  }

  /** How many other members have all of it synced, each counted once. */
  private int further(Need need) {
    if (need.isRead()) return 0;
    int further = 0;
    for (NodeId node : members) {
      if (covers(node, need)) further++;
    }
    return further;
  }

  private boolean covers(NodeId node, Need need) {
    for (Map.Entry<Incarnation, Intervals> log : need.dots.entrySet()) {
      if (!synced(node, log.getKey()).containsAll(log.getValue())) return false;
    }
    for (List<Dot> choice : need.choices) {
      boolean covered = false;
      for (Dot dot : choice) covered |= synced(node, dot.incarnation()).contains(dot.seq());
      if (!covered) return false;
    }
    return true;
  }

  private Intervals synced(NodeId node, Incarnation incarnation) {
    Map<NodeId, Intervals> known = receipts.get(incarnation);
    return known == null ? Intervals.EMPTY : known.getOrDefault(node, Intervals.EMPTY);
  }

  private void refuse(Outbox outbox, Parked parked, String reason) {
    leave(parked);
    unmet++;
    int synced = further(parked.need) + (parked.need.lsn <= durableLsn ? 1 : 0);
    AckLevel level = parked.need.level == null ? AckLevel.LOCAL : parked.need.level;
    outbox.refuse(
        parked.ticket,
        new KdeltaException.DurabilityUnmet(
            level.toString().toLowerCase(Locale.ROOT),
            "on " + synced + (synced == 1 ? " node: " : " nodes: ") + reason));
  }

  private void leave(Parked parked) {
    byTicket.remove(parked.ticket);
    waitingForOthers.remove(parked.ticket);
    unsynced.remove(parked);
    slowed.remove(parked);
    deadlines.remove(parked);
  }

  /** A queue by some number; what waits at the same number keeps the order of its parking. */
  private static NavigableSet<Parked> queue(ToLongFunction<Parked> number) {
    return new TreeSet<>(
        Comparator.comparingLong(number).thenComparingLong(parked -> parked.order));
  }
}
