package io.kdelta.bench;

import java.util.Arrays;

/**
 * How long operations took.
 *
 * @param perSecond operations a second of wall time
 * @param perCpuSecond operations a second that the measuring thread was on a core; 0: not measured
 * @param p50 nanoseconds of an operation
 * @param p99 nanoseconds of an operation
 * @param allocatedBytes of heap by the measuring thread, for an operation
 */
record Timing(double perSecond, double perCpuSecond, double p50, double p99, long allocatedBytes) {
  /** Compilers need that many runs before they are done. */
  static final int WARM = 4;

  /** A step of a measurement: the operations from {@code first} on, as many as a step has. */
  @FunctionalInterface
  interface Step {
    void run(int first);
  }

  /** What is done between two steps and not measured. */
  @FunctionalInterface
  interface Pause {
    void run();
  }

  /** Runs {@link #of(int, int, Step, Pause)} with nothing to be done between the steps. */
  static Timing of(int steps, int operations, Step step) {
    return of(steps, operations, step, () -> {});
  }

  /**
   * Measures {@code steps} steps of {@code operations} each, behind {@value #WARM} times as many
   * that only warm up. Times are those of an operation's share of its step.
   */
  static Timing of(int steps, int operations, Step step, Pause pause) {
    long[] nanos = new long[steps];
    long allocated = 0;
    long cpu = 0;
    for (int i = -WARM * steps; i < steps; i++) {
      if (i == 0) {
        allocated = 0;
        cpu = 0;
      }
      long heap = Meter.allocatedBytes();
      long onCore = Meter.cpuNanos();
      long start = System.nanoTime();
      step.run((i + WARM * steps) * operations);
      long end = System.nanoTime();
      cpu += Meter.cpuNanos() - onCore;
      allocated += Meter.allocatedBytes() - heap;
      if (i >= 0) nanos[i] = end - start;
      pause.run();
    }
    long count = (long) steps * operations;
    return of(nanos, operations, Meter.perSecond(count, cpu), allocated / count);
  }

  /** Of steps that took so long, each of so many operations. */
  static Timing of(long[] nanos, int operations, double perCpuSecond, long allocatedBytes) {
    long total = 0;
    for (long one : nanos) total += one;
    long[] sorted = nanos.clone();
    Arrays.sort(sorted);
    return new Timing(
        Meter.perSecond((long) nanos.length * operations, total),
        perCpuSecond,
        (double) sorted[sorted.length / 2] / operations,
        (double) sorted[(int) (sorted.length * 0.99)] / operations,
        allocatedBytes);
  }
}
