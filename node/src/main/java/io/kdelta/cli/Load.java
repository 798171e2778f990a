package io.kdelta.cli;

import com.google.protobuf.ByteString;
import io.grpc.ManagedChannel;
import io.grpc.stub.StreamObserver;
import io.kdelta.client.ServerChannels;
import io.kdelta.proto.v1.AckLevel;
import io.kdelta.proto.v1.GetRequest;
import io.kdelta.proto.v1.KvGrpc;
import io.kdelta.proto.v1.PutRequest;
import io.kdelta.tls.TlsFiles;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Clients in closed loops: each has one call on its way and starts the next when it is answered. No
 * thread waits for a call.
 */
final class Load {
  private static final String NAMESPACE = "bench";
  private static final int CLIENTS_PER_CHANNEL = 32;
  private static final long CALL_SECONDS_MAX = 10;
  private static final long SEED = 42;

  /**
   * What the clients do.
   *
   * @param clients calls at a time
   * @param keys different ones
   * @param getShare of all calls, from 0 to 1
   * @param documentBytes size of what is put
   * @param level that a put asks for
   */
  record Work(int clients, int keys, double getShare, int documentBytes, AckLevel level) {}

  /** What was measured. */
  record Result(Latencies gets, Latencies puts, double seconds, String firstFailure) {
    boolean failed() {
      return gets.errors() + puts.errors() > 0;
    }
  }

  private final List<ManagedChannel> channels = new ArrayList<>();
  private final Work work;
  private final AtomicReference<String> firstFailure = new AtomicReference<>("");

  Load(Servers servers, Optional<TlsFiles> tls, Work work) {
    this.work = work;
    int count = Math.ceilDiv(work.clients(), CLIENTS_PER_CHANNEL);
    for (int i = 0; i < count; i++) {
      channels.add(
          ServerChannels.open(servers.addresses().get(i % servers.addresses().size()), tls));
    }
  }

  /** Writes every key once, then runs for {@code time}. */
  Result run(Duration time) throws InterruptedException {
    try {
      List<Loop> filling = loops(Long.MAX_VALUE, 0);
      run(filling);
      if (filling.stream().anyMatch(loop -> loop.puts.errors > 0)) {
        return result(filling, 1);
      }
      long begun = System.nanoTime();
      List<Loop> measured = loops(begun + time.toNanos(), work.getShare());
      run(measured);
      return result(measured, (System.nanoTime() - begun) / 1e9);
    } finally {
      channels.forEach(ManagedChannel::shutdownNow);
    }
  }

  private List<Loop> loops(long endNanos, double share) {
    List<Loop> loops = new ArrayList<>();
    CountDownLatch finished = new CountDownLatch(work.clients());
    for (int i = 0; i < work.clients(); i++) loops.add(new Loop(i, endNanos, share, finished));
    return loops;
  }

  private static void run(List<Loop> loops) throws InterruptedException {
    for (Loop loop : loops) loop.next();
    for (Loop loop : loops) loop.finished.await();
  }

  private Result result(List<Loop> loops, double seconds) {
    Latencies gets = new Latencies();
    Latencies puts = new Latencies();
    for (Loop loop : loops) {
      gets.add(loop.gets);
      puts.add(loop.puts);
    }
    return new Result(gets, puts, seconds, firstFailure.get());
  }

  /** One client. Its calls follow each other, so one thread at a time touches it. */
  private final class Loop {
    private final int index;
    private final long endNanos;
    private final double share;
    private final CountDownLatch finished;
    private final SplittableRandom random;
    private final KvGrpc.KvStub kv;
    private final Latencies gets = new Latencies();
    private final Latencies puts = new Latencies();

    /** Next key to fill; while filling there is no end but the last key. */
    private int fill;

    Loop(int index, long endNanos, double share, CountDownLatch finished) {
      this.index = index;
      this.endNanos = endNanos;
      this.share = share;
      this.finished = finished;
      this.random = new SplittableRandom(SEED + index);
      this.kv = KvGrpc.newStub(channels.get(index % channels.size()));
      this.fill = index;
    }

    void next() {
      boolean filling = endNanos == Long.MAX_VALUE;
      boolean over = filling ? fill >= work.keys() : System.nanoTime() >= endNanos;
      if (over) {
        finished.countDown();
        return;
      }
      int number = filling ? fill : random.nextInt(work.keys());
      fill += work.clients();
      String key = "key-" + number;
      KvGrpc.KvStub call = kv.withDeadlineAfter(CALL_SECONDS_MAX, TimeUnit.SECONDS);
      long begun = System.nanoTime();
      if (random.nextDouble() < share) {
        GetRequest request = GetRequest.newBuilder().setNamespace(NAMESPACE).setKey(key).build();
        call.get(request, observer(gets, begun));
      } else {
        PutRequest request =
            PutRequest.newBuilder()
                .setNamespace(NAMESPACE)
                .setKey(key)
                .setValue(document(number))
                .setAck(work.level())
                .build();
        call.put(request, observer(puts, begun));
      }
    }

    private <T> StreamObserver<T> observer(Latencies latencies, long begun) {
      return new StreamObserver<>() {
        @Override
        public void onNext(T value) {}

        @Override
        public void onError(Throwable failure) {
          latencies.errors++;
          firstFailure.compareAndSet("", String.valueOf(failure.getMessage()));
          // A client whose calls fail stops: the numbers are worth nothing any more.
          finished.countDown();
        }

        @Override
        public void onCompleted() {
          latencies.add(System.nanoTime() - begun);
          Loop.this.next();
        }
      };
    }

    private ByteString document(int number) {
      String head =
          String.format(
              Locale.ROOT,
              "{\"client\":%d,\"number\":%d,\"salt\":%d,\"text\":\"",
              index,
              number,
              random.nextInt(1_000_000));
      int fillSize = work.documentBytes() - head.length() - 2;
      return ByteString.copyFromUtf8(head + "x".repeat(Math.max(0, fillSize)) + "\"}");
    }
  }

  /** Durations of calls. One thread at a time. */
  static final class Latencies {
    private long[] nanos = new long[1_024];
    private int count;
    private long errors;

    void add(long duration) {
      if (count == nanos.length) nanos = Arrays.copyOf(nanos, count * 2);
      nanos[count++] = duration;
    }

    void add(Latencies others) {
      for (int i = 0; i < others.count; i++) add(others.nanos[i]);
      errors += others.errors;
    }

    static Latencies merged(Latencies a, Latencies b) {
      Latencies merged = new Latencies();
      merged.add(a);
      merged.add(b);
      return merged;
    }

    int count() {
      return count;
    }

    long errors() {
      return errors;
    }

    /** Milliseconds, to the microsecond, that this share of the calls took at most. */
    double millis(double share) {
      if (count == 0) return 0;
      long[] sorted = Arrays.copyOf(nanos, count);
      Arrays.sort(sorted);
      int index = Math.min(count - 1, (int) Math.ceil(share * count) - 1);
      return Math.round(sorted[Math.max(0, index)] / 1e3) / 1e3;
    }
  }
}
