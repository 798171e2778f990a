package io.kdelta.cluster;

import io.kdelta.causal.Incarnation;
import io.kdelta.causal.Intervals;
import io.kdelta.causal.NodeId;
import io.kdelta.env.Entropy;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * A node's part in its cluster: the whole protocol behind one {@link #step}.
 *
 * <p>Owned by the core thread; no other may call it. Pure but for the {@link Replica} it reads: the
 * same events at the same times with the same entropy give the same effects.
 */
public final class Cluster {
  private final ClusterConfig config;
  private final Replica replica;
  private final Outbox outbox = new Outbox();
  private final Member.Card self;
  private final Identity identity;
  private final Dialler dialler;
  private final Links links;
  private final Roster roster;
  private final Headcount headcount;
  private final Gossip gossip;
  private final Holdings holdings;
  private final ReplicatedMark mark;
  private final Ledger ledger;
  private final Primary primary;
  private final Backup backup;
  private final Relay relay;
  private final Sessions sessions;
  private final Acquaintances met;
  private final Departure departure;
  private List<NodeId> backups = List.of();
  private Member.Stage stage = Member.Stage.JOINING;
  private boolean started;
  private boolean membershipStale;
  private long armed = Long.MAX_VALUE;
  private final Oversleep oversleep = new Oversleep();

  /** Reads what the node remembers; says nothing before {@link Event.Started}. */
  public Cluster(ClusterConfig config, Replica replica, Entropy entropy) {
    this(
        config,
        replica,
        entropy,
        (held, chance, host) -> new Ladder(config.limits(), held, chance, host));
  }

  /** With another driver of sessions, for tests of the rest. */
  Cluster(ClusterConfig config, Replica replica, Entropy entropy, Sessions.Factory factory) {
    this.config = config;
    this.replica = replica;
    this.self =
        new Member.Card(
            config.node(),
            config.name(),
            config.addresses(),
            config.http(),
            config.zone(),
            config.software(),
            PeerCodec.OLDEST,
            config.formatMax());
    identity = new Identity(config, replica, entropy.split("cluster id"), outbox);
    met = new Acquaintances(replica, outbox);
    dialler = new Dialler(config, entropy.split("dial"), outbox);
    links = new Links(config, identity, dialler, outbox, new Upward());
    roster = new Roster(config.limits().members(), outbox);
    headcount = new Headcount(config, replica, outbox);
    gossip = new Gossip(config, self, roster, headcount, entropy.split("gossip"), outbox, links);
    mark =
        new ReplicatedMark(
            () -> AckLevel.QUORUM.further(backupCount()),
            node -> Optional.ofNullable(roster.find(node)).filter(this::counts).isPresent());
    holdings = new Holdings(replica, mark, this::format, config.pace().facts());
    ledger = new Ledger(replica, config.node());
    primary = new Primary(replica, config, links, met::contains, new Slots(roster, outbox));
    sessions =
        factory.create(
            replica,
            entropy.split("sessions"),
            new SessionHost(
                config.node(), identity, outbox, links, holdings, this::member, this::meet));
    backup = new Backup(replica, config, outbox, links, sessions);
    relay = new Relay(config, replica, holdings, backup, roster, links, met::contains);
    departure = new Departure(config, replica, roster, links, holdings, ledger, primary);
    roster.recall(replica.recall(Roster.ROW));
  }

  /**
   * Takes one event in.
   *
   * @param nowNanos of a clock that never goes back
   * @return what is to be done, in order
   */
  public List<Effect> step(Event event, long nowNanos) {
    if (departure.over() && !(event instanceof Event.LinkUp)) return outbox.drain();
    wake(nowNanos);
    take(event, nowNanos);
    if (started && !departure.over()) follow(nowNanos);
    return outbox.drain();
  }

  /** The cluster that this node is in. */
  public ClusterId clusterId() {
    return identity.cluster();
  }

  /** Whether this node takes writes. */
  public Readiness readiness() {
    if (gossip.state() == Member.State.LEFT) return Readiness.not("this node left its cluster");
    if (departure.begun()) return Readiness.not("this node is draining");
    if (identity.joining()) return Readiness.not("no seed has answered yet");
    return started ? Readiness.READY : Readiness.not("starting");
  }

