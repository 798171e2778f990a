package io.kdelta.sim;

import io.kdelta.causal.ContentType;
import io.kdelta.causal.Dot;
import io.kdelta.causal.Envelope;
import io.kdelta.causal.Frame;
import io.kdelta.causal.Incarnation;
import io.kdelta.causal.Intervals;
import io.kdelta.causal.Key;
import io.kdelta.causal.NodeId;
import io.kdelta.causal.Timestamp;
import io.kdelta.causal.Version;
import io.kdelta.cluster.ClusterId;
import io.kdelta.cluster.Lane;
import io.kdelta.cluster.Member;
import io.kdelta.cluster.PeerCodec;
import io.kdelta.cluster.PeerMessage;
import io.kdelta.env.Entropy;
import io.kdelta.env.SimEntropy;
import io.kdelta.env.SimTime;
import io.kdelta.error.KdeltaException;
import io.kdelta.memory.ByteWriter;
import io.kdelta.memory.Bytes;
import io.kdelta.reconciliation.Digest;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.NavigableSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * A peer that speaks the protocol and lies (SEC). It says a true hello and answers probes, so that
 * it counts as a living member, listens to what the others say, and tells one of them, when asked
 * to, one kind of lie. Whatever it says, no honest node may store a version that is not what its id
 * says, count a receipt that is not true, stop, or lose anything.
 *
 * <p>What it sends as versions of its own is sound unless the lie is about that: nobody can forbid
 * a member to write.
 */
final class Liar implements SimNetwork.Endpoint {
  /** What it can lie about. */
  enum Lie {
    /** A version with a document that is not the one it names. */
    WRONG_DOCUMENT,
    /** A child of versions of another key, and one of versions that nobody has. */
    FORGED_PARENTS,
    /** A sound version that claims a place in somebody else's log. */
    SQUATTED_DOT,
    /** It has synced positions of somebody else's log, under a chain value that is none. */
    FALSE_RECEIPT,
    /** It holds everything, and more, of every log. */
    FALSE_POSITIONS,
    /** Bytes without a meaning. */
    GARBAGE,
    /** A true message with bytes of it changed. */
    BENT_MESSAGE,
    /** Counts and lengths that nothing can have. */
    ABSURD_SIZE,
    /** It ships a log with a chain value that does not fit, and with a gap. */
    BROKEN_CHAIN,
    /** It opens a reconciliation and goes on with nonsense. */
    NONSENSE_SESSION
  }

  private static final int NONE = -1;
  private static final int HEARD_MAX = 64;
  private static final long FAR_AHEAD = 1L << 40;

  private final int index;
  private final String address;
  private final Simulator simulator;
  private final SimNetwork network;
  private final Trace trace;
  private final NodeId node;
  private final Incarnation incarnation;

  /** Links that stand, and whether this end has heard a hello on them. */
  private final TreeMap<Long, Boolean> links = new TreeMap<>();

  /** Which honest node a link leads to. */
  private final TreeMap<Long, Integer> leads = new TreeMap<>();

  /** Addresses of honest nodes. */
  private final TreeMap<String, Integer> known = new TreeMap<>();

  private final TreeSet<Incarnation> logs = new TreeSet<>();
  private final TreeMap<Incarnation, Long> lasts = new TreeMap<>();
  private final List<Bytes> heard = new ArrayList<>();

  /** Places in logs of others that it has claimed for versions of its own. */
  private final TreeSet<Dot> claimed = new TreeSet<>();

  /** How far it has told each honest node to hold logs. */
  private final TreeMap<Integer, TreeMap<Incarnation, Long>> boasted = new TreeMap<>();

  private long told;
  private long seq;

  Liar(
      int index,
      String address,
      Simulator simulator,
      SimNetwork network,
      Trace trace,
      Entropy entropy) {
    this.index = index;
    this.address = address;
    this.simulator = simulator;
    this.network = network;
    this.trace = trace;
    this.node = NodeId.draw(entropy);
    this.incarnation = Incarnation.draw(entropy);
  }

  /** Whom it says it is. */
  NodeId node() {
    return node;
  }

  /** How many lies were told. */
  long told() {
    return told;
  }

  /** Places in logs of others that it has told somebody are those of its own versions. */
  NavigableSet<Dot> claimed() {
    return Collections.unmodifiableNavigableSet(claimed);
  }

  /** Whether it has told that honest node that it holds that place of a log. */
  boolean saysToHold(int honest, Dot place) {
    TreeMap<Incarnation, Long> lasts = boasted.getOrDefault(honest, new TreeMap<>());
    return place.seq() <= lasts.getOrDefault(place.incarnation(), 0L);
  }

