package io.kdelta.cluster;

import io.kdelta.causal.Envelope;
import io.kdelta.causal.Frame;
import io.kdelta.causal.FrameReception;
import io.kdelta.causal.Incarnation;
import io.kdelta.causal.Intervals;
import io.kdelta.causal.NodeId;
import io.kdelta.causal.Position;
import io.kdelta.causal.Reception;
import io.kdelta.reconciliation.Digest;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Takes in what others ship: frames of logs, and the parents that they miss. Owned by the core
 * thread.
 *
 * <p>A stream is one log from one node. A frame that overlaps what is held is taken in again
 * version by version (the store recognises them); one behind a gap is asked for again from the gap
 * on, and if that does not help, or the chain is broken, the stream is suspended and a session
 * asked for.
 *
 * <p>Invariant: whatever comes goes through the store, which checks it; credit is given back for
 * every byte taken in, stored or not, so a stream never stalls on a frame that was refused.
 */
final class Backup {
  private static final int REFUSED_LOGS_MAX = 1_024;
  private static final int REFUSED_RANGES_MAX = 1_024;
  private static final int ASKED_MAX = 65_536;
  private static final int ANSWER_BYTES = 1 << 20;

  /** The most that one question for missing parents is answered with, unless one is larger. */
  private static final long ANSWER_BYTES_TOTAL = 4L * ANSWER_BYTES;

  /** Logs that one node may ship to this one at a time. */
  private static final int STREAMS_MAX = 4_096;

  private final Replica replica;
  private final ClusterConfig config;
  private final Outbox outbox;
  private final Wire wire;
  private final Sessions sessions;
  private final Receipts receipts;
  private final Disputes disputes;
  private final Map<NodeId, Peer> peers = new TreeMap<>();
  private final Map<Long, Flight> flights = new TreeMap<>();
  private final Map<Long, NodeId> parentFlights = new TreeMap<>();
  private final Map<Incarnation, Intervals> refused = new TreeMap<>();
  private final Map<Digest, Long> asked = new TreeMap<>();
  private final LinkedHashMap<Incarnation, Long> progress = new LinkedHashMap<>();

  /** One linked node. */
  private static final class Peer {
    final Map<Incarnation, Stream> streams = new TreeMap<>();
    final Window window;

    Peer(Window window) {
      this.window = window;
    }

    /** Whether that log may be followed: a liar could name logs without end. */
    boolean hasRoomFor(Incarnation log) {
      return streams.size() < STREAMS_MAX || streams.containsKey(log);
    }
  }

  /** One log that comes from one node. */
  private static final class Stream {
    long next;
    final long upTo;

    /** When the gap was found that is asked for again; 0 for none. */
    long gapAt;

    /** Until when nothing of it is taken in. */
    long suspendedUntil;

    Stream(long next, long upTo) {
      this.next = next;
      this.upTo = upTo;
    }
  }

  /** A frame on its way into the store. */
  private record Flight(NodeId node, Window window, Frame frame, int size) {}

  Backup(Replica replica, ClusterConfig config, Outbox outbox, Wire wire, Sessions sessions) {
    this.replica = replica;
    this.config = config;
    this.outbox = outbox;
    this.wire = wire;
    this.sessions = sessions;
    this.receipts = new Receipts(replica, config.node(), wire);
    this.disputes = new Disputes(replica, outbox, wire);
  }

  /** A node is linked, by the link with that window. */
  void up(NodeId node, Window window, long now) {
    peers.put(node, new Peer(window));
    // What was stored while another link was the active one.
    tell(node, now);
  }

  void down(NodeId node) {
    peers.remove(node);
    receipts.down(node);
  }

