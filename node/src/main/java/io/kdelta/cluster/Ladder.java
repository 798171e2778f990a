package io.kdelta.cluster;

import io.kdelta.causal.NodeId;
import io.kdelta.env.Entropy;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Which rung a node takes to catch up (cluster.md section 4): streams as long as they bring what is
 * missing; else a snapshot where much is missing, else a session; streams follow a session.
 *
 * <p>Owned by the core thread. Invariants: while a snapshot is taken in, no session moves versions,
 * and the other way round; while much is missing and streams bring it, neither does, for both would
 * bring it once more, nor does a session while streams bring what was missing when the link came
 * up, be it little. A peer whose snapshot failed is left to sessions for a while.
 */
final class Ladder implements Sessions {
  /** Parts of a hundred of a peer's versions that must be missing for a snapshot to be cheaper. */
  private static final long MISSING_PERCENT = 40;

  /** How long a peer whose snapshot failed is left alone. */
  private static final long BLAMED = 30_000_000_000L;

  /** Between two questions to a peer that is busy, or whose link was lost. */
  private static final long PAUSE = 1_000_000_000L;

  /** So many times in a row; then the peer is left to sessions. */
  private static final int TRIES_MAX = 60;

  /** An attempt that brought more was not in vain. */
  private static final long PROGRESS_BYTES = 1 << 20;

  /** How long a peer that was met before may take until its streams bring something. */
  static final long FIRST_WORD = 5_000_000_000L;

  /** Of the versions from which on much is missing: so many new ones are progress of streams. */
  private static final int PROGRESS_PARTS = 64;

  /** How long a linked peer's numbers are waited for before a session begins with it. */
  private static final long NUMBERS = 1_000_000_000L;

  private final ClusterConfig.Snapshots limits;
  private final Replica replica;
  private final Host host;
  private final Reconciler reconciler;
  private final CatchUp catchUp;
  private final Lender lender;
  private final Map<NodeId, Peer> peers = new TreeMap<>();

  /** By node that failed: until when it is not asked. Only nodes that were linked since. */
  private final Map<NodeId, Long> blamed = new TreeMap<>();

  /** Attempts in a row that brought nothing. */
  private int tries;

  private long pausedUntil;

  /** Until when the lender of files that are here in part is waited for. */
  private long lenderUntil = Long.MIN_VALUE;

  private final Inflow inflow;
  private long latest;

  /** What is known of a linked node. */
  private static final class Peer {
    final long upAt;
    boolean met;
    Member.@Nullable Facts facts;

    /**
     * As many versions as it held at first: streams owe them, unless they are in doubt. What a node
     * writes from then on is not counted, so that under a steady load nothing is owed for ever.
     */
    long owed;

    Peer(boolean met, long now) {
      this.met = met;
      upAt = now;
    }
  }

  Ladder(ClusterConfig.Limits limits, Replica replica, Entropy entropy, Host host) {
    this.limits = limits.snapshots();
    this.replica = replica;
    this.host = host;
    inflow = new Inflow(Math.max(1, this.limits.versionsMin() / PROGRESS_PARTS));
    Host watched = new Watched();
    reconciler = new Reconciler(limits.sessions(), replica, entropy, watched, this::mayReconcile);
    catchUp = new CatchUp(replica, host, entropy.split("snapshot"), this::caughtUp);
    lender = new Lender(host, limits.snapshots().pieceBytes());
  }

  @Override
  public void started(long now) {
    lenderUntil = now + FIRST_WORD;
    catchUp.recall(now);
  }

  @Override
  public void up(NodeId node, boolean met, long now) {
    peers.put(node, new Peer(met, now));
    reconciler.up(node, met, now);
  }

  @Override
  public void down(NodeId node, long now) {
    peers.remove(node);
    blamed.values().removeIf(until -> until <= now);
    catchUp.down(node, now);
    lender.down(node);
    reconciler.down(node, now);
  }

  @Override
  public void message(NodeId node, PeerMessage.OfSession message, Weight weight, long now) {
    if (!(message instanceof PeerMessage.Snapshot snapshot)) {
      reconciler.message(node, message, weight, now);
      return;
    }
    switch (snapshot) {
      case PeerMessage.SnapshotAsk _, PeerMessage.SnapshotGet _ ->
          lender.message(node, snapshot, now);
      case PeerMessage.SnapshotList _, PeerMessage.SnapshotPiece _ ->
          catchUp.message(node, snapshot, weight, now);
      case PeerMessage.SnapshotEnd _ -> {
        lender.message(node, snapshot, now);
        catchUp.message(node, snapshot, weight, now);
      }
    }
  }

