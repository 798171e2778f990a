package io.kdelta.client;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import io.kdelta.proto.v1.AckLevel;
import io.kdelta.proto.v1.ClusterGrpc;
import io.kdelta.proto.v1.GetClusterStatusRequest;
import io.kdelta.proto.v1.KvGrpc;
import io.kdelta.proto.v1.Member;
import io.kdelta.proto.v1.PutRequest;
import io.kdelta.proto.v1.Version;
import io.kdelta.proto.v1.WatchRequest;
import io.kdelta.proto.v1.WriteResult;
import io.kdelta.server.CannotStart;
import io.kdelta.server.NodeServer;
import io.kdelta.server.NodeSettings;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/**
 * Goal: the end of a server costs a client time and nothing else. Method: real nodes in this
 * process; one is closed under load, or answers nobody.
 */
final class ServersThatEndTest {
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final int WRITERS = 4;

  private static NodeServer start(String name, String join) throws CannotStart {
    Map<String, String> flags =
        Map.of("name", name, "port", "0", "http", "none", "in-memory", "true", "join", join);
    return NodeServer.start(NodeSettings.read(Optional.empty(), flags), line -> {});
  }

  private static KdeltaClient client(List<String> addresses) {
    return KdeltaClient.connect(ClientSettings.of(addresses).within(PATIENCE, PATIENCE));
  }

  private static void awaitMembers(NodeServer node, int count) {
    try (KdeltaClient client = client(List.of(node.address().toString()))) {
      await()
          .atMost(PATIENCE)
          .until(() ->
              client
                      .call(
                          ClusterGrpc.getGetClusterStatusMethod(),
                          GetClusterStatusRequest.getDefaultInstance())
                      .getNodesList()
                      .stream()
                      .filter(member -> member.getState() == Member.State.ALIVE)
                      .count()
                  == count);
    }
  }

  private static PutRequest put(String key, String value) {
    return PutRequest.newBuilder()
        .setNamespace("load")
        .setKey(key)
        .setValue(ByteString.copyFromUtf8(value))
        .setNote(value)
        .setAck(AckLevel.ACK_LEVEL_ONE)
        .build();
  }

  /** One writer of one key, who reads back each write; the ids that were acknowledged, by value. */
  private record Writer(String key, List<String> addresses, AtomicBoolean over, AtomicLong written)
      implements Callable<TreeMap<Integer, WriteResult>> {
    @Override
    public TreeMap<Integer, WriteResult> call() {
      TreeMap<Integer, WriteResult> acknowledged = new TreeMap<>();
      try (KdeltaClient client = client(addresses)) {
        for (int i = 1; !over.get(); i++) {
          acknowledged.put(i, client.put(put(key, "" + i)));
          assertEquals("" + i, client.get("load", key), "its own write, by " + client.address());
          written.incrementAndGet();
        }
      }
      return acknowledged;
    }
  }

  @Test
  void aServerThatEndsUnderLoadLosesDoublesAndHidesNothing() throws Exception {
    try (NodeServer first = start("first", "");
        NodeServer second = start("second", first.address().toString())) {
      NodeServer third = start("third", first.address().toString());
      awaitMembers(second, 3);
      // All begin at the one that will end.
      List<String> addresses = new ArrayList<>();
      for (NodeServer node : List.of(third, second, first)) {
        addresses.add(node.address().toString());
      }
      AtomicBoolean over = new AtomicBoolean();
      AtomicLong written = new AtomicLong();
      List<Future<TreeMap<Integer, WriteResult>>> writers = new ArrayList<>();
      try (ExecutorService pool = Executors.newVirtualThreadPerTaskExecutor()) {
        for (int i = 0; i < WRITERS; i++) {
          writers.add(pool.submit(new Writer("key-" + i, addresses, over, written)));
        }
        await().atMost(PATIENCE).until(() -> written.get() > 200);
        third.close();
        long before = written.get();
        await().atMost(PATIENCE).until(() -> written.get() > before + 200);
        over.set(true);
      }
      try (KdeltaClient reader = client(List.of(first.address().toString()))) {
        for (int i = 0; i < WRITERS; i++) judge(reader, "key-" + i, writers.get(i).get());
      }
    }
  }

