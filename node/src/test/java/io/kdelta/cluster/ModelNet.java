package io.kdelta.cluster;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.causal.Dot;
import io.kdelta.causal.Frame;
import io.kdelta.causal.FrameReception;
import io.kdelta.causal.Incarnation;
import io.kdelta.causal.NodeId;
import io.kdelta.env.Entropy;
import io.kdelta.env.SimEntropy;
import io.kdelta.memory.Bytes;
import io.kdelta.reconciliation.Digest;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Real {@link Cluster} objects over {@link ModelReplica}s and a network in one queue of events,
 * from one seed. Links behave as TCP does: ordered within a lane, held back by a cut, broken at
 * random with everything on its way lost.
 */
final class ModelNet {
  static final long MILLI = 1_000_000L;
  static final long SECOND = 1_000 * MILLI;

  final Entropy entropy;
  final List<Node> nodes = new ArrayList<>();
  final List<String> notices = new ArrayList<>();
  long now = 1;
  long trace;

  /** Longest time that a message takes. */
  long delayMax = 5 * MILLI;

  /** One in so many messages breaks its link; 0: none does. */
  int resetOneIn;

  /** One in so many messages comes twice; 0: none does. */
  int twiceOneIn;

  Sessions.Factory sessions = StreamOnly::new;
  ClusterConfig.Limits limits = ClusterConfig.Limits.DEFAULT;
  int backups = ClusterConfig.BACKUPS;

  private final PriorityQueue<Item> queue =
      new PriorityQueue<>(Comparator.comparingLong(Item::at).thenComparingLong(Item::order));
  private final TreeSet<String> cuts = new TreeSet<>();
  private long orders;
  private long linkNumbers;
  private long busyAt;
  private int busy;

  private record Item(long at, long order, Runnable work) {}

  /** One end of a connection. */
  private static final class End {
    final long link;
    final Node node;
    final int life;
    @Nullable End other;
    boolean open = true;
    final long[] lastAt = new long[3];
    final List<Bytes> held = new ArrayList<>();

    End(long link, Node node) {
      this.link = link;
      this.node = node;
      this.life = node.life;
    }
  }

  /** A write that waits for its level. */
  static final class Pending {
    final Digest id;
    final Dot first;
    final Dot last;
    final AckPlan plan;
    final long lsn;
    boolean acked;

    Pending(Digest id, Dot first, Dot last, AckPlan plan, long lsn) {
      this.id = id;
      this.first = first;
      this.last = last;
      this.plan = plan;
      this.lsn = lsn;
    }
  }

  /** One node. */
  final class Node {
    final NodeId id;
    String address;
    ModelReplica replica = new ModelReplica();
    List<String> seeds;
    Optional<String> clusterName = Optional.empty();
    String zone = "";
    int formatMax = PeerCodec.NEWEST;
    @Nullable Cluster cluster;
    @Nullable Incarnation incarnation;
    int life;
    int departures;
    private final Map<Long, End> ends = new TreeMap<>();
    final List<Pending> pending = new ArrayList<>();

    Node(int index, List<String> seeds) {
      this.id = NodeId.draw(entropy);
      this.address = "n" + index + ":1";
      this.seeds = seeds;
    }

    void start() {
      life++;
      incarnation = null;
      ClusterConfig config =
          new ClusterConfig(
              id,
              address,
              List.of(address),
              "",
              zone,
              "test",
              clusterName,
              seeds,
              backups,
              ClusterConfig.Pace.DEFAULT,
              limits,
              formatMax);
      cluster = new Cluster(config, replica, entropy.split("node " + id + " " + life), sessions);
      give(new Event.Started());
    }

    /** The process dies; what was not synced is gone. */
    void crash() {
      cluster = null;
      pending.removeIf(write -> !write.acked);
      for (End end : List.copyOf(ends.values())) breakLink(end);
      ends.clear();
      replica.crash();
    }

    boolean up() {
      return cluster != null;
    }

    int links() {
      return ends.size();
    }

    Cluster cluster() {
      if (cluster == null) throw new AssertionError(address + " is down");
      return cluster;
    }

    void give(Event event) {
      Cluster target = cluster;
      if (target == null) return;
      trace = trace * 31 + event.getClass().getSimpleName().hashCode() + now;
      for (Effect effect : target.step(event, now)) carryOut(this, effect);
      acknowledge(this);
    }

    /** Writes over all heads of a key, if the node takes writes. */
    @Nullable Pending write(String key, int count, int bytes, AckLevel level) {
      if (!cluster().readiness().ready() || replica.isFull()) return null;
      if (incarnation == null) incarnation = Incarnation.draw(entropy);
      Frame frame = replica.write(id, incarnation, key, count, bytes);
      Pending write =
          new Pending(
              frame.envelopes().getLast().version().id(),
              new Dot(incarnation, frame.firstSeq()),
              new Dot(incarnation, frame.lastSeq()),
              cluster().plan(level),
              replica.lastLsn());
      pending.add(write);
      syncSoon(this);
      give(new Event.Appended(frame));
      return write;
    }

