package io.kdelta.core;

import io.kdelta.causal.CausalStore;
import io.kdelta.causal.Consignment;
import io.kdelta.causal.Envelope;
import io.kdelta.causal.Reception;
import io.kdelta.causal.Transaction;
import io.kdelta.cluster.Effect;
import io.kdelta.cluster.Event;
import io.kdelta.error.KdeltaException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Stores what peers send, piece by piece: a peer does not know how much fits into a segment of this
 * log. While the store has no room because flushes or merges are behind, the rest waits here and
 * goes on in a later turn: a refusal would end the session, and most of what it brought would be
 * sent again.
 *
 * <p>At most {@value #WAITING_BYTES_MAX} bytes wait; beyond that a request is refused, and its
 * sender ends the session. Invariant: what waits is stored in the order in which it came, whether
 * or not its sender is still there. Owner: the core.
 */
final class Intake {
  static final String UNSOUND = "damage is being repaired";
  private static final long WAITING_BYTES_MAX = 32 << 20;

  /** What the cluster asked for, and how far it is. */
  private static final class Asked {
    private final long tag;
    private final boolean parkDurably;
    private final List<List<Envelope>> pieces;
    private final long bytes;
    private final List<Reception> receptions = new ArrayList<>();
    private @Nullable Consignment whole;
    private int stored;
    private long lsn;

    Asked(long tag, List<Envelope> envelopes, boolean parkDurably, List<List<Envelope>> pieces) {
      this.tag = tag;
      this.parkDurably = parkDurably;
      this.pieces = pieces;
      this.bytes = envelopes.stream().mapToLong(Envelope::size).sum();
    }
  }

  private final CausalStore store;
  private final int pieceBytes;
  private final ArrayDeque<Asked> waiting = new ArrayDeque<>();
  private long waitingBytes;

  /**
   * @param pieceBytes of envelopes that go into the log at once, or one envelope
   */
  Intake(CausalStore store, int pieceBytes) {
    this.store = store;
    this.pieceBytes = pieceBytes;
  }

  /** Stores it; the answer is empty if it has to wait. */
  Optional<Event> take(Effect.Store asked) {
    List<List<Envelope>> pieces = pieces(asked.envelopes());
    return take(new Asked(asked.tag(), asked.envelopes(), asked.parkDurably(), pieces));
  }

  /** Stores all of it at once if nothing is held of its keys, else as above. */
  Optional<Event> take(Effect.TakeIn asked) {
    List<Envelope> envelopes = asked.versions().envelopes();
    Asked one = new Asked(asked.tag(), envelopes, false, pieces(envelopes));
    one.whole = asked.versions();
    return take(one);
  }

  private Optional<Event> take(Asked one) {
    if (waitingBytes + one.bytes > WAITING_BYTES_MAX) {
      return Optional.of(new Event.NotStored(one.tag, "flushes and merges are behind"));
    }
    Optional<Event> done = waiting.isEmpty() ? store(one) : Optional.empty();
    if (done.isEmpty()) {
      waiting.add(one);
      waitingBytes += one.bytes;
    }
    return done;
  }

  /** Goes on with what waits, in order, as far as there is room; answers what has ended. */
  List<Event> goOn() {
    List<Event> ended = new ArrayList<>();
    while (!waiting.isEmpty()) {
      Optional<Event> done = store(waiting.getFirst());
      if (done.isEmpty()) break;
      ended.add(done.get());
      waitingBytes -= waiting.removeFirst().bytes;
    }
    return ended;
  }

  private Optional<Event> store(Asked asked) {
    if (!store.sound()) return Optional.of(new Event.NotStored(asked.tag, UNSOUND));
    while (asked.stored < asked.pieces.size()) {
      Transaction transaction = store.begin();
      try {
        Consignment whole = asked.whole;
        asked.whole = null;
        List<Reception> receptions = new ArrayList<>();
        if (whole != null && transaction.receive(whole)) {
          asked.whole = whole; // For the case that there is no room.
          asked.lsn = transaction.commit().lsn();
          for (Envelope one : whole.envelopes()) {
            asked.receptions.add(new Reception.Visible(one.version().id()));
          }
          asked.stored = asked.pieces.size();
          continue;
        }
        for (Envelope envelope : asked.pieces.get(asked.stored)) {
          receptions.add(
              asked.parkDurably
                  ? transaction.receiveDurably(envelope)
                  : transaction.receive(envelope));
        }
        asked.lsn = transaction.commit().lsn();
        asked.receptions.addAll(receptions);
        asked.stored++;
      } catch (KdeltaException.Overloaded behind) {
        transaction.abandon();
        return Optional.empty();
      } catch (KdeltaException e) {
        transaction.abandon();
        return Optional.of(new Event.NotStored(asked.tag, Peers.message(e)));
      }
    }
    return Optional.of(new Event.Stored(asked.tag, asked.lsn, asked.receptions));
  }

  /** In order, each as large as a piece at most, or one envelope. */
  private List<List<Envelope>> pieces(List<Envelope> envelopes) {
    List<List<Envelope>> pieces = new ArrayList<>();
    int from = 0;
    long bytes = 0;
    for (int i = 0; i < envelopes.size(); i++) {
      bytes += envelopes.get(i).size();
      if (bytes > pieceBytes && i > from) {
        pieces.add(envelopes.subList(from, i));
        from = i;
        bytes = envelopes.get(i).size();
      }
    }
    pieces.add(envelopes.subList(from, envelopes.size()));
    return pieces;
  }
}
