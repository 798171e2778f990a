package io.kdelta.cluster;

import io.kdelta.causal.NodeId;
import io.kdelta.error.KdeltaException;
import io.kdelta.memory.Bytes;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The links to other nodes: hello, whom to refuse, which of two links to one node is kept, silence.
 *
 * <p>Owned by the core thread. A link is <i>greeted</i> once both ends said hello and are in one
 * cluster. Of several greeted links to one node one is <i>active</i>; only that one is used.
 *
 * <p>Which: of two that were dialled by different ends, the one that the lower node id dialled;
 * both ends come to the same answer and close the other. Of two that one end dialled, that end
 * closes the later one, and the other end follows the link on which it is spoken to.
 */
final class Links implements Wire {
  private static final long NOTICE_AGAIN_NANOS = 600_000_000_000L;
  private static final int NOTICES_MAX = 64;

  /**
   * Parts of messages that wait for their others, over all links: a few messages of the longest.
   */
  private static final long GATHERED_BYTES_MAX = 3L * PeerCodec.BODY_BYTES_MAX;

  private final ClusterConfig config;
  private final Identity identity;
  private final Dialler dialler;
  private final Outbox outbox;
  private final Listener listener;
  private final Map<Long, Link> links = new TreeMap<>();
  private final Traffic.Bytes traffic = new Traffic.Bytes();
  private final Packer packer = new Packer();
  private final Map<NodeId, Link> active = new TreeMap<>();
  private long gathered;

  /** What the operator was told lately, and when; the oldest first. */
  private final LinkedHashMap<String, Long> noticed = new LinkedHashMap<>();

  /** What is told upwards. */
  interface Listener {
    /** This node's hello, as of now. */
    PeerMessage.Hello hello();

    /** Whether that node was removed from the cluster. */
    boolean gone(NodeId node);

    /**
     * A node is linked, by the link with that window; a {@link #down} comes before it is linked
     * again.
     */
    void up(PeerMessage.Hello hello, Window window, long now);

    /** A node is not linked any more. */
    void down(NodeId node, long now);

    /** A message of a linked node, hello and refusal aside. */
    void message(NodeId from, PeerMessage message, Weight weight, long now);

    /** This node's cluster id is not what it was. */
    void clusterChanged(long now);

    /** The other end says that this node was removed. */
    void refusedAsGone(long now);
  }

  /** One open link. */
  private static final class Link {
    final long number;
    final @Nullable String dialled;
    final long openedAt;
    final Parts parts = new Parts();
    final Window window = new Window();
    long heardAt;
    long sentAt;
    PeerMessage.@Nullable Hello said;
    PeerMessage.@Nullable Hello heard;
    boolean greeted;
    boolean closing;

    /** The newest format that both ends speak; until both know, what all programs do. */
    int format = PeerCodec.OLDEST;

    /** Given up because another link to the same node is kept. */
    boolean spare;

    Link(long number, @Nullable String dialled, long now) {
      this.number = number;
      this.dialled = dialled;
      this.openedAt = now;
      this.heardAt = now;
      this.sentAt = now;
    }

    @Nullable NodeId node() {
      return heard == null ? null : heard.card().node();
    }
  }

  Links(
      ClusterConfig config, Identity identity, Dialler dialler, Outbox outbox, Listener listener) {
    this.config = config;
    this.identity = identity;
    this.dialler = dialler;
    this.outbox = outbox;
    this.listener = listener;
  }

  /** A link is open. */
  void opened(long number, Optional<String> dialled, long now) {
    Link link = new Link(number, dialled.orElse(null), now);
    links.put(number, link);
    dialled.ifPresent(address -> dialler.opened(address, now));
    greet(link, now);
  }

  /** A link is gone. */
  void closed(long number, long now) {
    Link link = links.remove(number);
    if (link == null) return;
    forgetParts(link);
    if (link.dialled != null) dialler.closed(link.dialled, link.greeted && !link.spare, now);
    deactivate(link, now);
  }

