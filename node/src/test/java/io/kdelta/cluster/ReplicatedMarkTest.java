package io.kdelta.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.causal.Incarnation;
import io.kdelta.causal.Intervals;
import io.kdelta.causal.NodeId;
import io.kdelta.env.SimEntropy;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/**
 * Goal: a place counts as replicated when enough members have told it, each once, and stays so.
 * Method: examples; sets drawn by chance against counting place by place.
 */
final class ReplicatedMarkTest {
  private static final Incarnation LOG = new Incarnation(1, 1);
  private static final NodeId FIRST = NodeId.draw(new SimEntropy(1));
  private static final NodeId SECOND = NodeId.draw(new SimEntropy(2));

  private int further = 2;
  private final TreeSet<NodeId> members = new TreeSet<>(List.of(FIRST, SECOND));
  private final ReplicatedMark mark = new ReplicatedMark(() -> further, members::contains);

  @Test
  void everyMemberCountsOnceAndWhatItToldIsKept() {
    assertFalse(mark.known());
    tell(FIRST, 1, 5);
    tell(FIRST, 3, 9);
    assertFalse(mark.known(), "one member, however often");
    assertEquals(Intervals.EMPTY, mark.of(LOG));
    tell(SECOND, 4, 7);
    assertTrue(mark.known());
    assertEquals(Intervals.of(4, 7), mark.of(LOG));
    tell(SECOND, 8, 12);
    assertEquals(Intervals.of(4, 9), mark.of(LOG), "what was told before counts on");
  }

  @Test
  void whoHasLeftDoesNotCount() {
    members.remove(FIRST);
    tell(FIRST, 1, 5);
    tell(SECOND, 1, 5);
    assertEquals(Intervals.EMPTY, mark.of(LOG));
    further = 1;
    tell(SECOND, 6, 6);
    assertEquals(Intervals.of(1, 6), mark.of(LOG));
  }

  @Test
  void aNodeThatNeedsNobodyKnowsEverything() {
    further = 0;
    assertTrue(mark.everything());
    assertTrue(mark.known());
    tell(FIRST, 1, 5);
    further = 1;
    assertFalse(mark.everything());
    assertEquals(Intervals.of(1, 5), mark.of(LOG), "it was told by one at least");
  }

  @Test
  void countsPlaceByPlace() {
    SimEntropy chance = new SimEntropy(7);
    for (int round = 0; round < 2_000; round++) {
      List<Intervals> sets = new ArrayList<>();
      for (int i = chance.nextInt(6); i > 0; i--) {
        Intervals set = Intervals.EMPTY;
        for (int j = chance.nextInt(5); j > 0; j--) {
          long first = 1L + chance.nextInt(30);
          set = set.with(first, first + chance.nextInt(8));
        }
        sets.add(set);
      }
      int least = 1 + chance.nextInt(4);
      Intervals expected = Intervals.EMPTY;
      for (long place = 1; place < 50; place++) {
        long at = place;
        if (sets.stream().filter(set -> set.contains(at)).count() >= least) {
          expected = expected.with(at, at);
        }
      }
      assertEquals(expected, ReplicatedMark.atLeast(least, sets), () -> sets.toString());
    }
  }

  private void tell(NodeId node, long first, long last) {
    mark.heard(node, new TreeMap<>(Map.of(LOG, Intervals.of(first, last))));
  }
}
