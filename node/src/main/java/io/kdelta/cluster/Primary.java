package io.kdelta.cluster;

import io.kdelta.causal.Frame;
import io.kdelta.causal.Incarnation;
import io.kdelta.causal.NodeId;
import io.kdelta.reconciliation.Digest;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * Ships logs: this node's own to its backups, as it is written and in parallel with the local sync,
 * and any log that lies here to whoever follows it (relay). Owned by the core thread.
 *
 * <p>A stream is one log to one node, from a position on. Frames of the own log come from a tail in
 * memory as long as it reaches back far enough, else from a scan. What is on its way to one node is
 * bounded by a window in bytes that the node gives back with Credit; a slow or dead node therefore
 * costs nothing but its window, and one frame at most beyond it.
 *
 * <p>Invariant: no frame goes to a node with which no session has ended yet; only versions of the
 * set are shipped, so a receiver that misses a parent can ask for it here.
 */
final class Primary {
  /** About how many bytes of frames one scan rebuilds, if the window is not smaller. */
  private static final int SCAN_BYTES_MAX = 256 << 10;

  private static final int STREAMS_MAX = 4_096;

  /** Nodes whose bytes are counted; beyond it those that are not linked are forgotten. */
  private static final int SHIPPED_MAX = 1_024;

  private final Replica replica;
  private final ClusterConfig.Limits limits;
  private final Wire wire;
  private final Predicate<NodeId> met;
  private final Slots slots;
  private final int scanBytes;
  private final Map<NodeId, Peer> peers = new TreeMap<>();
  private final Map<NodeId, Shipped> shipped = new TreeMap<>();
  private final TreeMap<Incarnation, Wish> wishes = new TreeMap<>();
  private final TreeMap<Long, Frame> tail = new TreeMap<>();
  private long tailBytes;
  private @Nullable Incarnation own;
  private long last;

  /** One linked node. */
  private static final class Peer {
    final Map<Incarnation, Stream> streams = new TreeMap<>();
    final Map<Incarnation, Long> offered = new TreeMap<>();
    final Map<Incarnation, Long> wished = new TreeMap<>();
    final Window window;
    final Shipped shipped;
    @Nullable Incarnation served;

    Peer(Window window, Shipped shipped) {
      this.window = window;
      this.shipped = shipped;
    }
  }

  /** What went to one node since the start of this one, by whatever links. */
  private static final class Shipped {
    long bytes;
    long wireBytes;
    long frames;
  }

  /** Somebody waits until {@code until} for others to hold a log up to {@code to}. */
  private record Wish(long to, long until) {
    Wish and(Wish other) {
      return new Wish(Math.max(to, other.to), Math.max(until, other.until));
    }
  }

  /** One log on its way to one node. */
  private static final class Stream {
    long next;
    final long upTo;

    Stream(long next, long upTo) {
      this.next = next;
      this.upTo = upTo;
    }
  }

  /**
   * @param met whether a first session with that node has ended
   */
  Primary(Replica replica, ClusterConfig config, Wire wire, Predicate<NodeId> met, Slots slots) {
    this.replica = replica;
    this.limits = config.limits();
    this.wire = wire;
    this.met = met;
    this.slots = slots;
    this.scanBytes = Math.min(SCAN_BYTES_MAX, limits.windowBytes());
  }

  /** A node is linked, by the link with that window. */
  void up(NodeId node, Window window) {
    if (shipped.size() >= SHIPPED_MAX) shipped.keySet().retainAll(peers.keySet());
    peers.put(node, new Peer(window, shipped.computeIfAbsent(node, _ -> new Shipped())));
  }

  void down(NodeId node) {
    peers.remove(node);
  }

  /** The log that this process writes, once it has written; empty before. */
  Optional<Incarnation> own() {
    return Optional.ofNullable(own);
  }

  /** The last position of the own log. */
  long last() {
    return last;
  }