  /** Bytes came. Whatever makes no sense ends the link. */
  void received(long number, Bytes bytes, long now) {
    Link link = links.get(number);
    if (link == null || link.closing) return;
    link.heardAt = now;
    PeerMessage message;
    Weight weight;
    try {
      Optional<Bytes> whole = join(link, bytes, now);
      if (whole.isEmpty()) return;
      Bytes plain = Packer.unpack(whole.get(), link.format);
      weight = new Weight(plain.size(), whole.get().size());
      message = PeerCodec.decode(plain, link.format);
      traffic.received(message, weight.wire());
    } catch (KdeltaException.Invalid e) {
      refuse(link, PeerMessage.Refuse.Reason.MALFORMED, e.field() + ": " + e.reason(), now);
      return;
    }
    NodeId node = link.node();
    if (message instanceof PeerMessage.Hello hello) {
      heard(link, hello, now);
    } else if (message instanceof PeerMessage.Refuse refusal) {
      refused(link, refusal, now);
    } else if (node == null) {
      refuse(link, PeerMessage.Refuse.Reason.MALFORMED, "spoke before it said hello", now);
    } else if (link.greeted) {
      if (active.get(node) != link) activate(link, node, now);
      listener.message(node, message, weight, now);
    } else if (message instanceof PeerMessage.Ship) {
      link.window.taken(weight.plain());
    }
    // A message on a link that is not greeted crossed our change of mind about the cluster: it is
    // dropped like one that the network lost, but for its place in the window.
  }

  /**
   * The message that these bytes are or complete. A hello is short, so a stranger sends no parts.
   * Where too many wait, whoever made most of them wait goes.
   */
  private Optional<Bytes> join(Link link, Bytes bytes, long now) {
    if (link.heard == null && Parts.isPart(bytes)) {
      throw new KdeltaException.Invalid("peer message", "a part of one before hello");
    }
    long before = link.parts.gathered();
    Optional<Bytes> whole = link.parts.join(bytes);
    gathered += link.parts.gathered() - before;
    if (gathered <= GATHERED_BYTES_MAX) return whole;
    Link most = link;
    for (Link other : links.values()) {
      if (other.parts.gathered() > most.parts.gathered()) most = other;
    }
    String why = "too many parts of messages wait here";
    if (most == link) throw new KdeltaException.Invalid("peer message", why);
    refuse(most, PeerMessage.Refuse.Reason.MALFORMED, why, now);
    return whole;
  }

  /** What was gathered of messages that will not be completed. */
  private void forgetParts(Link link) {
    gathered -= link.parts.gathered();
    link.parts.clear();
  }

  @Override
  public boolean send(NodeId node, PeerMessage message, long now) {
    return sendCounting(node, message, now).isPresent();
  }

  @Override
  public Optional<Weight> sendCounting(NodeId node, PeerMessage message, long now) {
    Link link = active.get(node);
    if (link == null || link.closing) return Optional.empty();
    return Optional.of(put(link, message, now));
  }

  /** What went over all links since the start. */
  Traffic.Bytes traffic() {
    return traffic;
  }

  /** Whether a node is linked. */
  boolean linked(NodeId node) {
    return active.containsKey(node);
  }

  @Override
  public List<NodeId> linked() {
    return List.copyOf(active.keySet());
  }

  /** Says hello again wherever what was said is not true any more and the other end waits. */
  void greetAgain(long now) {
    for (Link link : links.values()) {
      if (!link.greeted && !link.closing && !listener.hello().equals(link.said)) greet(link, now);
    }
  }

  /** Closes every link to a node. */
  void hangUp(NodeId node, PeerMessage.Refuse.Reason reason, String text, long now) {
    for (Link link : List.copyOf(links.values())) {
      if (node.equals(link.node())) refuse(link, reason, text, now);
    }
  }

  /** Hangs up what is silent, keeps alive what is quiet, dials what is due. */
  void tick(Predicate<NodeId> needless, long now) {
    for (Link link : List.copyOf(links.values())) {
      if (link.closing) continue;
      if (!link.greeted && now - link.openedAt >= config.pace().hello()) {
        hangUp(link, "no hello", now);
      } else if (now - link.heardAt >= config.pace().silence()) {
        hangUp(link, "silence", now);
      } else if (link.greeted && now - link.sentAt >= quiet()) {
        put(link, new PeerMessage.Ping(0, List.of()), now);
      }
    }
    dialler.tick(node -> active.containsKey(node) || needless.test(node), now);
  }

