package io.kdelta.core;

import io.kdelta.causal.CausalToken;
import io.kdelta.error.KdeltaException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/**
 * Where requests wait whose client has seen more than this node: until the streams have brought it,
 * or their deadline has come and they hear BEHIND. Nothing of them was carried out by then.
 *
 * <p>Owned by the core. Bounded in requests and in bytes; looked at only when the store, or what is
 * replicated, has changed.
 */
final class Anteroom {
  /** Requests that may wait: looking at all of them must not slow a turn down. */
  static final int REQUESTS_MAX = 4_096;

  /** Bytes of them. */
  static final long BYTES_MAX = 16L << 20;

  private final Tokens tokens;
  private final Map<Long, Event.Arrived> waiting = new LinkedHashMap<>();
  private final TreeSet<Event.Arrived> deadlines =
      new TreeSet<>(
          Comparator.comparingLong(Event.Arrived::deadlineNanos)
              .thenComparingLong(Event.Arrived::ticket));
  private long bytes;
  private long seen;

  private long behind;

  Anteroom(Tokens tokens) {
    this.tokens = tokens;
  }

  /**
   * Lets a request wait that may not be carried out yet; whether it does. Behind at once when
   * nobody could bring what is missing, Overloaded when too many wait.
   */
  boolean takes(Event.Arrived asked) {
    CausalToken lacking = tokens.lacking(asked.command(), asked.after());
    if (lacking.isEmpty()) return false;
    if (tokens.alone()) throw behind(asked);
    if (waiting.size() >= REQUESTS_MAX || bytes + asked.size() > BYTES_MAX) {
      throw new KdeltaException.Overloaded(
          waiting.size() + " requests wait already for what their tokens name");
    }
    if (waiting.isEmpty()) seen = tokens.revision();
    waiting.put(asked.ticket(), asked);
    deadlines.add(asked);
    bytes += asked.size();
    return true;
  }

  /** Those that need not wait any more, in the order in which they came. */
  List<Event.Arrived> ready() {
    if (waiting.isEmpty() || seen == tokens.revision()) return List.of();
    seen = tokens.revision();
    List<Event.Arrived> ready = new ArrayList<>();
    for (Event.Arrived asked : waiting.values()) {
      if (tokens.lacking(asked.command(), asked.after()).isEmpty()) ready.add(asked);
    }
    ready.forEach(this::leave);
    return ready;
  }

  /** Refuses those whose deadline has come. */
  void expire(long now, Outbox outbox) {
    while (!deadlines.isEmpty() && deadlines.first().deadlineNanos() <= now) {
      Event.Arrived late = deadlines.first();
      leave(late);
      outbox.refuse(late.ticket(), behind(late));
    }
  }

  /** When the next one gives up, or {@link Timers#NEVER}. */
  long nextDeadline() {
    return deadlines.isEmpty() ? Timers.NEVER : deadlines.first().deadlineNanos();
  }

  /** The client of a ticket needs no answer. */
  void abandon(long ticket) {
    Event.Arrived asked = waiting.get(ticket);
    if (asked != null) leave(asked);
  }

  /** Refuses all: the node stops. */
  void stop(Outbox outbox) {
    expire(Long.MAX_VALUE, outbox);
  }

  /** How many wait. */
  int size() {
    return waiting.size();
  }

  private void leave(Event.Arrived asked) {
    waiting.remove(asked.ticket());
    deadlines.remove(asked);
    bytes -= asked.size();
  }

  /** How many were told that the node is behind. */
  long behind() {
    return behind;
  }

  private KdeltaException.Behind behind(Event.Arrived asked) {
    behind++;
    CausalToken lacking = tokens.lacking(asked.command(), asked.after());
    return new KdeltaException.Behind((lacking.isEmpty() ? asked.after() : lacking).summary());
  }
}