  /**
   * Every acknowledged version is there once, and no other, but for the one that was on its way.
   */
  private static void judge(
      KdeltaClient reader, String key, NavigableMap<Integer, WriteResult> acknowledged) {
    assertTrue(acknowledged.size() > 10, key + " was hardly written");
    TreeSet<String> missing = new TreeSet<>();
    for (WriteResult result : acknowledged.values()) missing.add(result.getId());
    assertEquals(acknowledged.size(), missing.size(), "two writes are one version");
    List<String> twins = new ArrayList<>();
    for (Version version : reader.history("load", key)) {
      if (!missing.remove(version.getId())) twins.add(version.getNote());
    }
    assertTrue(missing.isEmpty(), key + " has lost " + missing);
    // The write that the end of the server cut off, when a peer heard of it behind its repetition.
    assertTrue(twins.size() <= 1, key + " has twice " + twins);
    assertEquals("" + acknowledged.lastKey(), reader.get("load", key));
  }

  /** Hands puts on to a node and keeps the first answer to itself. */
  private static final class LosesTheAnswer extends KvGrpc.KvImplBase {
    private final KdeltaClient behind;
    private final List<WriteResult> kept = new ArrayList<>();

    LosesTheAnswer(KdeltaClient behind) {
      this.behind = behind;
    }

    @Override
    public void put(PutRequest request, StreamObserver<WriteResult> observer) {
      kept.add(behind.put(request));
      observer.onError(Status.UNAVAILABLE.asRuntimeException());
    }
  }

  @Test
  void aWriteWhoseAnswerIsLostIsKnownAgainElsewhere() throws Exception {
    try (NodeServer first = start("first", "");
        NodeServer second = start("second", first.address().toString());
        KdeltaClient behind = client(List.of(second.address().toString()))) {
      awaitMembers(second, 2);
      LosesTheAnswer lossy = new LosesTheAnswer(behind);
      Server proxy = NettyServerBuilder.forPort(0).addService(lossy).build().start();
      List<String> addresses = List.of("127.0.0.1:" + proxy.getPort(), first.address().toString());
      try (KdeltaClient client = client(addresses)) {
        WriteResult result = client.put(put("a", "1"));
        assertTrue(result.getRepeatedWrite(), "known by its request id");
        assertEquals(lossy.kept.getFirst().getId(), result.getId());
        assertEquals(1, client.history("load", "a").size());
        assertEquals(first.address().toString(), client.address());
      } finally {
        proxy.shutdownNow();
      }
    }
  }

  @Test
  void aWatchTellsEverythingInOrderOverTheEndOfItsServer() throws Exception {
    try (NodeServer first = start("first", "")) {
      NodeServer second = start("second", first.address().toString());
      awaitMembers(second, 2);
      String survivor = first.address().toString();
      List<String> addresses = List.of(second.address().toString(), survivor);
      WatchRequest all =
          WatchRequest.newBuilder()
              .setNamespace("load")
              .setFrom(WatchRequest.From.START)
              .setBatchSize(3)
              .build();
      try (KdeltaClient writer = client(List.of(survivor));
          KdeltaClient watcher = client(addresses);
          ChangeFeed feed = watcher.watch(all)) {
        for (int i = 1; i <= 10; i++) writer.put(put("a", "" + i));
        // Once at least: a token from the middle of a log has another node begin at its first row.
        LinkedHashSet<String> told = new LinkedHashSet<>();
        while (told.size() < 5) {
          feed.next().getVersionsList().forEach(version -> told.add(version.getNote()));
        }
        assertEquals(addresses.getFirst(), watcher.address());
        second.close();
        for (int i = 11; i <= 20; i++) {
          writer.put(put("a", "" + i).toBuilder().setAck(AckLevel.ACK_LEVEL_LOCAL).build());
        }
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (told.size() < 20 && System.nanoTime() < end) {
          feed.next().getVersionsList().forEach(version -> told.add(version.getNote()));
        }
        List<String> expected = new ArrayList<>();
        for (int i = 1; i <= 20; i++) expected.add("" + i);
        assertEquals(expected, List.copyOf(told));
        assertEquals(survivor, watcher.address());
        assertFalse(feed.resumeToken().isEmpty());
      }
    }
  }

  @Test
  void aFeedThatIsClosedEndsWhoWaitsForIt() throws Exception {
    try (NodeServer node = start("first", "");
        KdeltaClient client = client(List.of(node.address().toString()));
        ExecutorService pool = Executors.newVirtualThreadPerTaskExecutor()) {
      ChangeFeed feed = client.watch(WatchRequest.getDefaultInstance());
      assertEquals(0, feed.next().getVersionsCount(), "it begins with what comes");
      Future<Throwable> waits =
          pool.submit(() -> {
            try {
              while (true) feed.next();
            } catch (io.grpc.StatusRuntimeException ended) {
              return ended;
            }
          });
      feed.close();
      Throwable ended = waits.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
      assertEquals(Status.Code.CANCELLED, Status.fromThrowable(ended).getCode());
    }
  }
}
