package io.kdelta.cluster;

import io.kdelta.causal.NodeId;

/**
 * What streams bring, and whether it is worth waiting for. Owned by {@link Ladder}, on the core
 * thread.
 *
 * <p>Invariant: a trickle does not count. Who sends a version now and then, or the same ones again,
 * keeps no other rung away.
 */
final class Inflow {
  /**
   * Streams that brought nothing for so long stand still. What comes by them may wait for the own
   * store or for a busy machine, and every other rung would have to as well.
   */
  static final long PATIENCE = 10_000_000_000L;

  /** Within which enough has to come. */
  private static final long WINDOW = 2_000_000_000L;

  private final long enough;
  private long towards;
  private long since = Long.MIN_VALUE / 2;
  private long progressAt = Long.MIN_VALUE / 2;
  private long latest = Long.MIN_VALUE / 2;
  private long beganAt;
  private long versions;
  private long bytes;

  /**
   * @param enough new versions within a moment that count as progress
   */
  Inflow(long enough) {
    this.enough = enough;
  }

  /** New versions within a moment that count as progress. */
  long enough() {
    return enough;
  }

  /** A frame was taken in. */
  void took(int fresh, int size, long now) {
    if (now - latest >= PATIENCE) {
      beganAt = now;
      versions = 0;
      bytes = 0;
    }
    latest = now;
    versions += fresh;
    bytes += size;
    if (now - since >= WINDOW) {
      since = now;
      towards = 0;
    }
    towards += fresh;
    if (towards < enough) return;
    since = now;
    towards = 0;
    progressAt = now;
  }

  /** Whether streams make progress. */
  boolean flows(long now) {
    return now - progressAt < PATIENCE;
  }

  void forgive(long nanos) {
    progressAt += nanos;
    since += nanos;
    latest += nanos;
  }

  /** How far streams are; {@code holder}: who holds most. */
  CatchUpProgress progress(NodeId holder) {
    long millis = (latest - beganAt) / 1_000_000;
    return new CatchUpProgress("stream", "streaming", holder, bytes, 0, 0, 0, versions, 0, millis);
  }
}