    Member.State sees(Node other) {
      return cluster().member(other.id).map(Member::state).orElse(Member.State.LEFT);
    }
  }

  /** What names stand for, asked at every dial. */
  final Map<String, Supplier<List<String>>> names = new TreeMap<>();

  ModelNet(long seed) {
    entropy = new SimEntropy(seed);
  }

  /** Adds nodes that join the first one. */
  ModelNet with(int count) {
    for (int i = 0; i < count; i++) add(i == 0 ? List.of() : List.of("n0:1"));
    return this;
  }

  Node add(List<String> seeds) {
    Node node = new Node(nodes.size(), seeds);
    nodes.add(node);
    return node;
  }

  Node node(int index) {
    return nodes.get(index);
  }

  ModelNet startAll() {
    for (Node node : nodes) at(now + entropy.nextInt(200) * MILLI, node::start);
    return this;
  }

  List<Node> running() {
    return nodes.stream().filter(Node::up).toList();
  }

  void at(long time, Runnable work) {
    queue.add(new Item(time, orders++, work));
  }

  /** Runs everything that happens within so many nanoseconds. */
  ModelNet run(long nanos) {
    long until = now + nanos;
    while (!queue.isEmpty() && queue.peek().at() <= until) {
      Item item = queue.remove();
      // More events than that in one moment can only be a part that wakes itself up for ever.
      if (item.at() > busyAt + MILLI) {
        busyAt = item.at();
        busy = 0;
      } else if (++busy > 20_000) {
        throw new AssertionError("nothing but events at " + now + picture());
      }
      now = Math.max(now, item.at());
      item.work().run();
    }
    now = until;
    return this;
  }

  /** Runs until it holds, at most so many nanoseconds; fails otherwise. */
  void await(String what, long nanos, BooleanSupplier holds) {
    long until = now + nanos;
    while (!holds.getAsBoolean()) {
      assertTrue(now < until, () -> what + " not within " + nanos / SECOND + " s; " + picture());
      run(50 * MILLI);
    }
  }

  /** What every node thinks of every other. */
  String picture() {
    StringBuilder text = new StringBuilder();
    for (Node node : running()) {
      text.append('\n').append(node.address).append(' ').append(node.cluster().readiness());
      text.append(' ').append(node.cluster().clusterId().hex(), 0, 4).append(':');
      for (Node other : nodes) {
        Optional<Member> member = node.cluster().member(other.id);
        text.append(' ').append(other.address).append('=');
        text.append(member.map(m -> m.state() + (m.linked() ? "+" : "-")).orElse("?"));
      }
      text.append(" versions ").append(node.replica.tree().count());
      text.append(" parked ").append(node.replica.parkedCount());
    }
    return text.append('\n').toString();
  }

  /** Nothing goes from the one to the other until healed. */
  void cut(Node source, Node target) {
    cuts.add(source.address + ">" + target.address);
  }

  void cutBoth(Node a, Node b) {
    cut(a, b);
    cut(b, a);
  }

  void heal() {
    cuts.clear();
  }

  private boolean isCut(Node source, Node target) {
    return cuts.contains(source.address + ">" + target.address);
  }

  private long delay() {
    return 1 + (long) entropy.nextInt((int) (delayMax / 1_000)) * 1_000;
  }

  private void carryOut(Node node, Effect effect) {
    switch (effect) {
      case Effect.Dial dial -> dial(node, dial.address());
      case Effect.Hangup hangup -> hangUp(node, hangup.link());
      case Effect.Send send -> send(node, send);
      case Effect.Store store -> {
        Event answer = new Event.NotStored(store.tag(), "full");
        if (!node.replica.isFull()) {
          var receptions = node.replica.store(store.envelopes());
          answer = new Event.Stored(store.tag(), node.replica.lastLsn(), receptions);
        }
        later(node, 0, answer);
        syncSoon(node);
      }
      case Effect.TakeIn _ -> throw new AssertionError("no files were read");
      case Effect.TakeFrame take -> {
        Event answer = new Event.NotStored(take.tag(), "full");
        if (!node.replica.isFull()) {
          FrameReception reception = node.replica.take(take.frame());
          answer = new Event.FrameTaken(take.tag(), node.replica.lastLsn(), reception);
        }
        later(node, 0, answer);
        syncSoon(node);
      }
      case Effect.Adopt adopt -> {
        node.replica.adopt(adopt.positions());
        later(node, 0, new Event.Adopted(adopt.tag(), node.replica.lastLsn()));
        syncSoon(node);
      }
      case Effect.Snapshot asked ->
          later(
              node,
              0,
              new Event.SnapshotDone(
                  asked.tag(), new SnapshotOutcome.Failed("this replica has no files", false)));
      case Effect.Receipt receipt -> checkReceipt(receipt);
      case Effect.Remember row -> {
        node.replica.remember(row.name(), row.value());
        syncSoon(node);
      }
      case Effect.WakeAt wake -> later(node, Math.max(0, wake.nanos() - now), new Event.WakeUp());
      case Effect.MembershipChanged _, Effect.EndLog _ -> {}
      case Effect.Notice notice -> notices.add(node.address + ": " + notice.text());
      case Effect.SessionEnded _, Effect.Reconciled _ -> {}
      case Effect.Departed _ -> node.departures++;
    }
  }