  /** It can be dialled from now on, and it dials an honest node. */
  void meet(int honest, String there) {
    network.listen(index, address, this);
    known.put(there, honest);
    network.dial(index, there);
  }

  /** Is gone, as a process that ended. */
  void vanish() {
    links.clear();
    leads.clear();
    network.vanish(index);
  }

  /**
   * Tells one honest node one lie, if a link to it stands.
   *
   * @param salt draws the rest
   */
  void lie(int honest, Lie lie, long salt) {
    Entropy dice = new SimEntropy(salt);
    for (long link : List.copyOf(leads.keySet())) {
      if (leads.getOrDefault(link, NONE) != honest || !links.getOrDefault(link, false)) continue;
      told++;
      trace.note(simulator.nowNanos(), index, "lies to node-" + honest + ": " + lie);
      tell(honest, link, lie, dice);
      return;
    }
  }

  private void tell(int honest, long link, Lie lie, Entropy dice) {
    switch (lie) {
      case WRONG_DOCUMENT, FORGED_PARENTS, SQUATTED_DOT, BROKEN_CHAIN -> forge(link, lie, dice);
      case FALSE_RECEIPT, FALSE_POSITIONS -> boast(honest, link, lie, dice);
      case GARBAGE, BENT_MESSAGE, ABSURD_SIZE, NONSENSE_SESSION -> babble(link, lie, dice);
    }
  }

  /** Versions and logs that are not what they say. */
  private void forge(long link, Lie lie, Entropy dice) {
    Envelope sound = version(dice, List.of(), List.of());
    switch (lie) {
      case WRONG_DOCUMENT -> {
        Envelope forged =
            new Envelope(
                sound.version(), List.of(), null, Bytes.utf8("{\"forged\":true}"), Bytes.EMPTY);
        send(link, new PeerMessage.Versions(List.of(forged)));
        send(link, ship(dotted(forged), null, null));
      }
      case FORGED_PARENTS -> {
        List<Digest> parents = List.of(sound.version().id(), draw(dice)).stream().sorted().toList();
        Envelope child = version(dice, parents, List.of());
        send(link, new PeerMessage.Versions(List.of(sound, child)));
      }
      case SQUATTED_DOT -> {
        Incarnation victim = log(dice);
        long place = 1L + dice.nextInt((int) Math.min(1_000, lasts.getOrDefault(victim, 1L)) + 2);
        Dot dot = new Dot(victim, place);
        if (!victim.equals(incarnation)) claimed.add(dot);
        Envelope squatter = version(dice, List.of(), List.of(dot));
        send(link, new PeerMessage.Versions(List.of(squatter)));
        List<Frame.Entry> entries = List.of(new Frame.Entry(squatter, false));
        Frame frame = new Frame(victim, node, place, null, null, entries);
        send(link, new PeerMessage.Ship(frame, false));
      }
      default -> {
        seq += dice.nextInt(3);
        send(link, new PeerMessage.Offer(incarnation, seq + 5));
        send(link, ship(dotted(sound), draw(dice), draw(dice)));
      }
    }
  }

  /** Receipts and positions that nobody has. */
  private void boast(int honest, long link, Lie lie, Entropy dice) {
    if (lie == Lie.FALSE_RECEIPT) {
      Incarnation victim = log(dice);
      long last = lasts.getOrDefault(victim, 1L) + dice.nextInt(3);
      send(link, new PeerMessage.Receipt(victim, last, 1, last, draw(dice), last));
      return;
    }
    TreeMap<Incarnation, Intervals> all = new TreeMap<>();
    TreeMap<Incarnation, Long> said = boasted.computeIfAbsent(honest, first -> new TreeMap<>());
    for (Incarnation log : logs) {
      long last = lasts.getOrDefault(log, 1L) + 1 + dice.nextInt(1_000);
      all.put(log, Intervals.of(1, last));
      said.merge(log, last, Math::max);
    }
    Member.Facts facts = new Member.Facts(told, Member.Stage.READY, draw(dice), 1, 1, 1, 1, 0);
    send(link, new PeerMessage.Facts(1, facts, all));
    for (Incarnation log : logs) send(link, new PeerMessage.Offer(log, FAR_AHEAD));
  }

