package io.kdelta.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;

/**
 * Puts that are acknowledged when they are durable: one client, and {@value #CLIENTS} in flight.
 *
 * <p>Sixty-four in flight means for each engine what serves it best: here an event loop that puts
 * the next row of every client whose last one became durable; RocksDB with a thread for each
 * client, which lets it share its syncs; LMDB and MVStore, which share none, with a thread for each
 * client and one that commits for all. "Loop" is the peers' own upper bound: one thread that
 * commits {@value #CLIENTS} rows at a time, if their user writes an event loop round them.
 *
 * <p>How many syncs a second the disk makes changes from one second to the next, so what it could
 * have made is measured in turns with the puts of one client, and before and behind the others:
 * "of-sync" is puts for each sync of the same moment.
 */
final class DurablePhase {
  static final int CLIENTS = 64;
  private static final double WARM_SECONDS = 0.7;
  private static final double SLICE_SECONDS = 0.1;
  private static final int SLICES_MIN = 5;
  private static final int LOADED = 20_000;

  private final String name;
  private final Path directory;
  private final Sizes sizes;
  private final Dataset data = new Dataset();
  private final AtomicLong next = new AtomicLong(LOADED);

  DurablePhase(String name, Path directory, Sizes sizes) {
    this.name = name;
    this.directory = directory;
    this.sizes = sizes;
  }

  void run() throws Exception {
    try (Engine engine = Engine.named(name);
        ZeroedSegment syncs = new ZeroedSegment(directory.resolveSibling("syncs"))) {
      engine.open(directory, Engine.Mode.DURABLE);
      LoadPhase.load(engine, data, 0, LOADED, 1_000);
      commits(engine, 1, WARM_SECONDS);
      oneClient(engine, syncs);
      if (engine instanceof KdeltaEngine kdelta) {
        inFlight(kdelta, WARM_SECONDS);
        double before = syncs.syncsFor(SLICE_SECONDS);
        double rate = inFlight(kdelta, sizes.seconds());
        Meter.figure("durable-64", rate);
        Meter.figure("durable-64-of-sync", ofSync(rate, before, syncs));
        Meter.figure("durable-64-loop", rate);
      } else {
        threads(engine, WARM_SECONDS);
        double before = syncs.syncsFor(SLICE_SECONDS);
        double rate = threads(engine, sizes.seconds());
        Meter.figure("durable-64", rate);
        Meter.figure("durable-64-of-sync", ofSync(rate, before, syncs));
        commits(engine, CLIENTS, WARM_SECONDS);
        Meter.figure("durable-64-loop", commits(engine, CLIENTS, sizes.seconds()));
      }
    }
  }

  /** Slices of puts, each between two slices of bare syncs; the medians over them. */
  private void oneClient(Engine engine, ZeroedSegment syncs) throws Exception {
    int slices = Math.max(SLICES_MIN, (int) (sizes.seconds() / SLICE_SECONDS));
    double[] rates = new double[slices];
    double[] ofSync = new double[slices];
    double before = syncs.syncsFor(SLICE_SECONDS);
    for (int i = 0; i < slices; i++) {
      rates[i] = commits(engine, 1, SLICE_SECONDS);
      double behind = syncs.syncsFor(SLICE_SECONDS);
      ofSync[i] = 2 * rates[i] / (before + behind);
      before = behind;
    }
    Meter.figure("durable-1", Meter.median(rates));
    Meter.figure("durable-1-of-sync", Meter.median(ofSync));
  }

  private static double ofSync(double rate, double before, ZeroedSegment syncs) throws IOException {
    return 2 * rate / (before + syncs.syncsFor(SLICE_SECONDS));
  }

  /** One thread, so many rows a commit; rows per second. */
  private double commits(Engine engine, int rows, double seconds) throws Exception {
    byte[][] keys = new byte[rows][Dataset.KEY_BYTES];
    byte[][] values = new byte[rows][Dataset.VALUE_BYTES];
    long start = System.nanoTime();
    long end = start + (long) (seconds * 1e9);
    long count = 0;
    while (System.nanoTime() < end) {
      for (int i = 0; i < rows; i++) fill(keys[i], values[i]);
      engine.put(keys, values, rows);
      count += rows;
    }
    return Meter.perSecond(count, System.nanoTime() - start);
  }

