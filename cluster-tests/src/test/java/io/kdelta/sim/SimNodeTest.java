package io.kdelta.sim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.causal.CausalToken;
import io.kdelta.causal.Key;
import io.kdelta.cluster.AckLevel;
import io.kdelta.cluster.ClusterConfig;
import io.kdelta.core.Command;
import io.kdelta.core.CoreConfig;
import io.kdelta.core.Event;
import io.kdelta.core.Reply;
import io.kdelta.document.Moment;
import io.kdelta.document.Precondition;
import io.kdelta.env.SimEntropy;
import io.kdelta.error.KdeltaException;
import io.kdelta.memory.Bytes;
import io.kdelta.storage.StorageLimits;
import io.kdelta.vfs.SimVfs;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/**
 * Goal: a simulated machine stands still, drags, drifts and stops where it is told to, and a node
 * on it goes on correctly. Method: one node, one client, one fault at a time.
 */
final class SimNodeTest {
  private static final long SECOND = 1_000_000_000L;
  private static final Key KEY = new Key("t", "a");

  private static CoreConfig config(StorageLimits storage) {
    return new CoreConfig(
        "node-0",
        new CoreConfig.Member(
            "node-0",
            List.of("node-0:7878"),
            "",
            "",
            "simulated",
            Optional.of("sim"),
            List.of(),
            ClusterConfig.BACKUPS,
            ClusterConfig.Pace.DEFAULT,
            ClusterConfig.Limits.DEFAULT),
        storage,
        CoreConfig.Limits.DEFAULT);
  }

  private final Simulator simulator = new Simulator();
  private final Trace trace = new Trace();
  private final List<String> outcomes = new ArrayList<>();
  private SimNode node = node(config(StorageLimits.standard()));

  private SimNode node(CoreConfig config) {
    return new SimNode(
        0,
        simulator,
        new SimNetwork(simulator, new SimEntropy(1).split("network"), trace),
        trace,
        new SimEntropy(1).split("node 0"),
        Setup.Pace.HEALTHY,
        config,
        config,
        new NodeOutcomes() {
          @Override
          public void answered(SimNode of, long ticket, Reply reply, CausalToken token) {
            outcomes.add(ticket + " " + reply.getClass().getSimpleName());
          }

          @Override
          public void refused(SimNode of, long ticket, KdeltaException error, CausalToken token) {
            outcomes.add(ticket + " refused " + error.getClass().getSimpleName());
          }

          @Override
          public void drained(SimNode node, boolean shipped) {}

          @Override
          public void left(SimNode node) {
            throw new AssertionError("nobody leaves here");
          }

          @Override
          public void vanished(SimNode of) {
            outcomes.add("vanished");
          }
        });
  }

  private void put(long ticket) {
    Command.Terms terms = new Command.Terms("", "", AckLevel.LOCAL);
    ask(ticket, new Command.Put(KEY, Bytes.utf8("1"), Precondition.NONE, List.of(), terms));
  }

  private void get(long ticket) {
    ask(ticket, new Command.Get(KEY, new Moment.Latest()));
  }

  private void ask(long ticket, Command command) {
    node.offer(new Event.Arrived(ticket, command, simulator.nowNanos() + 5 * SECOND));
  }

  private void run(long nanos) {
    simulator.runUntil(simulator.nowNanos() + nanos);
  }

  private void started() {
    assertTrue(node.start());
    run(SECOND);
    put(1);
    run(SECOND);
    assertEquals(List.of("1 Written"), outcomes);
    outcomes.clear();
  }

  @Test
  void aPauseStopsEverythingAndItGoesOnWhereItStood() {
    started();
    node.pause();
    put(2);
    run(120 * SECOND);
    assertEquals(List.of(), outcomes);
    assertTrue(node.stuck());
    node.resume();
    run(SECOND);
    assertEquals(1, outcomes.size(), outcomes.toString());
    get(3);
    run(SECOND);
    assertEquals("3 Value", outcomes.getLast());
  }

  @Test
  void onADiskThatHangsReadsFromMemoryAreAnsweredAndWritesWait() {
    started();
    node.hangDisk();
    get(2);
    put(3);
    run(3 * SECOND);
    assertEquals(List.of("2 Value"), outcomes);
    node.healDisk();
    run(SECOND);
    assertEquals(List.of("2 Value", "3 Written"), outcomes);
  }

