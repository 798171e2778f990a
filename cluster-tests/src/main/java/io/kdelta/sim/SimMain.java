package io.kdelta.sim;

import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/**
 * Runs seeds from the command line: {@code SimMain --seed N} or {@code SimMain --seeds FROM TO}.
 * Prints one line a seed and the totals; exits 1 at the first seed that fails, with its story.
 */
public final class SimMain {
  private static final double NANOS_A_HOUR = 3_600e9;

  private SimMain() {}

  /** The command line; see the class. */
  public static void main(String[] arguments) {
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    long from;
    long to;
    if (arguments.length == 2 && arguments[0].equals("--seed")) {
      from = Long.parseLong(arguments[1]);
      to = from;
    } else if (arguments.length == 3 && arguments[0].equals("--seeds")) {
      from = Long.parseLong(arguments[1]);
      to = Long.parseLong(arguments[2]);
    } else {
      out.println("usage: SimMain --seed N | --seeds FROM TO");
      System.exit(2);
      return;
    }
    String failure = run(from, to, out);
    if (!failure.isEmpty()) System.exit(1);
  }

  /** Runs the seeds and prints; answers the oracle that failed first, or nothing. */
  public static String run(long from, long to, PrintStream out) {
    double hours = 0;
    long acknowledged = 0;
    long faults = 0;
    for (long seed = from; seed <= to; seed++) {
      try {
        SimRun.Outcome outcome = SimRun.of(seed);
        hours += outcome.simulatedNanos() / NANOS_A_HOUR;
        acknowledged += outcome.acknowledged();
        faults += outcome.faults();
        out.println(outcome);
      } catch (SimRun.Failed failed) {
        out.println(failed.getMessage());
        Throwable cause = failed.getCause();
        if (cause != null) cause.printStackTrace(out);
        return failed.oracle();
      }
    }
    out.printf(
        Locale.ROOT,
        "%d seeds, %.2f simulated hours, %d acknowledged writes, %d faults%n",
        to - from + 1,
        hours,
        acknowledged,
        faults);
    return "";
  }

  /**
   * The first of the seeds that fails, as "seed oracle", or an empty text. Takes and answers only
   * types of the JDK, so that it can be called across class loaders.
   */
  public static String firstFailure(long from, long to) {
    for (long seed = from; seed <= to; seed++) {
      try {
        SimRun.of(seed);
      } catch (SimRun.Failed failed) {
        return seed + " " + failed.oracle();
      }
    }
    return "";
  }
}