  /** What need not be asked for: in the set, parked, on its way into the store, or refused. */
  Intervals held(Incarnation incarnation) {
    Intervals held = replica.position(incarnation).map(Position::held).orElse(Intervals.EMPTY);
    for (Flight flight : flights.values()) {
      Frame frame = flight.frame();
      if (!frame.incarnation().equals(incarnation)) continue;
      held = held.with(frame.firstSeq(), frame.lastSeq());
    }
    return held.union(refused.getOrDefault(incarnation, Intervals.EMPTY));
  }

  /** When frames of a log last came in; very long ago if never. */
  long progressAt(Incarnation incarnation) {
    return progress.getOrDefault(incarnation, Long.MIN_VALUE / 2);
  }

  /** Whether that log comes from that node, as it is written. */
  boolean followsLive(NodeId node, Incarnation incarnation, long now) {
    Stream stream = stream(node, incarnation);
    return stream != null && stream.upTo == Long.MAX_VALUE && now >= stream.suspendedUntil;
  }

  /** Whether nothing is to be asked of that node for that log now. */
  boolean suspended(NodeId node, Incarnation incarnation, long now) {
    Stream stream = stream(node, incarnation);
    return stream != null && now < stream.suspendedUntil;
  }

  /** A node ships a log: follow it, and send it the receipts. */
  void offer(NodeId node, PeerMessage.Offer offer, long now) {
    Incarnation log = offer.incarnation();
    if (disputed(log)) return;
    receipts.watch(node, log, offer.last(), now);
    if (log.equals(replica.own().orElse(null))) return;
    follow(node, log, held(log).prefix() + 1, Long.MAX_VALUE, now);
  }

  /** Asks a node for a log. */
  void follow(NodeId node, Incarnation incarnation, long from, long upTo, long now) {
    Peer peer = peers.get(node);
    if (peer == null || !peer.hasRoomFor(incarnation)) return;
    peer.streams.put(incarnation, new Stream(from, upTo));
    Digest before = replica.chain(incarnation, from - 1).orElse(null);
    wire.send(node, new PeerMessage.Follow(incarnation, from, upTo, before), now);
  }

  /** A frame came. */
  void ship(NodeId node, Frame frame, int size, long now) {
    Peer peer = peers.get(node);
    if (peer == null) return;
    Incarnation log = frame.incarnation();
    boolean followed = !log.equals(replica.own().orElse(null)) && peer.hasRoomFor(log);
    if (disputed(log) || !followed) {
      if (disputed(log)) disputes.noticed(frame, now);
      credit(node, peer.window, size, now);
      return;
    }
    Stream stream = peer.streams.get(log);
    if (stream == null) {
      // The beginning of a new log comes unasked; anything else has to join what is held.
      stream = new Stream(held(log).prefix() + 1, Long.MAX_VALUE);
      peer.streams.put(log, stream);
    }
    if (now < stream.suspendedUntil || gap(node, stream, frame, now)) {
      credit(node, peer.window, size, now);
      return;
    }
    stream.next = Math.max(stream.next, frame.lastSeq() + 1);
    stream.gapAt = 0;
    long tag = outbox.tag();
    flights.put(tag, new Flight(node, peer.window, frame, size));
    outbox.add(new Effect.TakeFrame(tag, frame));
  }

  /** The store took a frame in, or found its chain broken; whether the tag is one of these. */
  boolean frameTaken(Event.FrameTaken taken, long now) {
    Flight flight = flights.remove(taken.tag());
    if (flight == null) return false;
    Frame frame = flight.frame();
    Incarnation log = frame.incarnation();
    switch (taken.reception()) {
      case FrameReception.ChainBroken _ -> suspend(flight.node(), log, Long.MAX_VALUE, now);
      case FrameReception.Taken versions -> {
        progress.remove(log);
        progress.put(log, now);
        if (progress.size() > STREAMS_MAX) progress.pollFirstEntry();
        if (noteRefused(frame, versions.versions())) {
          // What this node tells of the log is not what was written: somebody else is asked.
          suspend(flight.node(), log, Long.MAX_VALUE, now);
        }
        receipts.taken(frame, versions.versions(), taken.lsn(), now);
        sessions.streamed(fresh(versions.versions()), flight.size(), now);
        askParents(flight.node(), versions.versions(), now);
      }
    }
    if (disputed(log)) disputes.noticed(frame, now);
    credit(flight.node(), flight.window(), flight.size(), now);
    return true;
  }

