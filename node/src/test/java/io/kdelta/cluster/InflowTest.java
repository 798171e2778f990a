package io.kdelta.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.causal.NodeId;
import org.junit.jupiter.api.Test;

/**
 * Goal: streams count as long as they bring versions at a rate, and only then. Method: frames by
 * hand, at the boundaries of time and number.
 */
final class InflowTest {
  private static final long SECOND = 1_000_000_000L;

  private final Inflow inflow = new Inflow(100);

  @Test
  void enoughWithinAMomentIsProgressForAMoment() {
    inflow.took(60, 1_000, SECOND);
    assertFalse(inflow.flows(SECOND));
    inflow.took(40, 1_000, 2 * SECOND);
    assertTrue(inflow.flows(2 * SECOND));
    assertTrue(inflow.flows(2 * SECOND + Inflow.PATIENCE - 1));
    assertFalse(inflow.flows(2 * SECOND + Inflow.PATIENCE));
  }

  @Test
  void aTrickleIsNone() {
    for (long at = 0; at < 1_000 * SECOND; at += SECOND) {
      inflow.took(49, 1_000, at);
      assertFalse(inflow.flows(at));
    }
  }

  @Test
  void whatWasThereAlreadyIsNone() {
    for (long at = 0; at < 100 * SECOND; at += SECOND / 10) inflow.took(0, 100_000, at);
    assertFalse(inflow.flows(100 * SECOND));
  }

  @Test
  void aSleepOfTheProcessIsNoStandstill() {
    inflow.took(100, 1_000, SECOND);
    inflow.forgive(60 * SECOND);
    assertTrue(inflow.flows(61 * SECOND));
  }

  @Test
  void whatItTellsBeginsAnewAfterAStandstill() {
    inflow.took(100, 1_000, SECOND);
    inflow.took(100, 1_000, 2 * SECOND);
    CatchUpProgress first = inflow.progress(NodeId.NONE);
    assertEquals(200, first.versions());
    assertEquals(2_000, first.bytes());
    assertEquals(1_000, first.millis());
    inflow.took(7, 70, 2 * SECOND + Inflow.PATIENCE);
    assertEquals(7, inflow.progress(NodeId.NONE).versions());
    assertEquals(0, inflow.progress(NodeId.NONE).millis());
  }
}
