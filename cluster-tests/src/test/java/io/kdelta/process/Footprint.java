package io.kdelta.process;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;

/** What a process has used of the machine so far. */
record Footprint(double cpuSeconds, long residentMegabytes) {
  private static final int KILO = 1_024;

  /** Of the process of that id; zeros where the system does not tell. */
  static Footprint of(long pid) {
    double seconds =
        ProcessHandle.of(pid)
                .flatMap(process -> process.info().totalCpuDuration())
                .orElse(Duration.ZERO)
                .toNanos()
            / 1e9;
    return new Footprint(seconds, resident(pid));
  }

  /** The most memory that was ever resident. */
  private static long resident(long pid) {
    try {
      for (String line : Files.readAllLines(Path.of("/proc/" + pid + "/status"))) {
        if (line.startsWith("VmHWM:")) {
          return Long.parseLong(line.replaceAll("[^0-9]", "")) / KILO;
        }
      }
    } catch (IOException elsewhere) {
      return 0;
    }
    return 0;
  }

  @Override
  public String toString() {
    return String.format(Locale.ROOT, "%.1f s of CPU, %d MB", cpuSeconds, residentMegabytes);
  }
}
