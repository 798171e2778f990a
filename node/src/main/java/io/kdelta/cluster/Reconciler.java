package io.kdelta.cluster;

import io.kdelta.causal.NodeId;
import io.kdelta.env.Entropy;
import io.kdelta.memory.Bytes;
import io.kdelta.reconciliation.CellCode;
import io.kdelta.reconciliation.Digest;
import io.kdelta.reconciliation.DotSummary.Name;
import io.kdelta.reconciliation.Input;
import io.kdelta.reconciliation.Limits;
import io.kdelta.reconciliation.Message;
import io.kdelta.reconciliation.Message.Fail.Code;
import io.kdelta.reconciliation.Reconciliation;
import io.kdelta.reconciliation.SharedDots;
import io.kdelta.reconciliation.Snapshot;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Runs the sessions of this node: when, with whom, and one at a time.
 *
 * <p>Owned by the core thread. Rules (cluster.md sections 4 and 5): a node that was never met is
 * reconciled with before anything is streamed; a root that differs while nothing moves for 2 s, or
 * was not equal once in 10 s, starts a session; every 30 s, jittered, one node is picked by chance;
 * doubt about a stream and the operator start one at once.
 *
 * <p>Invariants: at most one session a peer, and at most one that moves versions (another peer is
 * told BUSY after its root check, and is asked when this one is over). Of two that cross, the one
 * of the lower node id goes on, unless the other asks again, and so never heard of it. A peer that
 * says nothing for 5 s, 2.5 s while it is suspected, ends its session. A peer that makes sessions
 * climb to the last rung again and again has to wait ({@link DrillAllowance}). A session that
 * agreed but for refused versions is not repeated while both roots stay.
 */
final class Reconciler implements Sessions {
  private static final long MILLI = 1_000_000L;
  private static final long SILENCE = 5_000 * MILLI;
  private static final long QUIET = 2_000 * MILLI;
  private static final long UNEQUAL = 10_000 * MILLI;
  private static final long BACKGROUND = 30_000 * MILLI;
  private static final long REST = 10 * BACKGROUND;

  /** How often roots that differ, or may differ, are looked at. */
  private static final long LOOK = 250 * MILLI;

  /** How long the higher of two nodes leaves it to the lower one to begin. */
  private static final long YIELD = 1_000 * MILLI;

  private static final long RETRY_MIN = 100 * MILLI;
  private static final int RETRY_DOUBLINGS = 6;
  private static final int PAST_MAX = 1_024;

  private static final String CROSSED = "crossed";

  /** Ids refused that are remembered and told to peers; the oldest are forgotten first. */
  private static final int REFUSED_MAX = 8_192;

  private final Limits limits;
  private final Replica replica;
  private final Entropy entropy;
  private final Host host;
  private final Map<NodeId, SessionPeer> peers = new TreeMap<>();
  private final Map<NodeId, Exchange> running = new TreeMap<>();
  private final Deque<Session> past = new ArrayDeque<>();
  private final TreeSet<Digest> refused = new TreeSet<>();
  private final Deque<Digest> refusedOrder = new ArrayDeque<>();
  private final Errands errands;
  private final DrillAllowance drills = new DrillAllowance();
  private final Permit permit;

  /** What was told in the last session with a node; it saves bytes, also over a lost link. */
  private final Map<NodeId, SharedDots> bases = new TreeMap<>();

  /** The peer whose session may move versions. */
  private @Nullable NodeId bulk;

  private Traffic.Sessions totals = Traffic.Sessions.NONE;
  private long latest;
  private long grownAt;
  private long lookAt = Long.MAX_VALUE;
  private long backgroundAt = Long.MAX_VALUE;

  /** Whether a session that moves versions may begin; asked again later. */
  interface Permit {
    boolean allows(NodeId node, long now);
  }

  /** Has the store keep cells from now on, so that few sessions have to do without. */
  static void keepCells(Replica replica, ClusterId cluster) {
    replica.cells(epoch -> cellKey(cluster, epoch));
  }

  /** The driver of the node that {@code host} stands for. */
  Reconciler(Limits limits, Replica replica, Entropy entropy, Host host, Permit permit) {
    this.permit = permit;
    this.limits = limits;
    this.replica = replica;
    this.entropy = entropy;
    this.host = host;
    this.errands = new Errands(host::effect);
  }