  @Test
  void aSlowDiskMakesWritesSlow() {
    started();
    node.slowDisk(2 * SECOND, SECOND / 10);
    long asked = simulator.nowNanos();
    for (int i = 0; i < 20; i++) {
      put(10 + i);
      while (outcomes.size() == i) run(SECOND / 100);
    }
    assertTrue(simulator.nowNanos() - asked > 5 * SECOND, "took " + simulator.nowNanos());
  }

  @Test
  void itStopsAtACallToEachPortAndComesBack() {
    for (Fuse.Port port : Fuse.Port.values()) {
      if (port == Fuse.Port.SEND) continue; // A node alone sends nothing.
      assertTrue(node.start());
      run(SECOND);
      node.stopAt(port, 1);
      if (port == Fuse.Port.ENTROPY) {
        // A process draws its incarnation at its first write.
        put(1);
      } else {
        get(1);
        put(2);
      }
      run(SECOND);
      assertFalse(node.up(), "at " + port);
      assertEquals("vanished", outcomes.getLast(), "at " + port);
    }
    node.stopAt(Fuse.Port.TIME, 1);
    assertFalse(node.start());
    assertTrue(node.start());
  }

  private List<String> logs() {
    return node.disk().files().stream().filter(file -> file.endsWith(".log")).sorted().toList();
  }

  @Test
  void whoLosesItsIdByRotMayHaveGivenReceiptsUnderIt() {
    started();
    node.losePower();
    assertTrue(node.start());
    assertFalse(node.receipts().underAnotherId(), "a start alone changes no id");
    // The id lies in the first log.
    put(2);
    run(SECOND);
    node.losePower();
    String log = logs().getLast();
    node.strike(new Action.Flip(0, log, node.disk().sizeOf(log) - 1, 1), List.of(node));
    assertTrue(node.start());
    assertTrue(node.receipts().forgotten());
    assertFalse(node.receipts().underAnotherId(), "the id is still there");
    node.losePower();
    node.strike(new Action.Erase(0, logs().getFirst()), List.of(node));
    assertTrue(node.start());
    assertTrue(node.receipts().underAnotherId());
    assertFalse(node.receipts().replacedWithin(40 * SECOND), "its disk is the same");
    run(41 * SECOND);
    assertFalse(node.receipts().underAnotherId(), "nobody counts on them any more");
  }

  /** Large enough that some of them fill a memtable. */
  private void putLarge(long ticket) {
    Command.Terms terms = new Command.Terms("", "", AckLevel.LOCAL);
    Bytes document = Bytes.utf8("\"" + "large ".repeat(400) + "\"");
    Key key = new Key("t", "large-" + ticket % 50);
    ask(ticket, new Command.Put(key, document, Precondition.NONE, List.of(), terms));
  }

  @Test
  void noLifeLeavesMemoryBehind() {
    node = node(config(Setup.SMALL));
    int most = 0;
    for (int life = 0; life < 40; life++) {
      assertTrue(node.start());
      run(SECOND);
      for (int i = 0; i < 40; i++) {
        putLarge(life * 100L + i);
        run(SECOND / 50);
        most = Math.max(most, node.disk().mappings());
        // So each of these comes while the table thread is about something else.
        if (i == 20 + life / 4 && life % 4 == 0) node.kill();
        if (i == 20 + life / 4 && life % 4 == 1) node.losePower();
        if (i == 20 && life % 4 == 2) node.stopAt(Fuse.Port.WORK, 1 + life / 2);
        if (i == 20 && life % 4 == 3) {
          node.disk().failCall(1 + life / 4, ".table", SimVfs.Fault.POWER_LOSS);
        }
      }
      assertFalse(node.up(), "life " + life);
      assertEquals(0, node.disk().mappings(), "after life " + life);
    }
    assertTrue(most > 5, "at most " + most + " files were mapped");
    assertTrue(node.start());
    assertTrue(node.disk().mappings() > 0);
    node.end();
    assertEquals(0, node.disk().mappings());
  }

  @Test
  void aDriftingNodeStillKeepsItsTimers() {
    for (int ppm : new int[] {-400_000, 400_000, 0}) {
      node.time().setDriftPpm(ppm);
      outcomes.clear();
      assertTrue(node.start());
      run(60 * SECOND);
      put(1);
      run(SECOND);
      assertEquals(List.of("1 Written"), outcomes);
      node.losePower();
    }
    assertTrue(node.time().nanos() > 0);
  }
}