  @Override
  public void heard(NodeId node, Member.Facts facts, long now) {
    Peer peer = peers.get(node);
    boolean first = peer != null && peer.facts == null;
    if (peer != null) {
      if (first && peer.met) peer.owed = facts.versions();
      peer.facts = facts;
    }
    reconciler.heard(node, facts, now);
    climb(now);
    if (first) reconciler.tick(now);
  }

  @Override
  public void grown(long now) {
    reconciler.grown(now);
  }

  @Override
  public void streamed(int fresh, int size, long now) {
    latest = now;
    inflow.took(fresh, size, now);
  }

  @Override
  public void mended(long now) {
    // What was set aside had come by streams long ago: they bring it to nobody twice.
    for (Peer peer : peers.values()) {
      peer.met = false;
      peer.owed = 0;
    }
    reconciler.mended(now);
  }

  @Override
  public void doubt(NodeId node, String reason, long now) {
    Peer peer = peers.get(node);
    if (peer != null) peer.owed = 0;
    reconciler.doubt(node, reason, now);
  }

  @Override
  public boolean stored(Event.Stored stored, long now) {
    return catchUp.stored(stored, now) || reconciler.stored(stored, now);
  }

  @Override
  public boolean adopted(Event.Adopted adopted, long now) {
    return reconciler.adopted(adopted, now);
  }

  @Override
  public boolean notStored(Event.NotStored refusal, long now) {
    return catchUp.notStored(refusal, now) || reconciler.notStored(refusal, now);
  }

  @Override
  public void snapshotDone(Event.SnapshotDone done, long now) {
    if (!catchUp.done(done.tag(), done.outcome(), now)) {
      lender.done(done.tag(), done.outcome(), now);
    }
  }

  @Override
  public void durable(long now) {
    reconciler.durable(now);
  }

  @Override
  public void reconcileNow(Event.ReconcileNow request, long now) {
    reconciler.reconcileNow(request, now);
  }

  @Override
  public void forgive(long nanos) {
    reconciler.forgive(nanos);
    inflow.forgive(nanos);
    catchUp.forgive(nanos);
    lender.forgive(nanos);
  }

  @Override
  public void tick(long now) {
    latest = now;
    catchUp.tick(now);
    lender.tick(now);
    climb(now);
    reconciler.tick(now);
  }

  @Override
  public long deadline() {
    long deadline = Math.min(catchUp.deadline(), lender.deadline());
    return Math.min(reconciler.deadline(), deadline);
  }

  @Override
  public List<Session> past() {
    return reconciler.past();
  }

  @Override
  public Traffic.Sessions totals() {
    return reconciler.totals();
  }

  @Override
  public CatchUpProgress progress() {
    long held = replica.counts().versions();
    NodeId most = NodeId.NONE;
    long theirs = held;
    for (Map.Entry<NodeId, Peer> entry : peers.entrySet()) {
      Member.Facts facts = entry.getValue().facts;
      if (facts == null || facts.versions() <= theirs) continue;
      most = entry.getKey();
      theirs = facts.versions();
    }
    Exchange session = reconciler.moving();
    CatchUpProgress progress = CatchUpProgress.NONE;
    if (catchUp.isActive()) progress = catchUp.progress();
    else if (session != null) progress = session.progress(latest);
    else if (theirs > held && inflow.flows(latest)) progress = inflow.progress(most);
    return progress.of(progress.versions() + theirs - held);
  }

  @Override
  public Traffic.Snapshots snapshots() {
    return catchUp.totals();
  }

  /**
   * Begins a snapshot if one is worth it: with the peer whose files are here in part, else with the
   * one that holds most.
   */
  private void climb(long now) {
    if (catchUp.isActive() || reconciler.moving() != null || now < pausedUntil) return;
    NodeId best = null;
    long most = 0;
    for (Map.Entry<NodeId, Peer> entry : peers.entrySet()) {
      Member.Facts facts = entry.getValue().facts;
      boolean begun = entry.getKey().equals(catchUp.lender());
      if (facts == null || (facts.versions() <= most && !begun)) continue;
      if (!isWorthwhile(facts) || isBlamed(entry.getKey(), now)) continue;
      if (isSuspected(entry.getKey())) continue;
      best = entry.getKey();
      most = facts.versions();
      if (begun) break;
    }
    if (best == null || awaitsLender(best, now)) return;
    if (!isStreaming(most, now)) catchUp.start(best, now);
  }