  @Override
  public void up(NodeId node, boolean met, long now) {
    latest = now;
    SessionPeer peer = new SessionPeer();
    peer.met = met;
    peer.equalAt = now;
    peer.changedAt = now;
    peer.endedAt = now - QUIET;
    peers.put(node, peer);
    if (!met) peer.dueAt = isLower(node) ? now : now + YIELD;
    if (backgroundAt == Long.MAX_VALUE) backgroundAt = now + jittered(BACKGROUND);
    lookSoon(now);
    openDue(now);
  }

  @Override
  public void down(NodeId node, long now) {
    latest = now;
    Exchange exchange = running.get(node);
    if (exchange != null) exchange.drop("the link was lost");
    settle(node, now);
    peers.remove(node);
    errands.gone(node);
  }

  @Override
  public void message(NodeId node, PeerMessage.OfSession message, Weight weight, long now) {
    latest = now;
    if (!peers.containsKey(node)) return;
    long number = message.session();
    Exchange exchange = running.get(node);
    if (exchange != null && exchange.number() == number) {
      exchange.message(message, weight, now);
      settle(node, now);
      return;
    }
    if (message instanceof PeerMessage.PushCredit) return;
    Input input =
        message instanceof PeerMessage.Reconcile m
            ? Exchange.CODEC.decode(m.body().toArray())
            : new Input.Garbled("versions of no session");
    switch (input) {
      case Input.Heard(Message.Root root) -> asked(node, number, root, message, weight, now);
      case Input.Heard(Message.Fail _) -> {
        // Of a session that is over here too: a failure is never answered.
      }
      default -> decline(node, number, Code.STOPPED, now);
    }
  }

  @Override
  public void heard(NodeId node, Member.Facts facts, long now) {
    latest = now;
    SessionPeer peer = peers.get(node);
    if (peer == null || facts.root().equals(peer.root)) return;
    peer.root = facts.root();
    peer.versions = facts.versions();
    peer.changedAt = now;
    lookSoon(now);
  }

  @Override
  public void grown(long now) {
    latest = now;
    grownAt = now;
    if (!peers.isEmpty()) lookSoon(now);
  }

  @Override
  public void mended(long now) {
    latest = now;
    for (Map.Entry<NodeId, Exchange> entry : List.copyOf(running.entrySet())) {
      entry.getValue().stop(Code.STOPPED, now);
      entry.getValue().drop("damage was set aside here");
      settle(entry.getKey(), now);
    }
    bases.clear();
    for (SessionPeer peer : peers.values()) {
      peer.dueAt = now;
      peer.notBefore = now;
    }
    openDue(now);
  }

  @Override
  public void doubt(NodeId node, String reason, long now) {
    latest = now;
    SessionPeer peer = peers.get(node);
    if (peer == null) return;
    // What a session has not cured, the next one right behind it does not cure either.
    peer.dueAt = Math.min(peer.dueAt, Math.max(now, peer.endedAt + QUIET));
    openDue(now);
  }

  @Override
  public boolean stored(Event.Stored stored, long now) {
    latest = now;
    return anyTakes(exchange -> exchange.stored(stored, now), now);
  }

  @Override
  public boolean adopted(Event.Adopted adopted, long now) {
    latest = now;
    return anyTakes(exchange -> exchange.adopted(adopted), now);
  }

  @Override
  public boolean notStored(Event.NotStored refusal, long now) {
    latest = now;
    return anyTakes(exchange -> exchange.notStored(refusal, now), now);
  }

  @Override
  public void durable(long now) {
    latest = now;
    for (NodeId node : List.copyOf(running.keySet())) work(node, now);
  }

  @Override
  public void reconcileNow(Event.ReconcileNow request, long now) {
    latest = now;
    TreeSet<NodeId> wanted = new TreeSet<>(peers.keySet());
    if (request.peer().isPresent()) wanted.retainAll(List.of(request.peer().get()));
    for (NodeId node : wanted) {
      SessionPeer peer = peer(node);
      peer.dueAt = now;
      peer.notBefore = now;
    }
    errands.add(request.ticket(), wanted, now);
    openDue(now);
  }

