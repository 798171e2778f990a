package io.kdelta.cluster;

import io.kdelta.causal.Incarnation;
import io.kdelta.causal.Intervals;
import io.kdelta.causal.NodeId;
import io.kdelta.causal.Position;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.IntSupplier;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * What this node holds and tells the linked ones, and what they tell it. Owned by the core thread.
 *
 * <p>The first message on a link names every position, later ones what changed; a message follows a
 * change after at most {@code pace.facts} and a sync. Invariant: what is told is in the set, by row
 * or adopted, and synced: {@link ReplicatedMark} counts on it.
 *
 * <p>Every start of every node leaves a log behind. A node that holds many sums them up first, in
 * 64 buckets ({@link Tally}); the other says which of them are its own sums, too, and of these logs
 * nothing more need be said, here or in a session.
 */
final class Holdings {
  /** Ranges told per incarnation; the later ones follow once the first are filled. */
  private static final int RANGES_MAX = 64;

  private static final int INCARNATIONS_MAX = 4 * PeerCodec.POSITIONS_MAX;

  /** While so much comes that everything is new all the time, it is told so many times less. */
  private static final int CALM = 20;

  /** From so many logs on they are summed up before they are told. */
  static final int TALLIED_FROM = 64;

  /** How long the answer to that is waited for: behind that everything is told. */
  private static final long TALLY_NANOS = 2_000_000_000L;

  private final Replica replica;
  private final ReplicatedMark mark;
  private final IntSupplier format;
  private final long pause;
  private final Map<NodeId, Peer> peers = new TreeMap<>();
  private Member.Facts own = Member.Facts.NONE;
  private boolean calm;

  /** One linked node. */
  private static final class Peer {
    final Map<Incarnation, Intervals> told = new TreeMap<>();
    final Map<Incarnation, Intervals> heard = new TreeMap<>();
    Member.Facts toldFacts = Member.Facts.NONE;
    final SortedMap<Incarnation, Intervals> tallied = new TreeMap<>();
    final SortedSet<Incarnation> agreed = new TreeSet<>();
    boolean tallies;
    boolean hasTold;
    @Nullable PeerMessage written;
    long writtenLsn;
    boolean stale = true;
    long toldAt;
    long waitsUntil = Long.MIN_VALUE;
  }

  /**
   * @param format the newest that all members speak: what others pass on is told when all can
   */
  Holdings(Replica replica, ReplicatedMark mark, IntSupplier format, long pause) {
    this.replica = replica;
    this.mark = mark;
    this.format = format;
    this.pause = pause;
  }

  /** What this node says about itself, as of now. */
  Member.Facts own(Member.Stage stage) {
    Replica.Counts counts = replica.counts();
    Member.Facts now =
        new Member.Facts(
            own.number(),
            stage,
            replica.tree().root(),
            counts.keys(),
            counts.keysEver(),
            counts.versions(),
            counts.diskBytes(),
            format.getAsInt() < PeerCodec.LOAD_FORMAT ? 0 : counts.load());
    if (!now.equals(own)) {
      own =
          new Member.Facts(
              own.number() + 1,
              stage,
              now.root(),
              now.keys(),
              now.keysEver(),
              now.versions(),
              now.diskBytes(),
              now.load());
    }
    return own;
  }

  /**
   * A node is linked.
   *
   * @param sums whether it knows sums
   */
  void up(NodeId node, boolean sums, long now) {
    Peer peer = new Peer();
    peer.toldAt = now - pause;
    peer.tallies = sums && replica.incarnations().size() >= TALLIED_FROM;
    peers.put(node, peer);
  }

  void down(NodeId node) {
    peers.remove(node);
  }

  /** Something that is told may have changed. */
  void changed() {
    for (Peer peer : peers.values()) peer.stale = true;
  }

  /** Whether a snapshot is taken in, so that root and positions are costly and soon outdated. */
  void calm(boolean snapshot) {
    calm = snapshot;
  }

  /** A linked node says what it holds. */
  void heard(NodeId node, SortedMap<Incarnation, Intervals> positions) {
    Peer peer = peers.get(node);
    if (peer == null) return;
    mark.heard(node, positions);
    positions.forEach((incarnation, held) -> {
      boolean room = peer.heard.size() < INCARNATIONS_MAX;
      if (room || peer.heard.containsKey(incarnation)) peer.heard.put(incarnation, held);
    });
  }

  /**
   * A linked node has summed up what it holds: which of the sums are this node's, too. What they
   * sum up it holds as well, and that is taken as heard.
   */
  PeerMessage.Tallied tallied(NodeId node, Tally theirs) {
    SortedMap<Incarnation, Intervals> held = everything();
    long equal = Tally.of(held).equal(theirs);
    held.keySet().removeIf(log -> !Tally.names(equal, log));
    heard(node, held);
    Peer peer = peers.get(node);
    if (peer != null && peer.agreed.isEmpty()) peer.agreed.addAll(held.keySet());
    return new PeerMessage.Tallied(equal);
  }

  /**
   * Whether this node and those of its fellow members that are linked are a majority, and it lacks
   * nothing of what these hold.
   *
   * @param named logs that do not matter
   */
  boolean lackNothingBut(List<NodeId> members, Predicate<Incarnation> named) {
    int told = 1;
    for (NodeId node : members) {
      if (!hasTold(node)) continue;
      told++;
      if (lacksOf(node, named)) return false;
    }
    return 2 * told > members.size() + 1;
  }

