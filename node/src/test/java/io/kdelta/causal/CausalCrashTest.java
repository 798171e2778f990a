package io.kdelta.causal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.env.SimEntropy;
import io.kdelta.memory.Bytes;
import io.kdelta.reconciliation.CellCode;
import io.kdelta.reconciliation.Digest;
import io.kdelta.reconciliation.EpochCells;
import io.kdelta.vfs.SimVfs;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/**
 * Goal: DUR-LOCAL, NOHOLE and AMNESIA over crashes. After any power loss, in the middle of any
 * call, a store is exactly what it was after some batch, none that was durable is missing, the set
 * is closed downwards, and no dot ever names two versions. Method: seeded lives of random writes
 * and receptions, each cut by a power loss (recoveries too), compared with what memory was then.
 * Checkpoints are taken in between: what comes back by one is no different.
 */
final class CausalCrashTest {
  private static final int SEEDS = 30;
  private static final int LIVES = 6;

  private final Map<Dot, Digest> issued = new TreeMap<>();
  private final TreeMap<Long, Map<String, Object>> states = new TreeMap<>();
  private long durable;
  private int restored;
  private int withCells;

  @Test
  void everyRecoveryIsAnEarlierStateWithAllThatWasDurable() {
    int cuts = 0;
    for (int seed = 1; seed <= SEEDS; seed++) {
      issued.clear();
      states.clear();
      SimEntropy entropy = new SimEntropy(seed);
      List<Envelope> graph = TestVersions.graph(entropy, 60);
      try (TestNode node = new TestNode(seed)) {
        node.settle();
        durable = node.engine.durableLsn();
        note(node);
        for (int life = 0; life < LIVES; life++) {
          if (live(node, graph, entropy)) cuts++;
          recover(node, entropy);
          String round = "seed " + seed + " life " + life;
          long last = node.engine.lastLsn();
          assertTrue(last >= durable, round + ": lost what was durable");
          assertTrue(!node.store.needsRepair(), round + ": a crash is no corruption");
          assertEquals(states.floorEntry(last).getValue(), Snapshots.memory(node.store), round);
          states.tailMap(last, false).clear();
          if (node.store.sinceCheckpoint() < node.store.appliedPosition()) restored++;
          checkCells(node, round);
          Snapshots.check(node.store);
          assertEquals(0, node.store.rebuilds(), round);
          durable = node.engine.durableLsn();
        }
      }
    }
    assertTrue(cuts > SEEDS, "only " + cuts + " lives were cut short");
    assertTrue(restored > SEEDS, "only " + restored + " recoveries went by a checkpoint");
    assertTrue(withCells > SEEDS / 2, "only " + withCells + " checkpoints brought cells");
  }

  /** Cells that a checkpoint brought hold each id exactly once, whatever was replayed. */
  private void checkCells(TestNode node, String round) {
    EpochCells cells = node.store.toldCells();
    if (cells == null) return;
    withCells++;
    long epoch = cells.epoch();
    EpochCells anew = EpochCells.of(epoch, key(epoch), node.store.tree());
    assertArrayEquals(anew.checkpoint(), cells.checkpoint(), round);
  }

  private static Digest key(long epoch) {
    return CellCode.epochKey(1, 2, epoch);
  }

  /** Writes and receives until the power goes; whether it went. */
  private boolean live(TestNode node, List<Envelope> graph, SimEntropy entropy) {
    node.disk.failCall(1 + entropy.nextInt(90), SimVfs.Fault.POWER_LOSS);
    try {
      for (int step = 0; step < 40; step++) {
        node.time.advance(1_000_000);
        Transaction transaction = node.store.begin();
        for (int n = 1 + entropy.nextInt(4); n > 0; n--) act(transaction, graph, entropy);
        transaction.commit();
        note(node);
        if (entropy.nextInt(3) == 0) {
          node.settle();
          durable = node.engine.durableLsn();
        }
        if (entropy.nextInt(6) == 0) {
          node.store.cells(CausalCrashTest::key);
          assertFalse(node.store.tend(), "so few ids are one slice");
          node.store.checkpoint(0);
          note(node);
        }
      }
      return false;
    } catch (SimVfs.PowerLoss cut) {
      return true;
    }
  }

  private void act(Transaction transaction, List<Envelope> graph, SimEntropy entropy) {
    Key key = new Key("ns", "k" + entropy.nextInt(3));
    switch (entropy.nextInt(5)) {
      case 0 -> issue(transaction.write(Draft.delete(key)));
      case 1, 2 -> {
        int size = entropy.nextInt(8) == 0 ? Keyspace.CONTENT_BYTES_MIN : 3;
        Bytes json = Bytes.utf8("\"" + "w".repeat(size) + entropy.nextInt(99) + "\"");
        Request request = Request.single("r" + entropy.nextInt(1_000));
        issue(transaction.write(Draft.put(key, json).as(request)));
      }
      case 3 -> transaction.receiveDurably(graph.get(entropy.nextInt(graph.size())));
      default -> transaction.receive(graph.get(entropy.nextInt(graph.size())));
    }
  }

  /** AMNESIA also binds what a crash took back: a peer may have seen it. */
  private void issue(Written written) {
    for (Dot dot : written.dots()) {
      Digest before = issued.put(dot, written.version().id());
      assertTrue(
          before == null || before.equals(written.version().id()), "one dot, two versions: " + dot);
    }
  }

  private static void recover(TestNode node, SimEntropy entropy) {
    node.engine.close();
    for (int attempt = 0; ; attempt++) {
      node.disk.failNothing();
      if (entropy.nextInt(4) == 0) {
        node.disk.kill();
      } else {
        node.disk.crash();
      }
      if (attempt < 2 && entropy.nextInt(3) == 0) {
        node.disk.failCall(1 + entropy.nextInt(20), SimVfs.Fault.POWER_LOSS);
      }
      try {
        node.reopen();
        node.disk.failNothing();
        return;
      } catch (SimVfs.PowerLoss cut) {
        node.engine.close();
      }
    }
  }

  private void note(TestNode node) {
    states.put(node.engine.lastLsn(), Snapshots.memory(node.store));
  }
}
