package io.kdelta.cluster;

import io.kdelta.causal.Incarnation;
import io.kdelta.causal.NodeId;
import io.kdelta.env.SimEntropy;
import io.kdelta.memory.Bytes;
import io.kdelta.reconciliation.Digest;
import io.kdelta.storage.FileList;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * A ladder alone: the test is its peers, its disk and its store, and answers what it asks for when
 * it likes.
 */
final class LadderRig implements Sessions.Host {
  static final long SECOND = 1_000_000_000L;
  static final long VERSIONS_MIN = 10;
  static final int PIECE_BYTES = 512;
  static final NodeId SELF = new NodeId(5, 5);
  static final NodeId ONE = new NodeId(2, 2);
  static final NodeId TWO = new NodeId(3, 3);

  /** One that leaves it to this node to begin. */
  static final NodeId HIGHER = new NodeId(7, 7);

  final ModelReplica replica = new ModelReplica();
  final List<Effect> effects = new ArrayList<>();
  final Map<NodeId, List<PeerMessage>> sent = new TreeMap<>();
  final Map<NodeId, Member> members = new TreeMap<>();
  final Ladder ladder;
  long now = SECOND;
  private final TreeSet<NodeId> linked = new TreeSet<>();
  private long tags;

  LadderRig(int held) {
    if (held > 0) replica.write(SELF, new Incarnation(9, 9), "key", held, 10);
    ClusterConfig.Limits limits =
        ClusterConfig.Limits.DEFAULT.withSnapshots(
            new ClusterConfig.Snapshots(VERSIONS_MIN, PIECE_BYTES));
    ladder = new Ladder(limits, replica, new SimEntropy(1), this);
  }

  /** Links a node that says it holds so many versions. */
  void meet(NodeId node, long versions) {
    link(node, false);
    hear(node, versions);
  }

  /**
   * Links a node that has not told its numbers yet.
   *
   * @param met whether a session with it ever ended well
   */
  void link(NodeId node, boolean met) {
    linked.add(node);
    ladder.up(node, met, now);
  }

  void hear(NodeId node, long versions) {
    Member.Facts facts =
        new Member.Facts(1, Member.Stage.READY, Digest.ZERO, 1, 1, versions, 1_000, 0);
    ladder.heard(node, facts, now);
  }

  void part(NodeId node) {
    linked.remove(node);
    ladder.down(node, now);
  }

  void pass(long nanos) {
    now += nanos;
    ladder.tick(now);
  }

  void say(NodeId node, PeerMessage.Snapshot message) {
    ladder.message(node, message, new Weight(100, 100), now);
  }

  /** Answers the oldest piece of file work of that kind. */
  void answer(Class<? extends SnapshotOrder> kind, SnapshotOutcome outcome) {
    for (Effect effect : effects) {
      if (!(effect instanceof Effect.Snapshot asked) || !kind.isInstance(asked.order())) continue;
      effects.remove(effect);
      ladder.snapshotDone(new Event.SnapshotDone(asked.tag(), outcome), now);
      return;
    }
    throw new AssertionError("no " + kind.getSimpleName() + " in " + effects);
  }

  /** The newest piece of file work of that kind, if there is any. */
  <T extends SnapshotOrder> Optional<T> ordered(Class<T> kind) {
    Optional<T> found = Optional.empty();
    for (Effect effect : effects) {
      if (effect instanceof Effect.Snapshot asked && kind.isInstance(asked.order())) {
        found = Optional.of(kind.cast(asked.order()));
      }
    }
    return found;
  }

  /** What was said of that kind to a node, in order. */
  <T extends PeerMessage> List<T> told(NodeId node, Class<T> kind) {
    List<T> found = new ArrayList<>();
    for (PeerMessage message : sent.getOrDefault(node, List.of())) {
      if (kind.isInstance(message)) found.add(kind.cast(message));
    }
    return found;
  }

  /** The number of the newest question to a node for its files; 0 for none. */
  long asked(NodeId node) {
    List<PeerMessage.SnapshotAsk> asked = told(node, PeerMessage.SnapshotAsk.class);
    return asked.isEmpty() ? 0 : asked.getLast().session();
  }

  /** How many sessions were begun with a node. */
  int sessions(NodeId node) {
    return told(node, PeerMessage.Reconcile.class).size();
  }

  /** How a snapshot ended, the newest. */
  String outcome() {
    for (Session session : ladder.past()) {
      if (session.rungs().contains("snapshot")) return session.outcome();
    }
    return "";
  }

  /** A list of one table of so many pieces, the last one short. */
  static FileList list(int pieces) {
    long bytes = (long) PIECE_BYTES * pieces - 100;
    FileList.Listed file = new FileList.Listed("0000000003.table", bytes, Bytes.EMPTY);
    return new FileList(PIECE_BYTES, FileList.Check.LATER, Bytes.EMPTY, List.of(file));
  }

  static Member member(NodeId node, Member.State state) {
    Member.Card card = new Member.Card(node, "n", List.of("n:1"), "", "", "", 1, 1);
    return new Member(card, state, 1, Member.Facts.NONE, true, false);
  }

  @Override
  public NodeId self() {
    return SELF;
  }

  @Override
  public ClusterId cluster() {
    return ClusterId.named("demo");
  }

  @Override
  public void effect(Effect effect) {
    effects.add(effect);
    if (effect instanceof Effect.Remember row) replica.remember(row.name(), row.value());
  }

  @Override
  public long tag() {
    return ++tags;
  }

  @Override
  public Optional<Member> member(NodeId node) {
    return Optional.ofNullable(members.get(node));
  }

  @Override
  public void agreed(NodeId node, long at) {}

  @Override
  public boolean send(NodeId node, PeerMessage message, long at) {
    return sendCounting(node, message, at).isPresent();
  }

  @Override
  public Optional<Weight> sendCounting(NodeId node, PeerMessage message, long at) {
    if (!linked.contains(node)) return Optional.empty();
    sent.computeIfAbsent(node, _ -> new ArrayList<>()).add(message);
    return Optional.of(new Weight(50, 50));
  }

  @Override
  public List<NodeId> linked() {
    return List.copyOf(linked);
  }
}
