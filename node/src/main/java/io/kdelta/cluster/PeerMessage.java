package io.kdelta.cluster;

import io.kdelta.causal.Envelope;
import io.kdelta.causal.Frame;
import io.kdelta.causal.Incarnation;
import io.kdelta.causal.Intervals;
import io.kdelta.causal.NodeId;
import io.kdelta.memory.Bytes;
import io.kdelta.reconciliation.Digest;
import io.kdelta.storage.FileList;
import java.util.List;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/** What two nodes say to each other; the bytes are in {@link PeerCodec}. */
public sealed interface PeerMessage {

  /** In which lane it travels. */
  default Lane lane() {
    return Lane.GOSSIP;
  }

  /**
   * The first message of either end of a link, said again when the cluster of the sender changed.
   *
   * @param cluster the cluster that the sender is in
   * @param settled whether that is settled: the sender or one it met there has versions
   * @param refutation number of the sender's life
   * @param card who it is
   */
  record Hello(ClusterId cluster, boolean settled, long refutation, Member.Card card)
      implements PeerMessage {}

  /** The link is not wanted; the sender hangs up. */
  record Refuse(Reason reason, String text) implements PeerMessage {
    /** Why. */
    public enum Reason {
      /** The two nodes are of different clusters. */
      CLUSTER,
      /** No peer format is read by both. */
      FORMAT,
      /** The receiver was removed from the cluster, or left it. */
      LEFT,
      /** What the receiver sent makes no sense. */
      MALFORMED,
      /** Another link between the two is kept. */
      DUPLICATE
    }
  }

  /** What somebody says about the state of a member; rides on probes. */
  record Rumour(Member.Card card, Member.State state, long refutation, NodeId accuser) {}

  /** Are you there? */
  record Ping(long number, List<Rumour> rumours) implements PeerMessage {}

  /** I am (or, for an indirect probe: it is). */
  record Ack(long number, List<Rumour> rumours) implements PeerMessage {}

  /** Please probe {@code target} for me. */
  record PingRequest(long number, NodeId target) implements PeerMessage {}

  /** I tried to probe your target, and got no answer (yet): so it is not our link that is slow. */
  record Nack(long number) implements PeerMessage {}

  /**
   * The whole list of members.
   *
   * @param answer whether the receiver is to send its own
   * @param knowledge whether the sender knows of all of them
   * @param entries those it knows
   */
  record Members(boolean answer, Knowledge knowledge, List<Entry> entries) implements PeerMessage {
    /** What a node knows of its cluster, by its own word. */
    public enum Knowledge {
      /** All members that its peers knew. */
      WHOLE,
      /** Nobody but itself: its directory is new and no seed has answered. */
      NEW,
      /** Less than it did: damage took rows. */
      DAMAGED
    }

    /**
     * One member with its contents as last heard.
     *
     * @param rumour how it is
     * @param life refutation number under which it said its facts
     * @param facts what it said
     */
    public record Entry(Rumour rumour, long life, Member.Facts facts) {}
  }

  /**
   * What the sender holds, now.
   *
   * @param refutation number of the sender's life
   * @param facts its numbers
   * @param positions incarnations whose positions in the set are not what the last Facts on this
   *     link said; the first Facts on a link names all, but what {@link Tallied} has answered for
   */
  record Facts(long refutation, Member.Facts facts, SortedMap<Incarnation, Intervals> positions)
      implements PeerMessage {}

  /** What the sender holds, summed up: which of the sums are yours? The first word of some. */
  record Tallies(Tally tally) implements PeerMessage {}

  /**
   * The answer.
   *
   * @param equal the buckets, as bits, whose sums are the sender's, too
   */
  record Tallied(long equal) implements PeerMessage {}

  /** I ship this log, up to {@code last} now: follow it, and send me your receipts. */
  record Offer(Incarnation incarnation, long last) implements PeerMessage {}

