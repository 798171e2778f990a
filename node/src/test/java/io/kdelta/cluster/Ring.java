package io.kdelta.cluster;

import io.kdelta.causal.ContentType;
import io.kdelta.causal.Envelope;
import io.kdelta.causal.Incarnation;
import io.kdelta.causal.Key;
import io.kdelta.causal.NodeId;
import io.kdelta.causal.Reception;
import io.kdelta.causal.Timestamp;
import io.kdelta.causal.Version;
import io.kdelta.env.SimEntropy;
import io.kdelta.memory.Bytes;
import io.kdelta.reconciliation.Digest;
import io.kdelta.reconciliation.Limits;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.TreeSet;

/**
 * A few drivers of reconciliation over shelves, with links between them, one clock and one queue:
 * messages go through their bytes and arrive in order; stores answer at once and are synced later.
 */
final class Ring {
  static final long MILLI = 1_000_000L;

  final List<Node> nodes = new ArrayList<>();
  final Random random;
  private final Limits limits;
  long now = 1_000 * MILLI;

  /** Milliseconds that a message takes. */
  long latency = 1;

  /** Milliseconds that a sync takes. */
  long sync = 3;

  /** Longest run of bytes that one side had on its way, not stored. */
  long windowSeen;

  int batchSeen;

  /** Bytes of each document written from now on, and a few more. */
  int documentBytes;

  private final PriorityQueue<Due> queue = new PriorityQueue<>();
  private long sequence;

  private record Due(long at, long number, Runnable what) implements Comparable<Due> {
    @Override
    public int compareTo(Due other) {
      int order = Long.compare(at, other.at);
      return order != 0 ? order : Long.compare(number, other.number);
    }
  }

  /** One node: a shelf, a driver, and what the driver asked for. */
  final class Node implements Sessions.Host {
    final int index;
    final NodeId id;
    final Shelf shelf;
    final Reconciler driver;
    final TreeSet<NodeId> links = new TreeSet<>();
    final List<Session> ended = new ArrayList<>();
    final List<Effect.Reconciled> reconciled = new ArrayList<>();
    final List<NodeId> agreed = new ArrayList<>();
    final TreeSet<NodeId> met = new TreeSet<>();
    boolean mute;
    Member.State state = Member.State.ALIVE;
    String refusal = "";
    long pushedBytes;
    private long tags;
    private int epoch;
    private Digest told = Digest.ZERO;

    Node(int index) {
      this.index = index;
      this.id = new NodeId(0, 1L + index);
      this.shelf = new Shelf(new Incarnation(9, 1L + index));
      this.driver =
          new Reconciler(limits, shelf, new SimEntropy(random.nextLong()), this, (_, _) -> true);
    }

    /** Writes {@code count} versions over a few keys, some with two parents. */
    void write(int count) {
      writeUnseen(count);
      driver.grown(now);
      gossip();
    }

    /** The same, and nobody is told, not even the driver. */
    void writeUnseen(int count) {
      List<Envelope> held = new ArrayList<>(shelf.versions.values());
      for (int i = 0; i < count; i++) held.add(shelf.write(version(held)));
    }

    void gossip() {
      Digest root = shelf.tree().root();
      if (root.equals(told)) return;
      told = root;
      for (NodeId peer : links) tell(peer);
    }

    private void tell(NodeId peer) {
      Digest root = shelf.tree().root();
      long versions = shelf.tree().count();
      later(
          50,
          () -> {
            if (node(peer).links.contains(id))
              node(peer).driver.heard(id, facts(root, versions), now);
          });
    }

    @Override
    public NodeId self() {
      return id;
    }

    @Override
    public ClusterId cluster() {
      return new ClusterId(1, 2);
    }

    @Override
    public void effect(Effect effect) {
      switch (effect) {
        case Effect.Store(long tag, List<Envelope> envelopes, boolean _) ->
            later(0, () -> store(tag, envelopes));
        case Effect.Adopt(long tag, var positions) ->
            later(
                0,
                () -> {
                  shelf.adopt(positions);
                  driver.adopted(new Event.Adopted(tag, shelf.lsn), now);
                });
        case Effect.SessionEnded(Session session) -> ended.add(session);
        case Effect.Reconciled done -> reconciled.add(done);
        case Effect.Notice _ -> {
          // For people.
        }
        default -> throw new AssertionError("not the driver's: " + effect);
      }
    }

    private void store(long tag, List<Envelope> envelopes) {
      if (!refusal.isEmpty()) {
        driver.notStored(new Event.NotStored(tag, refusal), now);
        return;
      }
      List<Reception> receptions = new ArrayList<>();
      for (Envelope envelope : envelopes) receptions.add(shelf.receive(envelope));
      driver.stored(new Event.Stored(tag, shelf.lsn, receptions), now);
      driver.grown(now);
      gossip();
      long lsn = shelf.lsn;
      later(
          sync,
          () -> {
            shelf.durable = Math.max(shelf.durable, lsn);
            driver.durable(now);
          });
    }

