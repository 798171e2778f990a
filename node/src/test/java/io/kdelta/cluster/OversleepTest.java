package io.kdelta.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

/** Goal: time that was slept away is told once, and never more of it than went by. */
final class OversleepTest {
  private final Oversleep oversleep = new Oversleep();

  @Test
  void whoComesInTimeHasNotSlept() {
    assertEquals(0, oversleep.late(Long.MAX_VALUE, 100));
    assertEquals(0, oversleep.late(200, 150));
    assertEquals(0, oversleep.late(200, 200));
  }

  @Test
  void theTimeSinceWhatWasDueIsTold() {
    assertEquals(0, oversleep.late(200, 100));
    assertEquals(300, oversleep.late(200, 500));
  }

  @Test
  void severalEventsOfOneTimeTellOfItOnce() {
    assertEquals(0, oversleep.late(200, 100));
    assertEquals(300, oversleep.late(200, 500));
    assertEquals(0, oversleep.late(200, 500));
  }

  @Test
  void whatWasDueLongAgoMakesNoSleepOfTheTimeBeforeTheLastEvent() {
    assertEquals(0, oversleep.late(1_000, 900));
    assertEquals(0, oversleep.late(1_000, 1_000));
    assertEquals(50, oversleep.late(100, 1_050));
    assertEquals(70, oversleep.late(100, 1_120));
  }
}
