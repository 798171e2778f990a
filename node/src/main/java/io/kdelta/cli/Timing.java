package io.kdelta.cli;

import java.util.Arrays;
import java.util.Locale;

/** How long the last commands took. One thread. */
final class Timing {
  private static final int KEPT = 1_000;

  private final long[] nanos = new long[KEPT];
  private int count;
  private boolean on;

  boolean on() {
    return on;
  }

  /** Turning it on begins anew. */
  void turn(boolean to) {
    if (to && !on) count = 0;
    on = to;
  }

  void add(long took) {
    nanos[count++ % KEPT] = took;
  }

  /** Median and 99th percentile of those since it was turned on, the last thousand at most. */
  String summary() {
    int known = Math.min(count, KEPT);
    if (known == 0) return "timing is " + (on ? "on" : "off") + "; timing on tells of each command";
    long[] sorted = Arrays.copyOf(nanos, known);
    Arrays.sort(sorted);
    return String.format(
        Locale.ROOT,
        "%d commands: p50 %s, p99 %s",
        known,
        text(sorted[rank(known, 50)]),
        text(sorted[rank(known, 99)]));
  }

  /** The nearest rank: the first index that so many percent of {@code known} stand at or below. */
  private static int rank(int known, int percent) {
    return Math.ceilDiv(known * percent, 100) - 1;
  }

  static String text(long nanos) {
    return nanos < 1_000_000_000
        ? String.format(Locale.ROOT, "%.2f ms", nanos / 1e6)
        : String.format(Locale.ROOT, "%.2f s", nanos / 1e9);
  }
}