  /** The answer: of these sums nothing more need be told. */
  void agree(NodeId node, long equal, long now) {
    Peer peer = peers.get(node);
    if (peer == null || peer.tallied.isEmpty()) return;
    peer.tallied.keySet().removeIf(log -> !Tally.names(equal, log));
    peer.told.putAll(peer.tallied);
    if (peer.agreed.isEmpty()) peer.agreed.addAll(peer.tallied.keySet());
    peer.tallied.clear();
    peer.waitsUntil = now;
  }

  /** Logs of which a linked node and this one have found that they hold the same. */
  SortedSet<Incarnation> agreed(NodeId node) {
    Peer peer = peers.get(node);
    return peer == null
        ? Collections.emptySortedSet()
        : Collections.unmodifiableSortedSet(peer.agreed);
  }

  private SortedMap<Incarnation, Intervals> everything() {
    TreeMap<Incarnation, Intervals> held = new TreeMap<>();
    for (Incarnation log : replica.incarnations()) {
      Intervals places = told(log);
      if (!places.isEmpty()) held.put(log, places);
    }
    return held;
  }

  /** A linked node has told everything that it holds. */
  void allTold(NodeId node) {
    Peer peer = peers.get(node);
    if (peer != null) peer.hasTold = true;
  }

  /** Whether a linked node has told everything that it holds. */
  private boolean hasTold(NodeId node) {
    Peer peer = peers.get(node);
    return peer != null && peer.hasTold;
  }

  /** Whether a linked node holds something that this one does not, but for some logs. */
  private boolean lacksOf(NodeId node, Predicate<Incarnation> but) {
    for (Incarnation log : logs(node)) {
      if (but.test(log)) continue;
      Position own = replica.position(log).orElse(null);
      if (own != null && own.disputed()) continue;
      Intervals held = own == null ? Intervals.EMPTY : own.applied().union(own.adopted());
      if (!held.containsAll(heard(node, log))) return true;
    }
    return false;
  }

  /** What a linked node said it holds of a log. */
  Intervals heard(NodeId node, Incarnation incarnation) {
    Peer peer = peers.get(node);
    Intervals held = peer == null ? null : peer.heard.get(incarnation);
    return held == null ? Intervals.EMPTY : held;
  }

  /** What this node tells that it holds of a log. */
  Intervals told(Incarnation incarnation) {
    return replica.position(incarnation).map(Holdings::told).orElse(Intervals.EMPTY);
  }

  /** Whether a linked node ever named that log. */
  boolean knows(NodeId node, Incarnation incarnation) {
    Peer peer = peers.get(node);
    return peer != null && peer.heard.containsKey(incarnation);
  }

  /** Every log that a linked node named. */
  List<Incarnation> logs(NodeId node) {
    Peer peer = peers.get(node);
    return peer == null ? List.of() : List.copyOf(peer.heard.keySet());
  }

  /**
   * The message that a linked node is due; null if there is nothing new, it is not time yet, or
   * what it says is not synced yet.
   */
  @Nullable PeerMessage due(NodeId node, long refutation, Member.Stage stage, long now) {
    Peer peer = peers.get(node);
    if (peer == null) return null;
    if (peer.written == null) write(peer, refutation, stage, now);
    if (peer.written == null || replica.durableLsn() < peer.writtenLsn) return null;
    PeerMessage synced = peer.written;
    peer.written = null;
    return synced;
  }

  private void write(Peer peer, long refutation, Member.Stage stage, long now) {
    if (!peer.stale || now < dueAt(peer)) return;
    if (peer.tallies) {
      peer.tallies = false;
      peer.tallied.putAll(everything());
      peer.written = new PeerMessage.Tallies(Tally.of(peer.tallied));
      peer.writtenLsn = replica.lastLsn();
      peer.waitsUntil = now + TALLY_NANOS;
      return;
    }
    peer.tallied.clear();
    Member.Facts facts = own(stage);
    TreeMap<Incarnation, Intervals> news = new TreeMap<>();
    peer.stale = false;
    for (Incarnation incarnation : replica.incarnations()) {
      Intervals held = told(incarnation);
      if (held.equals(peer.told.getOrDefault(incarnation, Intervals.EMPTY))) continue;
      if (news.size() == PeerCodec.POSITIONS_MAX) {
        peer.stale = true;
        break;
      }
      news.put(incarnation, held);
    }
    if (news.isEmpty() && facts.equals(peer.toldFacts)) return;
    peer.told.putAll(news);
    peer.toldFacts = facts;
    peer.toldAt = now;
    peer.written = new PeerMessage.Facts(refutation, facts, news);
    peer.writtenLsn = replica.lastLsn();
  }

  /** When the next message is due. */
  long deadline() {
    long deadline = Long.MAX_VALUE;
    for (Peer peer : peers.values()) {
      if (peer.stale && peer.written == null) deadline = Math.min(deadline, dueAt(peer));
    }
    return deadline;
  }

  private long dueAt(Peer peer) {
    return Math.max(peer.waitsUntil, peer.toldAt + (calm ? CALM * pause : pause));
  }

  private static Intervals told(Position position) {
    if (position.disputed()) return Intervals.EMPTY;
    Intervals held = position.applied().union(position.adopted());
    if (held.ranges().size() <= RANGES_MAX) return held;
    return new Intervals(held.ranges().subList(0, RANGES_MAX));
  }
}
