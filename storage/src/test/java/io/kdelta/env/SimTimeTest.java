package io.kdelta.env;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/**
 * Goal: a drifting clock never goes back, whatever the rate is turned to, and a moment that it is
 * asked to wait for is found exactly. Method: random rates and steps.
 */
final class SimTimeTest {
  @Test
  void withoutDriftTheClockIsTrue() {
    SimTime time = new SimTime();
    time.advanceTo(5_000_000_000L);
    assertEquals(5_000_000_000L, time.nanos());
    assertEquals(SimTime.EPOCH_MICROS_START + 5_000_000, time.epochMicros());
    time.setWallOffsetMicros(-7);
    assertEquals(SimTime.EPOCH_MICROS_START + 4_999_993, time.epochMicros());
    assertEquals(7, time.trueNanosAt(7));
  }

  @Test
  void aFastClockGains() {
    SimTime time = new SimTime();
    time.advance(1_000);
    time.setDriftPpm(100_000);
    time.advance(1_000_000);
    assertEquals(1_101_000, time.nanos());
  }

  @Test
  void itNeverGoesBackAndFindsMomentsExactly() {
    SimEntropy chance = new SimEntropy(1);
    SimTime time = new SimTime();
    long last = 0;
    long trueNanos = 0;
    for (int i = 0; i < 10_000; i++) {
      if (chance.nextInt(10) == 0) {
        time.setDriftPpm(chance.nextInt(2 * SimTime.DRIFT_PPM_MAX + 1) - SimTime.DRIFT_PPM_MAX);
      }
      trueNanos += chance.nextInt(chance.nextInt(2) == 0 ? 3 : 1_000_000_000);
      time.advanceTo(trueNanos);
      assertTrue(time.nanos() >= last, "at step " + i);
      last = time.nanos();
      long target = last + 1 + chance.nextInt(1_000_000_000);
      long moment = time.trueNanosAt(target);
      assertTrue(time.nanosAt(moment) >= target, "at step " + i);
      assertTrue(time.nanosAt(moment - 1) < target, "at step " + i);
    }
  }
}
