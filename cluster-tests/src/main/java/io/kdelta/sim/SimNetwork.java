package io.kdelta.sim;

import io.kdelta.cluster.Lane;
import io.kdelta.env.Entropy;
import io.kdelta.memory.Bytes;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.EnumMap;
import java.util.List;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The simulated network: links between nodes as the transport gives them (a dial, two ends, bytes
 * in order within a lane), over directed paths that lose, delay, duplicate, reorder and are cut,
 * each from its own stream of chance.
 *
 * <p>A link behaves as a TCP stream does: what a cut path or a loss holds back arrives late, in
 * order, or never because the link breaks. Keep-alive breaks a link whose path stayed cut for
 * {@link #KEEP_ALIVE_NANOS}. Duplicated and reordered messages within one link are harsher than
 * TCP; the protocols above must stay safe under them all the same.
 */
final class SimNetwork {
  /** What a node does with what the network brings. Called from the simulator's queue. */
  interface Endpoint {
    /** A link stands; {@code address} is what was dialled, or empty for an accepted one. */
    void linkUp(long link, String address);

    /** The link is gone; nothing more comes from it. */
    void linkDown(long link);

    /** A dial that came to nothing. */
    void dialFailed(String address);

    /** One message of the peer. */
    void received(long link, Bytes payload);
  }

  /** How one directed path treats messages; chances in 1/1000. */
  record Weather(
      long latencyNanosMin, long latencyNanosMax, int lost, int duplicated, int reordered) {
    static final Weather CLEAR = new Weather(100_000, 400_000, 0, 0, 0);
  }

  /** The first byte of a run of a log on the wire, packed or not: the upper bit says which. */
  private static final int SHIP_KIND = 12;

  static final long KEEP_ALIVE_NANOS = 10_000_000_000L;

  private static final long DIAL_TIMEOUT_NANOS = 3_000_000_000L;
  private static final long RETRANSMIT_NANOS = 200_000_000L;
  private static final int RESETS_ONE_IN = 20;

  /** What may wait for a peer that takes nothing: beyond it the link is hung up, as at the edge. */
  static final long QUEUE_BYTES_MAX = 32L << 20;

  /** One direction of a link. */
  private static final class Flow {
    /** When the last message of each lane arrives: a lane never overtakes itself. */
    final EnumMap<Lane, Long> lastNanos = new EnumMap<>(Lane.class);

    /** What a cut or clogged path holds back, for the stream to send again. */
    final Deque<Held> held = new ArrayDeque<>();

    long heldBytes;

    /**
     * Bytes of log frames that were sent and have not arrived, held back ones included. What the
     * path doubles was sent once.
     */
    long framesOnWay;

    void hold(Held message) {
      held.add(message);
      heldBytes += message.payload.size();
      sent(message);
    }

    void sent(Held message) {
      if (message.counts()) framesOnWay += message.payload.size();
    }

    void arrived(Held message) {
      if (message.counts()) framesOnWay -= message.payload.size();
    }
  }

  /** A message on its way; or the double that a path has made of one. */
  private record Held(Lane lane, Bytes payload, boolean doubled) {
    Held(Lane lane, Bytes payload) {
      this(lane, payload, false);
    }

    /** Answers with parents that were asked for go on the same lane, outside the credit. */
    boolean counts() {
      if (lane != Lane.SHIP || doubled || payload.isEmpty()) return false;
      return (payload.unsignedAt(0) & 0x7f) == SHIP_KIND;
    }
  }

  private static final class Connection {
    final long id;
    final int dialler;
    final int acceptor;
    boolean open = true;

    /** Who takes nothing from it any more. */
    int hungUpBy = -1;

    final Flow fromDialler = new Flow();
    final Flow fromAcceptor = new Flow();

    /** When the link stood: nothing arrives before. */
    final long openNanos;

    Connection(long id, int dialler, int acceptor, long openNanos) {
      this.id = id;
      this.dialler = dialler;
      this.acceptor = acceptor;
      this.openNanos = openNanos;
    }

    Flow from(int node) {
      return node == dialler ? fromDialler : fromAcceptor;
    }

    int other(int node) {
      return node == dialler ? acceptor : dialler;
    }
  }

  private final Simulator simulator;
  private final Entropy entropy;
  private final Trace trace;
  private final TreeMap<String, Integer> addresses = new TreeMap<>();
  private final TreeMap<Integer, Endpoint> endpoints = new TreeMap<>();
  private final TreeMap<Long, Connection> connections = new TreeMap<>();
  private final TreeSet<String> cut = new TreeSet<>();
  private final TreeSet<String> clogged = new TreeSet<>();

  /** Nodes that stand still: they read nothing, and answer no keep-alive. */
  private final TreeSet<Integer> asleep = new TreeSet<>();

  /** Paths on which a link is to break, and after how many more messages. */
  private final TreeMap<String, Integer> resets = new TreeMap<>();

  private final TreeMap<String, Weather> weather = new TreeMap<>();
  private final TreeMap<String, Entropy> chance = new TreeMap<>();
  private long lastLink;
  private final TreeMap<Integer, Long> mostFramesOnWay = new TreeMap<>();
  private long delivered;
  private long lost;

  SimNetwork(Simulator simulator, Entropy entropy, Trace trace) {
    this.simulator = simulator;
    this.entropy = entropy;
    this.trace = trace;
  }

  /** Messages that arrived. */
  long delivered() {
    return delivered;
  }

  /** Messages that the network swallowed: lost, cut, or on a link that went down. */
  long lost() {
    return lost;
  }

  /** The most bytes of log frames that ever were on their way at once, on one direction. */
  long mostFramesOnWay() {
    return mostFramesOnWay.values().stream().mapToLong(most -> most).max().orElse(0);
  }

  /** The same of one sender. */
  long mostFramesOnWay(int sender) {
    return mostFramesOnWay.getOrDefault(sender, 0L);
  }

  /** {@code node} answers dials to {@code address} from now on. */
  void listen(int node, String address, Endpoint endpoint) {
    addresses.put(address, node);
    endpoints.put(node, endpoint);
  }

  /** The process of {@code node} is gone: the peers' ends close after a moment, its own at once. */
  void vanish(int node) {
    endpoints.remove(node);
    for (Connection connection : List.copyOf(connections.values())) {
      if (connection.dialler != node && connection.acceptor != node) continue;
      connections.remove(connection.id);
      connection.open = false;
      int peer = connection.other(node);
      if (cut.contains(path(node, peer))) {
        simulator.after(KEEP_ALIVE_NANOS, () -> down(peer, connection.id));
      } else {
        simulator.after(latency(node, peer), () -> down(peer, connection.id));
      }
    }
  }

  void dial(int node, String address) {
    Endpoint dialler = endpoints.get(node);
    if (dialler == null) return;
    Integer there = addresses.get(address);
    if (there == null || blocked(node, there)) {
      failDial(DIAL_TIMEOUT_NANOS, node, dialler, address);
      return;
    }
    Endpoint accepting = endpoints.get(there);
    if (accepting == null) {
      failDial(latency(node, there), node, dialler, address);
    } else if (blocked(there, node)) {
      failDial(DIAL_TIMEOUT_NANOS, node, dialler, address);
    } else {
      connect(node, dialler, there, accepting, address);
    }
  }

  private void failDial(long afterNanos, int node, Endpoint dialler, String address) {
    simulator.after(
        afterNanos,
        () -> {
          if (dialler.equals(endpoints.get(node))) dialler.dialFailed(address);
        });
  }

  private void connect(
      int node, Endpoint dialler, int acceptor, Endpoint accepting, String address) {
    long there = latency(node, acceptor);
    long back = latency(acceptor, node);
    Connection connection =
        new Connection(++lastLink, node, acceptor, simulator.nowNanos() + there + back);
    connections.put(connection.id, connection);
    simulator.after(
        there,
        () -> {
          boolean wanted = connection.open && connection.hungUpBy != acceptor;
          if (wanted && accepting.equals(endpoints.get(acceptor))) {
            accepting.linkUp(connection.id, "");
          }
        });
    simulator.after(
        there + back,
        () -> {
          boolean wanted = connection.open && connection.hungUpBy != node;
          if (wanted && dialler.equals(endpoints.get(node))) {
            dialler.linkUp(connection.id, address);
          }
        });
  }

  /** Closes a link behind what was sent on it: that still arrives, as far as the path is free. */
  void hangUp(int node, long link) {
    Connection connection = connections.remove(link);
    if (connection == null) return;
    connection.hungUpBy = node;
    int peer = connection.other(node);
    long closes = simulator.nowNanos() + latency(node, peer);
    for (long arrives : connection.from(node).lastNanos.values()) {
      closes = Math.max(closes, arrives);
    }
    simulator.at(
        closes,
        () -> {
          connection.open = false;
          down(peer, link);
        });
    simulator.after(0, () -> down(node, link));
  }

  /** Sends one message; messages of one lane stay in order, lanes overtake each other. */
  void send(int node, long link, Lane lane, Bytes payload) {
    Connection connection = connections.get(link);
    if (connection == null) {
      lost++;
      return;
    }
    int peer = connection.other(node);
    if (blocked(node, peer)) {
      hold(connection, node, new Held(lane, payload));
      return;
    }
    Weather now = weather.getOrDefault(path(node, peer), Weather.CLEAR);
    Entropy dice = chance(node, peer);
    long arrives = Math.max(connection.openNanos, simulator.nowNanos() + latency(node, peer));
    if (dice.nextInt(1000) < now.lost) {
      lost++;
      trace.note(simulator.nowNanos(), node, "lost " + payload.size() + " B to " + peer);
      if (dice.nextInt(RESETS_ONE_IN) == 0) {
        breakLink(connection);
        return;
      }
      arrives += RETRANSMIT_NANOS + Math.floorMod(dice.nextLong(), 4 * RETRANSMIT_NANOS);
    }
    if (dice.nextInt(1000) >= now.reordered) {
      EnumMap<Lane, Long> last = connection.from(node).lastNanos;
      arrives = Math.max(arrives, last.getOrDefault(lane, 0L));
      last.put(lane, arrives);
    }
    deliverAt(arrives, connection, node, new Held(lane, payload));
    if (dice.nextInt(1000) < now.duplicated) {
      Held doubled = new Held(lane, payload, true);
      deliverAt(arrives + latency(node, peer), connection, node, doubled);
    }
  }

  private void deliverAt(long nanos, Connection connection, int sender, Held message) {
    int receiver = connection.other(sender);
    Flow flow = connection.from(sender);
    flow.sent(message);
    mostFramesOnWay.merge(sender, flow.framesOnWay, Math::max);
    simulator.at(
        nanos,
        () -> {
          flow.arrived(message);
          Endpoint endpoint = endpoints.get(receiver);
          if (!connection.open || endpoint == null || connection.hungUpBy == receiver) {
            lost++;
          } else if (blocked(sender, receiver)) {
            hold(connection, sender, message);
          } else if (resetsNow(sender, receiver)) {
            lost++;
            trace.note(simulator.nowNanos(), -1, "resets " + path(sender, receiver));
            breakLink(connection);
          } else {
            delivered++;
            endpoint.received(connection.id, message.payload);
          }
        });
  }

  /** Whether nothing that one node says reaches the other, or the other way round. */
  boolean severed(int one, int other) {
    return cut.contains(path(one, other)) || cut.contains(path(other, one));
  }

  /** Neither cut nor clogged, and the receiver reads. */
  private boolean blocked(int from, int to) {
    String path = path(from, to);
    return cut.contains(path) || clogged.contains(path) || asleep.contains(to);
  }

  /**
   * Keeps a message for later; a queue that grows too long ends the link, as it does at the edge.
   */
  private void hold(Connection connection, int sender, Held message) {
    Flow flow = connection.from(sender);
    flow.hold(message);
    mostFramesOnWay.merge(sender, flow.framesOnWay, Math::max);
    if (flow.heldBytes > QUEUE_BYTES_MAX) {
      trace.note(simulator.nowNanos(), sender, "hangs up a peer that is too slow");
      breakLink(connection);
    }
  }

  private boolean resetsNow(int from, int to) {
    Integer left = resets.get(path(from, to));
    if (left == null) return false;
    if (left > 1) {
      resets.put(path(from, to), left - 1);
      return false;
    }
    resets.remove(path(from, to));
    return true;
  }

  private void breakLink(Connection connection) {
    if (!connection.open) return;
    connections.remove(connection.id);
    connection.open = false;
    simulator.after(0, () -> down(connection.dialler, connection.id));
    simulator.after(0, () -> down(connection.acceptor, connection.id));
  }

  private void down(int node, long link) {
    Endpoint endpoint = endpoints.get(node);
    if (endpoint != null) endpoint.linkDown(link);
  }

  /** Swallows everything from {@code from} to {@code to} until {@link #heal}. */
  void cut(int from, int to) {
    if (!cut.add(path(from, to))) return;
    trace.note(simulator.nowNanos(), -1, "cut " + path(from, to));
    simulator.after(KEEP_ALIVE_NANOS, () -> closeStale(from, to));
  }

  private void closeStale(int from, int to) {
    if (!cut.contains(path(from, to))) return;
    for (Connection connection : between(from, to)) breakLink(connection);
  }

  void heal(int from, int to) {
    if (!cut.remove(path(from, to))) return;
    trace.note(simulator.nowNanos(), -1, "heal " + path(from, to));
    flow(from, to);
  }

  /** Sends what was held back on a path, in order. */
  private void flow(int from, int to) {
    if (blocked(from, to)) return;
    for (Connection connection : between(from, to)) {
      Flow flow = connection.from(from);
      List<Held> again = List.copyOf(flow.held);
      flow.held.clear();
      again.forEach(flow::arrived);
      flow.heldBytes = 0;
      for (Held message : again) send(from, connection.id, message.lane, message.payload);
    }
  }

  /**
   * The receiver stops reading what {@code from} sends, or a box in between buffers it: nothing
   * arrives and no link breaks, until {@link #unclog}. What waits is bounded.
   */
  void clog(int from, int to) {
    if (clogged.add(path(from, to))) {
      trace.note(simulator.nowNanos(), -1, "clog " + path(from, to));
    }
  }

  void unclog(int from, int to) {
    if (!clogged.remove(path(from, to))) return;
    trace.note(simulator.nowNanos(), -1, "unclog " + path(from, to));
    flow(from, to);
  }

  /** Breaks every link between the two now; what is on its way is lost. */
  void reset(int from, int to) {
    for (Connection connection : between(from, to)) breakLink(connection);
  }

  /**
   * Breaks the link at a coming message from {@code from} to {@code to}, in its middle: what came
   * before has arrived, it and what follows are lost.
   *
   * @param nth 1 for the next message
   */
  void resetAt(int from, int to, int nth) {
    resets.put(path(from, to), nth);
  }

  /**
   * Every link between the two is gone at the end of {@code to}, and {@code from} hears of it only
   * by its keep-alive: what it says until then goes nowhere.
   */
  void halfOpen(int from, int to) {
    for (Connection connection : between(from, to)) {
      connections.remove(connection.id);
      connection.open = false;
      trace.note(simulator.nowNanos(), -1, "half open " + path(from, to));
      simulator.after(0, () -> down(to, connection.id));
      simulator.after(KEEP_ALIVE_NANOS, () -> down(from, connection.id));
    }
  }

  /** The process of {@code node} stands still: it reads nothing, and its peers miss its answers. */
  void sleep(int node) {
    if (!asleep.add(node)) return;
    for (Connection connection : List.copyOf(connections.values())) {
      if (connection.dialler != node && connection.acceptor != node) continue;
      simulator.after(
          KEEP_ALIVE_NANOS,
          () -> {
            if (asleep.contains(node)) breakLink(connection);
          });
    }
  }

  void awake(int node) {
    if (!asleep.remove(node)) return;
    for (int peer : List.copyOf(addresses.values())) flow(peer, node);
  }

  private List<Connection> between(int one, int other) {
    return connections.values().stream()
        .filter(connection ->
            (connection.dialler == one && connection.acceptor == other)
                || (connection.dialler == other && connection.acceptor == one))
        .toList();
  }

  /** Heals every path, unclogs every link and clears the sky. */
  void healAll() {
    weather.clear();
    resets.clear();
    for (int from : List.copyOf(addresses.values())) {
      for (int to : List.copyOf(addresses.values())) {
        heal(from, to);
        unclog(from, to);
      }
    }
  }

  void weather(int from, int to, Weather now) {
    weather.put(path(from, to), now);
  }

  private long latency(int from, int to) {
    Weather now = weather.getOrDefault(path(from, to), Weather.CLEAR);
    long span = now.latencyNanosMax - now.latencyNanosMin;
    return now.latencyNanosMin + Math.floorMod(chance(from, to).nextLong(), span + 1);
  }

  private Entropy chance(int from, int to) {
    return chance.computeIfAbsent(path(from, to), entropy::split);
  }

  private static String path(int from, int to) {
    return from + ">" + to;
  }
}
