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
  private static final long HOUR_MICROS = 3_600_000_000L;

  /**
   * How a request was sent last.
   *
   * @param synced whether the node has said since that it has it synced
   */
  private record Sent(int attempt, int node, int life, long atNanos, boolean synced) {}

  /** When the wall clock of a node was last set to another hour, and by how much it is ahead. */
  private record Jump(long offsetMicros, long atNanos) {}

  private final TreeMap<String, Sent> sent = new TreeMap<>();
  private final TreeMap<Integer, Jump> jumps = new TreeMap<>();

  /**
   * A request leaves.
   *
   * @return whether what it writes may be there twice from now on
   */
  boolean sends(Action.Ask ask, SimNode node, long nowNanos) {
    String id = ask.request().id();
    if (id.isEmpty()) return ask.attempt() > 1;
    Sent before = sent.get(id);
    boolean here = before != null && before.node == node.index();
    boolean synced = before != null && here && before.synced;
    sent.put(id, new Sent(ask.attempt(), node.index(), node.life(), nowNanos, synced));
    if (ask.attempt() == 1) return false;
    if (before == null || !here || node.struck()) return true;
    if (!before.synced && before.life != node.life()) return true;
    // It remembers an id for a day of its own clock; a machine that stood still may have taken the
    // write in under another time than the one at which it was sent.
    Jump jump = jumps.get(node.index());
    return jump != null && jump.atNanos >= before.atNanos;
  }

  /** The wall clock of a node is set. */
  void clockSet(int node, long offsetMicros, long nowNanos) {
    Jump before = jumps.getOrDefault(node, new Jump(0, Long.MIN_VALUE));
    boolean far = Math.abs(offsetMicros - before.offsetMicros) > HOUR_MICROS;
    jumps.put(node, new Jump(offsetMicros, far ? nowNanos : before.atNanos));
  }

  /** What came of it. */
  void ended(Action.Ask ask, @Nullable KdeltaException error) {
    Sent last = sent.get(ask.request().id());
    if (last == null || last.node != ask.node() || !saysSynced(error)) return;
    sent.put(ask.request().id(), new Sent(last.attempt, last.node, last.life, last.atNanos, true));
  }

  /** Whether no other attempt of its write was ever made: a refusal then tells of the write. */
  boolean isOnly(Action.Ask ask) {
    Sent last = sent.get(ask.request().id());
    return ask.attempt() == 1 && (last == null || last.attempt == 1);
  }

  /** The gate counts who is alive only once a write is synced where it was accepted. */
  private static boolean saysSynced(@Nullable KdeltaException error) {
    return error instanceof KdeltaException.DurabilityUnmet unmet
        && String.valueOf(unmet.getMessage()).endsWith("too few other members are alive");
  }
}
