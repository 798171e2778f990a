package io.kdelta.bench;

import java.nio.file.Path;
import java.util.Arrays;

/**
 * Bulk load, unsynced puts, size on disk, point reads, scan and a clean open: what one thread can
 * do with a store that fits into memory.
 */
final class LoadPhase {
  private static final int BATCH_ROWS = 1_000;
  private static final int REPEATS = 3;
  private static final int SINGLE_PUTS = 100_000;
  private static final int TURN_PUTS = 256;
  private static final long MISSING = 1L << 40;

  private final String name;
  private final Path directory;
  private final Sizes sizes;
  private final Dataset data = new Dataset();
  private final byte[] key = new byte[Dataset.KEY_BYTES];
  private final byte[] value = new byte[8192];
  private long touched;

  LoadPhase(String name, Path directory, Sizes sizes) {
    this.name = name;
    this.directory = directory;
    this.sizes = sizes;
  }

  void run() throws Exception {
    warmUp();
    Engine engine = Engine.named(name);
    engine.open(directory, Engine.Mode.UNSYNCED);
    load(engine);
    int rows = sizes.rows() + singlePuts(engine);
    engine.settle();
    Meter.figure("disk-bytes", (double) Meter.diskBytes(directory));
    Meter.figure("disk-table-bytes", (double) engine.tableBytes());
    Meter.figure("disk-logical-bytes", (double) rows * Dataset.ROW_BYTES);
    Meter.figure("runs", engine.runs());
    verify(engine, rows);
    gets(engine, "get-hit", 0);
    gets(engine, "get-miss", MISSING);
    scans(engine, rows);
    garbage(engine);
    reopen(engine);
    if (touched == Long.MIN_VALUE) Meter.note("touched " + touched);
  }

  /** Rows {@code [from, to)} in batches. */
  static void load(Engine engine, Dataset data, int from, int to, int batchRows) throws Exception {
    byte[][] keys = new byte[batchRows][Dataset.KEY_BYTES];
    byte[][] values = new byte[batchRows][Dataset.VALUE_BYTES];
    for (int at = from; at < to; at += batchRows) {
      int count = Math.min(batchRows, to - at);
      for (int i = 0; i < count; i++) {
        data.key(at + i, keys[i]);
        data.value(at + i, values[i]);
      }
      engine.put(keys, values, count);
    }
  }

  /** All that will be measured, on a store of its own, until it is compiled. */
  private void warmUp() throws Exception {
    Path aside = directory.resolveSibling(directory.getFileName() + "-warm");
    try (Engine engine = Engine.named(name)) {
      engine.open(aside, Engine.Mode.UNSYNCED);
      load(engine, data, 0, 100_000, BATCH_ROWS);
      load(engine, data, 100_000, 130_000, 1);
      for (int i = 0; i < 200_000; i++) touched += get(engine, i);
      touched += engine.scan(value);
      engine.settle();
      for (int i = 0; i < 100_000; i++) touched += get(engine, i);
    }
    Meter.wipe(aside);
    System.gc();
  }

  private void load(Engine engine) throws Exception {
    long cpu = Meter.cpuNanos();
    long start = System.nanoTime();
    load(engine, data, 0, sizes.rows(), BATCH_ROWS);
    long cpuSpent = Meter.cpuNanos() - cpu;
    engine.settle();
    Meter.figure("load-cpu", Meter.perSecond(sizes.rows(), cpuSpent));
    Meter.figure("load-settled", Meter.perSecond(sizes.rows(), System.nanoTime() - start));
  }

  private int singlePuts(Engine engine) throws Exception {
    int count = Math.min(sizes.rows() / 5, SINGLE_PUTS);
    byte[][] keys = new byte[1][Dataset.KEY_BYTES];
    byte[][] values = new byte[1][Dataset.VALUE_BYTES];
    long[] nanos = new long[count];
    for (int i = 0; i < count; i++) {
      data.key(sizes.rows() + i, keys[0]);
      data.value(sizes.rows() + i, values[0]);
      long start = System.nanoTime();
      engine.put(keys, values, 1);
      nanos[i] = System.nanoTime() - start;
    }
    Meter.figure("put-p999-us", Meter.quantile(nanos, count, 0.999) / 1e3);
    Meter.figure("put-max-us", nanos[count - 1] / 1e3);
    return count;
  }

