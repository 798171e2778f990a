package io.kdelta.process;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.proto.v1.AckLevel;
import io.kdelta.proto.v1.GetVersionRequest;
import io.kdelta.reconciliation.Digest;
import io.kdelta.sim.OracleFailure;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: nodes that fight for the processors call nobody dead who lives (O9); when more than half of
 * them are killed at once, the others go on taking writes; when all are back, all hold the same and
 * everything that was acknowledged. Method: {@code kdelta.nodes} processes and two clients of the
 * project for each on one machine, for {@code kdelta.minutes}; the verdicts are counted from what
 * the nodes tell their operator. How busy the machine was, and what clients saw, is printed.
 */
@Tag("process")
final class FullLoadTest {
  private static final int NODES = Integer.getInteger("kdelta.nodes", 9);
  private static final int KILLED = NODES / 2 + 1;
  private static final int CLIENTS = 2 * NODES;
  private static final Duration LOADED =
      Duration.ofSeconds(
          Math.round(60 * Double.parseDouble(System.getProperty("kdelta.minutes", "1"))));
  private static final long ON_MILLIS = 10_000;

  /** Writes wait for disks; it is reads that keep the processors busy. */
  private static final int READS_A_WRITE = 4;

  /** What a node of the sample is asked for at most. */
  private static final int SAMPLE = 500;

  @TempDir private Path folder;

  @Test
  void nobodyWhoLivesIsCalledDead() throws Exception {
    List<Integer> victims = IntStream.range(0, KILLED).boxed().toList();
    try (ProcessCluster cluster = ProcessCluster.direct(folder, NODES);
        Load load = new Load("full", cluster.addresses(), READS_A_WRITE)) {
      cluster.start();
      long began = System.nanoTime();
      Duration before = processorTime(cluster);
      load.start(AckLevel.ACK_LEVEL_ONE, CLIENTS);
      Thread.sleep(LOADED);
      Duration busy = processorTime(cluster).minus(before);
      double seconds = (System.nanoTime() - began) / 1e9;
      long suspected = told(cluster, " is suspect");
      long dead = told(cluster, " is dead");
      System.out.printf(
          "full load: %d nodes, %d clients, %.0f s, nodes on %.2f of %d processors, %d writes"
              + " acknowledged; %d suspicions, %d called dead%n",
          NODES,
          CLIENTS,
          seconds,
          busy.toNanos() / 1e9 / seconds,
          Runtime.getRuntime().availableProcessors(),
          load.acknowledged(),
          suspected,
          dead);
      if (dead > 0) throw new OracleFailure("O9", dead + " times a node that lives is called dead");

      long acknowledged = load.acknowledged();
      long killed = System.nanoTime();
      for (int victim : victims) cluster.node(victim).kill();
      Thread.sleep(ON_MILLIS);
      long since = load.acknowledged() - acknowledged;
      load.stop();
      System.out.printf(
          "full load: %d of %d killed at once: %d writes acknowledged in the %d s after; slowest"
              + " answer %s ms; %s%n",
          KILLED, NODES, since, ON_MILLIS / 1_000, load.slowestMillis(killed), load.outcomes());
      assertTrue(since > CLIENTS, "those that are left took " + since + " writes");

      for (int victim : victims) cluster.node(victim).start();
      for (int victim : victims) cluster.awaitReady(victim);
      cluster.awaitMembers(NODES);
      cluster.awaitEqualRoots();
      long versions = cluster.subject(0).counts().versions();
      int every = (int) Math.max(1, load.acknowledged() / SAMPLE);
      for (int node = 0; node < NODES; node++) {
        assertEquals(versions, cluster.subject(node).counts().versions(), cluster.name(node));
        for (Digest id : load.sample(every)) {
          var _ =
              cluster
                  .versions(node)
                  .getVersion(GetVersionRequest.newBuilder().setId(id.toString()).build());
        }
      }
      assertTrue(versions >= load.acknowledged(), versions + " versions");
      System.out.printf("full load: all back, %d versions on every node%n", versions);
    }
  }

  private static Duration processorTime(ProcessCluster cluster) {
    Duration sum = Duration.ZERO;
    for (int i = 0; i < cluster.size(); i++) sum = sum.plus(cluster.node(i).processorTime());
    return sum;
  }

  private static long told(ProcessCluster cluster, String what) throws Exception {
    long lines = 0;
    for (int i = 0; i < cluster.size(); i++) lines += cluster.node(i).count(what);
    return lines;
  }
}
