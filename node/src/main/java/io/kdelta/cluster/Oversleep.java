package io.kdelta.cluster;

/**
 * How long a process has slept, or was busy with one turn, past the moment it meant to wake up at.
 * Owned by the core thread.
 *
 * <p>Invariant: all that it ever tells together is no longer than the time that went by. What is
 * due may lie far back, because nothing can be done about it yet, and several events have one time:
 * neither makes one sleep count twice.
 */
final class Oversleep {
  private long steppedAt = Long.MIN_VALUE / 2;

  /**
   * An event is about to be handled; by how long it comes late.
   *
   * @param due when the process meant to wake up at the latest; Long.MAX_VALUE for never
   */
  long late(long due, long now) {
    long late = now - Math.max(due, steppedAt);
    steppedAt = now;
    return Math.max(0, late);
  }
}
