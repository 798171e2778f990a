package io.kdelta.process;

import com.google.protobuf.ByteString;
import com.google.protobuf.Timestamp;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.AbstractStub;
import io.kdelta.causal.CausalToken;
import io.kdelta.client.TokenCarrier;
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
import io.kdelta.sim.Saying;
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
 * outcome is unknown, at the same node or at another. Some clients wander: any node may be next,
 * they carry the token of their session to it, and often ask it for what they heard of last.
 */
final class Clients {
  /** What all of them share: few keys, many conflicts. */
  static final List<String> NAMESPACES = List.of("t", "u");

  private static final int KEYS = 40;
  private static final int ATTEMPTS_MAX = 4;
  private static final int PAUSE_MILLIS_MAX = 60;
  private static final int FAILED_PAUSE_MILLIS = 50;

  /** After so many answers in a row that a node is behind a session ends. */
  private static final int PATIENCE = 3;

  /** Of a hundred requests, those from here on read. */
  private static final int READS_FROM = 70;

  /** So many of them read what is there now. */
  private static final int READS = 24;

  /** A session ends at one request in so many. */
  private static final int SESSION_REQUESTS = 200;

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
      boolean ifAbsent,
      BiFunction<Integer, Long, List<WriteResult>> call) {}

  /**
   * @param broken is told of an answer that breaks a promise
   */
  Clients(ProcessCluster cluster, ClientHistory history, Consumer<Throwable> broken) {
    this.cluster = cluster;
    this.history = history;
    this.broken = broken;
  }

  /**
   * @param homely clients with a favourite node and no token
   * @param wandering clients that carry the token of their session to any node
   */
  void start(long seed, int homely, int wandering) {
    for (int i = 0; i < homely + wandering; i++) {
      Client client = new Client(i, i >= homely, new SimEntropy(seed).split("client " + i));
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
    private final boolean wanders;
    private final Entropy dice;
    private final TokenCarrier carrier = new TokenCarrier(CausalToken.NONE);
    private int session = 1;
    private int behind;

    /** What a wandering client has heard of last; nothing at first. */
    private String latestNamespace = "";

    private String latestKey = "";
    private long lastMarker;

    Client(int number, boolean wanders, Entropy dice) {
      this.number = number;
      this.wanders = wanders;
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

    /**
     * A homely client strays now and then, a wandering one has no home; -1 when the node is not to
     * be asked.
     */
    private int node() {
      int size = cluster.size();
      int node = !wanders && dice.nextInt(4) > 0 ? number % size : dice.nextInt(size);
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
      if (wanders && dice.nextInt(SESSION_REQUESTS) == 0) beginSession();
      if (wanders && !latestKey.isEmpty() && dice.nextInt(2) == 0) {
        // Is it there too? Where something was lost or is late, this is who notices.
        return read(node, latestNamespace, latestKey, READS_FROM + dice.nextInt(READS));
      }
      String namespace = NAMESPACES.get(dice.nextInt(8) == 0 ? 1 : 0);
      // Skewed: the small numbers are the busy ones.
      String key = "k" + dice.nextInt(1 + dice.nextInt(KEYS));
      int kind = dice.nextInt(100);
      if (kind < 50) return write(node, put(namespace, key));
      if (kind < 57) return write(node, delete(namespace, key));
      if (kind < 64) return write(node, batch(namespace));
      if (kind < READS_FROM) return write(node, resolve(namespace, key));
      return read(node, namespace, key, kind);
    }

    private void beginSession() {
      carrier.forget();
      session++;
      behind = 0;
    }

    /** Whose token the requests of now carry; empty for those of a client without one. */
    private String session() {
      return wanders ? "session " + session + " of client-" + number : "";
    }

    private String place(int node) {
      return cluster.name(node) + "/" + disk(node);
    }

    /** The node could not answer yet, or did something else than that. */
    private void ended(boolean wasBehind) {
      behind = wasBehind ? behind + 1 : 0;
      if (behind == PATIENCE) beginSession();
    }

    private <T extends AbstractStub<T>> T within(long deadlineMillis, T stub) {
      T limited = stub.withDeadlineAfter(deadlineMillis, TimeUnit.MILLISECONDS);
      return wanders ? limited.withInterceptors(carrier) : limited;
    }

    private KvGrpc.KvBlockingStub kv(int node, long deadlineMillis) {
      return within(deadlineMillis, KvGrpc.newBlockingStub(cluster.channel(node)));
    }

    private VersionsGrpc.VersionsBlockingStub versions(int node, long deadlineMillis) {
      return within(deadlineMillis, VersionsGrpc.newBlockingStub(cluster.channel(node)));
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
          request.getIfAbsent(),
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
          false,
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
          false,
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
          false,
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
      return write(node, request, 1, System.nanoTime());
    }

    /**
     * @param firstNanos when it was asked for first: what is repeated may have been received since
     */
    private boolean write(int node, Request request, int attempt, long firstNanos) {
      long deadlineMillis = 1_000L + dice.nextInt(4_000);
      String place = place(node);
      String session = session();
      String how = "by " + request.markers + " at " + cluster.name(node);
      long askedNanos = System.nanoTime();
      try {
        List<WriteResult> results = request.call.apply(node, deadlineMillis);
        long answeredNanos = System.nanoTime();
        List<Digest> ids = new ArrayList<>();
        for (WriteResult result : results) {
          Digest id = Digest.fromHex(result.getId());
          ids.add(id);
          long sentNanos = result.getRepeatedWrite() ? firstNanos : askedNanos;
          history.acknowledged(node, levelOf(result), sentNanos, List.of(id), how);
          history.heard(
              "client-" + number, place, session, askedNanos, answeredNanos, saying(result, id));
          latestNamespace = result.getNamespace();
          latestKey = result.getKey();
        }
        if (request.ifAbsent) history.wroteIfAbsent(ids, cluster.name(node));
        ended(false);
        return true;
      } catch (StatusRuntimeException e) {
        Failure failure = Failure.of(e);
        ended(failure.behind());
        if (failure.refused() && attempt == 1) {
          history.refused(request.markers, failure.reason(), how);
        } else {
          history.unknown(request.markers, failure.reason());
        }
        if (!failure.refused()) retry(node, request, attempt, firstNanos);
        return false;
      }
    }

    private static Saying saying(WriteResult result, Digest id) {
      String path = result.getNamespace() + "/" + result.getKey();
      return Saying.written(path, id, result.getParentsCount(), result.getRepeatedWrite());
    }

    private void retry(int node, Request request, int attempt, long firstNanos) {
      if (request.requestId.isEmpty() || attempt == ATTEMPTS_MAX || stopping()) return;
      int other = dice.nextInt(2) == 0 ? node : dice.nextInt(cluster.size());
      if (avoided.contains(other)) return;
      history.retried(request.markers);
      var _ = at(other, () -> write(other, request, attempt + 1, firstNanos));
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
      String place = place(node);
      String session = session();
      String how = "of " + namespace + "/" + key + " at " + cluster.name(node);
      long askedNanos = System.nanoTime();
      try {
        List<Saying> sayings;
        if (kind < 85) {
          sayings = get(node, namespace, key, how);
        } else if (kind < READS_FROM + READS) {
          sayings = heads(node, namespace, key, how);
        } else {
          past(node, namespace, key, kind < 97, how);
          sayings = List.of();
        }
        long answeredNanos = System.nanoTime();
        for (Saying saying : sayings) {
          history.heard("client-" + number, place, session, askedNanos, answeredNanos, saying);
        }
        latestNamespace = namespace;
        latestKey = key;
        ended(false);
        return true;
      } catch (StatusRuntimeException e) {
        Failure failure = Failure.of(e);
        ended(failure.behind());
        history.readFailed(failure.reason());
        return false;
      }
    }

    /** The winner, or that there is none. */
    private List<Saying> get(int node, String namespace, String key, String how) {
      String path = namespace + "/" + key;
      GetRequest request = GetRequest.newBuilder().setNamespace(namespace).setKey(key).build();
      try {
        GetResponse answer = kv(node, 2_000L).get(request);
        Digest id = Digest.fromHex(answer.getVersion().getId());
        history.read(id, how);
        Saying.Kind kind = answer.getHeadCount() == 1 ? Saying.Kind.HEADS : Saying.Kind.VALUE;
        return List.of(new Saying(path, kind, List.of(id)));
      } catch (StatusRuntimeException e) {
        Failure failure = Failure.of(e);
        if (!failure.reason().equals("NOT_FOUND")) throw e;
        history.readFailed(failure.reason());
        return List.of(new Saying(path, Saying.Kind.ABSENT, List.of()));
      }
    }

    private List<Saying> heads(int node, String namespace, String key, String how) {
      List<Digest> ids = new ArrayList<>();
      for (Version head :
          versions(node, 2_000L)
              .listHeads(ListHeadsRequest.newBuilder().setNamespace(namespace).setKey(key).build())
              .getHeadsList()) {
        ids.add(Digest.fromHex(head.getId()));
      }
      for (Digest id : ids) history.read(id, how);
      return List.of(new Saying(namespace + "/" + key, Saying.Kind.HEADS, ids));
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
