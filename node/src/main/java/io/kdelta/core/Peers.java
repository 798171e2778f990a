package io.kdelta.core;

import io.kdelta.causal.CausalStore;
import io.kdelta.causal.Committed;
import io.kdelta.causal.Dot;
import io.kdelta.causal.Frame;
import io.kdelta.causal.FrameReception;
import io.kdelta.causal.Incarnation;
import io.kdelta.causal.Intervals;
import io.kdelta.causal.NodeId;
import io.kdelta.causal.Transaction;
import io.kdelta.cluster.Cluster;
import io.kdelta.cluster.Effect;
import io.kdelta.cluster.Event;
import io.kdelta.cluster.Member;
import io.kdelta.cluster.Session;
import io.kdelta.error.KdeltaException;
import io.kdelta.memory.Bytes;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The cluster's place in the core: tells it what happened and carries out what it asks for, here
 * with the store and the commit gate, or upward through the outbox.
 *
 * <p>Owned by the core. What the cluster asks of the store is done at once and answered within the
 * same turn, unless the {@link Intake} has to wait for room; the answers wait in line, so the
 * cluster is never entered twice.
 */
final class Peers {
  /** What a client may wait for that the cluster has to do. */
  enum Kind {
    /** Reconciliation with one or all peers. */
    RECONCILE("the reconciliation"),
    /** Leaving for good. */
    LEAVE("leaving"),
    /** Shipping everything, and stopping. */
    DRAIN("draining");

    private final String text;

    Kind(String text) {
      this.text = text;
    }
  }

  /** A client that waits for the cluster, not for the disk. */
  private record Errand(Kind kind, long deadline) {}

  /** Whose snapshot it is that an earlier process has gathered. */
  static final String EARLIER_START = "an earlier start";

  private final NodeId self;
  private final CausalStore store;
  private final StoredReplica replica;
  private final Cluster cluster;
  private final CommitGate gate;
  private final Timers timers;
  private final Outbox outbox;
  private final int frameBytes;
  private final Intake intake;
  private final SnapshotWork snapshots;
  private final ArrayDeque<Event> line = new ArrayDeque<>();
  private final TreeMap<Long, Errand> errands = new TreeMap<>();
  private @Nullable Incarnation shipped;
  private long shippedSeq;

  Peers(
      CausalStore store,
      StoredReplica replica,
      Cluster cluster,
      CommitGate gate,
      Timers timers,
      Outbox outbox,
      int frameBytes,
      SnapshotWork snapshots) {
    this.snapshots = snapshots;
    this.self = store.node();
    this.store = store;
    this.replica = replica;
    this.cluster = cluster;
    this.gate = gate;
    this.timers = timers;
    this.outbox = outbox;
    this.frameBytes = frameBytes;
    this.intake = new Intake(store, frameBytes);
  }

  /** The state machine, for reading. */
  Cluster cluster() {
    return cluster;
  }

  /** The node has recovered. */
  void start(long now) {
    tell(new Event.Started(), now);
    countMembers();
  }

  /** Tells the cluster, and carries out all that follows from it. */
  void tell(Event event, long now) {
    line.add(event);
    while (!line.isEmpty()) {
      for (Effect effect : cluster.step(line.remove(), now)) carryOut(effect);
    }
  }

  /** Goes on with what peers sent and the store had no room for, and tells of file work. */
  void goOn(long now) {
    for (Event done : intake.goOn()) tell(done, now);
    for (Event done : snapshots.take()) tell(done, now);
  }

  /** Ships what this node wrote since the last call. */
  void ship(long now) {
    Incarnation own = store.incarnation().orElse(null);
    if (own == null) return;
    if (!own.equals(shipped)) {
      // The incarnation changed between two writes: what is left of the old one goes first.
      if (shipped != null) shipAll(shipped, now);
      shipped = own;
      shippedSeq = 0;
    }
    shipAll(own, now);
  }

  /** Asks the cluster to bring versions further that lie in logs already, until that time. */
  void assure(List<List<Dot>> places, long until, long now) {
    TreeMap<Incarnation, Intervals> dots = new TreeMap<>();
    for (List<Dot> place : places) {
      for (Dot dot : place) {
        dots.merge(dot.incarnation(), Intervals.of(dot.seq(), dot.seq()), (a, b) -> a.union(b));
      }
    }
    for (Map.Entry<Incarnation, Intervals> log : dots.entrySet()) {
      for (Intervals.Range range : log.getValue().ranges()) {
        tell(new Event.Assure(log.getKey(), range.first(), range.last(), until), now);
      }
    }
  }