  private static int fresh(List<Reception> receptions) {
    int fresh = 0;
    for (Reception reception : receptions) {
      if (reception instanceof Reception.Visible || reception instanceof Reception.Parked) fresh++;
    }
    return fresh;
  }

  /** A node disputes a log. */
  void dispute(PeerMessage.Dispute dispute, long now) {
    disputes.heard(dispute, now);
  }

  /** The store took parents in; whether the tag is one of these. */
  boolean stored(Event.Stored stored, long now) {
    NodeId node = parentFlights.remove(stored.tag());
    if (node == null) return false;
    askParents(node, stored.receptions(), now);
    return true;
  }

  /** The store takes nothing now: the stream waits a while; whether the tag is one of ours. */
  boolean notStored(long tag, long now) {
    Flight flight = flights.remove(tag);
    if (flight == null) return parentFlights.remove(tag) != null;
    Stream stream = stream(flight.node(), flight.frame().incarnation());
    if (stream != null) {
      stream.next = Math.min(stream.next, flight.frame().firstSeq());
      stream.suspendedUntil = now + config.pace().pull();
    }
    credit(flight.node(), flight.window(), flight.size(), now);
    return true;
  }

  /** This node was asleep for that long: nothing could make progress. */
  void forgive(long nanos) {
    progress.replaceAll((_, at) -> at + nanos);
  }

  /** Damage was set aside here: positions that were held may be missing. */
  void mended() {
    receipts.mended();
  }

  /** More is synced. */
  void durable(long now) {
    receipts.flush(now);
  }

  /** A node cannot ship a log from there on. */
  void lost(NodeId node, PeerMessage.Lost lost, long now) {
    Stream stream = stream(node, lost.incarnation());
    if (stream == null) return;
    stream.suspendedUntil = Long.MAX_VALUE;
    sessions.doubt(node, "it cannot ship a log from " + lost.from() + " on", now);
  }

  /**
   * A session with that node has ended with equal roots: its streams may be asked for again, and
   * what comes next joins what is held, though the store had no room a moment ago.
   */
  void settled(NodeId node, long now) {
    Peer peer = peers.get(node);
    if (peer != null) peer.streams.values().removeIf(stream -> now < stream.suspendedUntil);
  }

  /** A node misses parents of what was shipped to it. */
  void want(NodeId node, PeerMessage.Want want, long now) {
    List<Envelope> found = new ArrayList<>();
    long size = 0;
    long total = 0;
    for (Digest id : new LinkedHashSet<>(want.ids())) {
      Optional<Envelope> envelope = replica.envelope(id);
      if (envelope.isEmpty()) continue;
      // What one question may bring is bounded; a session brings the rest.
      total += envelope.get().document().size() + 512L;
      if (total > ANSWER_BYTES_TOTAL && total > envelope.get().document().size() + 512L) break;
      if (!found.isEmpty() && size > ANSWER_BYTES) {
        wire.send(node, new PeerMessage.Versions(found), now);
        found = new ArrayList<>();
        size = 0;
      }
      found.add(envelope.get());
      size += envelope.get().document().size() + 512L;
    }
    if (!found.isEmpty()) wire.send(node, new PeerMessage.Versions(found), now);
  }

  /** Parents came; what was not asked for is dropped. */
  void versions(NodeId node, PeerMessage.Versions versions, long now) {
    List<Envelope> wanted = new ArrayList<>();
    for (Envelope envelope : versions.envelopes()) {
      if (asked.remove(envelope.version().id()) != null) wanted.add(envelope);
    }
    if (wanted.isEmpty()) return;
    long tag = outbox.tag();
    parentFlights.put(tag, node);
    outbox.add(new Effect.Store(tag, wanted, true));
  }

