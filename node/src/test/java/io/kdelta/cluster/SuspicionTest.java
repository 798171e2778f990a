package io.kdelta.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.causal.NodeId;
import org.junit.jupiter.api.Test;

/** Goal: the time to refute follows Lifeguard's formula. Method: worked examples. */
final class SuspicionTest {
  private static final long SECOND = 1_000_000_000L;

  @Test
  void withNobodyElseToAskItIsTheShortest() {
    Suspicion suspicion = new Suspicion(2, SECOND, new NodeId(0, 1), 100);
    assertEquals(100 + 4 * SECOND, suspicion.deadline());
    assertFalse(suspicion.confirm(new NodeId(0, 2)));
  }

  @Test
  void everyFurtherAccuserShortensItDownToTheShortest() {
    Suspicion suspicion = new Suspicion(5, SECOND, new NodeId(0, 1), 0);
    assertEquals(24 * SECOND, suspicion.deadline());
    assertFalse(suspicion.confirm(new NodeId(0, 1)), "the same one counts once");
    assertTrue(suspicion.confirm(new NodeId(0, 2)));
    assertEquals(14, Math.round((double) suspicion.deadline() / SECOND));
    assertTrue(suspicion.confirm(new NodeId(0, 3)));
    assertTrue(suspicion.confirm(new NodeId(0, 4)));
    assertEquals(4 * SECOND, suspicion.deadline());
    assertFalse(suspicion.confirm(new NodeId(0, 5)), "more than expected are not needed");
    suspicion.forgive(SECOND);
    assertEquals(5 * SECOND, suspicion.deadline());
  }

  @Test
  void manyMembersGetMoreTime() {
    long hundred = new Suspicion(100, SECOND, new NodeId(0, 1), 0).deadline();
    assertEquals(6 * 8 * SECOND, hundred);
  }

  /** The longest and the shortest, in probe intervals, with so many members. */
  private static void between(double max, double min, int expected, int members) {
    Suspicion suspicion = new Suspicion(members, SECOND, new NodeId(0, 1), 0);
    assertEquals(max, (double) suspicion.deadline() / SECOND, 1e-6, members + " members: longest");
    for (int i = 1; i <= expected; i++) {
      long before = suspicion.deadline();
      assertTrue(suspicion.confirm(new NodeId(1, i)), "accuser " + i + " of " + expected);
      assertTrue(suspicion.deadline() < before);
    }
    assertFalse(suspicion.confirm(new NodeId(2, 0)), "no more than " + expected);
    assertEquals(min, (double) suspicion.deadline() / SECOND, 1e-6, members + " members: shortest");
  }

  @Test
  void longestShortestAndAccusersAtEveryBound() {
    between(4, 4, 0, 1);
    between(4, 4, 0, 2);
    between(24, 4, 1, 3);
    between(24, 4, 2, 4);
    between(24, 4, 3, 5);
    between(24, 4, 3, 6);
    between(24, 4, 3, 9);
    between(24, 4, 3, 10);
    double eleven = 4 * StrictMath.log10(11);
    between(6 * eleven, eleven, 3, 11);
    between(48, 8, 3, 100);
    between(72, 12, 3, 1_000);
  }

  @Test
  void betweenThemItFollowsTheLogarithmOfThoseWhoAccuse() {
    Suspicion suspicion = new Suspicion(5, SECOND, new NodeId(0, 1), 0);
    for (int accusers = 1; accusers <= 4; accusers++) {
      double expected = 24 - 20 * StrictMath.log(accusers) / StrictMath.log(4);
      assertEquals(expected, (double) suspicion.deadline() / SECOND, 1e-6);
      suspicion.confirm(new NodeId(3, accusers));
    }
  }
}
