package io.kdelta.cluster;

import io.kdelta.causal.NodeId;
import io.kdelta.env.Entropy;
import io.kdelta.memory.ByteReader;
import io.kdelta.memory.ByteWriter;
import io.kdelta.memory.Bytes;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Who is a member and who is alive: SWIM with suspicion, refutation and local health; the papers
 * are named in the package documentation. Owned by the core thread.
 *
 * <p>Every probe interval one member is asked; if it does not answer in time, three others are
 * asked to ask it; if nothing comes back by the end of the interval it is suspected, and dead if it
 * does not refute in time. Both times are stretched by the local health: a node that misses answers
 * doubts itself first.
 *
 * <p>The system row {@code refutation}: u64, the number of this node's life. It grows with every
 * start, so that what was said about an earlier life is refuted by being alive.
 */
final class Gossip {
  /** Highest factor by which local health stretches times. */
  static final int HEALTH_MAX = 8;

  static final String ROW = "refutation";
  private static final int INDIRECT_PROBES = 3;

  /** A claim about this node that is further ahead of its number than this is a lie. */
  private static final long LEAP_MAX = 1L << 32;

  private final ClusterConfig config;
  private final Member.Card self;
  private final Roster roster;
  private final Headcount headcount;
  private final Entropy entropy;
  private final Outbox outbox;
  private final Wire wire;
  private final Rumours rumours = new Rumours();
  private final Map<NodeId, Suspicion> suspicions = new TreeMap<>();
  private final Map<Long, Errand> errands = new TreeMap<>();
  private final List<NodeId> round = new ArrayList<>();
  private Member.State state = Member.State.ALIVE;
  private long refutation;
  private long numbers;
  private @Nullable Probe probe;
  private long probeAt;
  private long pushPullAt;
  private int health = 1;
  private long probes;
  private long missed;
  private long suspected;
  private long dead;
  private long refuted;
  private boolean changed;

  /** The probe that is running. */
  private static final class Probe {
    final NodeId target;
    final long number;
    final long indirectAt;
    final long endAt;
    boolean asked;
    int helpers;
    int nacks;

    Probe(NodeId target, long number, long indirectAt, long endAt) {
      this.target = target;
      this.number = number;
      this.indirectAt = indirectAt;
      this.endAt = endAt;
    }
  }

  /** A probe that this node makes for another one. */
  private record Errand(NodeId asker, long number, long nackAt, long endAt, boolean nacked) {}

  Gossip(
      ClusterConfig config,
      Member.Card self,
      Roster roster,
      Headcount headcount,
      Entropy entropy,
      Outbox outbox,
      Wire wire) {
    this.config = config;
    this.self = self;
    this.roster = roster;
    this.headcount = headcount;
    this.entropy = entropy;
    this.outbox = outbox;
    this.wire = wire;
  }

  /** Takes up the life of this node. {@code row}: what was remembered of the last one. */
  void start(Optional<Bytes> row, boolean left, long now) {
    long last = row.map(bytes -> new ByteReader(bytes, "system row " + ROW).readLong()).orElse(0L);
    state = left ? Member.State.LEFT : Member.State.ALIVE;
    raise(last);
    probeAt = now + config.pace().probe();
    pushPullAt = now + config.pace().pushPull();
  }

  long refutation() {
    return refutation;
  }

  /** How this node is, by its own word. */
  Member.State state() {
    return state;
  }

  /** By how much times are stretched: 1 in health, at most {@link #HEALTH_MAX}. */
  int health() {
    return health;
  }

  /** What it has counted, with what others have. */
  Pulse pulse(long receipts, long lost, int format, List<Pulse.Peer> peers) {
    return new Pulse(
        health, probes, missed, suspected, dead, refuted, receipts, lost, format, peers);
  }

  /** Whether anybody's state changed since the last call. */
  boolean takeChanged() {
    boolean was = changed;
    changed = false;
    return was;
  }

  /** A node is linked: it lives, and both tell each other whom they know. */
  void up(PeerMessage.Hello hello, long now) {
    hear(
        new PeerMessage.Rumour(
            hello.card(), Member.State.ALIVE, hello.refutation(), hello.card().node()),
        now);
    wire.send(hello.card().node(), list(false), now);
  }

