package io.kdelta.bench;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Overwrites of random rows in turns of {@value #TURN_PUTS} puts, as a busy core takes them: how
 * much is written, how much room it takes, and how long the core is away from its clients.
 */
final class OverwritePhase {
  private static final int TURN_PUTS = 256;
  private static final int LISTED = 8;
  private static final long LONG_NANOS = 1_000_000;
  private static final int SAMPLE_TURNS = 400;

  private final String name;
  private final Path directory;
  private final Sizes sizes;
  private final Dataset data = new Dataset();
  private final byte[][] keys = new byte[1][Dataset.KEY_BYTES];
  private final byte[][] values = new byte[1][Dataset.VALUE_BYTES];
  private final List<LongTurn> longTurns = new ArrayList<>();
  private long[] nanos = new long[1 << 15];
  private int turns;
  private long waits;

  OverwritePhase(String name, Path directory, Sizes sizes) {
    this.name = name;
    this.directory = directory;
    this.sizes = sizes;
  }

  /** A turn that took longer than a millisecond, and what happened in it. */
  private record LongTurn(int turn, long nanos, long cpuNanos, String happened) {
    String cause() {
      String away = cpuNanos < nanos / 2 ? "the thread was off the core, " : "";
      return String.format(
          Locale.ROOT,
          "turn %d: %.2f ms, on the core %.2f ms: %s%s",
          turn,
          nanos / 1e6,
          cpuNanos / 1e6,
          away,
          happened);
    }
  }

  void run() throws Exception {
    try (Engine engine = Engine.named(name)) {
      engine.open(directory, Engine.Mode.UNSYNCED);
      LoadPhase.load(engine, data, 0, sizes.rows(), 1_000);
      engine.settle();
      long before = engine.bytesWritten();
      long start = System.nanoTime();
      double space = overwrite(engine);
      double seconds = (System.nanoTime() - start) / 1e9;
      engine.settle();
      double logical = (double) sizes.overwrites() * Dataset.ROW_BYTES;
      Meter.figure("overwrite-amplification", (engine.bytesWritten() - before) / logical);
      Meter.figure("overwrite-space", space / ((double) sizes.rows() * Dataset.ROW_BYTES));
      Meter.figure("overwrite-rate", sizes.overwrites() / seconds);
      Meter.figure("turn-p9999-ms", Meter.quantile(nanos, turns, 0.9999) / 1e6);
      Meter.figure("turn-p50-us", nanos[turns / 2] / 1e3);
      Meter.figure("turn-max-ms", nanos[turns - 1] / 1e6);
      longTurns.sort(Comparator.comparingLong(LongTurn::nanos).reversed());
      Meter.note(
          longTurns.size() + " turns over 1 ms of " + turns + "; " + waits + " waits for room");
      for (LongTurn turn : longTurns.subList(0, Math.min(LISTED, longTurns.size()))) {
        Meter.note(turn.cause());
      }
    }
  }

  /** Overwrites and answers the bytes of all tables, on average. */
  private double overwrite(Engine engine) throws Exception {
    int[] order = Dataset.uniform(sizes.rows(), sizes.overwrites(), 9);
    double tableBytes = 0;
    int samples = 0;
    for (int done = 0; done < order.length; turns++) {
      if (turns == nanos.length) nanos = Arrays.copyOf(nanos, 2 * turns);
      int count = Math.min(TURN_PUTS, order.length - done);
      int taken = timedTurn(engine, order, done, count);
      done += taken;
      if (taken < count && engine instanceof KdeltaEngine kdelta) {
        waits++;
        kdelta.awaitRoom();
      }
      if (turns % SAMPLE_TURNS == 0) {
        tableBytes += engine.tableBytes();
        samples++;
      }
    }
    return tableBytes / samples;
  }

  private int timedTurn(Engine engine, int[] order, int from, int count) throws Exception {
    KdeltaEngine.@Nullable State before = state(engine);
    long collections = Meter.collections();
    long cpu = Meter.cpuNanos();
    long start = System.nanoTime();
    int taken = turn(engine, order, from, count);
    nanos[turns] = System.nanoTime() - start;
    if (nanos[turns] >= LONG_NANOS) {
      long spent = Meter.cpuNanos() - cpu;
      String collected = Meter.collections() > collections ? "garbage was collected, " : "";
      longTurns.add(
          new LongTurn(turns, nanos[turns], spent, collected + happened(before, state(engine))));
    }
    return taken;
  }

  /** Puts until the store has no room; then the turn ends, as a core would refuse the client. */
  private int turn(Engine engine, int[] order, int from, int count) throws Exception {
    int taken = 0;
    for (boolean room = true; room && taken < count; ) {
      int index = order[from + taken];
      data.key(index, keys[0]);
      data.value(index + (long) from, values[0]);
      if (engine instanceof KdeltaEngine kdelta) room = kdelta.offer(keys[0], values[0]);
      else engine.put(keys, values, 1);
      if (room) taken++;
    }
    if (engine instanceof KdeltaEngine kdelta) kdelta.turn();
    return taken;
  }

  private static KdeltaEngine.@Nullable State state(Engine engine) {
    return engine instanceof KdeltaEngine kdelta ? kdelta.state() : null;
  }

  private static String happened(
      KdeltaEngine.@Nullable State before, KdeltaEngine.@Nullable State after) {
    if (before == null || after == null) return "within the engine";
    return after.equals(before) ? "puts only" : "from " + before + " to " + after;
  }
}
