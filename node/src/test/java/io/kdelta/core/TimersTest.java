package io.kdelta.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.core.Timers.Purpose;
import java.util.EnumSet;
import org.junit.jupiter.api.Test;

/**
 * Goal: no wake-up is lost and none is announced twice for nothing. Method: examples, then every
 * announced moment played through.
 */
final class TimersTest {
  private final Timers timers = new Timers();

  @Test
  void theEarliestIsAnnouncedOnce() {
    assertEquals(Timers.NEVER, timers.next());
    assertFalse(timers.announce());
    timers.set(Purpose.GATE, 50);
    assertTrue(timers.announce());
    assertFalse(timers.announce());
    timers.set(Purpose.CLUSTER, 70);
    assertFalse(timers.announce(), "a later one waits for the tick of the earlier");
    timers.set(Purpose.CLUSTER, 20);
    assertTrue(timers.announce());
    assertEquals(20, timers.next());
  }

  @Test
  void whatIsDueIsTakenAwayAndAnnouncedAgainWhenSetAgain() {
    timers.set(Purpose.GATE, 10);
    timers.set(Purpose.CLUSTER, 10);
    timers.set(Purpose.STORAGE, 11);
    assertTrue(timers.announce());
    assertEquals(EnumSet.noneOf(Purpose.class), timers.due(9));
    assertEquals(EnumSet.of(Purpose.GATE, Purpose.CLUSTER), timers.due(10));
    assertEquals(EnumSet.noneOf(Purpose.class), timers.due(10));
    assertTrue(timers.announce(), "the storage still waits and nothing is announced any more");
    assertEquals(11, timers.next());
    timers.set(Purpose.STORAGE, Timers.NEVER);
    assertEquals(Timers.NEVER, timers.next());
  }

  @Test
  void anEarlyTickAsksAgain() {
    timers.set(Purpose.GATE, 10);
    assertTrue(timers.announce());
    timers.set(Purpose.GATE, 30);
    assertFalse(timers.announce());
    // The tick of moment 10 comes: nothing is due, and the new moment has to be announced.
    assertEquals(EnumSet.noneOf(Purpose.class), timers.due(10));
    assertTrue(timers.announce());
    assertEquals(30, timers.next());
  }
}