  /** Whether a node without any version may say that there is nothing: {@link Emptiness}. */
  public Readiness emptiness(boolean early) {
    boolean unheard = identity.joining() || (early && !headcount.certain());
    if (alone() || (!unheard && !identity.settled())) return Readiness.READY;
    return unheard ? Emptiness.UNHEARD : Emptiness.of(members(), self.node());
  }

  /** Every member that is known, this node and those that left included, by id. */
  public List<Member> members() {
    return roster.all().stream().map(this::member).toList();
  }

  /** That member. */
  public Optional<Member> member(NodeId node) {
    Roster.Entry entry = roster.find(node);
    return entry == null ? Optional.empty() : Optional.of(member(entry));
  }

  /** The newest peer format that every member speaks, those that are away included. */
  public int format() {
    int format = config.formatMax();
    for (Roster.Entry entry : roster.all()) {
      if (counts(entry)) format = Math.min(format, entry.card().formatMax());
    }
    return format;
  }

  /** The level of a write that names none: LOCAL until another member was met, then ONE. */
  public AckLevel defaultLevel() {
    for (Roster.Entry entry : roster.all()) {
      if (counts(entry) && met.contains(entry.node())) return AckLevel.ONE;
    }
    return AckLevel.LOCAL;
  }

  /** What a write accepted now at that level has to reach. */
  public AckPlan plan(AckLevel level) {
    int further = level.further(backupCount());
    int alive = 0;
    for (Roster.Entry entry : roster.all()) {
      if (counts(entry) && entry.alive()) alive++;
    }
    return new AckPlan(level, further, alive >= further);
  }

  /** On how many further members all of these dots are known to be synced. */
  public int receipts(Incarnation incarnation, long first, long last) {
    int receipts = 0;
    for (Roster.Entry entry : roster.all()) {
      if (counts(entry) && ledger.covers(entry.node(), incarnation, first, last)) receipts++;
    }
    return receipts;
  }

  /** Whether the plan can still be met: receipts, and members alive that have not sent theirs. */
  public boolean reachable(AckPlan plan, Incarnation incarnation, long first, long last) {
    int possible = 0;
    for (Roster.Entry entry : roster.all()) {
      if (!counts(entry)) continue;
      if (entry.alive() || ledger.covers(entry.node(), incarnation, first, last)) possible++;
    }
    return possible >= plan.further();
  }

  /** Whether every other member says that it has these places of a log in its set. */
  public boolean everyMemberHolds(Incarnation incarnation, Intervals places) {
    return roster.all().stream()
        .filter(this::counts)
        .allMatch(entry -> holdings.heard(entry.node(), incarnation).containsAll(places));
  }

  /**
   * Whether this node holds what all members once held, logs that are {@code named} excepted,
   * although its disk may have lost it.
   */
  public boolean lacksNothingBut(Predicate<Incarnation> named) {
    List<NodeId> members = new ArrayList<>();
    for (Roster.Entry entry : roster.all()) if (counts(entry)) members.add(entry.node());
    return holdings.lackNothingBut(members, named);
  }

  /** What a stable read may show. */
  public ReplicatedMark mark() {
    return mark;
  }

  /** Whether there is nobody to hear of: no other member, and no seed to ask for one. */
  public boolean alone() {
    return config.seeds().isEmpty() && roster.all().stream().noneMatch(this::counts);
  }

  /** Sessions that ended, newest first, a bounded number. */
  public List<Session> sessions() {
    return sessions.past();
  }

  /** How it does among others. */
  public Pulse pulse() {
    Optional<Incarnation> own = primary.own();
    List<Pulse.Peer> peers =
        primary.peers(node -> own.isPresent() ? ledger.last(node, own.get()) : 0);
    return gossip.pulse(ledger.news(), primary.lost(), format(), peers);
  }

  /** What was said and heard since the start. */
  public Traffic traffic() {
    return links.traffic().with(sessions.totals(), sessions.snapshots());
  }

  /** How far this node is with what it lacks. */
  public CatchUpProgress catchUp() {
    return sessions.progress();
  }

