package io.kdelta.causal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.env.SimEntropy;
import io.kdelta.error.KdeltaException;
import org.junit.jupiter.api.Test;

/**
 * Goal: times are above their parents', the clock never goes back and no liar drags it. Method:
 * examples at every border, then seeded wall clocks that jump.
 */
final class HybridClockTest {
  private static final long WALL = 1_790_000_000_000_000L;
  private static final long AHEAD = HybridClock.AHEAD_MICROS_MAX;

  @Test
  void textIsRfc3339WithSixDigits() {
    Timestamp time = Timestamp.parse("2026-11-21T10:00:01.123456+02:00");
    assertEquals("2026-11-21T08:00:01.123456Z", time.text());
    assertEquals(0, time.counter());
    assertEquals("1970-01-01T00:00:00.000000Z", Timestamp.ZERO.text());
    assertEquals(time, Timestamp.parse("2026-11-21T08:00:01.1234569Z"));
    assertEquals(time.micros(), time.endOfMicros().micros());
    assertEquals(time.micros() + 1, time.endOfMicros().next().micros());
    for (String bad : new String[] {"yesterday", "1969-12-31T23:59:59Z", "2200-01-01T00:00:00Z"}) {
      assertThrows(KdeltaException.Invalid.class, () -> Timestamp.parse(bad), bad);
    }
  }

  @Test
  void orderIsUnsigned() {
    assertTrue(Timestamp.MAX.after(Timestamp.ofMicros(WALL)));
    assertTrue(new Timestamp(-1).after(Timestamp.MAX));
    assertEquals(Timestamp.MAX, Timestamp.ofMicros(Long.MAX_VALUE));
    assertEquals(Timestamp.ZERO, Timestamp.ofMicros(-1));
  }

  @Test
  void aStandingWallClockStillGivesRisingTimes() {
    HybridClock clock = HybridClock.START;
    Timestamp before = Timestamp.ZERO;
    for (int i = 0; i < 10_000; i++) {
      Timestamp time = clock.stamp(WALL, Timestamp.ZERO);
      assertTrue(time.after(before));
      clock = clock.stamped(WALL, time);
      before = time;
    }
    assertEquals(Timestamp.ofMicros(WALL).packed() + 9_999, before.packed());
  }

  @Test
  void aParentFromTheFarFutureIsInheritedAndForgotten() {
    HybridClock clock = new HybridClock(Timestamp.ofMicros(WALL));
    Timestamp far = Timestamp.ofMicros(WALL + AHEAD + 1);
    Timestamp child = clock.stamp(WALL, far);
    assertEquals(far.next(), child);
    HybridClock after = clock.stamped(WALL, child);
    assertEquals(Timestamp.ofMicros(WALL).next(), after.last());
    assertEquals(after, after.seen(WALL, far));
    Timestamp near = Timestamp.ofMicros(WALL + AHEAD);
    assertEquals(near, after.seen(WALL, near).last());
  }

  @Test
  void theEndOfTimeIsStepByStep() {
    HybridClock clock = new HybridClock(Timestamp.MAX);
    assertEquals(Timestamp.MAX, clock.stamp(Long.MAX_VALUE, Timestamp.ZERO));
    assertEquals(Timestamp.MAX.next(), clock.stamp(Long.MAX_VALUE, Timestamp.MAX));
    Timestamp beyond = Timestamp.MAX.next();
    assertEquals(beyond.next(), clock.stamp(Long.MAX_VALUE, beyond));
    assertEquals(clock, clock.stamped(Long.MAX_VALUE, beyond));
    assertEquals(clock, clock.seen(Long.MAX_VALUE, beyond));
  }

  @Test
  void jumpingWallClocksNeverTurnItBack() {
    SimEntropy entropy = new SimEntropy(9);
    for (int round = 0; round < 200; round++) {
      HybridClock clock = HybridClock.START;
      long latestWall = 0;
      for (int step = 0; step < 100; step++) {
        long wall = WALL + entropy.nextInt(1_000_000_000) - 500_000_000L;
        latestWall = Math.max(latestWall, wall);
        Timestamp parent =
            entropy.nextInt(3) == 0
                ? Timestamp.ofMicros(WALL + entropy.nextInt(2_000_000_000))
                : Timestamp.ZERO;
        Timestamp time = clock.stamp(wall, parent);
        assertTrue(time.after(parent), "above its parent");
        HybridClock next =
            entropy.nextInt(2) == 0 ? clock.stamped(wall, time) : clock.seen(wall, parent);
        assertTrue(!clock.last().after(next.last()), "never back");
        assertTrue(next.last().micros() <= latestWall + AHEAD + 1, "never dragged");
        clock = next;
      }
    }
  }
}
