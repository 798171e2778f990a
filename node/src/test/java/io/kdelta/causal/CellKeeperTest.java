package io.kdelta.causal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.env.Time;
import io.kdelta.reconciliation.CellCode;
import io.kdelta.reconciliation.Digest;
import io.kdelta.reconciliation.EpochCells;
import io.kdelta.reconciliation.MerkleTree;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * Goal: cells are kept for the epochs of now, under the keys of the latest question, and of no
 * other set than the newest tree. Method: each of the three is changed under cells that are kept,
 * and under some that are built.
 */
final class CellKeeperTest {
  /** Stands where it is set. */
  private static final class Standing implements Time {
    private long micros = 10 * CellKeeper.EPOCH_MICROS + 5 * CellKeeper.SKEW_MICROS;

    @Override
    public long nanos() {
      return micros * 1_000;
    }

    @Override
    public long epochMicros() {
      return micros;
    }
  }

  private final Standing time = new Standing();
  private final CellKeeper keeper = new CellKeeper(time);
  private final List<Digest> ids = new ArrayList<>();

  private static Digest key(long epoch) {
    return CellCode.epochKey(1, 2, epoch);
  }

  private static Digest otherKey(long epoch) {
    return CellCode.epochKey(3, 4, epoch);
  }

  private static Digest digest(String text) {
    return Digest.sha256(text.getBytes(StandardCharsets.UTF_8));
  }

  private MerkleTree tree(int count) {
    while (ids.size() < count) ids.add(digest("id " + ids.size()));
    return MerkleTree.of(ids);
  }

  private void tended(MerkleTree tree) {
    int slices = 0;
    while (keeper.tend(tree)) assertTrue(++slices < 1_000, "it comes to no end");
  }

  private EpochCells told() {
    EpochCells cells = keeper.told();
    assertNotNull(cells);
    return cells;
  }

  @Test
  void nothingIsBuiltBeforeSomebodyAsks() {
    assertFalse(keeper.tend(tree(10)));
    assertNull(keeper.told());
  }

  @Test
  void cellsOfTheTreeAreBuiltASliceAtATime() {
    MerkleTree tree = tree(3 * CellKeeper.SLICE / 2);
    var _ = keeper.sketches(CellKeeperTest::key, tree);
    assertTrue(keeper.tend(tree));
    assertNull(keeper.told(), "half of them are no cells");
    tended(tree);
    assertEquals(tree.count(), told().count());
    assertEquals(key(10), told().key());
    assertEquals(10, told().epoch());
  }

  @Test
  void cellsUnderAnotherKeyAreDroppedAndBuiltAnew() {
    MerkleTree tree = tree(CellKeeper.SLICE + 1);
    var _ = keeper.sketches(CellKeeperTest::key, tree);
    tended(tree);
    var _ = keeper.sketches(CellKeeperTest::otherKey, tree);
    assertNull(keeper.told());
    assertTrue(keeper.tend(tree));
    // Half built under one key when the question is another again.
    var _ = keeper.sketches(CellKeeperTest::key, tree);
    tended(tree);
    assertEquals(key(10), told().key());
  }

  @Test
  void cellsThatAnEarlierLifeKeptUnderAnotherKeyAreNotTold() {
    MerkleTree tree = tree(10);
    keeper.restore(EpochCells.of(10, otherKey(10), ids));
    var _ = keeper.sketches(CellKeeperTest::key, tree);
    tended(tree);
    assertEquals(key(10), told().key());
  }

  @Test
  void cellsOfAnotherSetAreDropped() {
    MerkleTree small = tree(10);
    var _ = keeper.sketches(CellKeeperTest::key, small);
    tended(small);
    MerkleTree grown = tree(11);
    keeper.tend(grown);
    tended(grown);
    assertEquals(11, told().count());
  }

  @Test
  void whatIsAddedGoesIntoCellsThatAreKeptAndThoseThatAreBuilt() {
    MerkleTree tree = tree(2 * CellKeeper.SLICE);
    var _ = keeper.sketches(CellKeeperTest::key, tree);
    assertTrue(keeper.tend(tree));
    Digest late = digest("late");
    keeper.add(late);
    ids.add(late);
    tended(MerkleTree.of(ids));
    assertEquals(ids.size(), told().count());
    assertArrayEquals(EpochCells.of(10, key(10), ids).checkpoint(), told().checkpoint());
  }

  @Test
  void aWeekLaterTheCellsAreThoseOfTheNextEpoch() {
    MerkleTree tree = tree(10);
    var _ = keeper.sketches(CellKeeperTest::key, tree);
    tended(tree);
    time.micros += CellKeeper.EPOCH_MICROS;
    tended(tree);
    assertEquals(11, told().epoch());
    assertEquals(key(11), told().key());
  }
}
