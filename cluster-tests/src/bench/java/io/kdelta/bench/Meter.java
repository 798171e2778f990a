package io.kdelta.bench;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/**
 * Clocks and counters of one process, and how a child process tells its parent what it measured.
 *
 * <p>A rate "per CPU second" divides by the time the calling thread was on a core, so that other
 * work on the machine does not count against an engine.
 */
final class Meter {
  /** What a line starts with that carries a figure: name and value follow. */
  static final String FIGURE = "figure ";

  /** What a line starts with that explains a figure. */
  static final String NOTE = "note ";

  /** What a child prints when it waits to be killed. */
  static final String READY = "ready";

  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
  private static final List<GarbageCollectorMXBean> COLLECTORS =
      ManagementFactory.getGarbageCollectorMXBeans();

  private Meter() {}

  /** Nanoseconds the calling thread was on a core. */
  static long cpuNanos() {
    return THREADS.getCurrentThreadCpuTime();
  }

  /** Heap bytes the calling thread has allocated. */
  static long allocatedBytes() {
    return THREADS.getCurrentThreadAllocatedBytes();
  }

  static long collections() {
    long count = 0;
    for (GarbageCollectorMXBean collector : COLLECTORS) count += collector.getCollectionCount();
    return count;
  }

  static void figure(String name, double value) {
    System.out.println(FIGURE + name + " " + value);
  }

  static void note(String text) {
    System.out.println(NOTE + text);
  }

  static double perSecond(long count, long nanos) {
    return count * 1e9 / Math.max(1, nanos);
  }

  /** The value below which that share of the first {@code count} lies; sorts them. */
  static double quantile(long[] values, int count, double share) {
    Arrays.sort(values, 0, count);
    return values[Math.min(count - 1, (int) (count * share))];
  }

  static double median(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    int middle = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }

  /** The load average of the last minute, or "unknown". */
  static String load() {
    double load = ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage();
    return load < 0 ? "unknown" : String.format(Locale.ROOT, "%.2f", load);
  }

  /** Bytes the files below take on the disk; sparse and preallocated-only parts do not count. */
  static long diskBytes(Path directory) throws IOException, InterruptedException {
    Process du = new ProcessBuilder("du", "-s", "--block-size=1", directory.toString()).start();
    String said =
        new String(du.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
    if (du.waitFor() != 0) throw new IOException("du failed on " + directory);
    return Long.parseLong(said.substring(0, said.indexOf('\t')));
  }

  /** Removes a directory and all below it, if it is there. */
  static void wipe(Path directory) throws IOException {
    if (!Files.exists(directory)) return;
    try (Stream<Path> below = Files.walk(directory)) {
      for (Path path : below.sorted(Comparator.reverseOrder()).toList()) Files.delete(path);
    }
  }
}