  private void later(Node node, long nanos, Event event) {
    int life = node.life;
    at(
        now + nanos,
        () -> {
          if (node.life == life) node.give(event);
        });
  }

  private void syncSoon(Node node) {
    int life = node.life;
    at(
        now + delay(),
        () -> {
          if (node.life == life && node.up()) {
            node.give(new Event.Durable(node.replica.sync()));
          }
        });
  }

  /** The promise behind every receipt: the data is durable at its sender when it is counted. */
  private void checkReceipt(Effect.Receipt receipt) {
    Node sender = nodes.stream().filter(n -> n.id.equals(receipt.node())).findFirst().orElseThrow();
    for (long seq = receipt.first(); seq <= receipt.last(); seq++) {
      Dot dot = new Dot(receipt.incarnation(), seq);
      assertTrue(sender.replica.durablyHolds(dot), () -> sender.address + " does not hold " + dot);
    }
  }

  private void acknowledge(Node node) {
    Cluster cluster = node.cluster;
    if (cluster == null) return;
    for (Pending write : node.pending) {
      if (write.acked || node.replica.durableLsn() < write.lsn) continue;
      long first = write.first.seq();
      int reached = cluster.receipts(write.first.incarnation(), first, write.last.seq());
      write.acked = reached >= write.plan.further();
    }
  }

  private void dial(Node node, String address) {
    Supplier<List<String>> addresses = names.get(address);
    if (addresses != null) {
      later(node, delay(), new Event.Resolved(address, addresses.get()));
      return;
    }
    int life = node.life;
    at(
        now + delay(),
        () -> {
          Node target =
              nodes.stream().filter(n -> n.address.equals(address)).findFirst().orElse(null);
          if (node.life != life || !node.up()) return;
          if (target == null || !target.up() || isCut(node, target) || isCut(target, node)) {
            later(node, delay(), new Event.DialFailed(address));
            return;
          }
          End near = new End(++linkNumbers, node);
          End far = new End(++linkNumbers, target);
          near.other = far;
          far.other = near;
          node.ends.put(near.link, near);
          target.ends.put(far.link, far);
          target.give(new Event.LinkUp(far.link, Optional.empty()));
          node.give(new Event.LinkUp(near.link, Optional.of(address)));
        });
  }

  private void hangUp(Node node, long link) {
    End end = node.ends.get(link);
    if (end != null && end.open) closeAfterDelivery(end);
  }

  /** What was sent before still arrives; then both ends are down. */
  private void closeAfterDelivery(End end) {
    End other = end.other;
    if (other == null) throw new AssertionError("half a link");
    end.open = false;
    long last = Math.max(end.lastAt[0], Math.max(end.lastAt[1], end.lastAt[2]));
    at(Math.max(now, last) + delay(), () -> down(other));
    at(now + delay(), () -> down(end));
  }

  private void breakLink(End end) {
    End other = end.other;
    if (other == null) throw new AssertionError("half a link");
    end.open = false;
    other.open = false;
    at(now + delay(), () -> down(end));
    at(now + delay(), () -> down(other));
  }

  private void down(End end) {
    end.open = false;
    if (end.node.ends.remove(end.link) == null || end.node.life != end.life) return;
    end.node.give(new Event.LinkDown(end.link));
  }

  private void send(Node node, Effect.Send send) {
    End end = node.ends.get(send.link());
    if (end == null || !end.open) return;
    if (resetOneIn > 0 && entropy.nextInt(resetOneIn) == 0) {
      breakLink(end);
      return;
    }
    int times = twiceOneIn > 0 && entropy.nextInt(twiceOneIn) == 0 ? 2 : 1;
    for (int i = 0; i < times; i++) {
      int lane = List.of(Lane.values()).indexOf(send.lane());
      long arrival = Math.max(now + delay(), end.lastAt[lane]);
      // What is sent first in a lane above is never overtaken.
      for (int above = 0; above < lane; above++) arrival = Math.max(arrival, end.lastAt[above]);
      end.lastAt[lane] = arrival;
      at(arrival, () -> deliver(end, send.message()));
    }
  }

  private void deliver(End end, Bytes message) {
    End other = end.other;
    if (other == null || !other.node.ends.containsKey(other.link)) return;
    if (!end.held.isEmpty() || isCut(end.node, other.node)) {
      end.held.add(message);
      if (end.held.size() == 1) at(now + 20 * MILLI, () -> release(end));
      return;
    }
    if (other.node.life == other.life) other.node.give(new Event.Received(other.link, message));
  }

  /** What a cut held back goes on in order once it is healed. */
  private void release(End end) {
    End other = end.other;
    if (other == null) throw new AssertionError("half a link");
    if (isCut(end.node, other.node) && other.node.ends.containsKey(other.link)) {
      at(now + 20 * MILLI, () -> release(end));
      return;
    }
    List<Bytes> held = List.copyOf(end.held);
    end.held.clear();
    for (Bytes message : held) deliver(end, message);
  }
}