  @Override
  public void forgive(long nanos) {
    running.values().forEach(exchange -> exchange.forgive(nanos));
    errands.forgive(nanos);
    grownAt += nanos;
    for (SessionPeer peer : peers.values()) {
      peer.changedAt += nanos;
      peer.equalAt += nanos;
    }
  }

  @Override
  public void tick(long now) {
    latest = now;
    for (NodeId node : List.copyOf(running.keySet())) {
      Exchange exchange = running.get(node);
      if (exchange == null) continue;
      if (exchange.silentSince() <= now - patience(node)) {
        exchange.stop(Code.SILENT, now);
      }
      work(node, now);
    }
    if (lookAt <= now) look(now);
    if (backgroundAt <= now) pickOne(now);
    errands.expire(running::containsKey, now);
    openDue(now);
  }

  @Override
  public long deadline() {
    long deadline = Math.min(lookAt, backgroundAt);
    for (Exchange exchange : running.values()) {
      long silent = exchange.silentSince();
      if (silent != Long.MAX_VALUE) {
        deadline = Math.min(deadline, silent + patience(exchange.peer()));
      }
      if (exchange.hasWork()) deadline = latest;
    }
    deadline = Math.min(deadline, errands.deadline());
    if (bulk == null) {
      for (Map.Entry<NodeId, SessionPeer> entry : peers.entrySet()) {
        SessionPeer peer = entry.getValue();
        if (peer.dueAt == Long.MAX_VALUE) continue;
        long at = Math.max(peer.dueAt, peer.notBefore);
        if (at <= latest) at = latest + LOOK; // It cannot be opened yet: suspected, or closing.
        deadline = Math.min(deadline, at);
      }
    }
    return Math.max(deadline, latest);
  }

  @Override
  public List<Session> past() {
    return List.copyOf(past);
  }

  @Override
  public Traffic.Sessions totals() {
    return totals;
  }

  /** A peer opens a session. */
  private void asked(
      NodeId node, long number, Message.Root root, PeerMessage message, Weight weight, long now) {
    Exchange before = running.get(node);
    if (before != null) {
      if (before.isAsking() && isLower(node) && before.isCrossedFirst()) {
        decline(node, number, Code.CROSSED, now);
        return;
      }
      // One that has said all its words is seen to its end: what it brought has to be counted.
      if (!before.isClosing()) before.drop(before.isAsking() ? CROSSED : "the peer began anew");
      if (!before.isOver()) {
        decline(node, number, Code.BUSY, now);
        return;
      }
      conclude(node, before, now);
    }
    boolean equal = root.root().equals(replica.tree().root());
    long allowedAt = drills.allowedAt(node, now);
    if (!equal && (bulk != null || allowedAt > now || !permit.allows(node, now))) {
      decline(node, number, Code.BUSY, now);
      peer(node).dueAt = Math.max(now, allowedAt);
      return;
    }
    if (!equal) bulk = node;
    Reconciliation machine = Reconciliation.responder(limits, nonce(), () -> snapshot(node));
    Exchange exchange = new Exchange(replica, host, node, number, false, machine, now);
    running.put(node, exchange);
    exchange.message(message, weight, now);
    settle(node, now);
  }

  private void decline(NodeId node, long number, Code code, long now) {
    Bytes body = Bytes.wrap(Exchange.CODEC.encode(new Message.Fail(code)));
    host.send(node, new PeerMessage.Reconcile(number, body), now);
  }

  /** Opens sessions that are due, the longest overdue first, as long as none moves versions. */
  private void openDue(long now) {
    while (bulk == null) {
      NodeId next = null;
      long nextDue = Long.MAX_VALUE;
      for (Map.Entry<NodeId, SessionPeer> entry : peers.entrySet()) {
        SessionPeer peer = entry.getValue();
        NodeId node = entry.getKey();
        if (peer.dueAt > now || peer.notBefore > now || peer.dueAt >= nextDue) continue;
        if (running.containsKey(node) || isSuspected(node)) continue;
        if (!permit.allows(node, now)) continue;
        next = node;
        nextDue = peer.dueAt;
      }
      if (next == null) return;
      open(next, now);
    }
  }

