package io.kdelta.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.SplittableRandom;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** Goal: pauses double up to their limit and are spread by chance. Method: many draws of each. */
final class BackoffTest {
  private static final Backoff BACKOFF =
      new Backoff(Duration.ofNanos(1_000), Duration.ofNanos(10_000));

  @Test
  void pausesDoubleUpToTheLimitAndAreSpreadOverTheirUpperHalf() {
    SplittableRandom chance = new SplittableRandom(7);
    long[] whole = {1_000, 2_000, 4_000, 8_000, 10_000, 10_000};
    for (int number = 1; number <= whole.length; number++) {
      TreeSet<Long> drawn = new TreeSet<>();
      for (int i = 0; i < 500; i++) drawn.add(BACKOFF.pauseNanos(number, chance));
      long most = whole[number - 1];
      assertTrue(drawn.first() > most / 2 && drawn.last() <= most, number + ": " + drawn);
      assertTrue(drawn.last() - drawn.first() > most / 4, number + ": " + drawn);
    }
  }

  @Test
  void itNeverOverflowsAndNeverIsNothing() {
    SplittableRandom chance = new SplittableRandom(8);
    Backoff long1 = new Backoff(Duration.ofNanos(1), Duration.ofDays(1_000));
    for (int number : new int[] {1, 2, 31, 63, 64, 65, Integer.MAX_VALUE}) {
      long pause = long1.pauseNanos(number, chance);
      assertTrue(pause > 0 && pause <= Duration.ofDays(1_000).toNanos(), number + ": " + pause);
    }
    assertEquals(1, new Backoff(Duration.ofNanos(1), Duration.ofNanos(1)).pauseNanos(5, chance));
  }

  @Test
  void whatMakesNoSenseIsRefused() {
    Duration one = Duration.ofMillis(1);
    assertThrows(IllegalArgumentException.class, () -> new Backoff(Duration.ZERO, one));
    assertThrows(IllegalArgumentException.class, () -> new Backoff(one.plusNanos(1), one));
  }
}
