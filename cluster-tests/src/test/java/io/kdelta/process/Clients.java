package io.kdelta.process;

import com.google.protobuf.ByteString;
import com.google.protobuf.Timestamp;
import io.grpc.StatusRuntimeException;
import io.kdelta.cluster.AckLevel;
import io.kdelta.env.Entropy;
import io.kdelta.env.SimEntropy;
import io.kdelta.proto.v1.At;
import io.kdelta.proto.v1.BatchWriteRequest;
import io.kdelta.proto.v1.DeleteRequest;
import io.kdelta.proto.v1.GetRequest;
import io.kdelta.proto.v1.GetResponse;
import io.kdelta.proto.v1.KvGrpc;
import io.kdelta.proto.v1.ListHeadsRequest;
import io.kdelta.proto.v1.ListVersionsRequest;
import io.kdelta.proto.v1.PutRequest;
import io.kdelta.proto.v1.ResolveRequest;
import io.kdelta.proto.v1.ResolveResponse;
import io.kdelta.proto.v1.Version;
import io.kdelta.proto.v1.VersionsGrpc;
import io.kdelta.proto.v1.WriteResult;
import io.kdelta.reconciliation.Digest;
import io.kdelta.sim.OracleFailure;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Clients that write and read a few keys on all nodes through gRPC, each on a thread of its own and
 * from its own stream of chance, and tell the {@link ClientHistory} what came of it. Every write
 * goes out under a marker of its own (its note); some are retried under their request id when their
 * outcome is unknown, at the same node or at another.
 */
final class Clients {
  /** What all of them share: few keys, many conflicts. */
  static final List<String> NAMESPACES = List.of("t", "u");

  private static final int KEYS = 40;
  private static final int ATTEMPTS_MAX = 4;
  private static final int PAUSE_MILLIS_MAX = 60;
  private static final int FAILED_PAUSE_MILLIS = 50;

  private final ProcessCluster cluster;
  private final ClientHistory history;
  private final Consumer<Throwable> broken;
  private final Set<Integer> avoided = ConcurrentHashMap.newKeySet();
  private final Set<Integer> asked = ConcurrentHashMap.newKeySet();
  private final CountDownLatch stopped = new CountDownLatch(1);
  private final List<Thread> threads = new ArrayList<>();

  /** Counts the disks of a node: what a wiped one told is no longer its word. */
  private final int[] disks = new int[16];

  /** A write on its way: how it is put to a node, and how it is known again. */
  private record Request(
      List<String> markers,
      String path,
      String requestId,
      BiFunction<Integer, Long, List<WriteResult>> call) {}

  /**
   * @param broken is told of an answer that breaks a promise
   */
  Clients(ProcessCluster cluster, ClientHistory history, Consumer<Throwable> broken) {
    this.cluster = cluster;
    this.history = history;
    this.broken = broken;
  }

  void start(long seed, int count) {
    for (int i = 0; i < count; i++) {
      Client client = new Client(i, new SimEntropy(seed).split("client " + i));
      threads.add(Thread.ofPlatform().name("client-" + i).start(client));
    }
  }

  /** Nobody asks that node any more; answers when all that was asked of it is answered. */
  void avoid(int node) {
    avoided.add(node);
    org.awaitility.Awaitility.await("answers of node " + node)
        .atMost(ProcessCluster.AGREEMENT)
        .until(() -> asked.stream().noneMatch(slot -> slot % disks.length == node));
  }

  /** The node may be asked again. */
  void allow(int node) {
    avoided.remove(node);
  }

  /** The node has another disk than before: what it told until now may be gone from it. */
  void forgetWhatItTold(int node) {
    synchronized (disks) {
      disks[node]++;
    }
  }

  private int disk(int node) {
    synchronized (disks) {
      return disks[node];
    }
  }

  /** No new requests; waits for the answers of those on their way. */
  void stop() throws InterruptedException {
    stopped.countDown();
    for (Thread thread : threads) thread.join();
  }

  /** One client: a loop of requests, one at a time. */
  private final class Client implements Runnable {
    private final int number;
    private final Entropy dice;
    private long lastMarker;

    Client(int number, Entropy dice) {
      this.number = number;
      this.dice = dice;
    }