  /** When {@link #tick} has something to do. */
  long deadline() {
    long deadline = dialler.deadline();
    for (Link link : links.values()) {
      if (link.closing) continue;
      long due = link.greeted ? link.sentAt + quiet() : link.openedAt + config.pace().hello();
      deadline = Math.min(deadline, Math.min(due, link.heardAt + config.pace().silence()));
    }
    return deadline;
  }

  /** This node itself was asleep for that long: nobody else was silent. */
  void forgive(long nanos) {
    for (Link link : links.values()) link.heardAt += nanos;
  }

  private long quiet() {
    return config.pace().silence() / 4;
  }

  private void greet(Link link, long now) {
    link.said = listener.hello();
    put(link, link.said, now);
  }

  private void heard(Link link, PeerMessage.Hello hello, long now) {
    NodeId node = hello.card().node();
    if (link.node() != null && !node.equals(link.node())) {
      refuse(link, PeerMessage.Refuse.Reason.MALFORMED, "is two nodes", now);
      return;
    }
    if (node.equals(config.node())) {
      if (link.dialled != null) dialler.answeredSelf(link.dialled);
      hangUp(link, "this node itself", now);
      return;
    }
    link.heard = hello;
    if (link.dialled != null) dialler.answered(link.dialled, hello.card());
    int format = Math.min(config.formatMax(), hello.card().formatMax());
    if (format < Math.max(PeerCodec.OLDEST, hello.card().formatMin())) {
      refuseFormat(link, hello.card(), now);
    } else if (listener.gone(node)) {
      refuse(link, PeerMessage.Refuse.Reason.LEFT, "was removed from the cluster", now);
    } else {
      link.format = format;
      meet(link, hello, now);
    }
  }

  /** The programs of the two nodes are too far apart: both operators are told. */
  private void refuseFormat(Link link, Member.Card card, long now) {
    String theirs = card.formatMin() + " to " + card.formatMax();
    String ours = PeerCodec.OLDEST + " to " + config.formatMax();
    String where = link.dialled == null ? "" : " at " + link.dialled;
    notice(
        "refused "
            + card.name()
            + where
            + ": its program ("
            + card.software()
            + ") speaks peer formats "
            + theirs
            + ", this one "
            + ours,
        now);
    String text = "speaks peer formats " + theirs + ", that one " + ours;
    refuse(link, PeerMessage.Refuse.Reason.FORMAT, text, now);
  }

  private void meet(Link link, PeerMessage.Hello hello, long now) {
    switch (identity.meet(hello.cluster(), hello.settled())) {
      case SAME -> {
        if (!listener.hello().equals(link.said)) greet(link, now);
        greeted(link, hello, now);
      }
      case TAKEN -> {
        // What was said since the other end changed its mind it has dropped: all is said anew.
        ungreet(link, now);
        greet(link, now);
        listener.clusterChanged(now);
        ungreetOthers(now);
        greeted(link, hello, now);
      }
      case THEIRS_TO_TAKE -> {
        ungreet(link, now);
        if (!listener.hello().equals(link.said)) greet(link, now);
      }
      case REFUSED -> {
        String text = "is in cluster " + hello.cluster() + ", this is " + identity.cluster();
        notice(
            "refused "
                + hello.card().name()
                + (link.dialled == null ? "" : " at " + link.dialled)
                + ": it "
                + text,
            now);
        refuse(link, PeerMessage.Refuse.Reason.CLUSTER, text, now);
      }
    }
  }

  /** Tells the operator; the same words again only after a while, as dialling never ends. */
  private void notice(String text, long now) {
    Long last = noticed.get(text);
    if (last != null && now - last < NOTICE_AGAIN_NANOS) return;
    noticed.remove(text);
    noticed.put(text, now);
    if (noticed.size() > NOTICES_MAX) noticed.pollFirstEntry();
    outbox.notice(text);
  }

