package io.kdelta.cluster;

import io.kdelta.causal.NodeId;
import io.kdelta.storage.FileList;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * Lends the files of this node to one peer at a time.
 *
 * <p>Owned by {@link Ladder}, on the core thread; pure. Invariant: files are pinned only while a
 * linked peer asks for them, or asked less than {@link #PATIENCE} ago.
 */
final class Lender {
  /** How long a borrower may be silent: it may be busy with its own disk. */
  private static final long PATIENCE = 30_000_000_000L;

  /** Pieces that a borrower may ask for ahead; one that asks for more makes no sense. */
  private static final int AHEAD_MAX = 64;

  private final Sessions.Host host;
  private final int pieceBytes;

  /** Of the pieces asked for, so many are read at a time, so that the disk waits for no turn. */
  private static final int READS_MAX = 8;

  private final ArrayDeque<PeerMessage.SnapshotGet> asked = new ArrayDeque<>();
  private final ArrayDeque<Reading> reading = new ArrayDeque<>();
  private @Nullable NodeId borrower;
  private @Nullable FileList list;
  private long number;
  private long lending;
  private long heardAt;

  /** A piece that is read. Reads end in the order in which they were asked for. */
  private record Reading(long tag, PeerMessage.SnapshotGet get) {}

  /**
   * @param pieceBytes in which files are lent
   */
  Lender(Sessions.Host host, int pieceBytes) {
    this.host = host;
    this.pieceBytes = pieceBytes;
  }

  /** Takes a message of a borrower in. */
  void message(NodeId node, PeerMessage.Snapshot message, long now) {
    boolean present = node.equals(borrower) && message.session() == number;
    if (present) heardAt = now;
    switch (message) {
      case PeerMessage.SnapshotAsk ask -> asked(node, ask, now);
      case PeerMessage.SnapshotGet get when present && isThere(get) -> {
        asked.add(get);
        readOn();
      }
      case PeerMessage.SnapshotGet get when present -> stop(false, "there is no such piece", now);
      case PeerMessage.SnapshotGet get -> end(node, get.session(), true, "nothing is lent", now);
      case PeerMessage.SnapshotEnd _ when present -> release();
      default -> {
        // Of a lending that is over.
      }
    }
  }

  /** A link is gone. */
  void down(NodeId node) {
    if (node.equals(borrower)) release();
  }

  /** Whether the tag is that of an order given here. */
  boolean done(long tag, SnapshotOutcome outcome, long now) {
    Reading next = reading.peek();
    boolean read = next != null && next.tag() == tag;
    if (tag == 0 || (tag != lending && !read)) return false;
    if (read) reading.remove();
    else lending = 0;
    NodeId node = borrower;
    if (node == null) return true;
    switch (outcome) {
      case SnapshotOutcome.Lent(FileList files) -> {
        list = files;
        heardAt = now;
        if (files.isTooLong()) stop(false, "too many files to list", now);
        else host.send(node, new PeerMessage.SnapshotList(number, files), now);
      }
      case SnapshotOutcome.Piece piece -> {
        if (next == null) throw new AssertionError("a piece that nobody reads");
        PeerMessage.SnapshotGet get = next.get();
        readOn();
        host.send(
            node,
            new PeerMessage.SnapshotPiece(
                number, get.file(), get.piece(), piece.bytes(), piece.seal()),
            now);
      }
      case SnapshotOutcome.Failed(String reason, boolean rotten) ->
          stop(!read && !rotten, reason, now);
      default -> throw new AssertionError("no answer to what was asked for: " + outcome);
    }
    return true;
  }

  void forgive(long nanos) {
    heardAt += nanos;
  }

  void tick(long now) {
    if (now >= deadline()) stop(true, "nothing was asked for", now);
  }

  long deadline() {
    return list == null || !asked.isEmpty() || !reading.isEmpty()
        ? Long.MAX_VALUE
        : heardAt + PATIENCE;
  }

  private void asked(NodeId node, PeerMessage.SnapshotAsk ask, long now) {
    NodeId present = borrower;
    if (present != null && !present.equals(node)) {
      end(node, ask.session(), true, "busy with another node", now);
      return;
    }
    release();
    borrower = node;
    number = ask.session();
    heardAt = now;
    lending = host.tag();
    host.effect(new Effect.Snapshot(lending, new SnapshotOrder.Lend(pieceBytes, ask.check())));
  }

  private boolean isThere(PeerMessage.SnapshotGet get) {
    FileList of = list;
    if (of == null || get.file() >= of.files().size()) return false;
    if (asked.size() + reading.size() >= AHEAD_MAX) return false;
    return get.piece() < of.pieces(get.file());
  }

  private void readOn() {
    while (!asked.isEmpty() && reading.size() < READS_MAX) {
      PeerMessage.SnapshotGet next = asked.remove();
      long tag = host.tag();
      reading.add(new Reading(tag, next));
      host.effect(new Effect.Snapshot(tag, new SnapshotOrder.ReadPiece(next.file(), next.piece())));
    }
  }

  private void stop(boolean busy, String reason, long now) {
    NodeId node = borrower;
    if (node != null) end(node, number, busy, reason, now);
    release();
  }

  private void end(NodeId node, long session, boolean busy, String reason, long now) {
    host.send(node, new PeerMessage.SnapshotEnd(session, busy, reason), now);
  }

  private void release() {
    if (borrower == null) return;
    borrower = null;
    list = null;
    asked.clear();
    reading.clear();
    lending = 0;
    host.effect(new Effect.Snapshot(host.tag(), new SnapshotOrder.Return()));
  }
}