  private void verify(Engine engine, int rows) throws Exception {
    byte[] expected = new byte[Dataset.VALUE_BYTES];
    for (int i = 0; i < rows; i += 97) {
      data.value(i, expected);
      int size = get(engine, i);
      if (size != expected.length || !Arrays.equals(value, 0, size, expected, 0, size)) {
        throw new IllegalStateException(name + " answers a wrong value for row " + i);
      }
    }
  }

  private void gets(Engine engine, String figure, long offset) throws Exception {
    int[] order = Dataset.uniform(sizes.rows(), sizes.reads(), 7);
    int expected = offset == 0 ? Dataset.VALUE_BYTES : -1;
    double[] rates = new double[REPEATS];
    for (int repeat = -1; repeat < REPEATS; repeat++) {
      long cpu = Meter.cpuNanos();
      for (int index : order) {
        if (get(engine, index + offset) != expected) {
          throw new IllegalStateException(figure + " of row " + index);
        }
        touched += value[20];
      }
      double rate = Meter.perSecond(order.length, Meter.cpuNanos() - cpu);
      if (repeat >= 0) rates[repeat] = rate;
    }
    Meter.figure(figure, Meter.median(rates));
  }

  private int get(Engine engine, long index) throws Exception {
    data.key(index, key);
    return engine.get(key, value);
  }

  private void scans(Engine engine, int rows) throws Exception {
    double[] rates = new double[REPEATS];
    for (int repeat = 0; repeat < REPEATS; repeat++) {
      long cpu = Meter.cpuNanos();
      long found = engine.scan(value);
      rates[repeat] = Meter.perSecond(found, Meter.cpuNanos() - cpu);
      if (found != rows) throw new IllegalStateException("scanned " + found + " of " + rows);
    }
    Meter.figure("scan", Meter.median(rates));
  }

  /**
   * Heap bytes of one get and of one put, on the thread that calls: for this store in whole turns,
   * the work of the log handed out and taken back, once its buffers have their size.
   */
  private void garbage(Engine engine) throws Exception {
    int[] order = Dataset.uniform(sizes.rows(), 50_000, 8);
    long before = Meter.allocatedBytes();
    for (int index : order) touched += get(engine, index);
    Meter.figure(
        "garbage-get", Math.rint((double) (Meter.allocatedBytes() - before) / order.length));
    byte[][] keys = new byte[1][Dataset.KEY_BYTES];
    byte[][] values = new byte[1][Dataset.VALUE_BYTES];
    int from = order.length / 2;
    before = 0;
    for (int i = 0; i < order.length; i++) {
      if (i == from) before = Meter.allocatedBytes();
      data.key(order[i], keys[0]);
      data.value(order[i], values[0]);
      if (engine instanceof KdeltaEngine kdelta) {
        kdelta.append(keys[0], values[0]);
        if (i % TURN_PUTS == 0) kdelta.turn();
      } else {
        engine.put(keys, values, 1);
      }
    }
    double made = Meter.allocatedBytes() - before;
    Meter.figure("garbage-put", Math.rint(made / (order.length - from)));
  }

  private void reopen(Engine engine) throws Exception {
    engine.settle();
    long start = System.nanoTime();
    engine.close();
    long closed = System.nanoTime();
    try (Engine again = Engine.named(name)) {
      again.open(directory, Engine.Mode.UNSYNCED);
      if (get(again, 5) != Dataset.VALUE_BYTES) throw new IllegalStateException("lost a row");
      Meter.figure("open-clean-ms", (System.nanoTime() - closed) / 1e6);
      Meter.figure("close-ms", (closed - start) / 1e6);
    }
  }
}