  /** A message of a linked node. */
  void message(NodeId from, PeerMessage message, long now) {
    switch (message) {
      case PeerMessage.Ping ping -> {
        hearAll(ping.rumours(), now);
        wire.send(from, new PeerMessage.Ack(ping.number(), rumours.next(roster.size())), now);
      }
      case PeerMessage.Ack ack -> {
        hearAll(ack.rumours(), now);
        acked(ack.number(), now);
      }
      case PeerMessage.PingRequest request -> runErrand(from, request, now);
      case PeerMessage.Nack nack -> {
        if (probe != null && probe.number == nack.number()) probe.nacks++;
      }
      case PeerMessage.Members members -> {
        for (PeerMessage.Members.Entry entry : members.entries()) {
          hear(entry.rumour(), now);
          NodeId node = entry.rumour().card().node();
          // What a linked node says of itself is newer than what others pass on.
          if (!node.equals(self.node()) && !wire.linked().contains(node)) {
            roster.heard(node, entry.life(), entry.facts());
          }
        }
        if (headcount.heard(members.knowledge())) changed = true;
        if (members.answer()) wire.send(from, list(false), now);
      }
      default -> throw new AssertionError("not gossip: " + message);
    }
  }

  /** Probes, suspects, declares dead, exchanges lists, as far as it is time. */
  void tick(long now) {
    if (state != Member.State.ALIVE) return;
    runProbe(now);
    for (Map.Entry<NodeId, Suspicion> suspicion : List.copyOf(suspicions.entrySet())) {
      if (now < suspicion.getValue().deadline()) continue;
      Roster.Entry entry = roster.find(suspicion.getKey());
      if (entry == null) throw new AssertionError("a stranger is suspected");
      hear(
          new PeerMessage.Rumour(entry.card(), Member.State.DEAD, entry.refutation(), self.node()),
          now);
    }
    for (Map.Entry<Long, Errand> entry : List.copyOf(errands.entrySet())) {
      Errand errand = entry.getValue();
      if (now >= errand.endAt()) {
        errands.remove(entry.getKey());
      } else if (now >= errand.nackAt() && !errand.nacked()) {
        wire.send(errand.asker(), new PeerMessage.Nack(errand.number()), now);
        errands.put(
            entry.getKey(),
            new Errand(errand.asker(), errand.number(), errand.nackAt(), errand.endAt(), true));
      }
    }
    if (now >= pushPullAt) {
      pushPullAt = now + config.pace().pushPull();
      List<NodeId> linked = wire.linked();
      if (!linked.isEmpty()) {
        wire.send(linked.get(entropy.nextInt(linked.size())), list(true), now);
      }
    }
  }

  /** When {@link #tick} has something to do. */
  long deadline() {
    if (state != Member.State.ALIVE) return Long.MAX_VALUE;
    long deadline = Math.min(pushPullAt, probe == null ? probeAt : probe.endAt);
    if (probe != null && !probe.asked) deadline = Math.min(deadline, probe.indirectAt);
    for (Suspicion suspicion : suspicions.values()) {
      deadline = Math.min(deadline, suspicion.deadline());
    }
    for (Errand errand : errands.values()) {
      deadline = Math.min(deadline, errand.nacked() ? errand.endAt() : errand.nackAt());
    }
    return deadline;
  }

  /** This node itself was asleep: what it waited for meanwhile is waited for anew. */
  void forgive(long nanos, long now) {
    for (Suspicion suspicion : suspicions.values()) suspicion.forgive(nanos);
    probe = null;
    probeAt = now + config.pace().probe();
    health = Math.min(HEALTH_MAX, health + 1);
  }

  /** This node stops: DOWN or LEFT. The number of those who are told at once. */
  int depart(Member.State last, long now) {
    state = last;
    raise(refutation);
    int told = 0;
    for (NodeId node : wire.linked()) {
      if (wire.send(node, list(false), now)) told++;
    }
    return told;
  }

  /** The operator says that a member will not come back. */
  void remove(NodeId node, long now) {
    Roster.Entry entry = roster.find(node);
    if (entry == null || node.equals(self.node())) return;
    hear(
        new PeerMessage.Rumour(entry.card(), Member.State.LEFT, entry.refutation(), self.node()),
        now);
    for (NodeId peer : wire.linked()) wire.send(peer, list(false), now);
  }

