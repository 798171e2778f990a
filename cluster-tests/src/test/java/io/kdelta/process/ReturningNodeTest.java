package io.kdelta.process;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.grpc.StatusRuntimeException;
import io.kdelta.proto.v1.CatchUp;
import io.kdelta.proto.v1.ClusterStatus;
import io.kdelta.proto.v1.Member;
import io.kdelta.proto.v1.Session;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: a node that was down while many versions were written elsewhere comes back by the cheapest
 * rung although it is killed three times on the way: by streams from where it stood, and by nothing
 * else, so that little more than the missing versions crosses the wire; what it has taken in stays.
 * Its status tells how far it is, its metrics what each rung took. Method: three processes, one of
 * them stopped during an import of as many versions as the property kdelta.versions says, behind
 * links so narrow that what is missing takes seconds at any size; killed when its status says that
 * a quarter, half, and three quarters are there. Prints what each life reached and took.
 */
final class ReturningNodeTest {
  private static final int VERSIONS = Integer.getInteger("kdelta.versions", 20_000);
  private static final int EARLY = VERSIONS / 100;
  private static final int ALL = EARLY + VERSIONS;
  private static final int KILLS = 3;
  private static final int BACK = 2;

  /** From that size on nodes have the memory and the compiler of nodes in earnest. */
  private static final int LARGE = 100_000;

  private static final Duration PATIENCE = Duration.ofSeconds(120 + VERSIONS / 1_000);

  /** A version is about 130 bytes on the wire: all of them take ten seconds on one link. */
  private static final Roads.Road NARROW = Roads.Road.slow(0, VERSIONS * 13L);

  /** What may cross the wire for each missing version: a snapshot takes 500, both together more. */
  private static final int WIRE_BYTES_MAX = 300;

  private static final long PAUSE_MILLIS = 20;

  @TempDir private Path folder;

  private final List<String> told = new ArrayList<>();

  /** How far the node is, by its own word. */
  private record Stand(CatchUp catchUp, long versions) {
    @Override
    public String toString() {
      return String.format(
          Locale.ROOT,
          "%,d held; %s %s: %,d of %,d versions that %s holds more, %,d bytes in %,d ms",
          versions,
          catchUp.getRung(),
          catchUp.getPhase(),
          catchUp.getVersions(),
          catchUp.getVersionsTotal(),
          catchUp.getPeer(),
          catchUp.getBytes(),
          catchUp.getMillis());
    }
  }

  @Test
  void itComesBackByStreamsAlthoughItIsKilledOnTheWay() throws Exception {
    Path early = Histories.write(folder, "early", EARLY);
    Path late = Histories.write(folder, "late", VERSIONS);
    try (ProcessCluster cluster = new ProcessCluster(folder, 3)) {
      if (VERSIONS >= LARGE) {
        List<String> jvm = List.of("-Xmx1g", "-XX:+UseCompactObjectHeaders");
        for (int i = 0; i < cluster.size(); i++) cluster.node(i).setJvm(jvm);
      }
      cluster.start();
      load(cluster, early);
      cluster.awaitEqualRoots();
      assertEquals(0, cluster.node(BACK).terminate());
      load(cluster, late);
      cluster.awaitEqualRoots();
      for (int i = 0; i < BACK; i++)
        cluster.roads().set(cluster.name(i), cluster.name(BACK), NARROW);

      long before = cluster.roads().carriedBytes();
      long began = System.nanoTime();
      long held = EARLY;
      for (int kill = 1; kill <= KILLS; kill++) {
        long goal = EARLY + (long) VERSIONS * kill / (KILLS + 1);
        cluster.node(BACK).start();
        Stand first = await(cluster, s -> s.versions > 0);
        told.add("begins at " + first);
        assertTrue(first.versions >= held * 9 / 10, first + " after " + held);
        Stand stand = await(cluster, s -> s.versions >= goal && !s.catchUp.getRung().isEmpty());
        told.add("killed at " + stand + "; " + Footprint.of(cluster.node(BACK).pid()));
        assertEquals("stream", stand.catchUp.getRung(), stand::toString);
        assertTrue(
            stand.catchUp.getVersions() > 0 && stand.catchUp.getBytes() > 0, stand::toString);
        long missing = stand.catchUp.getVersionsTotal() - stand.catchUp.getVersions();
        assertEquals(ALL - stand.versions, missing, stand::toString);
        cluster.node(BACK).kill();
        held = stand.versions;
      }
      cluster.node(BACK).start();
      Stand last = await(cluster, s -> s.versions > 0);
      told.add("begins at " + last);
      await(cluster, s -> s.versions == ALL);
      cluster.awaitEqualRoots();
      long wire = cluster.roads().carriedBytes() - before;
      told.add(
          String.format(
              Locale.ROOT,
              "equal after %.1f s, %,d bytes on all links, %d a missing version; %s",
              (System.nanoTime() - began) / 1e9,
              wire,
              wire / VERSIONS,
              Footprint.of(cluster.node(BACK).pid())));
      for (Session session : cluster.sessions(BACK)) {
        told.add(session.getPeer() + ": " + session.getRungsList() + " " + session.getOutcome());
        assertEquals(0, session.getVersionsReceived(), session::toString);
      }
      assertTrue(wire / VERSIONS <= WIRE_BYTES_MAX, told::toString);
      assertEquals(0, metric(cluster, "kdelta_snapshot_bytes_total"), told::toString);
      assertTrue(metric(cluster, "kdelta_replication_received_bytes_total") > 0, told::toString);
    } finally {
      System.out.println(VERSIONS + " missing:\n  " + String.join("\n  ", told));
    }
  }

  private static void load(ProcessCluster cluster, Path history) throws Exception {
    cluster.kdelta(0, "import", history.toString(), "--format", "git-history", "--namespace", "t");
  }

  private static Member own(ClusterStatus status) {
    return status.getNodesList().stream().filter(Member::getSelf).findFirst().orElseThrow();
  }

  private static double metric(ProcessCluster cluster, String name)
      throws IOException, InterruptedException {
    for (String line : cluster.node(BACK).metrics().split("\n", -1)) {
      if (line.startsWith(name + " ")) return Double.parseDouble(line.substring(name.length() + 1));
    }
    throw new AssertionError("no metric " + name);
  }

  /** Waits until the node says so; answers what it said. */
  private Stand await(ProcessCluster cluster, Predicate<Stand> wanted) throws InterruptedException {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    Stand stand = new Stand(CatchUp.getDefaultInstance(), 0);
    while (System.nanoTime() < deadline) {
      try {
        cluster.channel(BACK).resetConnectBackoff();
        ClusterStatus status = cluster.status(BACK);
        stand = new Stand(status.getCatchUp(), own(status).getVersions());
        if (wanted.test(stand)) return stand;
      } catch (StatusRuntimeException early) {
        // It does not answer yet.
      }
      Thread.sleep(PAUSE_MILLIS);
    }
    throw new AssertionError("not in time: " + stand + "\n" + cluster.node(BACK).said());
  }
}