  /** Own writes were logged: keeps them for a while and ships them to those who follow. */
  void appended(Frame frame, List<NodeId> backups, long now) {
    if (!frame.incarnation().equals(own)) {
      own = frame.incarnation();
      tail.clear();
      tailBytes = 0;
    } else if (frame.firstSeq() != last + 1) {
      throw new AssertionError("own log jumps from " + last + " to " + frame.firstSeq());
    }
    last = frame.lastSeq();
    tail.put(frame.firstSeq(), frame);
    tailBytes += sizeOf(frame);
    while (tailBytes > limits.tailBytes()) {
      tailBytes -= sizeOf(tail.pollFirstEntry().getValue());
    }
    engage(backups, now);
    for (NodeId node : List.copyOf(peers.keySet())) pump(node, now);
  }

  /** These nodes are to hold the own log: those that do not follow it yet are told. */
  void engage(List<NodeId> backups, long now) {
    Incarnation log = own;
    if (log == null) return;
    for (NodeId node : backups) {
      Peer peer = peers.get(node);
      if (peer == null || !met.test(node) || peer.offered.containsKey(log)) continue;
      peer.offered.put(log, last);
      // A log that begins now is unknown to everybody: there is no position to ask for.
      boolean begins = tail.size() == 1 && tail.firstKey() == 1;
      if (begins && !peer.streams.containsKey(log)) {
        peer.streams.put(log, new Stream(1, Long.MAX_VALUE));
        pump(node, now);
      } else {
        wire.send(node, new PeerMessage.Offer(log, last), now);
      }
    }
  }

  /** Others should hold a log: every linked node is told, and sends receipts. */
  void assure(Event.Assure assure, long now) {
    Incarnation log = assure.incarnation();
    wishes.merge(log, new Wish(assure.last(), assure.until()), Wish::and);
    for (Peer peer : peers.values()) peer.wished.remove(log);
    remind(now);
  }

  /** A node may have been linked, or met: it is told what others should hold. */
  void remind(long now) {
    wishes.values().removeIf(wish -> wish.until <= now);
    // What nobody waits for any more is forgotten of each peer too, or it would pile up with logs.
    for (Peer peer : peers.values()) peer.wished.keySet().retainAll(wishes.keySet());
    for (Map.Entry<Incarnation, Wish> entry : wishes.entrySet()) {
      for (NodeId node : List.copyOf(peers.keySet())) {
        wish(node, entry.getKey(), entry.getValue(), now);
      }
    }
  }

  private void wish(NodeId node, Incarnation log, Wish wish, long now) {
    Peer peer = peers.get(node);
    if (peer == null || !met.test(node)) return;
    Long before = peer.wished.put(log, wish.to);
    if (before != null && before >= wish.to) return;
    wire.send(node, new PeerMessage.Offer(log, wish.to), now);
  }

  /**
   * A node asks for a log; whether its chain fits this one's, so that it may be shipped at all.
   * What is asked before the first session has ended is shipped when it has.
   */
  boolean follow(NodeId node, PeerMessage.Follow follow, long now) {
    Peer peer = peers.get(node);
    if (peer == null) return true;
    Digest before = follow.before();
    if (before != null) {
      Optional<Digest> mine = replica.chain(follow.incarnation(), follow.from() - 1);
      if (mine.isPresent() && !mine.get().equals(before)) {
        lose(node, follow.incarnation(), follow.from(), "its chain there is another one", now);
        return false;
      }
    }
    if (peer.streams.size() >= STREAMS_MAX && !peer.streams.containsKey(follow.incarnation())) {
      lose(node, follow.incarnation(), follow.from(), "it follows too many logs", now);
      return true;
    }
    peer.streams.put(follow.incarnation(), new Stream(follow.from(), follow.upTo()));
    pump(node, now);
    return true;
  }

  /** Streams that could not go on from where the follower stands. */
  long lost() {
    return slots.lost();
  }