    @Override
    public void run() {
      try {
        while (!stopped.await(dice.nextInt(PAUSE_MILLIS_MAX), TimeUnit.MILLISECONDS)) {
          int node = node();
          if (node >= 0) at(node, () -> ask(node));
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      } catch (RuntimeException | AssertionError e) {
        broken.accept(e);
      }
    }

    /** A client has a favourite node and strays now and then; -1 when it is not to be asked. */
    private int node() {
      int size = cluster.size();
      int node = dice.nextInt(4) > 0 ? number % size : dice.nextInt(size);
      return avoided.contains(node) ? -1 : node;
    }

    /** Notes for whom {@link #avoid} has to wait. */
    private boolean at(int node, Supplier<Boolean> call) {
      int slot = number * disks.length + node;
      asked.add(slot);
      try {
        return !avoided.contains(node) && call.get();
      } finally {
        asked.remove(slot);
      }
    }

    private boolean ask(int node) {
      String namespace = NAMESPACES.get(dice.nextInt(8) == 0 ? 1 : 0);
      // Skewed: the small numbers are the busy ones.
      String key = "k" + dice.nextInt(1 + dice.nextInt(KEYS));
      int kind = dice.nextInt(100);
      if (kind < 50) return write(node, put(namespace, key));
      if (kind < 57) return write(node, delete(namespace, key));
      if (kind < 64) return write(node, batch(namespace));
      if (kind < 70) return write(node, resolve(namespace, key));
      return read(node, namespace, key, kind);
    }

    private Request put(String namespace, String key) {
      String marker = marker();
      PutRequest.Builder put =
          PutRequest.newBuilder()
              .setNamespace(namespace)
              .setKey(key)
              .setValue(document(marker))
              .setNote(marker)
              .setRequestId(requestId())
              .setAck(level());
      if (dice.nextInt(12) == 0) put.setIfAbsent(true);
      PutRequest request = put.build();
      return new Request(
          List.of(marker),
          namespace + "/" + key,
          request.getRequestId(),
          (node, deadline) -> List.of(kv(node, deadline).put(request)));
    }

    private Request delete(String namespace, String key) {
      String marker = marker();
      DeleteRequest request =
          DeleteRequest.newBuilder()
              .setNamespace(namespace)
              .setKey(key)
              .setNote(marker)
              .setRequestId(requestId())
              .setAck(level())
              .build();
      return new Request(
          List.of(marker),
          namespace + "/" + key,
          request.getRequestId(),
          (node, deadline) -> List.of(kv(node, deadline).delete(request)));
    }

    private Request batch(String namespace) {
      List<String> markers = new ArrayList<>();
      BatchWriteRequest.Builder batch =
          BatchWriteRequest.newBuilder().setRequestId(requestId()).setAck(level());
      int first = dice.nextInt(KEYS);
      int count = 2 + dice.nextInt(3);
      for (int i = 0; i < count; i++) {
        String marker = marker();
        markers.add(marker);
        batch.addOperations(
            BatchWriteRequest.Operation.newBuilder()
                .setKind(Version.Kind.PUT)
                .setNamespace(namespace)
                .setKey("k" + (first + i) % (KEYS + 4))
                .setValue(document(marker))
                .setNote(marker));
      }
      BatchWriteRequest request = batch.build();
      return new Request(
          List.copyOf(markers),
          "",
          request.getRequestId(),
          (node, deadline) -> kv(node, deadline).batchWrite(request).getResultsList());
    }

    private Request resolve(String namespace, String key) {
      String marker = marker();
      ResolveRequest request =
          ResolveRequest.newBuilder()
              .setNamespace(namespace)
              .setKey(key)
              .setValue(document("resolved"))
              .setNote(marker)
              .setRequestId(requestId())
              .setAck(level())
              .build();
      return new Request(
          List.of(marker),
          namespace + "/" + key,
          request.getRequestId(),
          (node, deadline) -> {
            ResolveResponse answer = versions(node, deadline).resolve(request);
            return answer.hasResult() ? List.of(answer.getResult()) : List.of();
          });
    }

    private String marker() {
      return "c" + number + "-" + ++lastMarker;
    }

    private String requestId() {
      return dice.nextInt(3) == 0 ? "" : "r" + number + "-" + ++lastMarker;
    }

    private io.kdelta.proto.v1.AckLevel level() {
      return switch (dice.nextInt(6)) {
        case 0 -> io.kdelta.proto.v1.AckLevel.ACK_LEVEL_UNSPECIFIED;
        case 1, 2 -> io.kdelta.proto.v1.AckLevel.ACK_LEVEL_LOCAL;
        case 3 -> io.kdelta.proto.v1.AckLevel.ACK_LEVEL_ONE;
        case 4 -> io.kdelta.proto.v1.AckLevel.ACK_LEVEL_QUORUM;
        default -> io.kdelta.proto.v1.AckLevel.ACK_LEVEL_ALL;
      };
    }

    /** One in sixteen is large enough to lie outside its version row. */
    private ByteString document(String marker) {
      int pad = dice.nextInt(16) == 0 ? 4_000 + dice.nextInt(8_000) : dice.nextInt(60);
      return ByteString.copyFromUtf8(
          "{\"by\":\"" + marker + "\",\"pad\":\"" + "x".repeat(pad) + "\"}");
    }

    private boolean write(int node, Request request) {
      return write(node, request, 1);
    }

    private boolean write(int node, Request request, int attempt) {
      long deadlineMillis = 1_000L + dice.nextInt(4_000);
      String session = "client-" + number + " at " + cluster.name(node) + "/" + disk(node);
      String how = "by " + request.markers + " at " + cluster.name(node);
      long askedNanos = System.nanoTime();
      try {
        List<WriteResult> results = request.call.apply(node, deadlineMillis);
        for (WriteResult result : results) {
          Digest id = Digest.fromHex(result.getId());
          history.acknowledged(node, levelOf(result), askedNanos, List.of(id), how);
          history.learned(session, result.getNamespace() + "/" + result.getKey(), id);
        }
        return true;
      } catch (StatusRuntimeException e) {
        Failure failure = Failure.of(e);
        if (failure.refused() && attempt == 1) {
          history.refused(request.markers, failure.reason(), how);
        } else {
          history.unknown(request.markers, failure.reason());
        }
        if (!failure.refused()) retry(node, request, attempt);
        return false;
      }
    }

    private void retry(int node, Request request, int attempt) {
      if (request.requestId.isEmpty() || attempt == ATTEMPTS_MAX || stopping()) return;
      int other = dice.nextInt(2) == 0 ? node : dice.nextInt(cluster.size());
      if (avoided.contains(other)) return;
      history.retried(request.markers);
      var _ = at(other, () -> write(other, request, attempt + 1));
    }

    /** A moment for the node to come back; whether the clients are to stop meanwhile. */
    private boolean stopping() {
      try {
        return stopped.await(FAILED_PAUSE_MILLIS, TimeUnit.MILLISECONDS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return true;
      }
    }

    private boolean read(int node, String namespace, String key, int kind) {
      String path = namespace + "/" + key;
      String session = "client-" + number + " at " + cluster.name(node) + "/" + disk(node);
      String how = "of " + path + " at " + cluster.name(node);
      List<Digest> before = history.known(session, path);
      try {
        if (kind < 85) {
          get(node, namespace, key, session, before, how);
        } else if (kind < 94) {
          heads(node, namespace, key, session, before, how);
        } else {
          past(node, namespace, key, kind < 97, how);
        }
        return true;
      } catch (StatusRuntimeException e) {
        Failure failure = Failure.of(e);
        history.readFailed(failure.reason());
        return false;
      }
    }

    private void get(
        int node, String namespace, String key, String session, List<Digest> before, String how) {
      String path = namespace + "/" + key;
      GetResponse answer =
          kv(node, 2_000L).get(GetRequest.newBuilder().setNamespace(namespace).setKey(key).build());
      Digest id = Digest.fromHex(answer.getVersion().getId());
      history.read(id, how);
      if (answer.getHeadCount() == 1) history.observed(session, path, before, List.of(id));
      history.learned(session, path, id);
    }

    private void heads(
        int node, String namespace, String key, String session, List<Digest> before, String how) {
      String path = namespace + "/" + key;
      List<Digest> ids = new ArrayList<>();
      for (Version head :
          versions(node, 2_000L)
              .listHeads(ListHeadsRequest.newBuilder().setNamespace(namespace).setKey(key).build())
              .getHeadsList()) {
        ids.add(Digest.fromHex(head.getId()));
      }
      for (Digest id : ids) history.read(id, how);
      history.observed(session, path, before, ids);
      for (Digest id : ids) history.learned(session, path, id);
    }

    /** The log of a key, or what it was some time ago. */
    private void past(int node, String namespace, String key, boolean log, String how) {
      if (log) {
        for (Version version :
            versions(node, 2_000L)
                .listVersions(
                    ListVersionsRequest.newBuilder()
                        .setNamespace(namespace)
                        .setKey(key)
                        .setPageSize(20)
                        .build())
                .getVersionsList()) {
          history.read(Digest.fromHex(version.getId()), how);
        }
        return;
      }
      long millis = System.currentTimeMillis() - dice.nextInt(20_000);
      Timestamp then =
          Timestamp.newBuilder()
              .setSeconds(millis / 1_000)
              .setNanos((int) (millis % 1_000) * 1_000_000)
              .build();
      GetResponse answer =
          kv(node, 2_000L)
              .get(
                  GetRequest.newBuilder()
                      .setNamespace(namespace)
                      .setKey(key)
                      .setAt(At.newBuilder().setTime(then))
                      .build());
      history.read(Digest.fromHex(answer.getVersion().getId()), how);
    }
  }

  private KvGrpc.KvBlockingStub kv(int node, long deadlineMillis) {
    return KvGrpc.newBlockingStub(cluster.channel(node))
        .withDeadlineAfter(deadlineMillis, TimeUnit.MILLISECONDS);
  }

  private VersionsGrpc.VersionsBlockingStub versions(int node, long deadlineMillis) {
    return VersionsGrpc.newBlockingStub(cluster.channel(node))
        .withDeadlineAfter(deadlineMillis, TimeUnit.MILLISECONDS);
  }

  private static AckLevel levelOf(WriteResult result) {
    return switch (result.getAck()) {
      case ACK_LEVEL_LOCAL -> AckLevel.LOCAL;
      case ACK_LEVEL_ONE -> AckLevel.ONE;
      case ACK_LEVEL_QUORUM -> AckLevel.QUORUM;
      case ACK_LEVEL_ALL -> AckLevel.ALL;
      default -> throw new OracleFailure("ACK-TRUTH", "acknowledged without a level: " + result);
    };
  }
}
