package io.kdelta.process;

import com.google.protobuf.ByteString;
import io.grpc.StatusRuntimeException;
import io.kdelta.cluster.AckLevel;
import io.kdelta.env.SimEntropy;
import io.kdelta.proto.v1.PutRequest;
import io.kdelta.proto.v1.WriteResult;
import io.kdelta.reconciliation.Digest;
import io.kdelta.sim.Audit;
import io.kdelta.sim.OracleFailure;
import io.kdelta.sim.RawGraph;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * One piece of a run of real processes (simulation.md section 3): a fresh cluster under clients; a
 * {@link FaultSchedule}; quiet, in which the cluster must agree; each node alone must take a write;
 * everything is killed, its directories are read, started cold, audited again, stopped in order and
 * read again.
 */
final class Piece implements AutoCloseable {
  /** More than what a node wants free before it takes writes: 512 MiB, and a log beside it. */
  private static final int DISK_MEGABYTES = 1_024;

  private static final int CLIENTS = 4;
  private static final int WANDERING_CLIENTS = 3;
  private static final int ALONE_WRITES = 5;
  private static final long AVAIL_NANOS = 1_000_000_000L;

  private final long seed;
  private final FaultSchedule schedule;
  private final ProcessCluster cluster;
  private final List<@Nullable Tmpfs> disks = new ArrayList<>();
  private final Deafness deafness = new Deafness();
  private final ClientHistory history;
  private final DotBook dots = new DotBook();
  private final CountDownLatch abort = new CountDownLatch(1);
  private final AtomicReference<@Nullable Throwable> broken = new AtomicReference<>();
  private final Path folder;
  private long healedNanos;

  /**
   * What a piece that kept every promise did.
   *
   * @param struck faults by kind
   * @param outcomes requests by what came of them
   * @param versions that every node held at the end
   * @param conflicts keys with several heads at the end
   * @param glances histories of a key held against O3 and O4 among the faults
   * @param questions held against the model at the end (O4, O6)
   * @param held answers held against what their reader and their node knew (O3, O5), and writes
   *     under a condition (O4)
   * @param directories read by the offline verifier (O7)
   * @param places of logs compared (AMNESIA)
   * @param healMillis how long the cluster took to agree after the faults (LIVE)
   */
  record Outcome(
      long seed,
      SortedMap<String, Integer> struck,
      SortedMap<String, Integer> outcomes,
      long acknowledged,
      int versions,
      int conflicts,
      int glances,
      int questions,
      ClientHistory.Held held,
      int directories,
      int places,
      long healMillis) {}

  /**
   * @param folder empty; everything lies in it
   * @param patches folders of classes that stand in place of the product's
   * @param fullDisks whether each node gets a file system of its own
   */
  Piece(
      long seed,
      int nodes,
      FaultSchedule schedule,
      Path folder,
      List<Path> patches,
      boolean fullDisks)
      throws IOException, InterruptedException {
    this.seed = seed;
    this.schedule = schedule;
    this.folder = folder;
    this.cluster = new ProcessCluster(folder, nodes, patches);
    this.history = new ClientHistory(nodes, deafness);
    for (int node = 0; node < nodes; node++) {
      Files.createDirectories(cluster.disk(node));
      disks.add(fullDisks ? Tmpfs.mount(cluster.disk(node), DISK_MEGABYTES) : null);
    }
  }

  /**
   * Runs it to its end.
   *
   * @throws OracleFailure naming the promise that was broken
   */
  Outcome run() throws IOException, InterruptedException {
    cluster.start();
    Glances watching = new Glances(cluster, seed, this::broken);
    Clients clients = new Clients(cluster, history, this::broken);
    clients.start(seed, CLIENTS, WANDERING_CLIENTS);
    Surgery surgery = new Surgery(cluster, clients, history, deafness, dots, folder);
    Nemesis nemesis = new Nemesis(cluster, deafness, surgery, disks, abort);
    try {
      nemesis.run(schedule);
    } catch (AssertionError | RuntimeException e) {
      broken(e);
    }
    SortedMap<String, Integer> struck = nemesis.struck();
    int glances = watching.end();
    clients.stop();
    check();
    long quietNanos = System.nanoTime();
    agree("after the faults stopped");
    healedNanos = System.nanoTime() - quietNanos;
    alone();
    agree("after each was alone");
    for (int node = 0; node < cluster.size(); node++) cluster.node(node).kill();
    readDirectories("killed");
    for (int node = 0; node < cluster.size(); node++) cluster.node(node).start();
    for (int node = 0; node < cluster.size(); node++) cluster.awaitReady(node);
    RawGraph graph = agree("after a cold start of everything");
    int questions = questions();
    ClientHistory.Held held = history.check(graph);
    for (int node = 0; node < cluster.size(); node++) {
      int code = cluster.node(node).terminate();
      if (code != 0) throw new OracleFailure("crash", cluster.node(node).said());
    }
    readDirectories("stopped in order");
    return new Outcome(
        seed,
        struck,
        history.outcomes(),
        history.acknowledgedCount(),
        graph.size(),
        graph.conflicts().size(),
        glances,
        questions,
        held,
        dots.directories(),
        dots.size(),
        healedNanos / 1_000_000);
  }