  /** What is shipped to whom, for people; {@code synced}: up to where a node has the own log. */
  List<Pulse.Peer> peers(ToLongFunction<NodeId> synced) {
    List<Pulse.Peer> shown = new ArrayList<>();
    peers.forEach((node, peer) -> {
      long underWay = peer.window.underWay();
      shown.add(
          new Pulse.Peer(
              node,
              peer.shipped.bytes,
              peer.shipped.wireBytes,
              peer.shipped.frames,
              underWay,
              peer.window.peak(),
              Math.max(0, limits.windowBytes() - underWay),
              peer.streams.size(),
              Math.max(0, last - synced.applyAsLong(node))));
    });
    return shown;
  }

  private void lose(NodeId node, Incarnation log, long from, String why, long now) {
    slots.lose(node, log, from, why, now);
    wire.send(node, new PeerMessage.Lost(log, from), now);
  }

  /** A node has taken in that many bytes. */
  void credit(NodeId node, long bytes, long now) {
    Peer peer = peers.get(node);
    if (peer == null) return;
    peer.window.credited(bytes);
    pump(node, now);
  }

  /** The set has grown, or a session has ended: streams that waited may have something to ship. */
  void pumpAll(long now) {
    for (NodeId node : List.copyOf(peers.keySet())) pump(node, now);
  }

  /** Ships to one node, log after log in turn, until its window is full or nothing is left. */
  private void pump(NodeId node, long now) {
    Peer peer = peers.get(node);
    if (peer == null || !met.test(node)) return;
    while (!peer.streams.isEmpty() && peer.window.isOpen(limits.windowBytes())) {
      boolean shipped = false;
      for (Incarnation log : turn(peer)) {
        if (!peer.window.isOpen(limits.windowBytes())) return;
        if (shipOne(node, peer, log, now)) {
          shipped = true;
          peer.served = log;
        }
      }
      if (!shipped) return;
    }
  }

  /** The logs of a node's streams, beginning behind the one that was served last. */
  private static List<Incarnation> turn(Peer peer) {
    List<Incarnation> logs = new ArrayList<>();
    Incarnation served = peer.served;
    for (Incarnation log : peer.streams.keySet()) {
      if (served == null || log.compareTo(served) > 0) logs.add(log);
    }
    for (Incarnation log : peer.streams.keySet()) {
      if (served != null && log.compareTo(served) <= 0) logs.add(log);
    }
    return logs;
  }

  private boolean shipOne(NodeId node, Peer peer, Incarnation log, long now) {
    Stream stream = peer.streams.get(log);
    if (stream == null) return false;
    if (stream.next > stream.upTo) {
      peer.streams.remove(log);
      return false;
    }
    if (log.equals(own) && stream.next > last) return false;
    Frame fresh = fromTail(log, stream.next);
    List<Frame> frames =
        fresh != null ? List.of(fresh) : replica.frames(log, stream.next, scanBytes);
    if (frames.isEmpty()) {
      // The end of a log that is not ours, or a place that has no row here.
      if (stream.upTo != Long.MAX_VALUE) {
        peer.streams.remove(log);
        lose(node, log, stream.next, "nothing of it lies here", now);
      }
      return false;
    }
    for (Frame frame : frames) {
      if (!peer.window.isOpen(limits.windowBytes())) return true;
      Optional<Weight> weight =
          wire.sendCounting(node, new PeerMessage.Ship(frame, fresh == null), now);
      if (weight.isEmpty()) return false;
      peer.window.sent(weight.get().plain());
      peer.shipped.bytes += weight.get().plain();
      peer.shipped.wireBytes += weight.get().wire();
      peer.shipped.frames++;
      stream.next = frame.lastSeq() + 1;
    }
    return true;
  }

  private @Nullable Frame fromTail(Incarnation log, long next) {
    Map.Entry<Long, Frame> entry = log.equals(own) ? tail.floorEntry(next) : null;
    return entry == null ? null : entry.getValue();
  }

  private static long sizeOf(Frame frame) {
    long size = 0;
    for (Frame.Entry entry : frame.entries()) {
      size += 512L + entry.envelope().document().size();
    }
    return size;
  }
}
