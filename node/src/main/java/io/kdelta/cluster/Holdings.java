package io.kdelta.cluster;

import io.kdelta.causal.Incarnation;
import io.kdelta.causal.Intervals;
import io.kdelta.causal.NodeId;
import io.kdelta.causal.Position;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What this node holds and tells the linked ones, and what they tell it. Owned by the core thread.
 *
 * <p>The first message on a link names every position, later ones what changed; a message follows a
 * change after at most {@code pace.facts} and a sync. Invariant: what is told is in the set, by row
 * or adopted, and synced: {@link ReplicatedMark} counts on it.
 */
final class Holdings {
  /** Ranges told per incarnation; the later ones follow once the first are filled. */
  private static final int RANGES_MAX = 64;

  private static final int INCARNATIONS_MAX = 4 * PeerCodec.POSITIONS_MAX;

  /** While so much comes that everything is new all the time, it is told so many times less. */
  private static final int CALM = 20;

  private final Replica replica;
  private final long pause;
  private final Map<NodeId, Peer> peers = new TreeMap<>();
  private Member.Facts own = Member.Facts.NONE;
  private boolean calm;

  /** One linked node. */
  private static final class Peer {
    final Map<Incarnation, Intervals> told = new TreeMap<>();
    final Map<Incarnation, Intervals> heard = new TreeMap<>();
    Member.Facts toldFacts = Member.Facts.NONE;
    PeerMessage.@Nullable Facts written;
    long writtenLsn;
    boolean stale = true;
    long toldAt;
  }

  Holdings(Replica replica, long pause) {
    this.replica = replica;
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
            counts.load());
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

  void up(NodeId node, long now) {
    Peer peer = new Peer();
    peer.toldAt = now - pause;
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
    positions.forEach((incarnation, held) -> {
      boolean room = peer.heard.size() < INCARNATIONS_MAX;
      if (room || peer.heard.containsKey(incarnation)) peer.heard.put(incarnation, held);
    });
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
  PeerMessage.@Nullable Facts due(NodeId node, long refutation, Member.Stage stage, long now) {
    Peer peer = peers.get(node);
    if (peer == null) return null;
    if (peer.written == null) write(peer, refutation, stage, now);
    if (peer.written == null || replica.durableLsn() < peer.writtenLsn) return null;
    PeerMessage.Facts synced = peer.written;
    peer.written = null;
    return synced;
  }

  private void write(Peer peer, long refutation, Member.Stage stage, long now) {
    if (!peer.stale || now < dueAt(peer)) return;
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
    return peer.toldAt + (calm ? CALM * pause : pause);
  }

  private static Intervals told(Position position) {
    if (position.disputed()) return Intervals.EMPTY;
    Intervals held = position.applied().union(position.adopted());
    if (held.ranges().size() <= RANGES_MAX) return held;
    return new Intervals(held.ranges().subList(0, RANGES_MAX));
  }
}