  private void broken(Throwable failure) {
    broken.compareAndSet(null, failure);
    abort.countDown();
  }

  /** Throws what a client, a glance or the nemesis has found. */
  private void check() {
    Throwable failure = broken.get();
    if (failure instanceof RuntimeException e) throw e;
    if (failure instanceof Error e) throw e;
  }

  /** LIVE, then O1 to O4 and ACK-TRUTH over every node, and that all hold the same. */
  private RawGraph agree(String when) {
    cluster.awaitEqualRoots();
    RawGraph union = new RawGraph();
    List<Audit> audits = new ArrayList<>();
    for (GrpcSubject subject : cluster.subjects()) {
      Audit audit = Audit.of(subject);
      audits.add(audit);
      union.addAll(audit.graph());
    }
    for (int node = 0; node < audits.size(); node++) {
      Audit audit = audits.get(node);
      if (!audit.graph().equals(union)) {
        throw new OracleFailure(
            "O2",
            cluster.name(node) + " lacks what others have:\n" + audit.graph().difference(union));
      }
      history.audit(cluster.name(node) + " " + when, audit.graph(), audit.notes());
    }
    return union;
  }

  /** AVAIL: cut off from everybody, each node takes local writes, and one at least within 1 s. */
  private void alone() {
    for (int node = 0; node < cluster.size(); node++) cluster.isolate(node);
    for (int node = 0; node < cluster.size(); node++) {
      long fastest = Long.MAX_VALUE;
      for (int i = 0; i < ALONE_WRITES; i++) fastest = Math.min(fastest, writeAlone(node, i));
      if (fastest > AVAIL_NANOS) {
        throw new OracleFailure(
            "AVAIL", cluster.name(node) + " took " + fastest / 1_000_000 + " ms at best");
      }
    }
    cluster.heal();
  }

  private long writeAlone(int node, int number) {
    long asked = System.nanoTime();
    try {
      WriteResult result =
          cluster
              .kv(node)
              .put(
                  PutRequest.newBuilder()
                      .setNamespace(Clients.NAMESPACES.getFirst())
                      .setKey("alone-" + number)
                      .setValue(ByteString.copyFromUtf8("{\"alone\":" + node + "}"))
                      .setNote("alone-" + node + "-" + number)
                      .setAck(io.kdelta.proto.v1.AckLevel.ACK_LEVEL_LOCAL)
                      .build());
      history.acknowledged(
          node, AckLevel.LOCAL, asked, List.of(Digest.fromHex(result.getId())), "alone");
    } catch (StatusRuntimeException e) {
      throw new OracleFailure("AVAIL", cluster.name(node) + " did not take a write alone: " + e);
    }
    return System.nanoTime() - asked;
  }

  private void readDirectories(String how) {
    Digest first = null;
    for (int node = 0; node < cluster.size(); node++) {
      Digest root = dots.read(cluster.name(node) + ", " + how, cluster.node(node).data());
      if (first != null && !root.equals(first) && how.startsWith("stopped")) {
        throw new OracleFailure("O2", cluster.name(node) + " has root " + root + ", not " + first);
      }
      first = root;
    }
  }

  private int questions() {
    int questions = 0;
    for (int node = 0; node < cluster.size(); node++) {
      questions +=
          Answers.check(
              cluster.subject(node),
              cluster.channel(node),
              new SimEntropy(seed).split("questions " + node));
    }
    return questions;
  }

  @Override
  public void close() throws IOException {
    cluster.close();
    for (Tmpfs disk : disks) if (disk != null) disk.close();
  }
}