  private void take(Event event, long now) {
    switch (event) {
      case Event.Started _ -> start(now);
      case Event.LinkUp up -> {
        if (departure.over() || gossip.state() != Member.State.ALIVE) {
          outbox.add(new Effect.Hangup(up.link(), "this node is not in the cluster"));
        } else {
          links.opened(up.link(), up.dialled(), now);
        }
      }
      case Event.LinkDown down -> links.closed(down.link(), now);
      case Event.DialFailed failed -> dialler.dialFailed(failed.address(), now);
      case Event.Resolved known -> dialler.resolved(known.name(), known.addresses(), now);
      case Event.Received received -> links.received(received.link(), received.message(), now);
      case Event.Appended appended -> {
        if (!identity.settled()) settle(now);
        primary.appended(appended.frame(), backups, now);
        grown(now);
      }
      case Event.Mended _ -> {
        backup.mended();
        sessions.mended(now);
        rememberAll();
        grown(now);
      }
      case Event.Durable _ -> {
        backup.durable(now);
        sessions.durable(now);
      }
      case Event.Stored stored -> {
        if (!backup.stored(stored, now)) sessions.stored(stored, now);
        grown(now);
      }
      case Event.FrameTaken taken -> {
        backup.frameTaken(taken, now);
        grown(now);
      }
      case Event.NotStored refusal -> {
        if (!backup.notStored(refusal.tag(), now)) sessions.notStored(refusal, now);
      }
      case Event.Adopted adopted -> {
        sessions.adopted(adopted, now);
        grown(now);
      }
      case Event.SnapshotDone done -> {
        sessions.snapshotDone(done, now);
        if (done.outcome() instanceof SnapshotOutcome.Installed) grown(now);
      }
      case Event.WakeUp _ -> {}
      case Event.Join join -> join.seeds().forEach(seed -> dialler.seed(seed, now));
      case Event.Drain _ -> depart(false, now);
      case Event.Leave _ -> depart(true, now);
      case Event.Remove remove -> gossip.remove(remove.node(), now);
      case Event.ReconcileNow request -> sessions.reconcileNow(request, now);
      case Event.Assure assure -> primary.assure(assure, now);
      case Event.Awaited _ -> relay.hurry(now);
    }
  }

  private void start(long now) {
    if (started) throw new AssertionError("started twice");
    started = true;
    identity.start();
    headcount.start();
    Reconciler.keepCells(replica, identity.cluster());
    Roster.Entry before = roster.find(self.node());
    boolean left = before != null && before.state() == Member.State.LEFT;
    gossip.start(replica.recall(Gossip.ROW), left, now);
    for (String seed : config.seeds()) dialler.seed(seed, now);
    sessions.started(now);
    membershipStale = true;
    armed = now;
  }

  /** A process that slept must not take its own silence for that of others. */
  private void wake(long now) {
    long late = oversleep.late(armed, now);
    if (!started || late <= config.pace().probeTimeout()) return;
    backup.forgive(late);
    links.forgive(late);
    gossip.forgive(late, now);
    sessions.forgive(late);
  }

  /** What follows from an event, whatever it was: due work, news to tell, the next wake-up. */
  private void follow(long now) {
    if (now >= armed) {
      armed = Long.MAX_VALUE;
      tick(now);
    }
    if (identity.joining() && dialler.alone()) joined();
    if (!headcount.certain() && dialler.alone()) membershipStale |= headcount.alone();
    if (!departure.begun() && !identity.joining()) stage = Member.Stage.READY;
    if (gossip.takeChanged() || membershipStale) membershipChanged(now);
    if (departure.begun()) tryDepart(now);
    if (departure.over()) return;
    if (gossip.state() == Member.State.ALIVE) {
      relay.tick(now);
      tellHoldings(now);
    }
    roster.remember();
    arm();
  }

  private void tick(long now) {
    gossip.tick(now);
    backup.tick(now);
    sessions.tick(now);
    if (gossip.state() == Member.State.ALIVE) links.tick(this::needless, now);
  }

  private void arm() {
    long deadline = departure.deadline();
    if (gossip.state() == Member.State.ALIVE) {
      deadline = Math.min(deadline, Math.min(gossip.deadline(), links.deadline()));
      deadline = Math.min(deadline, Math.min(relay.deadline(), holdings.deadline()));
      deadline = Math.min(deadline, Math.min(backup.deadline(), sessions.deadline()));
    }
    if (deadline >= armed) return;
    armed = deadline;
    outbox.add(new Effect.WakeAt(deadline));
  }