  /**
   * Ship me that log.
   *
   * @param from first position that is wanted
   * @param upTo last one; {@link Long#MAX_VALUE}: and what comes later
   * @param before chain value before {@code from} as the sender knows it, or null
   */
  record Follow(Incarnation incarnation, long from, long upTo, @Nullable Digest before)
      implements PeerMessage {}

  /** I cannot ship that log from that position on: ask others, or reconcile. */
  record Lost(Incarnation incarnation, long from) implements PeerMessage {}

  /**
   * Two versions claim one place in your log.
   *
   * @param seq the place
   * @param held the version that has it at the sender
   * @param told another one that came with it
   */
  record Dispute(Incarnation incarnation, long seq, Digest held, Digest told)
      implements PeerMessage {}

  /**
   * A run of a log.
   *
   * @param frame whole batches
   * @param squeezed whether nobody waits for it, so that it is compressed on the wire: a scan is,
   *     the latest writes only where they are many ({@link Packer})
   */
  record Ship(Frame frame, boolean squeezed) implements PeerMessage {
    @Override
    public Lane lane() {
      return Lane.SHIP;
    }
  }

  /** The sender has taken in this many bytes of Ship, unpacked, on this link since it opened. */
  record Credit(long bytes) implements PeerMessage {}

  /**
   * Where the sender stands in a log.
   *
   * @param received last position received without a gap
   * @param from first position that this receipt covers
   * @param synced last one: from..synced are synced here with rows of their own, or parked so
   * @param chain chain value at {@code synced}, by the sender's own reckoning
   * @param applied last position below which everything is in the sender's set
   */
  record Receipt(
      Incarnation incarnation, long received, long from, long synced, Digest chain, long applied)
      implements PeerMessage {}

  /** Send me these versions: parents that I miss. */
  record Want(List<Digest> ids) implements PeerMessage {}

  /** Answer to Want, outside the credit: those that the sender has. */
  record Versions(List<Envelope> envelopes) implements PeerMessage {
    @Override
    public Lane lane() {
      return Lane.SHIP;
    }
  }

  /** What belongs to one session, or to one snapshot, with a peer. */
  sealed interface OfSession extends PeerMessage {
    /** Its number. */
    long session();

    @Override
    default Lane lane() {
      return Lane.BULK;
    }
  }

  /**
   * A message of a session.
   *
   * @param session its number, drawn by who opened it
   * @param body a message of the pure module
   */
  record Reconcile(long session, Bytes body) implements OfSession {}

  /**
   * Versions that a session pushes.
   *
   * @param session its number
   * @param envelopes parents before children
   */
  record Push(long session, List<Envelope> envelopes) implements OfSession {}

  /** The sender has stored this many bytes of pushed versions of the session. */
  record PushCredit(long session, long bytes) implements OfSession {}

  /** What is said about a snapshot; its number is drawn by who asks for one. */
  sealed interface Snapshot extends OfSession {}

  /**
   * Lend me your files.
   *
   * @param check what pieces are to be held against: {@code SHA256} from who speaks a format before
   *     {@value PeerCodec#SEAL_FORMAT}, else {@code LATER}
   */
  record SnapshotAsk(long session, FileList.Check check) implements Snapshot {}

  /** These are they; they stay until one of both ends it. */
  record SnapshotList(long session, FileList list) implements Snapshot {}

  /** Send me that piece of that file; answered in the order of asking. */
  record SnapshotGet(long session, int file, int piece) implements Snapshot {}

  /**
   * A piece.
   *
   * @param seal of its bytes; 0 in a format before {@value PeerCodec#SEAL_FORMAT}
   */
  record SnapshotPiece(long session, int file, int piece, Bytes bytes, long seal)
      implements Snapshot {}

  /**
   * It is over, or was never possible.
   *
   * @param busy whether it may be possible soon
   */
  record SnapshotEnd(long session, boolean busy, String reason) implements Snapshot {
    private static final int REASON_LENGTH_MAX = 60;

    /** Cuts the reason to what its field holds in any script. */
    public SnapshotEnd {
      if (reason.length() > REASON_LENGTH_MAX) reason = reason.substring(0, REASON_LENGTH_MAX);
    }
  }
}
