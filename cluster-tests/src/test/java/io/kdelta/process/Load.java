package io.kdelta.process;

import com.google.protobuf.ByteString;
import io.kdelta.client.ClientSettings;
import io.kdelta.client.KdeltaClient;
import io.kdelta.error.KdeltaException;
import io.kdelta.proto.v1.AckLevel;
import io.kdelta.proto.v1.PutRequest;
import io.kdelta.proto.v1.WriteResult;
import io.kdelta.reconciliation.Digest;
import io.kdelta.sim.OracleFailure;
import io.kdelta.sim.RawGraph;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Clients that write and read without end through the project's own client, as a program does: a
 * client each, which knows all servers and begins at another one than its neighbour, and a thread
 * each. Remembers what was acknowledged, how long each answer took, and holds what is read against
 * what was written: every client has keys of its own, so with its token it reads its last write,
 * whatever server answers. Thread-safe.
 */
final class Load implements AutoCloseable {
  private static final int KEYS = 16;
  private static final int TEXT_BYTES = 100;
  private static final long NANOS_A_MILLI = 1_000_000;

  private final List<String> servers;
  private final int readsFor;
  private final String name;
  private final CountDownLatch stopped = new CountDownLatch(1);
  private final List<Thread> threads = new ArrayList<>();
  private final List<Answered> answered = Collections.synchronizedList(new ArrayList<>());
  private final List<String> broken = Collections.synchronizedList(new ArrayList<>());
  private final Map<String, Integer> outcomes = Collections.synchronizedMap(new TreeMap<>());

  /** An answer to a write that was stored as its level asks for. */
  private record Answered(Digest id, AckLevel level, long askedNanos, long nanos) {}

  /**
   * @param name begins all keys, so that two loads never write one key
   * @param readsFor reads of a client for each of its writes
   */
  Load(String name, List<String> servers, int readsFor) {
    this.name = name;
    this.servers = List.copyOf(servers);
    this.readsFor = readsFor;
  }

  /** So many more clients that write at that level. */
  void start(AckLevel level, int clients) {
    for (int i = 0; i < clients; i++) {
      List<String> mine = new ArrayList<>(servers);
      Collections.rotate(mine, -threads.size());
      String prefix = name + "-" + threads.size();
      threads.add(Thread.ofPlatform().name(prefix).start(() -> run(prefix, mine, level)));
    }
  }

  private void run(String prefix, List<String> mine, AckLevel level) {
    try (KdeltaClient client = KdeltaClient.connect(ClientSettings.of(mine))) {
      for (int number = 0; stopped.getCount() > 0; number++) {
        String key = prefix + "-" + number % KEYS;
        String document = document(number);
        if (write(client, level, key, document)) read(client, key, document);
      }
    } catch (RuntimeException | AssertionError e) {
      broken.add(prefix + ": " + e);
    }
  }

  /** Whether it was acknowledged. */
  private boolean write(KdeltaClient client, AckLevel level, String key, String document) {
    PutRequest request =
        PutRequest.newBuilder()
            .setNamespace("load")
            .setKey(key)
            .setValue(ByteString.copyFromUtf8(document))
            .setAck(level)
            .build();
    long asked = System.nanoTime();
    try {
      WriteResult result = client.put(request);
      long took = System.nanoTime() - asked;
      if (result.getAck() != level) broken.add(key + " asked for " + level + ", got " + result);
      answered.add(new Answered(Digest.fromHex(result.getId()), level, asked, took));
      outcomes.merge("acknowledged", 1, Integer::sum);
      return true;
    } catch (KdeltaException e) {
      outcomes.merge(e.getClass().getSimpleName(), 1, Integer::sum);
      return false;
    }
  }

  private void read(KdeltaClient client, String key, String document) {
    for (int i = 0; i < readsFor; i++) {
      try {
        String read = client.get("load", key);
        outcomes.merge("read", 1, Integer::sum);
        if (!read.equals(document)) {
          broken.add("O5: " + key + " was written as " + document + " and is read as " + read);
        }
      } catch (KdeltaException e) {
        outcomes.merge("read: " + e.getClass().getSimpleName(), 1, Integer::sum);
      }
    }
  }

  private static String document(int number) {
    return "{\"n\":" + number + ",\"text\":\"" + "x".repeat(TEXT_BYTES) + "\"}";
  }

  /** Answers when all that was asked has its outcome. Fails with what the clients have found. */
  void stop() throws InterruptedException {
    stopped.countDown();
    for (Thread thread : threads) {
      thread.join(TimeUnit.MINUTES.toMillis(2));
      if (thread.isAlive()) throw new AssertionError(thread.getName() + " hears nothing any more");
    }
    if (!broken.isEmpty()) throw new AssertionError(String.join("\n", broken));
  }

  long acknowledged() {
    return answered.size();
  }

  /** What came of the requests, counted. */
  Map<String, Integer> outcomes() {
    synchronized (outcomes) {
      return new TreeMap<>(outcomes);
    }
  }

  /** O1: whoever holds less than what was acknowledged has lost something. */
  void audit(String who, RawGraph graph) {
    for (Answered one : List.copyOf(answered)) {
      if (graph.contains(one.id)) continue;
      throw new OracleFailure("O1", who + " lacks " + one.id + ", acknowledged at " + one.level);
    }
  }

  /** Every so many-th of what was acknowledged. */
  List<Digest> sample(int every) {
    List<Answered> all = List.copyOf(answered);
    List<Digest> some = new ArrayList<>();
    for (int i = 0; i < all.size(); i += every) some.add(all.get(i).id);
    return some;
  }

  /** The longest that a client waited for an answer to what was open then or came later. */
  Map<AckLevel, Long> slowestMillis(long sinceNanos) {
    EnumMap<AckLevel, Long> slowest = new EnumMap<>(AckLevel.class);
    for (Answered one : List.copyOf(answered)) {
      if (one.askedNanos + one.nanos - sinceNanos < 0) continue;
      slowest.merge(one.level, one.nanos / NANOS_A_MILLI, Math::max);
    }
    return slowest;
  }

  /** The same of what was answered before. */
  Map<AckLevel, Long> slowestMillisBefore(long untilNanos) {
    EnumMap<AckLevel, Long> slowest = new EnumMap<>(AckLevel.class);
    for (Answered one : List.copyOf(answered)) {
      if (one.askedNanos + one.nanos - untilNanos >= 0) continue;
      slowest.merge(one.level, one.nanos / NANOS_A_MILLI, Math::max);
    }
    return slowest;
  }

  @Override
  public void close() {
    stopped.countDown();
  }
}