  /** Somebody whom this node believes says that this node was removed. */
  void removed() {
    if (state == Member.State.LEFT) return;
    state = Member.State.LEFT;
    roster.declare(self, state, refutation);
    changed = true;
    outbox.notice("this node was removed from the cluster");
  }

  private void hearAll(List<PeerMessage.Rumour> news, long now) {
    for (PeerMessage.Rumour rumour : news) hear(rumour, now);
  }

  private void hear(PeerMessage.Rumour rumour, long now) {
    NodeId node = rumour.card().node();
    if (node.equals(self.node())) {
      hearOfSelf(rumour, now);
      return;
    }
    Roster.Entry before = roster.find(node);
    boolean leaps = before != null && rumour.refutation() - before.refutation() > LEAP_MAX;
    // A word that stays for good, under a number that the node cannot have had.
    if (leaps && rumour.state() == Member.State.LEFT) return;
    Member.State was = before == null ? null : before.state();
    if (!roster.merge(rumour)) {
      confirm(rumour);
      return;
    }
    Roster.Entry entry = roster.find(node);
    if (entry == null) throw new AssertionError("merged and not there");
    changed = true;
    rumours.add(entry.rumour(rumour.accuser()));
    if (entry.state() == Member.State.SUSPECT) {
      suspicions.put(
          node, new Suspicion(roster.size(), config.pace().probe(), rumour.accuser(), now));
    } else {
      suspicions.remove(node);
    }
    if (was != entry.state()) {
      if (entry.state() == Member.State.SUSPECT) suspected++;
      if (entry.state() == Member.State.DEAD) dead++;
      outbox.notice(roster.name(node) + " is " + entry.state().name().toLowerCase(Locale.ROOT));
    }
  }

  /** One more accuses a suspect: that shortens its time, and others should know. */
  private void confirm(PeerMessage.Rumour rumour) {
    Suspicion suspicion = suspicions.get(rumour.card().node());
    if (suspicion == null || rumour.state() != Member.State.SUSPECT) return;
    Roster.Entry entry = roster.find(rumour.card().node());
    if (entry == null || rumour.refutation() < entry.refutation()) return;
    if (suspicion.confirm(rumour.accuser())) rumours.add(entry.rumour(rumour.accuser()));
  }

  private void hearOfSelf(PeerMessage.Rumour rumour, long now) {
    // Whoever removed this node knew a number that it had.
    boolean absurd = rumour.refutation() - refutation > LEAP_MAX;
    if (rumour.state() == Member.State.LEFT && !absurd) {
      removed();
      return;
    }
    boolean ahead = rumour.refutation() > refutation;
    boolean accused = rumour.refutation() == refutation && rumour.state().compareTo(state) > 0;
    if (state != Member.State.ALIVE || !(ahead || accused)) return;
    if (absurd) {
      outbox.notice("somebody claims a refutation number of this node that it never had");
      return;
    }
    health = Math.min(HEALTH_MAX, health + 1);
    refuted++;
    raise(rumour.refutation());
    for (NodeId node : wire.linked()) {
      wire.send(node, new PeerMessage.Ping(0, List.of(ownRumour())), now);
    }
  }

  /** Has the number remembered under which this node says how it is. */
  void remember() {
    outbox.add(new Effect.Remember(ROW, new ByteWriter(8).writeLong(refutation).toBytes()));
  }

  /** Says how this node is, under a number above {@code number}. */
  private void raise(long number) {
    refutation = number == Long.MAX_VALUE ? number : number + 1;
    remember();
    roster.declare(self, state, refutation);
    rumours.add(ownRumour());
    changed = true;
  }

  private PeerMessage.Rumour ownRumour() {
    return new PeerMessage.Rumour(self, state, refutation, self.node());
  }

  private void runProbe(long now) {
    Probe running = probe;
    if (running != null && !running.asked && now >= running.indirectAt) askOthers(running, now);
    if (running != null && now >= running.endAt) {
      probe = null;
      missed(running, now);
    }
    if (probe == null && now >= probeAt) {
      NodeId target = nextTarget();
      long interval = config.pace().probe() * health;
      probeAt = now + interval;
      if (target == null) return;
      Probe next =
          new Probe(target, ++numbers, now + config.pace().probeTimeout() * health, now + interval);
      probe = next;
      probes++;
      PeerMessage.Ping ping = new PeerMessage.Ping(next.number, news(target));
      if (!wire.send(target, ping, now)) askOthers(next, now);
    }
  }

