package io.kdelta.causal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.error.KdeltaException;
import io.kdelta.memory.Bytes;
import io.kdelta.reconciliation.CellCode;
import io.kdelta.reconciliation.Digest;
import io.kdelta.reconciliation.EpochCells;
import io.kdelta.storage.Row;
import io.kdelta.storage.WriteBatch;
import io.kdelta.vfs.SimVfs;
import java.util.Map;
import org.junit.jupiter.api.Test;

/**
 * Goal: an open from a checkpoint gives the memory that an open from all rows gives, whatever came
 * after the checkpoint and whichever call of writing it failed; what does not fit the rows is no
 * checkpoint; differences between memory and rows are found and mended; the key of the cells
 * changes every week without a moment in which two nodes have none in common. Method: stores over a
 * simulated disk, each failing call once, rows changed behind the back of the store. Power losses
 * in the middle of random lives: {@link CausalCrashTest}.
 */
final class CheckpointTest {
  private static final int KEYS = 700;
  private static final int BATCH = 500;

  @Test
  void anOpenFromACheckpointIsAnOpenFromAllRows() {
    try (TestNode node = new TestNode(1)) {
      fill(node, KEYS);
      node.store.checkpoint(0);
      for (int i = 0; i < 30; i++) node.put("k" + i, "\"later\"");
      node.put("new", "1");
      node.delete("k3");
      Map<String, Object> before = Snapshots.memory(node.store);
      EpochCells cells = node.store.toldCells();
      assertNotNull(cells);
      node.settle().reopen();
      assertEquals(before, Snapshots.memory(node.store));
      assertEquals(32, node.store.sinceCheckpoint());
      EpochCells restored = node.store.toldCells();
      assertNotNull(restored);
      assertEquals(
          Digest.sha256(cells.checkpoint()), Digest.sha256(restored.checkpoint()), "exactly once");
      Snapshots.check(node.store);
      node.engine.apply(new WriteBatch().delete(SystemRows.CHECKPOINT));
      node.settle().reopen();
      assertEquals(before, Snapshots.memory(node.store));
      assertEquals(node.store.appliedPosition(), node.store.sinceCheckpoint(), "from all rows");
    }
  }

  @Test
  void anyCallOfACheckpointMayFail() {
    int failed = 0;
    for (int nth = 1; nth <= 40; nth++) {
      try (TestNode node = new TestNode(nth)) {
        fill(node, 60);
        node.store.checkpoint(0);
        node.put("k1", "2");
        Map<String, Object> before = Snapshots.memory(node.store);
        node.disk.failCall(nth, nth % 2 == 0 ? SimVfs.Fault.POWER_LOSS : SimVfs.Fault.IO_ERROR);
        try {
          node.store.checkpoint(0);
          node.settle();
        } catch (SimVfs.PowerLoss e) {
          failed++;
        }
        if (node.engine.fenced()) failed++;
        node.engine.close();
        node.disk.failNothing();
        node.disk.crash();
        node.reopen();
        assertEquals(before, Snapshots.memory(node.store), "call " + nth);
        assertTrue(node.store.sinceCheckpoint() <= 1, "one of the two counts");
        Snapshots.check(node.store);
      }
    }
    assertTrue(failed >= 2, failed + " calls failed");
  }

  @Test
  void whatDoesNotFitTheRowsIsNoCheckpoint() {
    try (TestNode node = new TestNode(3)) {
      fill(node, 40);
      node.store.checkpoint(0);
      Map<String, Object> before = Snapshots.memory(node.store);
      Row piece = node.engine.get(Keyspace.tree(0, 0));
      assertNotNull(piece);
      byte[] bytes = piece.value().toArray();
      bytes[40] ^= 1;
      node.engine.apply(new WriteBatch().put(Keyspace.tree(0, 0), Bytes.wrap(bytes)));
      node.settle().reopen();
      assertEquals(40, node.store.sinceCheckpoint(), "read from all rows");
      assertEquals(before, Snapshots.memory(node.store));
      node.store.checkpoint(0);
      // A version that the apply log does not tell of.
      node.engine.apply(new WriteBatch().delete(Keyspace.applied(40)));
      node.put("k1", "3");
      node.engine.apply(new WriteBatch().delete(Keyspace.applied(41)));
      node.settle().reopen();
      assertEquals(41, node.store.sinceCheckpoint());
    }
  }

