package io.kdelta.process;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.kdelta.proto.v1.CatchUp;
import io.kdelta.proto.v1.GetRequest;
import io.kdelta.proto.v1.Session;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: an empty node joins by snapshot: all versions come from files, every one of them is
 * verified (roots are equal at the end), and a read of it meanwhile finds what the cluster holds.
 * Method: two processes that talk to each other directly; as many versions as the property
 * kdelta.versions says. Prints what it took: bytes, seconds, processor time and memory of both,
 * reads served meanwhile.
 */
final class SnapshotJoinTest {
  private static final int VERSIONS = Integer.getInteger("kdelta.versions", 20_000);
  private static final Duration PATIENCE = Duration.ofSeconds(60 + VERSIONS / 2_000);
  private static final long PAUSE_MILLIS = 20;

  /** What it is at once all files are there. */
  private static final List<String> FETCHED = List.of("loading", "installing", "reading");

  /** What the launcher gives a node, but for a heap of its own choice. */
  private static final List<String> AS_LAUNCHED =
      List.of(
          "-Xmx1g",
          "-XX:+UseG1GC",
          "-XX:+UseCompactObjectHeaders",
          "-XX:PerBytecodeRecompilationCutoff=100000",
          "-XX:PerMethodRecompilationCutoff=100000",
          "-XX:Tier4InvocationThreshold=50000",
          "-XX:Tier4MinInvocationThreshold=6000",
          "-XX:Tier4CompileThreshold=150000",
          "-XX:Tier4BackEdgeThreshold=400000");

  @TempDir private Path folder;

  @Test
  void anEmptyNodeTakesTheFilesAndServesMeanwhile() throws Exception {
    Path history = Histories.write(folder, "key", VERSIONS);
    try (ProcessCluster cluster = new ProcessCluster(folder, 2)) {
      for (int i = 0; i < 2; i++) {
        NodeProcess node = cluster.node(i);
        List<String> flags = new ArrayList<>(List.of("--advertise", node.address()));
        flags.addAll(List.of("--cluster", "test"));
        if (i > 0) flags.addAll(List.of("--join", cluster.node(0).address()));
        node.setFlags(flags);
        if (VERSIONS >= 100_000) node.setJvm(AS_LAUNCHED);
      }
      cluster.node(0).start();
      cluster.awaitReady(0);
      cluster.kdelta(
          0, "import", history.toString(), "--format", "git-history", "--namespace", "t");
      assertEquals(VERSIONS, cluster.subject(0).counts().versions());

      Footprint lender = Footprint.of(cluster.node(0).pid());
      cluster.node(1).start();
      Meanwhile meanwhile = new Meanwhile();
      long deadline = System.nanoTime() + PATIENCE.toNanos();
      while (!meanwhile.isDone(cluster)) {
        assertTrue(System.nanoTime() < deadline, "not in time: " + cluster.node(1).said());
        Thread.sleep(PAUSE_MILLIS);
      }
      Footprint lent = Footprint.of(cluster.node(0).pid());
      String told =
          meanwhile.told(Footprint.of(cluster.node(1).pid()))
              + String.format(
                  Locale.ROOT, "; lender %.1f s of CPU", lent.cpuSeconds() - lender.cpuSeconds());
      cluster.awaitEqualRoots();
      List<Session> sessions = cluster.sessions(1);
      System.out.println(told + "; sessions " + outcomes(sessions));
      assertEquals(VERSIONS, cluster.subject(1).counts().versions());
      assertTrue(sessions.stream().anyMatch(SnapshotJoinTest::isWhole), sessions.toString());
      assertTrue(meanwhile.reads > 0, told);
      assertEquals(0, meanwhile.absent, told);
    }
  }

  private static boolean isWhole(Session session) {
    return session.getRungsList().contains("snapshot")
        && session.getOutcome().equals("taken in")
        && session.getVersionsReceived() == VERSIONS;
  }

  private static List<String> outcomes(List<Session> sessions) {
    List<String> outcomes = new ArrayList<>();
    for (Session session : sessions) {
      outcomes.add(
          String.join(" ", session.getRungsList())
              + " "
              + session.getOutcome()
              + " "
              + session.getVersionsReceived()
              + " in "
              + session.getMillis()
              + " ms");
    }
    return outcomes;
  }

  /** What a client sees of the node that joins. */
  private static final class Meanwhile {
    private final Random random = new Random(1);
    private final List<Long> nanos = new ArrayList<>();
    private long startedAt;
    private long fetchedAt;
    private long doneAt;
    private long bytes;
    private int files;
    private int reads;
    private int absent;

    /** Reads the status and a key; whether the files were taken in. */
    boolean isDone(ProcessCluster cluster) {
      try {
        CatchUp now = cluster.status(1).getCatchUp();
        long at = System.nanoTime();
        if (now.getRung().equals("snapshot")) {
          if (startedAt == 0) startedAt = at;
          bytes = Math.max(bytes, now.getBytesTotal());
          files = Math.max(files, now.getFilesTotal());
          boolean fetched = FETCHED.contains(now.getPhase());
          if (fetched && fetchedAt == 0) fetchedAt = at;
          read(cluster);
        }
        if (startedAt == 0 || now.getRung().equals("snapshot")) return false;
        doneAt = System.nanoTime();
        return true;
      } catch (StatusRuntimeException early) {
        return false;
      }
    }

    private void read(ProcessCluster cluster) {
      String key = Histories.key("key", random.nextInt(VERSIONS / 10) * 10);
      long began = System.nanoTime();
      try {
        var _ = cluster.kv(1).get(GetRequest.newBuilder().setNamespace("t").setKey(key).build());
      } catch (StatusRuntimeException e) {
        if (e.getStatus().getCode() != Status.Code.NOT_FOUND) return;
        absent++;
      }
      reads++;
      nanos.add(System.nanoTime() - began);
    }

    String told(Footprint receiver) {
      double whole = (doneAt - startedAt) / 1e9;
      double fetch = (fetchedAt - startedAt) / 1e9;
      Collections.sort(nanos);
      double worst = nanos.isEmpty() ? 0 : nanos.getLast() / 1e6;
      double median = nanos.isEmpty() ? 0 : nanos.get(nanos.size() / 2) / 1e6;
      return String.format(
          Locale.ROOT,
          "joined by snapshot: %d versions, %d MB in %d files, %.1f s (fetched after %.1f s):"
              + " %.1f MB/s; %d reads meanwhile, %d of them found, median %.1f ms, worst %.0f ms;"
              + " receiver %s",
          VERSIONS,
          bytes / 1_000_000,
          files,
          whole,
          fetch,
          bytes / 1e6 / whole,
          reads,
          reads - absent,
          median,
          worst,
          receiver);
    }
  }
}
