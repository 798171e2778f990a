package io.kdelta.sim;

import io.kdelta.error.KdeltaException;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Which retries may write a second time: a request id makes a retry harmless (ACK-TRUTH) unless the
 * node that is asked again may have lost the first write, or was never the one that had it. Kept by
 * the clients, by request id.
 */
final class Attempts {
  /** A node remembers an id for a day of its own clock; this is as far as that is trusted. */
  private static final long CLOCK_MICROS_MAX = 3_600_000_000L;

  /**
   * How a request was sent last.
   *
   * @param clockMicros by how much the wall clock of the node was ahead
   * @param synced whether the node has said since that it has it synced
   */
  private record Sent(int node, int life, long clockMicros, boolean synced) {}

  private final TreeMap<String, Sent> sent = new TreeMap<>();

  /**
   * A request leaves.
   *
   * @return whether what it writes may be there twice from now on
   */
  boolean sends(Action.Ask ask, SimNode node, long nowNanos) {
    String id = ask.request().id();
    if (id.isEmpty()) return ask.attempt() > 1;
    Sent before = sent.get(id);
    long clock = node.time().epochMicros() - nowNanos / 1_000;
    boolean here = before != null && before.node == node.index();
    sent.put(
        id, new Sent(node.index(), node.life(), clock, before != null && here && before.synced));
    if (ask.attempt() == 1) return false;
    if (before == null || !here || node.struck()) return true;
    if (!before.synced && before.life != node.life()) return true;
    return Math.abs(clock - before.clockMicros) > CLOCK_MICROS_MAX;
  }

  /** What came of it. */
  void ended(Action.Ask ask, @Nullable KdeltaException error) {
    Sent last = sent.get(ask.request().id());
    if (last == null || last.node != ask.node() || !saysSynced(error)) return;
    sent.put(ask.request().id(), new Sent(last.node, last.life, last.clockMicros, true));
  }

  /** The gate counts who is alive only once a write is synced where it was accepted. */
  private static boolean saysSynced(@Nullable KdeltaException error) {
    return error instanceof KdeltaException.DurabilityUnmet unmet
        && String.valueOf(unmet.getMessage()).endsWith("too few other members are alive");
  }
}