  /** Forgets questions that were not answered; a session will find what is missing. */
  void tick(long now) {
    asked.values().removeIf(at -> now - at >= config.pace().pull());
  }

  /** When {@link #tick} has something to do. */
  long deadline() {
    long deadline = Long.MAX_VALUE;
    for (long at : asked.values()) deadline = Math.min(deadline, at + config.pace().pull());
    return deadline;
  }

  private boolean gap(NodeId node, Stream stream, Frame frame, long now) {
    if (frame.firstSeq() <= stream.next) return false;
    Incarnation log = frame.incarnation();
    if (held(log).containsAll(Intervals.of(stream.next, frame.firstSeq() - 1))) return false;
    if (stream.gapAt == 0) {
      // Frames that were under way when the stream was asked for anew look like a gap, too.
      stream.gapAt = now;
      Digest before = replica.chain(log, stream.next - 1).orElse(null);
      wire.send(node, new PeerMessage.Follow(log, stream.next, stream.upTo, before), now);
    } else if (now - stream.gapAt >= config.pace().pull()) {
      suspend(node, log, Long.MAX_VALUE, now);
    }
    return true;
  }

  private void suspend(NodeId node, Incarnation incarnation, long until, long now) {
    Stream stream = stream(node, incarnation);
    if (stream != null) stream.suspendedUntil = until;
    sessions.doubt(node, "a log that it ships does not join what is held", now);
  }

  private void askParents(NodeId node, List<Reception> receptions, long now) {
    List<Digest> ids = new ArrayList<>();
    for (Reception reception : receptions) {
      if (!(reception instanceof Reception.Parked parked)) continue;
      Digest id = parked.missingParent();
      if (asked.containsKey(id) || asked.size() >= ASKED_MAX) continue;
      asked.put(id, now);
      ids.add(id);
      if (ids.size() == PeerCodec.WANT_MAX) {
        wire.send(node, new PeerMessage.Want(List.copyOf(ids)), now);
        ids.clear();
      }
    }
    if (!ids.isEmpty()) wire.send(node, new PeerMessage.Want(ids), now);
  }

  /** Remembers what is refused for good; whether anything else was refused. */
  private boolean noteRefused(Frame frame, List<Reception> receptions) {
    boolean lies = false;
    Incarnation log = frame.incarnation();
    for (int i = 0; i < receptions.size(); i++) {
      if (!(receptions.get(i) instanceof Reception.Refused no)) continue;
      outbox.notice("refused version " + no.id() + ": " + no.reason());
      if (!no.forGood()) {
        lies = true;
        continue;
      }
      Intervals so = refused.getOrDefault(log, Intervals.EMPTY);
      boolean room = refused.size() < REFUSED_LOGS_MAX || refused.containsKey(log);
      if (!room || so.ranges().size() >= REFUSED_RANGES_MAX) continue;
      refused.put(log, so.with(frame.firstSeq() + i, frame.firstSeq() + i));
    }
    return lies;
  }

  /** A frame is done with: its bytes are given back on the link that it came by. */
  private void credit(NodeId node, Window window, int size, long now) {
    window.taken(size);
    tell(node, now);
  }

  private void tell(NodeId node, long now) {
    Peer peer = peers.get(node);
    if (peer == null || !peer.window.isDue(config.limits().windowBytes())) return;
    wire.send(node, new PeerMessage.Credit(peer.window.tell()), now);
  }

  private boolean disputed(Incarnation incarnation) {
    return replica.position(incarnation).map(Position::disputed).orElse(false);
  }

  private @Nullable Stream stream(NodeId node, Incarnation incarnation) {
    Peer peer = peers.get(node);
    return peer == null ? null : peer.streams.get(incarnation);
  }
}
