package io.kdelta.client;

import java.time.Duration;
import java.util.random.RandomGenerator;

/**
 * How long a client waits before it asks again: twice as long each time, and less by chance, so
 * that many who failed together do not come back together.
 *
 * @param first the longest pause before the first repetition
 * @param most no pause is longer
 */
public record Backoff(Duration first, Duration most) {
  /** Of a tenth of a second at first, of two seconds at most. */
  public static final Backoff DEFAULT = new Backoff(Duration.ofMillis(100), Duration.ofSeconds(2));

  private static final int DOUBLINGS_MAX = 30;

  /** IllegalArgumentException unless 0 is less than first, and first not more than most. */
  public Backoff {
    if (first.isNegative() || first.isZero() || most.compareTo(first) < 0) {
      throw new IllegalArgumentException("no backoff: from " + first + " to " + most);
    }
  }

  /**
   * Between a half and the whole of the pause before repetition {@code number}, in nanoseconds.
   *
   * @param number counts from 1
   */
  long pauseNanos(int number, RandomGenerator chance) {
    int doublings = Math.clamp(number - 1L, 0, DOUBLINGS_MAX);
    long whole = most.toNanos();
    if (first.toNanos() <= whole >> doublings) whole = first.toNanos() << doublings;
    return whole - (whole < 2 ? 0 : chance.nextLong(whole / 2));
  }
}
