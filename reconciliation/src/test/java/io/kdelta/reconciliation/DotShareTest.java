package io.kdelta.reconciliation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.reconciliation.DotSummary.Name;
import io.kdelta.reconciliation.DotSummary.Run;
import io.kdelta.reconciliation.DotSummary.Writer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/**
 * Goal: a share is what was written first, whichever logs it lies in, and asks the store for little
 * more than it takes. Method: logs of numbered ids whose number is their time.
 */
final class DotShareTest {
  private static final int LOGS = 4;
  private static final int EACH = 1_000;
  private static final List<Digest> IDS = Sets.numbered(LOGS * EACH);
  private static final MerkleTree SET = MerkleTree.of(IDS);

  /** Which number stands where; how many places were asked for. */
  private static final class Shelf implements Snapshot.Places {
    final boolean turnByTurn;
    final Map<Digest, Long> numbers = new TreeMap<>();
    long asked;

    Shelf(boolean turnByTurn) {
      this.turnByTurn = turnByTurn;
      for (int i = 0; i < IDS.size(); i++) numbers.put(IDS.get(i), (long) i);
    }

    @Override
    public List<Digest> at(Name name, Run run) {
      asked += run.last() - run.first() + 1;
      List<Digest> found = new ArrayList<>();
      for (long seq = run.first(); seq <= run.last() && seq <= EACH; seq++) {
        long number = turnByTurn ? (seq - 1) * LOGS + name.low() : name.low() * EACH + seq - 1;
        found.add(IDS.get((int) number));
      }
      return found;
    }

    @Override
    public long writtenAt(Digest id) {
      Long number = numbers.get(id);
      if (number == null) throw new AssertionError("asked for a stranger");
      return number;
    }
  }

  @Test
  void logsOfOneAfterTheOtherComeOneAfterTheOther() {
    Shelf shelf = new Shelf(false);
    DotShare share = DotShare.of(positions(EACH), shelf, SET, 1_500);
    assertTrue(share.isCut());
    assertEquals(IDS.subList(0, 1_500), share.ids());
    assertTrue(shelf.asked <= 1_500 + LOGS, shelf.asked + " places");
  }

  @Test
  void logsWrittenTogetherComeTogether() {
    DotShare share = DotShare.of(positions(EACH), new Shelf(true), SET, 2_000);
    assertTrue(share.isCut());
    assertEquals(2_000, share.ids().size());
    // Pieces of 256: everything but the last piece of each is there.
    assertTrue(share.ids().containsAll(IDS.subList(0, 2_000 - LOGS * 256)));
  }

  @Test
  void whatFitsIsNoShare() {
    DotShare share = DotShare.of(positions(EACH), new Shelf(false), SET, LOGS * EACH);
    assertFalse(share.isCut());
    assertEquals(IDS, share.ids());
  }

  @Test
  void placesWithoutRowsAreNoVersions() {
    DotShare share = DotShare.of(positions(100 * EACH), new Shelf(false), SET, LOGS * EACH + 1);
    assertFalse(share.isCut());
    assertEquals(IDS, share.ids());
    MerkleTree part = MerkleTree.of(IDS.subList(0, 500));
    DotShare held = DotShare.of(positions(EACH), new Shelf(false), part, 1_000);
    assertFalse(held.isCut());
    assertEquals(IDS.subList(0, 500), held.ids());
  }

  private static DotSummary positions(long last) {
    List<Writer> writers = new ArrayList<>();
    for (int log = 0; log < LOGS; log++) {
      writers.add(new Writer(new Name(0, log), 0, List.of(new Run(1, last))));
    }
    return new DotSummary(writers);
  }
}
