package io.kdelta.cluster;

import io.kdelta.causal.Envelope;
import io.kdelta.causal.Timestamp;
import io.kdelta.reconciliation.Digest;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;

/**
 * The versions that one session still has to push, parents first, under the peer's credit.
 *
 * <p>Owned by one session, on the core thread. Order: by time and id. A version's time is above its
 * parents' (checked wherever one is received), so this order is topological, and it needs nothing
 * but the versions themselves. Times are read a slice at a time, so that a long list does not hold
 * the core up.
 */
final class Shipment {
  /** Bytes that may be on their way and not stored yet. */
  static final long WINDOW_BYTES = 4L << 20;

  /** Bytes of one batch; a single longer version goes alone. */
  static final int BATCH_BYTES = 1 << 20;

  private static final int SLICE = 500;
  private static final int BATCH_VERSIONS = 4_096;
  private static final int ENVELOPE_OVERHEAD = 512;

  private final Replica replica;
  private final Deque<Digest> unordered = new ArrayDeque<>();
  private final TreeSet<Place> ordered = new TreeSet<>();
  private long sentBytes;
  private long creditedBytes;

  /** A version's place in the order of sending. */
  private record Place(Timestamp time, Digest id) implements Comparable<Place> {
    @Override
    public int compareTo(Place other) {
      int order = time.compareTo(other.time);
      return order != 0 ? order : id.compareTo(other.id);
    }
  }

  Shipment(Replica replica) {
    this.replica = replica;
  }

  void add(List<Digest> ids) {
    unordered.addAll(ids);
  }

  /** Whether {@link #order} has something to do. */
  boolean isUnordered() {
    return !unordered.isEmpty();
  }

  /** Whether a batch may go now. */
  boolean isReady() {
    return unordered.isEmpty() && !ordered.isEmpty() && sentBytes - creditedBytes < WINDOW_BYTES;
  }

  /** Reads the times of the next slice; false when a version is not there any more. */
  boolean order() {
    for (int i = 0; i < SLICE && !unordered.isEmpty(); i++) {
      Digest id = unordered.removeFirst();
      Optional<Envelope> envelope = replica.envelope(id);
      if (envelope.isEmpty()) return false;
      ordered.add(new Place(envelope.get().version().time(), id));
    }
    return true;
  }

  /** The next batch; empty when a version is not there any more. */
  List<Envelope> next() {
    List<Envelope> batch = new ArrayList<>();
    long bytes = 0;
    while (!ordered.isEmpty() && batch.size() < BATCH_VERSIONS) {
      Optional<Envelope> envelope = replica.envelope(ordered.first().id());
      if (envelope.isEmpty()) return List.of();
      bytes += size(envelope.get());
      if (!batch.isEmpty() && bytes > BATCH_BYTES) break;
      batch.add(envelope.get());
      ordered.removeFirst();
    }
    return batch;
  }

  /** A batch has gone, of so many bytes as encoded. */
  void sent(int bytes) {
    sentBytes += bytes;
  }

  /** The peer has stored so many bytes in all; false when it says what cannot be. */
  boolean credit(long bytes) {
    if (bytes < creditedBytes || bytes > sentBytes) return false;
    creditedBytes = bytes;
    return true;
  }

  /** About what an envelope takes; never less. */
  private static long size(Envelope envelope) {
    return (long) envelope.version().canonical().size()
        + envelope.document().size()
        + envelope.proof().size()
        + 24L * envelope.dots().size()
        + ENVELOPE_OVERHEAD;
  }
}