  private void open(NodeId node, long now) {
    peer(node).dueAt = Long.MAX_VALUE;
    bulk = node;
    Reconciliation machine = Reconciliation.initiator(limits, nonce(), () -> snapshot(node));
    Exchange exchange = new Exchange(replica, host, node, entropy.nextLong(), true, machine, now);
    running.put(node, exchange);
    exchange.start(now);
    settle(node, now);
  }

  private void work(NodeId node, long now) {
    Exchange exchange = running.get(node);
    if (exchange == null) return;
    exchange.work(now);
    settle(node, now);
  }

  /** If the session with that node is over, the next one may begin. */
  private void settle(NodeId node, long now) {
    Exchange exchange = running.get(node);
    if (exchange == null || !exchange.isOver()) return;
    conclude(node, exchange, now);
    openDue(now);
  }

  /** Notes what came of a session that is over. */
  private void conclude(NodeId node, Exchange exchange, long now) {
    running.remove(node);
    if (node.equals(bulk)) bulk = null;
    exchange.refused().forEach(this::refuse);
    if (exchange.hasDrilled()) drills.spend(node, now);
    if (exchange.isAgreed()) {
      bases.remove(node);
      exchange.base().ifPresent(base -> bases.put(node, base));
    }
    SessionPeer peer = peers.get(node);
    long allowedAt = drills.allowedAt(node, now);
    boolean first = peer != null && !peer.met;
    boolean crossed = exchange.outcome().startsWith(CROSSED);
    boolean partial = exchange.isPartial();
    boolean again = crossed || partial || exchange.outcome().startsWith("busy");
    if (peer != null) {
      if (exchange.isAgreed()) {
        agreed(peer, exchange.refusedCount(), now);
      } else if (crossed) {
        // Theirs goes on, if it was heard; else it is answered when it is asked for once more.
        peer.notBefore = Math.max(peer.notBefore, now + jittered(RETRY_MIN));
      } else if (partial && peer.hasGrown(replica.counts().versions())) {
        // The next share: the lower node asks for it.
        peer.endedAt = now;
        peer.failures = 0;
        peer.notBefore = now + (isLower(node) ? jittered(RETRY_MIN) : YIELD);
        peer.dueAt = Math.min(peer.dueAt, peer.notBefore);
      } else {
        failed(peer, now);
      }
      peer.notBefore = Math.max(peer.notBefore, allowedAt);
      if (!peer.met) peer.dueAt = Math.min(peer.dueAt, peer.notBefore);
    }
    Session session = exchange.record(now);
    totals = totals.and(session);
    boolean asked = errands.wants(node);
    if (asked && again) {
      if (peer != null) peer.dueAt = Math.min(peer.dueAt, peer.notBefore);
      asked = false;
    } else if (asked) {
      errands.ended(node, session);
    }
    if (asked || partial || (!again && (first || exchange.isNoteworthy()))) note(session);
    if (peer != null && exchange.isAgreed()) host.agreed(node, now);
  }

  /** Tells people of a session. */
  void note(Session session) {
    past.addFirst(session);
    if (past.size() > PAST_MAX) past.removeLast();
    host.effect(new Effect.SessionEnded(session));
  }

  /** The session under way that may move versions. */
  @Nullable Exchange moving() {
    return bulk == null ? null : running.get(bulk);
  }

  private void failed(SessionPeer peer, long now) {
    peer.endedAt = now;
    long pause = RETRY_MIN << Math.min(peer.failures++, RETRY_DOUBLINGS);
    peer.notBefore = now + jittered(pause);
  }

  private void agreed(SessionPeer peer, long refusedCount, long now) {
    peer.met = true;
    peer.failures = 0;
    peer.notBefore = now;
    peer.endedAt = now;
    peer.equalAt = now;
    peer.dueAt = Long.MAX_VALUE;
    peer.restMine = refusedCount == 0 ? null : replica.tree().root();
    peer.restTheirs = null;
    peer.restedAt = now;
    lookSoon(now);
  }