  /** Bytes that mean nothing, or not what they should. */
  private void babble(long link, Lie lie, Entropy dice) {
    byte[] bytes = new byte[1 + dice.nextInt(2_000)];
    dice.fill(bytes);
    switch (lie) {
      case GARBAGE -> network.send(index, link, Lane.GOSSIP, Bytes.wrap(bytes));
      case BENT_MESSAGE -> {
        if (heard.isEmpty()) return;
        byte[] bent = heard.get(dice.nextInt(heard.size())).toArray();
        int bits = 1 + dice.nextInt(4);
        for (int i = 0; i < bits; i++) {
          int at = dice.nextInt(bent.length);
          bent[at] = (byte) (bent[at] ^ (1 << dice.nextInt(8)));
        }
        network.send(index, link, Lane.SHIP, Bytes.wrap(bent));
      }
      case ABSURD_SIZE -> {
        ByteWriter out = new ByteWriter(64);
        out.writeByte(1 + dice.nextInt(20));
        int fields = 2 + dice.nextInt(6);
        for (int i = 0; i < fields; i++) {
          out.writeLong(dice.nextInt(2) == 0 ? -1L : Long.MAX_VALUE);
        }
        network.send(index, link, Lane.BULK, out.toBytes());
      }
      default -> {
        bytes[0] = (byte) (1 + dice.nextInt(10));
        long session = dice.nextLong();
        send(link, new PeerMessage.Reconcile(session, Bytes.wrap(bytes)));
        Envelope one = version(dice, List.of(), List.of());
        send(link, new PeerMessage.Push(session, List.of(one)));
        send(link, new PeerMessage.PushCredit(session, Long.MAX_VALUE));
      }
    }
  }

  private PeerMessage ship(Envelope envelope, @Nullable Digest before, @Nullable Digest after) {
    long first = envelope.dots().getFirst().seq();
    List<Frame.Entry> entries = List.of(new Frame.Entry(envelope, false));
    return new PeerMessage.Ship(new Frame(incarnation, node, first, before, after, entries), false);
  }

  /** The same version at the next place of this peer's own log. */
  private Envelope dotted(Envelope envelope) {
    return new Envelope(
        envelope.version(),
        List.of(new Dot(incarnation, ++seq)),
        null,
        envelope.document(),
        Bytes.EMPTY);
  }

  private Envelope version(Entropy dice, List<Digest> parents, List<Dot> dots) {
    Bytes document = Bytes.utf8("{\"liar\":" + dice.nextInt(1_000_000) + "}");
    Version version =
        Version.of(
            Version.Kind.PUT,
            new Key("liar", "k" + dice.nextInt(8)),
            parents,
            Timestamp.ofMicros(SimTime.EPOCH_MICROS_START + simulator.nowNanos() / 1_000),
            node,
            Bytes.EMPTY,
            ContentType.JSON,
            ContentType.JSON.idOf(document),
            "");
    return new Envelope(version, dots, null, document, Bytes.EMPTY);
  }

  private Incarnation log(Entropy dice) {
    if (logs.isEmpty()) return incarnation;
    return List.copyOf(logs).get(dice.nextInt(logs.size()));
  }

  private static Digest draw(Entropy dice) {
    return new Digest(dice.nextLong(), dice.nextLong(), dice.nextLong(), dice.nextLong());
  }

  private void send(long link, PeerMessage message) {
    network.send(index, link, message.lane(), PeerCodec.encode(message));
  }

  @Override
  public void linkUp(long link, String dialled) {
    links.put(link, false);
    Integer honest = known.get(dialled);
    if (honest != null) leads.put(link, honest);
    Member.Card card =
        new Member.Card(
            node,
            "liar",
            List.of(address),
            "",
            "",
            "simulated",
            PeerCodec.OLDEST,
            PeerCodec.OLDEST);
    send(link, new PeerMessage.Hello(ClusterId.named("sim"), false, 1, card));
  }

  @Override
  public void linkDown(long link) {
    links.remove(link);
    leads.remove(link);
  }

  @Override
  public void dialFailed(String there) {
    // Whoever decides lets it try again.
  }

  @Override
  public void received(long link, Bytes payload) {
    PeerMessage message;
    try {
      message = PeerCodec.decode(payload);
    } catch (KdeltaException.Invalid part) {
      return; // A part of a long message.
    }
    if (heard.size() < HEARD_MAX) heard.add(payload);
    switch (message) {
      case PeerMessage.Hello hello -> {
        links.put(link, true);
        for (String there : hello.card().addresses()) {
          Integer honest = known.get(there);
          if (honest != null) leads.put(link, honest);
        }
      }
      case PeerMessage.Ping ping -> send(link, new PeerMessage.Ack(ping.number(), List.of()));
      case PeerMessage.Offer offer -> learn(offer.incarnation(), offer.last());
      case PeerMessage.Facts facts ->
          facts.positions().forEach((log, held) -> learn(log, held.max()));
      case PeerMessage.Ship ship -> learn(ship.frame().incarnation(), ship.frame().lastSeq());
      default -> {
        // It owes nobody an answer.
      }
    }
  }

  private void learn(Incarnation log, long last) {
    if (log.equals(incarnation)) return;
    logs.add(log);
    lasts.merge(log, last, Math::max);
  }
}