  private void tellHoldings(long now) {
    holdings.calm(sessions.progress().isOfFiles());
    for (NodeId node : links.linked()) {
      PeerMessage told = holdings.due(node, gossip.refutation(), stage, now);
      if (told == null) continue;
      if (told instanceof PeerMessage.Facts facts) {
        roster.heard(self.node(), gossip.refutation(), facts.facts());
      }
      links.send(node, told, now);
    }
  }

  /** The set has grown: others are told, and what waited for it goes on. */
  private void grown(long now) {
    holdings.changed();
    relay.changed(now);
    primary.pumpAll(now);
    sessions.grown(now);
  }

  private void membershipChanged(long now) {
    membershipStale = false;
    holdings.changed();
    dialler.members(others(), now);
    for (NodeId node : links.linked()) {
      if (goneForGood(node)) {
        links.hangUp(node, PeerMessage.Refuse.Reason.LEFT, "was removed from the cluster", now);
      }
    }
    if (gossip.state() == Member.State.LEFT) hangUpAll("left the cluster", now);
    chooseBackups(now);
    outbox.add(new Effect.MembershipChanged());
  }

  private void hangUpAll(String why, long now) {
    for (NodeId node : links.linked()) {
      links.hangUp(node, PeerMessage.Refuse.Reason.DUPLICATE, why, now);
    }
  }

  private void settle(long now) {
    identity.settle();
    links.greetAgain(now);
  }

  private void joined() {
    identity.joined();
    membershipStale = true;
  }

  private void depart(boolean forGood, long now) {
    if (!departure.begin(forGood, now)) return;
    stage = Member.Stage.DRAINING;
    membershipStale = true;
  }

  private void tryDepart(long now) {
    boolean shipped = departure.shipped(backups, backupCount());
    if (now < departure.deadline() && !shipped && !departure.lonely()) return;
    boolean left = departure.forGood();
    int told = gossip.depart(left ? Member.State.LEFT : Member.State.DOWN, now);
    hangUpAll(left ? "left the cluster" : "was stopped", now);
    roster.remember();
    departure.end();
    outbox.add(new Effect.MembershipChanged());
    outbox.add(new Effect.Departed(left, told, shipped));
  }

  /** R: how many nodes are to hold each write; members that are dead count. */
  private int backupCount() {
    if (!headcount.certain()) return config.backups();
    return Math.min(config.backups(), Math.max(0, roster.size() - 1));
  }

  /** The nodes that are to hold the own log: the best R of those that can take it now. */
  private void chooseBackups(long now) {
    List<Member.Card> fit = new ArrayList<>();
    List<Member.Card> going = new ArrayList<>();
    for (Roster.Entry entry : roster.all()) {
      boolean able = counts(entry) && entry.alive() && links.linked(entry.node());
      if (!able || !met.contains(entry.node())) continue;
      (entry.facts().stage() == Member.Stage.DRAINING ? going : fit).add(entry.card());
    }
    int wanted = backupCount();
    List<NodeId> chosen = new ArrayList<>();
    for (Member.Card card : Rendezvous.spread(self, fit, wanted)) chosen.add(card.node());
    // Who is about to stop still takes what nobody else is left for.
    for (Member.Card card : Rendezvous.spread(self, going, wanted - chosen.size())) {
      chosen.add(card.node());
    }
    backups = chosen;
    primary.engage(backups, now);
    primary.remind(now);
  }

  /** Another member that has not left: dead or not, it is one of those that R counts. */
  private boolean counts(Roster.Entry entry) {
    return entry.state() != Member.State.LEFT && !entry.node().equals(self.node());
  }

  private List<Member.Card> others() {
    if (gossip.state() != Member.State.ALIVE) return List.of();
    return roster.all().stream().filter(this::counts).map(Roster.Entry::card).toList();
  }

  private boolean needless(NodeId node) {
    return node.equals(self.node()) || goneForGood(node);
  }

  private boolean goneForGood(NodeId node) {
    Roster.Entry entry = roster.find(node);
    return entry != null && entry.state() == Member.State.LEFT;
  }

  private Member member(Roster.Entry entry) {
    boolean own = entry.node().equals(self.node());
    Member.Facts facts = own ? holdings.own(stage) : entry.facts();
    return new Member(
        entry.card(),
        entry.state(),
        entry.refutation(),
        facts,
        own || links.linked(entry.node()),
        own || met.contains(entry.node()));
  }

