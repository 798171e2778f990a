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
}