  /** A request waits for what other nodes hold. */
  void hurry(long now) {
    tell(new Event.Awaited(), now);
  }

  /**
   * Declares a member as left, and writes that down.
   *
   * @return how many other members were told at once
   */
  int remove(NodeId node, long now) {
    tell(new Event.Remove(node), now);
    save();
    int told = 0;
    for (Member member : cluster.members()) {
      if (member.linked() && !member.node().equals(self)) told++;
    }
    return told;
  }

  /** The node is to stop: what was written a moment ago is shipped first. */
  void drain(long now) {
    ship(now);
    tell(new Event.Drain(), now);
  }

  /** Has the cluster do something; the client is answered when it has ended. */
  void run(long ticket, Kind kind, long deadline, Event event, long now) {
    ship(now);
    errands.put(ticket, new Errand(kind, deadline));
    tell(event, now);
  }

  /** The client of a ticket needs no answer. */
  void abandon(long ticket) {
    errands.remove(ticket);
  }

  /** Writes the rows that the cluster wants remembered, unless the store takes none now. */
  void save() {
    if (replica.unsaved().isEmpty() || !store.sound()) return;
    Transaction transaction = store.begin();
    try {
      for (Map.Entry<String, Bytes> row : replica.unsaved().entrySet()) {
        transaction.putSystem(StoredReplica.rowName(row.getKey()), row.getValue());
      }
      transaction.commit();
      replica.unsaved().clear();
    } catch (KdeltaException e) {
      // The store takes nothing now: the rows wait, and a later turn tries again.
      transaction.abandon();
    }
  }

  /** Refuses those whose deadline has passed. */
  void expire(long now) {
    for (Map.Entry<Long, Errand> errand : new TreeMap<>(errands).entrySet()) {
      if (errand.getValue().deadline() > now) continue;
      refuse(errand.getKey(), errand.getValue().kind().text + " has not ended in time");
    }
  }

  /** Refuses all of them: the node stops. */
  void stop(String reason) {
    for (Long ticket : new TreeMap<>(errands).keySet()) refuse(ticket, reason);
  }

  /** When the next client gives up, or {@link Timers#NEVER}. */
  long nextDeadline() {
    long next = Timers.NEVER;
    for (Errand errand : errands.values()) next = Math.min(next, errand.deadline());
    return next;
  }

  /** Sessions with their peers' names. */
  List<Reply.SessionList.Ended> named(List<Session> sessions) {
    List<Reply.SessionList.Ended> named = new ArrayList<>();
    for (Session session : sessions) {
      named.add(new Reply.SessionList.Ended(name(session.peer()), session));
    }
    return named;
  }

  private String name(NodeId node) {
    if (node.equals(NodeId.NONE)) return EARLIER_START;
    String name = cluster.member(node).map(member -> member.card().name()).orElse("");
    return name.isEmpty() ? node.hex() : name;
  }

  private void shipAll(Incarnation incarnation, long now) {
    while (true) {
      Frame frame = ownFrame(incarnation);
      if (frame == null) return;
      shippedSeq = frame.lastSeq();
      tell(new Event.Appended(frame), now);
    }
  }

  /** The next own versions to ship; null when there are none, or damage hides them. */
  private @Nullable Frame ownFrame(Incarnation incarnation) {
    try {
      return store.frame(incarnation, shippedSeq + 1, frameBytes);
    } catch (KdeltaException.Corrupt e) {
      // One bad row must not stop the node: the peers get these versions by sessions.
      return null;
    }
  }

  private void refuse(long ticket, String reason) {
    errands.remove(ticket);
    outbox.refuse(ticket, new KdeltaException.Unreachable(List.of(reason)));
  }