  /** Compares roots, and makes sessions due where they differ for too long. */
  private void look(long now) {
    boolean unequal = false;
    for (Map.Entry<NodeId, SessionPeer> entry : peers.entrySet()) {
      SessionPeer peer = entry.getValue();
      if (peer.root == null) continue;
      // Sets of different sizes differ: a set that grows by thousands is not hashed to see that.
      boolean hash = peer.versions == replica.tree().count() || peer.restMine != null;
      Digest mine = hash ? replica.tree().root() : Digest.ZERO;
      if (hash && peer.root.equals(mine)) {
        peer.equalAt = now;
        continue;
      }
      unequal = true;
      if (rests(peer, mine, now)) continue;
      boolean still = now - Math.max(grownAt, peer.changedAt) >= QUIET;
      boolean overdue = now - peer.equalAt >= UNEQUAL;
      boolean ended = now - peer.endedAt >= QUIET;
      if (ended && (still || overdue)) peer.dueAt = Math.min(peer.dueAt, now);
    }
    lookAt = unequal ? now + LOOK : Long.MAX_VALUE;
  }

  /** Whether the roots differ by what was refused and by nothing else, as far as can be known. */
  private boolean rests(SessionPeer peer, Digest mine, long now) {
    if (peer.restMine == null) return false;
    // What the peer tells lags behind what it holds.
    if (peer.restTheirs == null && now - peer.restedAt >= YIELD) peer.restTheirs = peer.root;
    boolean same =
        mine.equals(peer.restMine)
            && (peer.restTheirs == null || peer.restTheirs.equals(peer.root))
            && now - peer.restedAt < REST;
    if (!same) peer.restMine = null;
    return same;
  }

  private void pickOne(long now) {
    backgroundAt = now + jittered(BACKGROUND);
    Digest mine = replica.tree().root();
    List<SessionPeer> fit = new ArrayList<>();
    for (SessionPeer peer : peers.values()) {
      if (!rests(peer, mine, now)) fit.add(peer);
    }
    if (fit.isEmpty()) return;
    SessionPeer peer = fit.get(entropy.nextInt(fit.size()));
    peer.dueAt = Math.min(peer.dueAt, now);
  }

  private Snapshot snapshot(NodeId node) {
    refusedOrder.removeIf(id -> replica.holds(id) && refused.remove(id));
    ClusterId cluster = host.cluster();
    return new Snapshot(
        replica.tree(),
        List.copyOf(refusedOrder),
        replica.cells(epoch -> cellKey(cluster, epoch)),
        Adoption.summary(replica, host.equal(node)),
        new LogPlaces(replica),
        Optional.ofNullable(bases.get(node)));
  }

  private static Digest cellKey(ClusterId cluster, long epoch) {
    return CellCode.epochKey(cluster.high(), cluster.low(), epoch);
  }

  private void refuse(Digest id) {
    if (!refused.add(id)) return;
    refusedOrder.add(id);
    if (refusedOrder.size() > REFUSED_MAX) refused.remove(refusedOrder.removeFirst());
  }

  private interface Taker {
    boolean takes(Exchange exchange);
  }

  private boolean anyTakes(Taker taker, long now) {
    for (Map.Entry<NodeId, Exchange> entry : List.copyOf(running.entrySet())) {
      if (!taker.takes(entry.getValue())) continue;
      settle(entry.getKey(), now);
      return true;
    }
    return false;
  }

  private SessionPeer peer(NodeId node) {
    SessionPeer peer = peers.get(node);
    if (peer == null) throw new AssertionError("not linked: " + node);
    return peer;
  }

  private void lookSoon(long now) {
    lookAt = Math.min(lookAt, now + LOOK);
  }

  private boolean isLower(NodeId node) {
    return host.self().compareTo(node) < 0;
  }

  /** How long a peer may be silent: a suspected one half as long, but its own words clear it. */
  private long patience(NodeId node) {
    return isSuspected(node) ? SILENCE / 2 : SILENCE;
  }

  private boolean isSuspected(NodeId node) {
    return host.member(node).filter(m -> m.state() != Member.State.ALIVE).isPresent();
  }

  private Name nonce() {
    return new Name(entropy.nextLong(), entropy.nextLong());
  }

  /** Three to five quarters of {@code nanos}. */
  private long jittered(long nanos) {
    return nanos - nanos / 4 + nanos / 2 * entropy.nextInt(1_024) / 1_024;
  }
}
