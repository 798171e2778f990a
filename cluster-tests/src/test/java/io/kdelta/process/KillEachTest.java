package io.kdelta.process;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.proto.v1.AckLevel;
import io.kdelta.sim.RawGraph;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: kill -9 of any node, under load, takes nothing that was acknowledged at {@code one}, {@code
 * quorum} or {@code all}, and a client with several servers notices a pause at most. Method: real
 * processes, four, so that {@code all} can be met by those that are left; clients of the project on
 * all of them; each node in turn is killed. While it is down the others alone must hold all that
 * was acknowledged until then, as if its disk were gone for good; then it comes back, and all
 * agree. So many rounds as the property kdelta.kills says. What the clients saw is printed; it
 * decides nothing.
 */
final class KillEachTest {
  private static final int NODES = 4;
  private static final int KILLS = Integer.getInteger("kdelta.kills", 2);
  private static final int CLIENTS_A_LEVEL = Integer.getInteger("kdelta.clients", 4);
  private static final List<AckLevel> LEVELS =
      List.of(AckLevel.ACK_LEVEL_ONE, AckLevel.ACK_LEVEL_QUORUM, AckLevel.ACK_LEVEL_ALL);

  /** Of load, before and after the kill. */
  private static final long WARM_MILLIS = Long.getLong("kdelta.warm", 700);

  private static final long ON_MILLIS = 700;

  @TempDir private Path folder;

  @Test
  void nothingThatWasAcknowledgedIsLost() throws Exception {
    List<Load> loads = new ArrayList<>();
    Map<AckLevel, Long> slowest = new TreeMap<>();
    try (ProcessCluster cluster = ProcessCluster.direct(folder, NODES)) {
      cluster.start();
      for (int round = 0; round < KILLS; round++) {
        int victim = round % NODES;
        try (Load load = new Load("round-" + round, cluster.addresses(), 1)) {
          loads.add(load);
          for (AckLevel level : LEVELS) load.start(level, CLIENTS_A_LEVEL);
          Thread.sleep(WARM_MILLIS);
          long killed = System.nanoTime();
          cluster.node(victim).kill();
          Thread.sleep(ON_MILLIS);
          load.stop();
          Map<AckLevel, Long> gaps = load.slowestMillis(killed);
          gaps.forEach((level, millis) -> slowest.merge(level, millis, Math::max));
          System.out.printf(
              "kill -9 of node-%d: slowest answer %s ms, before %s ms; %s%n",
              victim + 1, gaps, load.slowestMillisBefore(killed), load.outcomes());
        }
        RawGraph left = cluster.agree();
        for (Load load : loads) load.audit("what is left without node-" + (victim + 1), left);
        cluster.node(victim).start();
        cluster.awaitReady(victim);
        cluster.awaitMembers(NODES);
      }
      RawGraph whole = cluster.agree();
      long acknowledged = 0;
      for (Load load : loads) {
        load.audit("the cluster", whole);
        acknowledged += load.acknowledged();
      }
      System.out.printf(
          "kill -9: %d kills, %d writes acknowledged, gap seen by a client %s ms (floor 500, goal"
              + " 240)%n",
          KILLS, acknowledged, slowest);
      assertTrue(acknowledged > KILLS, "hardly anything was acknowledged");
    }
  }
}