  private void carryOut(Effect effect) {
    switch (effect) {
      case Effect.Dial(String address) -> outbox.dial(address);
      case Effect.Hangup(long link, String reason) -> outbox.hangup(link, reason);
      case Effect.Send send -> outbox.send(send.link(), send.message(), send.lane());
      case Effect.Store asked -> intake.take(asked).ifPresent(line::add);
      case Effect.TakeIn asked -> intake.take(asked).ifPresent(line::add);
      case Effect.TakeFrame asked ->
          line.add(store.sound() ? takeFrame(asked) : unsound(asked.tag()));
      case Effect.Adopt asked -> line.add(store.sound() ? adopt(asked) : unsound(asked.tag()));
      case Effect.EndLog(Incarnation log) -> store.endLog(log);
      case Effect.Snapshot asked -> snapshots.begin(asked);
      case Effect.Receipt receipt ->
          gate.receipt(receipt.node(), receipt.incarnation(), receipt.first(), receipt.last());
      case Effect.Remember(String name, Bytes value) -> replica.unsaved().put(name, value);
      case Effect.WakeAt(long nanos) -> timers.set(Timers.Purpose.CLUSTER, nanos);
      case Effect.MembershipChanged _ -> countMembers();
      case Effect.Notice(String text) -> outbox.notice(text);
      case Effect.SessionEnded(Session session) -> noteSession(session);
      case Effect.Reconciled(long ticket, List<Session> sessions) -> {
        if (errands.remove(ticket) != null) {
          outbox.answer(ticket, new Reply.SessionList(named(sessions)));
        }
      }
      case Effect.Departed departed -> depart(departed);
    }
  }

  private static Event unsound(long tag) {
    return new Event.NotStored(tag, Intake.UNSOUND);
  }

  private Event takeFrame(Effect.TakeFrame asked) {
    Transaction transaction = store.begin();
    try {
      FrameReception reception = transaction.receive(asked.frame());
      Committed committed = transaction.commit();
      return new Event.FrameTaken(asked.tag(), committed.lsn(), reception);
    } catch (KdeltaException e) {
      transaction.abandon();
      return new Event.NotStored(asked.tag(), message(e));
    }
  }

  private Event adopt(Effect.Adopt asked) {
    Transaction transaction = store.begin();
    try {
      for (Map.Entry<Incarnation, Intervals> log : asked.positions().entrySet()) {
        transaction.adopt(log.getKey(), log.getValue());
      }
      return new Event.Adopted(asked.tag(), transaction.commit().lsn());
    } catch (KdeltaException e) {
      transaction.abandon();
      return new Event.NotStored(asked.tag(), message(e));
    }
  }

  private void countMembers() {
    TreeSet<NodeId> counted = new TreeSet<>();
    TreeSet<NodeId> alive = new TreeSet<>();
    for (Member member : cluster.members()) {
      if (member.node().equals(self) || member.state() == Member.State.LEFT) continue;
      counted.add(member.node());
      if (member.alive()) alive.add(member.node());
    }
    gate.members(counted, alive);
  }

  private void noteSession(Session session) {
    if (session.rungs().contains("snapshot")) {
      outbox.notice(
          "took "
              + session.versionsReceived()
              + " versions from a snapshot of "
              + name(session.peer())
              + ": "
              + session.outcome());
      return;
    }
    if (session.versionsSent() + session.versionsReceived() == 0) return;
    outbox.notice(
        "reconciled with "
            + name(session.peer())
            + ": sent "
            + session.versionsSent()
            + " and received "
            + session.versionsReceived()
            + " versions, "
            + session.outcome());
  }

  private void depart(Effect.Departed departed) {
    boolean left = departed.left();
    for (Map.Entry<Long, Errand> errand : new TreeMap<>(errands).entrySet()) {
      boolean waits =
          switch (errand.getValue().kind()) {
            case RECONCILE -> false;
            case LEAVE -> left;
            case DRAIN -> true;
          };
      if (!waits) continue;
      errands.remove(errand.getKey());
      outbox.answer(errand.getKey(), new Reply.Left(departed.told(), departed.shipped()));
    }
    String how = left ? "left the cluster" : "drained";
    if (departed.shipped()) {
      how += ": others hold everything that this node holds";
    } else if (cluster.members().size() > 1) {
      how += ", but others may lack some of what this node holds";
    }
    outbox.notice(how);
    outbox.departed(left, departed.shipped());
  }

  static String message(KdeltaException e) {
    String message = e.getMessage();
    return message == null ? "the store refused" : message;
  }
}
