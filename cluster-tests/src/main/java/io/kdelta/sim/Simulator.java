package io.kdelta.sim;

import java.util.PriorityQueue;

/**
 * The one clock and the one queue of a simulated world: actions ordered by (virtual time, those
 * from outside first, order of scheduling). Idle time costs nothing; time only moves when an action
 * runs.
 *
 * <p>Owned by the thread that runs the simulation. Two runs from one seed schedule the same actions
 * in the same order, so {@link Trace} comes out equal.
 */
final class Simulator {
  private record Scheduled(long atNanos, boolean inside, long order, Runnable action)
      implements Comparable<Scheduled> {
    @Override
    public int compareTo(Scheduled other) {
      int byTime = Long.compare(atNanos, other.atNanos);
      if (byTime != 0) return byTime;
      if (inside != other.inside) return inside ? 1 : -1;
      return Long.compare(order, other.order);
    }
  }

  private final PriorityQueue<Scheduled> queue = new PriorityQueue<>();
  private long nowNanos;
  private long scheduled;
  private long ran;

  /** Virtual time in nanoseconds since the start of the run. */
  long nowNanos() {
    return nowNanos;
  }

  /** Number of actions run so far. */
  long ran() {
    return ran;
  }

  /** Runs {@code action} after {@code delayNanos}; equal times run in the order of the calls. */
  void after(long delayNanos, Runnable action) {
    at(nowNanos + Math.max(0, delayNanos), action);
  }

  /** Runs {@code action} at {@code atNanos}, or now when that has passed. */
  void at(long atNanos, Runnable action) {
    queue.add(new Scheduled(Math.max(nowNanos, atNanos), true, scheduled++, action));
  }

  /**
   * Runs something that comes from outside the world (a fault, a client, a look) at {@code
   * atNanos}, before everything of the world itself that is due then. Never in the present moment,
   * of which something may have run already: so what was decided on the way and what was known from
   * the start happen in the same order.
   */
  void outside(long atNanos, Runnable action) {
    queue.add(new Scheduled(Math.max(nowNanos + 1, atNanos), false, scheduled++, action));
  }

  /** Runs every action due until {@code untilNanos}; the clock then stands there. */
  void runUntil(long untilNanos) {
    while (true) {
      Scheduled next = queue.peek();
      if (next == null || next.atNanos > untilNanos) break;
      queue.poll();
      nowNanos = next.atNanos;
      ran++;
      next.action.run();
    }
    nowNanos = Math.max(nowNanos, untilNanos);
  }
}