  private void askOthers(Probe running, long now) {
    running.asked = true;
    List<NodeId> helpers = new ArrayList<>();
    for (NodeId node : wire.linked()) {
      Roster.Entry entry = roster.find(node);
      boolean fit = entry != null && entry.state() == Member.State.ALIVE;
      if (fit && !node.equals(running.target)) helpers.add(node);
    }
    shuffle(helpers);
    for (NodeId helper : helpers.subList(0, Math.min(INDIRECT_PROBES, helpers.size()))) {
      PeerMessage request = new PeerMessage.PingRequest(running.number, running.target);
      if (wire.send(helper, request, now)) running.helpers++;
    }
  }

  /**
   * Nothing came back: the target is suspected, and this node doubts itself as much as it should.
   */
  private void missed(Probe running, long now) {
    missed++;
    int silentHelpers = running.helpers - running.nacks;
    int doubt = running.helpers == 0 ? 1 : Math.max(0, silentHelpers);
    health = Math.min(HEALTH_MAX, health + doubt);
    Roster.Entry entry = roster.find(running.target);
    if (entry == null || !entry.alive()) return;
    hear(
        new PeerMessage.Rumour(entry.card(), Member.State.SUSPECT, entry.refutation(), self.node()),
        now);
  }

  private void acked(long number, long now) {
    Probe running = probe;
    if (running != null && running.number == number) {
      probe = null;
      health = Math.max(1, health - 1);
      return;
    }
    Errand errand = errands.remove(number);
    if (errand != null) {
      wire.send(errand.asker(), new PeerMessage.Ack(errand.number(), List.of()), now);
    }
  }

  private void runErrand(NodeId asker, PeerMessage.PingRequest request, long now) {
    if (errands.size() >= config.limits().members()) return;
    long number = ++numbers;
    PeerMessage.Ping ping = new PeerMessage.Ping(number, news(request.target()));
    if (!wire.send(request.target(), ping, now)) {
      wire.send(asker, new PeerMessage.Nack(request.number()), now);
      return;
    }
    long timeout = config.pace().probeTimeout();
    errands.put(
        number,
        new Errand(asker, request.number(), now + timeout * 4 / 5, now + 4 * timeout, false));
  }

  /**
   * What a probe of that node carries: if it is suspected, that first, so that it can refute as
   * soon as it hears anything at all (Lifeguard's buddy system, section IV-C).
   */
  private List<PeerMessage.Rumour> news(NodeId target) {
    List<PeerMessage.Rumour> next = rumours.next(roster.size());
    Suspicion suspicion = suspicions.get(target);
    Roster.Entry entry = roster.find(target);
    if (suspicion == null || entry == null) return next;
    List<PeerMessage.Rumour> news = new ArrayList<>();
    news.add(entry.rumour(suspicion.accuser()));
    for (PeerMessage.Rumour rumour : next) {
      if (!rumour.card().node().equals(target)) news.add(rumour);
    }
    return news;
  }

  /** The next in a shuffled round over all who may be alive: each is probed once a round. */
  private @Nullable NodeId nextTarget() {
    for (int tries = 0; tries < 2; tries++) {
      while (!round.isEmpty()) {
        NodeId node = round.removeLast();
        Roster.Entry entry = roster.find(node);
        if (entry != null && entry.alive()) return node;
      }
      for (Roster.Entry entry : roster.all()) {
        if (entry.alive() && !entry.node().equals(self.node())) round.add(entry.node());
      }
      shuffle(round);
    }
    return null;
  }

  private PeerMessage.Members list(boolean answer) {
    List<PeerMessage.Members.Entry> entries = new ArrayList<>();
    for (Roster.Entry entry : roster.all()) {
      entries.add(
          new PeerMessage.Members.Entry(entry.rumour(self.node()), entry.life(), entry.facts()));
    }
    return new PeerMessage.Members(answer, headcount.knowledge(), entries);
  }

  private void shuffle(List<NodeId> nodes) {
    for (int i = nodes.size() - 1; i > 0; i--) {
      int j = entropy.nextInt(i + 1);
      NodeId swapped = nodes.get(i);
      nodes.set(i, nodes.get(j));
      nodes.set(j, swapped);
    }
  }
}
