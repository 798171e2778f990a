package io.kdelta.process;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import io.kdelta.client.ClientSettings;
import io.kdelta.client.KdeltaClient;
import io.kdelta.proto.v1.AckLevel;
import io.kdelta.proto.v1.Member;
import io.kdelta.proto.v1.PutRequest;
import io.kdelta.proto.v1.Version;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: a node that is told to stop, by SIGTERM, {@code cluster drain} or HTTP, costs clients
 * nothing but time: no error, nothing acknowledged is away with it, exit code 0, and it is a member
 * still. Method: three processes; writers who may go to any of them and who fail at the first
 * error; each node is stopped and started in turn, and while it is away the others are asked for
 * everything.
 */
final class DrainTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final int WRITERS = 4;
  private static final int BETWEEN = 60;

  @TempDir private Path folder;

  /** Writes one key over and over, at the weakest level; the ids that were acknowledged. */
  private record Writer(
      String key,
      List<String> servers,
      AtomicBoolean over,
      AtomicInteger written,
      TreeSet<String> ids)
      implements Callable<Integer> {
    @Override
    public Integer call() {
      int count = 0;
      try (KdeltaClient client = client(servers)) {
        while (!over.get()) {
          PutRequest put =
              PutRequest.newBuilder()
                  .setNamespace("load")
                  .setKey(key)
                  .setValue(ByteString.copyFromUtf8("" + count++))
                  .setAck(AckLevel.ACK_LEVEL_LOCAL)
                  .build();
          String id = client.put(put).getId();
          synchronized (ids) {
            ids.add(id);
          }
          written.incrementAndGet();
        }
      }
      return count;
    }
  }

  private static KdeltaClient client(List<String> servers) {
    return KdeltaClient.connect(ClientSettings.of(servers).within(PATIENCE, PATIENCE));
  }

  @Test
  void eachNodeIsStoppedUnderLoadAndNothingIsMissed() throws Exception {
    try (ProcessCluster cluster = new ProcessCluster(folder, 3);
        ExecutorService pool = Executors.newVirtualThreadPerTaskExecutor()) {
      cluster.start();
      AtomicBoolean over = new AtomicBoolean();
      AtomicInteger written = new AtomicInteger();
      TreeSet<String> ids = new TreeSet<>();
      List<Future<Integer>> writers = new ArrayList<>();
      for (int i = 0; i < WRITERS; i++) {
        List<String> servers = new ArrayList<>();
        for (int j = 0; j < 3; j++) servers.add(cluster.node((i + j) % 3).address());
        writers.add(pool.submit(new Writer("k" + i, servers, over, written, ids)));
      }
      for (int node = 0; node < 3; node++) {
        int before = written.get();
        await().atMost(PATIENCE).until(() -> written.get() > before + BETWEEN);
        stop(cluster, node);
        TreeSet<String> acknowledged;
        synchronized (ids) {
          acknowledged = new TreeSet<>(ids);
        }
        int other = (node + 1) % 3;
        acknowledged.removeAll(held(cluster, other));
        assertEquals(new TreeSet<String>(), acknowledged, "gone with " + cluster.name(node));
        assertEquals(Member.State.DOWN, state(cluster, other, cluster.name(node)));
        cluster.node(node).start();
        cluster.awaitReady(node);
        cluster.awaitMembers(3);
      }
      over.set(true);
      for (Future<Integer> writer : writers) assertTrue(writer.get() > 10);
      cluster.agree();
    }
  }

  /** By the command for one, over HTTP for one, by the signal for the other. */
  private static void stop(ProcessCluster cluster, int node) throws Exception {
    if (node == 1) {
      String answer = cluster.kdelta(node, "-o", "json", "cluster", "drain");
      assertTrue(answer.contains("\"shipped\":true"), answer);
      assertEquals(0, cluster.node(node).awaitExit());
    } else if (node == 2) {
      String answer = cluster.node(node).post("/v1/cluster/drain");
      assertTrue(answer.startsWith("200 ") && answer.contains("\"shipped\":true"), answer);
      assertEquals(0, cluster.node(node).awaitExit());
    } else {
      assertEquals(0, cluster.node(node).terminate());
    }
    String said = cluster.node(node).said();
    assertTrue(said.contains("drained: others hold everything that this node holds"), said);
  }

  private static Set<String> held(ProcessCluster cluster, int node) {
    TreeSet<String> held = new TreeSet<>();
    try (KdeltaClient client = client(List.of(cluster.node(node).address()))) {
      for (int i = 0; i < WRITERS; i++) {
        for (Version version : client.history("load", "k" + i)) held.add(version.getId());
      }
    }
    return held;
  }

  private static Member.State state(ProcessCluster cluster, int asked, String name) {
    for (Member member : cluster.status(asked).getNodesList()) {
      if (member.getName().equals(name)) return member.getState();
    }
    throw new AssertionError(name + " is no member any more");
  }
}
