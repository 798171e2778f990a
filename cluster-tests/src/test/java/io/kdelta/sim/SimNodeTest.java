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

  private static final CoreConfig CONFIG =
      new CoreConfig(
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
          StorageLimits.standard(),
          CoreConfig.Limits.DEFAULT);

  private final Simulator simulator = new Simulator();
  private final Trace trace = new Trace();
  private final List<String> outcomes = new ArrayList<>();
  private final SimNode node =
      new SimNode(
          0,
          simulator,
          new SimNetwork(simulator, new SimEntropy(1).split("network"), trace),
          trace,
          new SimEntropy(1).split("node 0"),
          Setup.Pace.HEALTHY,
          CONFIG,
          CONFIG,
          new SimNode.Outcomes() {
            @Override
            public void answered(SimNode of, long ticket, Reply reply, CausalToken token) {
              outcomes.add(ticket + " " + reply.getClass().getSimpleName());
            }

            @Override
            public void refused(SimNode of, long ticket, KdeltaException error, CausalToken token) {
              outcomes.add(ticket + " refused " + error.getClass().getSimpleName());
            }

            @Override
            public void left(SimNode node) {
              throw new AssertionError("nobody leaves here");
            }

            @Override
            public void vanished(SimNode of) {
              outcomes.add("vanished");
            }
          });

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
