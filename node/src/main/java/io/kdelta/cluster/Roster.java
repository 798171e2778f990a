package io.kdelta.cluster;

import io.kdelta.causal.NodeId;
import io.kdelta.memory.ByteReader;
import io.kdelta.memory.ByteWriter;
import io.kdelta.memory.Bytes;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Everybody who is or was a member, this node included, and the rule by which claims about them are
 * merged. Owned by the core thread.
 *
 * <p>The rule: LEFT wins and stays. Otherwise the greater refutation number wins; for the same one
 * the later state in the order of {@link Member.State}. Only the member itself raises its number:
 * that somebody suspects it or calls it dead counts at most at the number that it was heard to say,
 * so a liar can neither use its numbers up nor make a claim that cannot be refuted.
 *
 * <p>Invariant: nobody is ever dropped; one more than the limit is not taken in.
 *
 * <p>The system row {@code members}: u32 count, then rumours as in {@link PeerCodec}.
 */
final class Roster {
  static final String ROW = "members";

  private final Map<NodeId, Entry> entries = new TreeMap<>();
  private final int limit;
  private final Outbox outbox;
  private boolean rowStale;

  /** What is known of one member. */
  static final class Entry {
    private Member.Card card;
    private Member.State state;
    private long refutation;
    private Member.Facts facts = Member.Facts.NONE;
    private long life;

    private Entry(Member.Card card, Member.State state, long refutation) {
      this.card = card;
      this.state = state;
      this.refutation = refutation;
    }

    NodeId node() {
      return card.node();
    }

    Member.Card card() {
      return card;
    }

    Member.State state() {
      return state;
    }

    long refutation() {
      return refutation;
    }

    Member.Facts facts() {
      return facts;
    }

    /** The refutation number under which it said its facts. */
    long life() {
      return life;
    }

    /** Whether writes may count on it. */
    boolean alive() {
      return state == Member.State.ALIVE || state == Member.State.SUSPECT;
    }

    /** What is said about it. */
    PeerMessage.Rumour rumour(NodeId accuser) {
      return new PeerMessage.Rumour(card, state, refutation, accuser);
    }
  }

  Roster(int limit, Outbox outbox) {
    this.limit = limit;
    this.outbox = outbox;
  }

  /**
   * Takes in what was remembered before the restart. Who had not stopped is taken to live until
   * probes say otherwise, one number below its own, so that whatever it says itself is news.
   */
  void recall(Optional<Bytes> row) {
    if (row.isEmpty()) return;
    ByteReader in = new ByteReader(row.get(), "system row " + ROW);
    int count = in.readCount(1);
    for (int i = 0; i < count; i++) {
      PeerMessage.Rumour rumour = PeerCodec.rumour(in);
      boolean stopped = rumour.state() == Member.State.LEFT || rumour.state() == Member.State.DOWN;
      Entry entry =
          stopped
              ? new Entry(rumour.card(), rumour.state(), rumour.refutation())
              : new Entry(rumour.card(), Member.State.ALIVE, Math.max(0, rumour.refutation() - 1));
      entries.put(entry.node(), entry);
    }
    in.end();
  }

  /** The row may be lost: it is written anew. */
  void rememberAnew() {
    rowStale = true;
  }

  /** Writes the row anew if who is a member, or where, has changed since. */
  void remember() {
    if (!rowStale) return;
    rowStale = false;
    ByteWriter out = new ByteWriter(64 + 128 * entries.size());
    out.writeInt(entries.size());
    for (Entry entry : entries.values()) PeerCodec.rumour(out, entry.rumour(NodeId.NONE));
    outbox.add(new Effect.Remember(ROW, out.toBytes()));
  }

  /** That member, if it was ever heard of. */
  @Nullable Entry find(NodeId node) {
    return entries.get(node);
  }

  /** What people call a node; its id while the name is unknown. */
  String name(NodeId node) {
    Entry entry = entries.get(node);
    return entry == null || entry.card.name().isEmpty() ? node.hex() : entry.card.name();
  }

  /** Everybody, by id. */
  Collection<Entry> all() {
    return entries.values();
  }

  /** How many have not left, this node included. */
  int size() {
    int size = 0;
    for (Entry entry : entries.values()) {
      if (entry.state != Member.State.LEFT) size++;
    }
    return size;
  }

  /** The cards of those who have not left. */
  List<Member.Card> cards() {
    List<Member.Card> cards = new ArrayList<>();
    for (Entry entry : entries.values()) {
      if (entry.state != Member.State.LEFT) cards.add(entry.card);
    }
    return cards;
  }

  /** Says something about this node itself, or declares a member left: no rule is asked. */
  Entry declare(Member.Card card, Member.State state, long refutation) {
    Entry entry = entries.get(card.node());
    if (entry == null) {
      entry = new Entry(card, state, refutation);
      entries.put(card.node(), entry);
      rowStale = true;
    } else {
      apply(entry, card, state, refutation);
    }
    return entry;
  }

  /** Merges a claim about another member; whether anything about it is new. */
  boolean merge(PeerMessage.Rumour rumour) {
    Entry entry = entries.get(rumour.card().node());
    if (entry == null) {
      if (entries.size() >= limit) return false;
      entries.put(
          rumour.card().node(), new Entry(rumour.card(), rumour.state(), rumour.refutation()));
      rowStale = true;
      return true;
    }
    if (entry.state == Member.State.LEFT) return false;
    boolean accusation =
        rumour.state() == Member.State.SUSPECT || rumour.state() == Member.State.DEAD;
    long refutation =
        accusation ? Math.min(rumour.refutation(), entry.refutation) : rumour.refutation();
    if (rumour.state() != Member.State.LEFT) {
      if (refutation < entry.refutation) return false;
      if (refutation == entry.refutation && rumour.state().compareTo(entry.state) <= 0) {
        return false;
      }
    }
    Member.Card card = rumour.refutation() >= entry.refutation ? rumour.card() : entry.card;
    apply(entry, card, rumour.state(), Math.max(refutation, entry.refutation));
    return true;
  }

  /** Takes in what a member says it holds, if that is news; whether it was. */
  boolean heard(NodeId node, long refutation, Member.Facts facts) {
    Entry entry = entries.get(node);
    if (entry == null) return false;
    boolean older =
        refutation < entry.life
            || (refutation == entry.life && facts.number() <= entry.facts.number());
    if (older) return false;
    entry.facts = facts;
    entry.life = refutation;
    return true;
  }

  private void apply(Entry entry, Member.Card card, Member.State state, long refutation) {
    boolean lasting = state == Member.State.LEFT || state == Member.State.DOWN;
    boolean wasLasting = entry.state == Member.State.LEFT || entry.state == Member.State.DOWN;
    if (!card.equals(entry.card) || lasting || wasLasting || refutation != entry.refutation) {
      rowStale = true;
    }
    entry.card = card;
    entry.state = state;
    entry.refutation = refutation;
  }
}