  /** What the cluster had remembered may be lost as well: it is written anew. */
  private void rememberAll() {
    identity.remember();
    gossip.remember();
    roster.rememberAnew();
    headcount.remember();
    met.remember();
  }

  private void meet(NodeId node, long now) {
    membershipStale |= met.add(node);
    backup.settled(node, now);
    relay.changed(now);
    chooseBackups(now);
    primary.pumpAll(now);
  }

  /** What the links report. */
  private final class Upward implements Links.Listener {
    @Override
    public PeerMessage.Hello hello() {
      return new PeerMessage.Hello(
          identity.cluster(), identity.settled(), gossip.refutation(), self);
    }

    @Override
    public boolean gone(NodeId node) {
      return goneForGood(node);
    }

    @Override
    public void up(PeerMessage.Hello hello, Window window, long now) {
      NodeId node = hello.card().node();
      if (identity.joining()) joined();
      holdings.up(node, Tally.known(config, hello), now);
      primary.up(node, window);
      backup.up(node, window, now);
      gossip.up(hello, now);
      tellHoldings(now);
      sessions.up(node, met.contains(node), now);
      membershipStale = true;
    }

    @Override
    public void down(NodeId node, long now) {
      sessions.down(node, now);
      relay.down(node);
      backup.down(node);
      primary.down(node);
      holdings.down(node);
      membershipStale = true;
    }

    @Override
    public void message(NodeId from, PeerMessage message, Weight weight, long now) {
      switch (message) {
        case PeerMessage.Hello _, PeerMessage.Refuse _ ->
            throw new AssertionError("the links keep these");
        case PeerMessage.Ping _,
            PeerMessage.Ack _,
            PeerMessage.PingRequest _,
            PeerMessage.Nack _,
            PeerMessage.Members _ ->
            gossip.message(from, message, now);
        case PeerMessage.Facts facts -> factsHeard(from, facts, now);
        case PeerMessage.Tallies tallies -> {
          links.send(from, holdings.tallied(from, tallies.tally()), now);
          relay.changed(now);
        }
        case PeerMessage.Tallied tallied -> holdings.agree(from, tallied.equal(), now);
        case PeerMessage.Offer offer -> backup.offer(from, offer, now);
        case PeerMessage.Follow follow -> {
          if (!primary.follow(from, follow, now)) {
            sessions.doubt(from, "its chain of a log is not ours", now);
          }
        }
        case PeerMessage.Lost lost -> backup.lost(from, lost, now);
        case PeerMessage.Dispute dispute -> backup.dispute(dispute, now);
        case PeerMessage.Ship ship -> backup.ship(from, ship.frame(), weight.plain(), now);
        case PeerMessage.Credit credit -> primary.credit(from, credit.bytes(), now);
        case PeerMessage.Receipt receipt -> receiptHeard(from, receipt);
        case PeerMessage.Want want -> backup.want(from, want, now);
        case PeerMessage.Versions versions -> backup.versions(from, versions, now);
        case PeerMessage.OfSession told -> sessions.message(from, told, weight, now);
      }
    }

    @Override
    public void clusterChanged(long now) {
      outbox.notice("this node is in cluster " + identity.cluster() + " now");
      membershipStale = true;
    }

    @Override
    public void refusedAsGone(long now) {
      gossip.removed();
    }

    private void factsHeard(NodeId from, PeerMessage.Facts facts, long now) {
      holdings.heard(from, facts.positions());
      holdings.allTold(from);
      if (facts.facts().versions() > 0 && !identity.settled()) settle(now);
      Roster.Entry entry = roster.find(from);
      Member.Stage before = entry == null ? null : entry.facts().stage();
      roster.heard(from, facts.refutation(), facts.facts());
      membershipStale |= before != facts.facts().stage();
      relay.changed(now);
      sessions.heard(from, facts.facts(), now);
    }

    private void receiptHeard(NodeId from, PeerMessage.Receipt receipt) {
      if (goneForGood(from) || !ledger.receipt(from, receipt)) return;
      outbox.add(new Effect.Receipt(from, receipt.incarnation(), receipt.from(), receipt.synced()));
    }
  }
}