  /** Whether the lender of what is here in part may be back in a moment: all others begin anew. */
  private boolean awaitsLender(NodeId best, long now) {
    NodeId lender = catchUp.lender();
    if (lender.equals(NodeId.NONE) || lender.equals(best) || now >= lenderUntil) return false;
    Peer peer = peers.get(lender);
    return (peer == null || peer.facts == null) && !isBlamed(lender, now) && !isGone(lender);
  }

  private boolean isGone(NodeId node) {
    return host.member(node)
        .map(Member::state)
        .filter(state -> state != Member.State.ALIVE && state != Member.State.SUSPECT)
        .isPresent();
  }

  private boolean isBlamed(NodeId node, long now) {
    Long until = blamed.get(node);
    return until != null && until > now;
  }

  /** Whether so much is missing that files are cheaper than a session. */
  private boolean isWorthwhile(Member.Facts facts) {
    long missing = facts.versions() - replica.counts().versions();
    return missing >= limits.versionsMin() && missing * 100 >= facts.versions() * MISSING_PERCENT;
  }

  /**
   * Whether so many versions come by streams, or will in a moment: somebody is linked who holds
   * about as many and with whom a session has ended, and what streams bring grows.
   */
  private boolean isStreaming(long versions, long now) {
    for (Peer peer : peers.values()) {
      if (!peer.met) continue;
      if (now - peer.upAt >= FIRST_WORD && !inflow.flows(now)) continue;
      Member.Facts facts = peer.facts;
      if (facts == null && now - peer.upAt < NUMBERS) return true;
      if (facts != null && versions - facts.versions() < limits.versionsMin()) return true;
    }
    return false;
  }

  /** Whether streams bring what that peer held at first, or may be expected to in a moment. */
  private boolean brings(Peer peer, long missing, long now) {
    return inflow.flows(now) || (missing >= inflow.enough() && now - peer.upAt < FIRST_WORD);
  }

  private boolean isSuspected(NodeId node) {
    return host.member(node).filter(m -> m.state() != Member.State.ALIVE).isPresent();
  }

  /** Whether a session that moves versions may begin with that node. */
  private boolean mayReconcile(NodeId node, long now) {
    if (catchUp.isActive()) return false;
    Peer peer = peers.get(node);
    if (peer == null) return true;
    Member.Facts facts = peer.facts;
    if (facts == null) return now - peer.upAt >= NUMBERS;
    long missing = facts.versions() - replica.counts().versions();
    if (missing >= limits.versionsMin() && isStreaming(facts.versions(), now)) return false;
    boolean owes = missing > 0 && replica.counts().versions() < peer.owed;
    if (owes && brings(peer, missing, now)) return false;
    return !isWorthwhile(facts) || isBlamed(node, now);
  }

  private void caughtUp(Session session, CatchUp.Verdict verdict, long now) {
    boolean fruitful = verdict == CatchUp.Verdict.DONE || session.bytesReceived() > PROGRESS_BYTES;
    tries = fruitful ? 0 : tries + 1;
    if (verdict == CatchUp.Verdict.CUT) lenderUntil = now + FIRST_WORD;
    if (verdict == CatchUp.Verdict.FAILED || tries > TRIES_MAX) {
      blamed.put(session.peer(), now + BLAMED);
      tries = 0;
    } else if (verdict != CatchUp.Verdict.DONE) {
      pausedUntil = now + PAUSE;
    }
    if (verdict != CatchUp.Verdict.BUSY) reconciler.note(session);
    reconciler.tick(now);
  }

  /** The world of the reconciler: what agrees needs no half a snapshot any more. */
  private final class Watched implements Host {
    @Override
    public NodeId self() {
      return host.self();
    }

    @Override
    public ClusterId cluster() {
      return host.cluster();
    }

    @Override
    public void effect(Effect effect) {
      host.effect(effect);
    }

    @Override
    public long tag() {
      return host.tag();
    }

    @Override
    public Optional<Member> member(NodeId node) {
      return host.member(node);
    }

    @Override
    public void agreed(NodeId node, long now) {
      catchUp.forget();
      Peer peer = peers.get(node);
      if (peer != null) peer.met = true;
      host.agreed(node, now);
    }

    @Override
    public boolean send(NodeId node, PeerMessage message, long now) {
      return host.send(node, message, now);
    }

    @Override
    public Optional<Weight> sendCounting(NodeId node, PeerMessage message, long now) {
      return host.sendCounting(node, message, now);
    }

    @Override
    public List<NodeId> linked() {
      return host.linked();
    }
  }
}