  @Test
  void rowsThatDifferFromMemoryAreFoundAndMemoryIsMadeAnew() {
    try (TestNode node = new TestNode(4)) {
      fill(node, 50);
      node.store.checkpoint(0);
      node.settle().reopen();
      Digest victim = node.graph().heads(new Key("ns", "k7")).ids().getFirst();
      Row row = node.engine.get(Keyspace.byId(victim));
      assertNotNull(row);
      node.engine.apply(new WriteBatch().delete(Keyspace.byId(victim)));
      // Nothing was looked at yet, so the look itself finds out.
      assertThrows(KdeltaException.Corrupt.class, () -> node.store.tree().contains(victim));
      node.engine.apply(new WriteBatch().put(Keyspace.byId(victim), row.value()));
      node.store.tend();
      assertEquals(1, node.store.rebuilds());
      assertEquals(50, node.store.tree().count());
      node.store.checkSubtree();
      node.store.tend();
      assertEquals(1, node.store.rebuilds(), "nothing differs");
      Digest stranger = Digest.sha256(new byte[] {7});
      node.engine.apply(new WriteBatch().put(Keyspace.byId(stranger), row.value()));
      node.store.checkSubtree();
      node.store.tend();
      assertEquals(2, node.store.rebuilds());
    }
  }

  @Test
  void theKeyChangesEveryWeekAndOverlapsForTwoHours() {
    try (TestNode node = new TestNode(5)) {
      long week = CellKeeper.EPOCH_MICROS;
      long hour = CellKeeper.SKEW_MICROS;
      setWall(node, 10 * week + 2 * hour);
      fill(node, 3 * CellKeeper.SLICE / 2);
      assertNull(node.store.toldCells(), "nobody has asked");
      assertEquals(1, node.store.cells(CheckpointTest::key).size());
      assertNull(node.store.toldCells(), "not built at once");
      assertTrue(node.store.tend(), "more than a slice");
      node.put("meanwhile", "1");
      assertFalse(node.store.tend());
      assertWhole(node, 10);
      setWall(node, 11 * week);
      while (node.store.tend()) node.put("again", "1");
      assertWhole(node, 10);
      assertEquals(2, node.store.cells(CheckpointTest::key).size(), "both of a peer's weeks");
      setWall(node, 11 * week + hour);
      assertFalse(node.store.tend());
      assertWhole(node, 11);
      setWall(node, 11 * week + 2 * hour);
      assertFalse(node.store.tend());
      assertEquals(1, node.store.cells(CheckpointTest::key).size());
      assertNotEquals(key(10), key(11));
    }
  }

  private static void assertWhole(TestNode node, long epoch) {
    EpochCells cells = node.store.toldCells();
    assertNotNull(cells);
    assertEquals(epoch, cells.epoch());
    EpochCells anew = EpochCells.of(epoch, key(epoch), node.store.tree());
    assertEquals(Digest.sha256(anew.checkpoint()), Digest.sha256(cells.checkpoint()));
  }

  private static void fill(TestNode node, int keys) {
    node.store.cells(CheckpointTest::key);
    for (int from = 0; from < keys; from += BATCH) {
      Transaction transaction = node.store.begin();
      for (int i = from; i < Math.min(keys, from + BATCH); i++) {
        Key key = new Key(i % 5 == 0 ? "other" : "ns", "k" + i);
        transaction.write(Draft.put(key, Bytes.utf8("1")).as(Request.single("r" + i)));
      }
      transaction.commit();
      node.settle();
    }
    if (keys < CellKeeper.SLICE) node.store.tend();
  }

  private static void setWall(TestNode node, long micros) {
    node.time.setWallOffsetMicros(0);
    node.time.setWallOffsetMicros(micros - node.time.epochMicros());
  }

  private static Digest key(long epoch) {
    return CellCode.epochKey(1, 2, epoch);
  }
}