  /** The event loop of a core: rows per second that became durable. */
  private double inFlight(KdeltaEngine engine, double seconds) throws Exception {
    byte[] key = new byte[Dataset.KEY_BYTES];
    byte[] value = new byte[Dataset.VALUE_BYTES];
    long[] waitsFor = new long[CLIENTS];
    long start = System.nanoTime();
    long end = start + (long) (seconds * 1e9);
    long count = 0;
    while (System.nanoTime() < end) {
      for (int client = 0; client < CLIENTS; client++) {
        if (!engine.isDurable(waitsFor[client])) continue;
        if (waitsFor[client] > 0) count++;
        fill(key, value);
        waitsFor[client] = engine.append(key, value);
      }
      engine.turn();
      engine.await();
      engine.turn();
    }
    long spent = System.nanoTime() - start;
    engine.sync();
    return Meter.perSecond(count, spent);
  }

  /** A thread for each client, with the engine's own group commit or one of ours round it. */
  private double threads(Engine engine, double seconds) throws Exception {
    LongAdder count = new LongAdder();
    LongAdder failures = new LongAdder();
    Committer committer = engine.sharesSyncs() ? null : new Committer(engine);
    Thread committing = committer == null ? null : Thread.ofPlatform().start(committer);
    if (committer != null && committing != null) committer.thread = committing;
    long start = System.nanoTime();
    long end = start + (long) (seconds * 1e9);
    Thread[] clients = new Thread[CLIENTS];
    for (int i = 0; i < CLIENTS; i++) {
      clients[i] =
          Thread.ofPlatform()
              .start(() -> {
                Request request = new Request();
                byte[][] keys = {request.key};
                byte[][] values = {request.value};
                try {
                  while (System.nanoTime() < end) {
                    fill(request.key, request.value);
                    if (committer == null) engine.put(keys, values, 1);
                    else committer.put(request);
                    count.increment();
                  }
                } catch (Exception e) {
                  failures.increment();
                }
              });
    }
    for (Thread client : clients) client.join();
    long spent = System.nanoTime() - start;
    if (committer != null && committing != null) {
      committer.stopped = true;
      LockSupport.unpark(committing);
      committing.join();
    }
    if (failures.sum() > 0) throw new IllegalStateException(failures.sum() + " clients failed");
    return Meter.perSecond(count.sum(), spent);
  }

  private void fill(byte[] key, byte[] value) {
    long index = next.getAndIncrement();
    data.key(index, key);
    data.value(index, value);
  }

  /** What a client waits for. */
  private static final class Request {
    private final byte[] key = new byte[Dataset.KEY_BYTES];
    private final byte[] value = new byte[Dataset.VALUE_BYTES];
    private final Thread client = Thread.currentThread();
    private volatile boolean done;
  }

  /** The group commit a user writes round an engine that has none. */
  private static final class Committer implements Runnable {
    private final ConcurrentLinkedQueue<Request> requests = new ConcurrentLinkedQueue<>();
    private final Engine engine;
    private volatile boolean stopped;
    private volatile Thread thread = Thread.currentThread();

    private Committer(Engine engine) {
      this.engine = engine;
    }

    void put(Request request) {
      request.done = false;
      requests.add(request);
      LockSupport.unpark(thread);
      while (!request.done) LockSupport.park(this);
    }

    @Override
    public void run() {
      byte[][] keys = new byte[CLIENTS][];
      byte[][] values = new byte[CLIENTS][];
      Request[] group = new Request[CLIENTS];
      while (!stopped) {
        int count = 0;
        while (count < CLIENTS && (group[count] = requests.poll()) != null) {
          keys[count] = group[count].key;
          values[count] = group[count].value;
          count++;
        }
        if (count == 0) {
          LockSupport.parkNanos(this, 20_000_000);
          continue;
        }
        try {
          engine.put(keys, values, count);
        } catch (Exception e) {
          throw new IllegalStateException(e);
        }
        for (int i = 0; i < count; i++) {
          group[i].done = true;
          LockSupport.unpark(group[i].client);
        }
      }
    }
  }
}