  /** The cluster id changed: whoever is linked has to take it, or to change our mind. */
  private void ungreetOthers(long now) {
    for (Link link : List.copyOf(links.values())) {
      if (link.heard == null || link.heard.cluster().equals(identity.cluster())) continue;
      ungreet(link, now);
      if (!link.closing) greet(link, now);
    }
  }

  private void ungreet(Link link, long now) {
    if (!link.greeted) return;
    link.greeted = false;
    deactivate(link, now);
  }

  private void greeted(Link link, PeerMessage.Hello hello, long now) {
    if (link.closing) return;
    boolean first = !link.greeted;
    link.greeted = true;
    NodeId node = hello.card().node();
    Link old = active.get(node);
    if (old == null) {
      activate(link, node, now);
    } else if (old != link && first) {
      boolean mine = link.dialled != null;
      boolean oldMine = old.dialled != null;
      if (mine != oldMine) {
        boolean lower = config.node().compareTo(node) < 0;
        Link kept = mine == lower ? link : old;
        if (kept == link) activate(link, node, now);
        giveUp(kept == link ? old : link, now);
      } else if (mine) {
        giveUp(link, now);
      } else {
        activate(link, node, now);
      }
    }
  }

  /** Of no use: an address that leads to a node linked already is dialled ever more slowly. */
  private void giveUp(Link link, long now) {
    link.spare = true;
    hangUp(link, "another link is kept", now);
  }

  private void activate(Link link, NodeId node, long now) {
    Link old = active.put(node, link);
    if (old != null) listener.down(node, now);
    PeerMessage.Hello hello = link.heard;
    if (hello == null) throw new AssertionError("active without hello");
    listener.up(hello, link.window, now);
  }

  private void deactivate(Link link, long now) {
    NodeId node = link.node();
    if (node == null || active.get(node) != link) return;
    active.remove(node);
    listener.down(node, now);
    for (Link other : links.values()) {
      if (other != link && other.greeted && !other.closing && node.equals(other.node())) {
        activate(other, node, now);
        return;
      }
    }
    dialler.lost(node, now);
  }

  private void refused(Link link, PeerMessage.Refuse refusal, long now) {
    if (refusal.reason() != PeerMessage.Refuse.Reason.DUPLICATE) {
      notice(
          "refused by "
              + (link.dialled == null ? "a peer" : link.dialled)
              + ": this node "
              + refusal.text(),
          now);
    }
    // Believed only from whom we would have linked with: a stranger cannot talk a node out of its
    // cluster.
    PeerMessage.Hello heard = link.heard;
    boolean kin = heard != null && heard.cluster().equals(identity.cluster());
    hangUp(link, "refused", now);
    if (refusal.reason() == PeerMessage.Refuse.Reason.LEFT && kin) listener.refusedAsGone(now);
  }

  private void refuse(Link link, PeerMessage.Refuse.Reason reason, String text, long now) {
    if (link.closing) return;
    put(link, new PeerMessage.Refuse(reason, clipped(text)), now);
    hangUp(link, text, now);
  }

  private void hangUp(Link link, String reason, long now) {
    if (link.closing) return;
    link.closing = true;
    forgetParts(link);
    outbox.add(new Effect.Hangup(link.number, reason));
    deactivate(link, now);
  }

  private Weight put(Link link, PeerMessage message, long now) {
    link.sentAt = now;
    Packer.Parcel parcel = packer.pack(message, link.format);
    traffic.sent(message, parcel.weight().wire());
    for (Bytes part : Parts.cut(parcel.bytes(), message.lane())) {
      outbox.add(new Effect.Send(link.number, part, message.lane()));
    }
    return parcel.weight();
  }

  private static String clipped(String text) {
    StringBuilder ascii = new StringBuilder();
    for (int i = 0; i < Math.min(text.length(), Member.TEXT_BYTES_MAX); i++) {
      char c = text.charAt(i);
      ascii.append(c >= ' ' && c <= '~' ? c : '?');
    }
    return ascii.toString();
  }
}
