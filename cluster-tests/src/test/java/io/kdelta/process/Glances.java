package io.kdelta.process;

import io.grpc.StatusRuntimeException;
import io.kdelta.env.Entropy;
import io.kdelta.env.SimEntropy;
import io.kdelta.proto.v1.ListVersionsRequest;
import io.kdelta.proto.v1.ListVersionsResponse;
import io.kdelta.proto.v1.Version;
import io.kdelta.reconciliation.Digest;
import io.kdelta.sim.OracleFailure;
import io.kdelta.sim.RawGraph;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * What must hold at any moment, also among faults: the history of a key as one answer tells it
 * lacks no parent (O3, CAUSAL), and the heads that a node names are those that follow from it (O4).
 * A thread of its own.
 */
final class Glances {
  private static final int KEYS = 12;
  private static final int PAUSE_MILLIS = 100;
  private static final int PAGE = 1_000;

  private final ProcessCluster cluster;
  private final Consumer<Throwable> broken;
  private final Entropy dice;
  private final int nodes;
  private final CountDownLatch stopped = new CountDownLatch(1);
  private final Thread thread;

  /** Counted by the thread, read after its end. */
  private int taken;

  Glances(ProcessCluster cluster, long seed, Consumer<Throwable> broken) {
    this.cluster = cluster;
    this.broken = broken;
    this.dice = new SimEntropy(seed).split("glances");
    this.nodes = cluster.size();
    this.thread = Thread.ofPlatform().name("glances").start(this::run);
  }

  private void run() {
    try {
      while (!stopped.await(PAUSE_MILLIS, TimeUnit.MILLISECONDS)) {
        if (glance(dice.nextInt(nodes), "k" + dice.nextInt(KEYS))) taken++;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (RuntimeException | AssertionError e) {
      broken.accept(e);
    }
  }

  private boolean glance(int node, String key) {
    String namespace = Clients.NAMESPACES.getFirst();
    GrpcSubject subject = cluster.subject(node);
    try {
      List<Digest> before = subject.heads(namespace, key);
      RawGraph graph = history(node, namespace, key);
      List<Digest> after = subject.heads(namespace, key);
      if (graph.size() == 0) return false;
      graph.check();
      List<Digest> expected =
          graph.heads(namespace + "/" + key).stream().map(RawGraph.Raw::id).toList();
      if (before.equals(after) && !before.equals(expected)) {
        throw new OracleFailure(
            "O4", subject.name() + " has heads " + before + " of " + key + ", not " + expected);
      }
      return true;
    } catch (StatusRuntimeException gone) {
      return false; // Down, stopped, or says itself that something is missing.
    }
  }

  /** The whole history of a key in one answer; nothing when it does not fit. */
  private RawGraph history(int node, String namespace, String key) {
    RawGraph graph = new RawGraph();
    ListVersionsResponse answer =
        cluster
            .versions(node)
            .listVersions(
                ListVersionsRequest.newBuilder()
                    .setNamespace(namespace)
                    .setKey(key)
                    .setPageSize(PAGE)
                    .build());
    if (!answer.getNextPageToken().isEmpty()) return graph;
    for (Version version : answer.getVersionsList()) graph.add(GrpcSubject.told(version).raw());
    return graph;
  }

  /** No more of them; answers how many were taken that a node answered. */
  int end() throws InterruptedException {
    stopped.countDown();
    thread.join();
    return taken;
  }
}