    @Override
    public long tag() {
      return ++tags;
    }

    @Override
    public Optional<Member> member(NodeId node) {
      Member.Card card = new Member.Card(node, "n", List.of(), "", "", "", 1, 1);
      return Optional.of(
          new Member(card, node(node).state, 0, Member.Facts.NONE, true, met.contains(node)));
    }

    @Override
    public void agreed(NodeId node, long at) {
      agreed.add(node);
      met.add(node);
    }

    @Override
    public boolean send(NodeId node, PeerMessage message, long at) {
      return sendCounting(node, message, at).isPresent();
    }

    @Override
    public Optional<Weight> sendCounting(NodeId peer, PeerMessage message, long at) {
      if (!links.contains(peer)) return Optional.empty();
      Bytes bytes = PeerCodec.encode(message);
      if (message instanceof PeerMessage.Push) {
        batchSeen = Math.max(batchSeen, bytes.size());
        pushedBytes += bytes.size();
      }
      Weight weight = new Weight(bytes.size(), bytes.size());
      if (mute) return Optional.of(weight);
      int sentIn = epoch;
      Node target = node(peer);
      later(
          latency,
          () -> {
            if (epoch != sentIn || !links.contains(peer)) return;
            var heard = (PeerMessage.OfSession) PeerCodec.decode(bytes);
            if (heard instanceof PeerMessage.PushCredit(long _, long credited)) {
              windowSeen = Math.max(windowSeen, target.pushedBytes - credited);
            }
            target.driver.message(id, heard, weight, now);
          });
      return Optional.of(weight);
    }

    @Override
    public List<NodeId> linked() {
      return List.copyOf(links);
    }
  }

  Ring(int count, long seed) {
    this(count, seed, Limits.STANDARD);
  }

  /** Nodes whose sessions may cost no more than that. */
  Ring(int count, long seed, Limits limits) {
    random = new Random(seed);
    this.limits = limits;
    for (int i = 0; i < count; i++) nodes.add(new Node(i));
  }

  Node node(NodeId id) {
    return nodes.get((int) id.low() - 1);
  }

  void link(int one, int two) {
    Node first = nodes.get(one);
    Node second = nodes.get(two);
    first.links.add(second.id);
    second.links.add(first.id);
    first.driver.up(second.id, first.met.contains(second.id), now);
    second.driver.up(first.id, second.met.contains(first.id), now);
    first.tell(second.id);
    second.tell(first.id);
  }

  void cut(int one, int two) {
    Node first = nodes.get(one);
    Node second = nodes.get(two);
    if (!first.links.remove(second.id)) return;
    second.links.remove(first.id);
    first.epoch++;
    second.epoch++;
    first.driver.down(second.id, now);
    second.driver.down(first.id, now);
  }

  void later(long millis, Runnable what) {
    queue.add(new Due(now + millis * MILLI, sequence++, what));
  }

  /** Lets so many milliseconds pass. */
  void pass(long millis) {
    long end = now + millis * MILLI;
    int steps = 0;
    while (true) {
      if (steps++ > 2_000_000) throw new AssertionError("the clock stands still");
      Node next = null;
      for (Node node : nodes) {
        if (next == null || node.driver.deadline() < next.driver.deadline()) next = node;
      }
      if (next == null) throw new AssertionError("no nodes");
      long at = Math.max(now, next.driver.deadline());
      Due due = queue.peek();
      if (due != null && due.at() <= at) {
        if (due.at() > end) break;
        queue.remove();
        now = Math.max(now, due.at());
        due.what().run();
      } else {
        if (at > end) break;
        now = at;
        next.driver.tick(now);
      }
    }
    now = end;
  }

  static Member.Facts facts(Digest root, long versions) {
    return new Member.Facts(1, Member.Stage.READY, root, 0, 0, versions, 0, 0);
  }

  /** A version on top of one or two of {@code held}, of one of a few keys. */
  Envelope version(List<Envelope> held) {
    Key key = new Key("ns", "k" + random.nextInt(8));
    TreeSet<Digest> parents = new TreeSet<>();
    Timestamp time = Timestamp.ofMicros(1 + random.nextInt(1_000));
    for (int i = 0; i < 6 && parents.size() < 2 && !held.isEmpty(); i++) {
      Version parent = held.get(random.nextInt(held.size())).version();
      if (!parent.key().equals(key)) continue;
      parents.add(parent.id());
      if (!time.after(parent.time())) time = parent.time().next();
    }
    Bytes document = Bytes.utf8("\"" + random.nextLong() + "x".repeat(documentBytes) + "\"");
    Version version =
        Version.of(
            Version.Kind.PUT,
            key,
            List.copyOf(parents),
            time,
            new NodeId(1, 1),
            Bytes.EMPTY,
            ContentType.JSON,
            ContentType.JSON.idOf(document),
            "");
    return new Envelope(version, List.of(), null, document, Bytes.EMPTY);
  }
}
