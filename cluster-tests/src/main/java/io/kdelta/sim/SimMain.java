package io.kdelta.sim;

import java.io.IOException;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/**
 * The simulator's command line. Exits 1 when a seed or a scenario failed, with its story; what
 * failed is cut down and kept in the {@link Corpus}. The project's root is the folder it runs in,
 * or {@code -Dkdelta.root}.
 */
public final class SimMain {
  private static final String USAGE =
      """
      usage: SimMain --seed N                 one seed
                     --seeds FROM TO          these seeds, one line each
                     --batch FROM TO          these seeds, two at a time, with the rate
                     --couriers FROM TO       the same, with clients beside them that do nothing
                                              but carry tokens from node to node, and what
                                              came of their requests
                     --script FILE...         scenarios
                     --soak MINUTES FROM      two seeds at a time until the time is over;
                                              adds a line to cluster-tests/LEDGER.md\
      """;

  private static final int THREADS = 2;

  private SimMain() {}

  /** The command line; see the class. */
  public static void main(String[] arguments) throws IOException {
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    List<String> words = List.of(arguments);
    String verb = words.isEmpty() ? "" : words.getFirst();
    boolean kept =
        switch (verb + " " + Math.min(words.size(), 3)) {
          case "--seed 2" -> each(number(words, 1), number(words, 1), out);
          case "--seeds 3" -> each(number(words, 1), number(words, 2), out);
          case "--batch 3" -> batch(number(words, 1), number(words, 2), out);
          case "--couriers 3" -> couriers(number(words, 1), number(words, 2), out);
          case "--script 2", "--script 3" -> scripts(words.subList(1, words.size()), out);
          case "--soak 3" -> soak(number(words, 1), number(words, 2), out);
          default -> {
            out.println(USAGE);
            System.exit(2);
            yield false;
          }
        };
    if (!kept) System.exit(1);
  }

  private static long number(List<String> words, int index) {
    return Long.parseLong(words.get(index));
  }

  private static Path root() {
    return Path.of(System.getProperty("kdelta.root", "."));
  }

  private static boolean each(long from, long to, PrintStream out) {
    ThreadMXBean processor = ManagementFactory.getThreadMXBean();
    long before = processor.getCurrentThreadCpuTime();
    double hours = 0;
    long acknowledged = 0;
    long faults = 0;
    Guards guards = new Guards();
    for (long seed = from; seed <= to; seed++) {
      try {
        SimRun.Outcome outcome = SimRun.of(seed);
        guards.add(outcome);
        hours += outcome.simulatedNanos() / 3_600e9;
        acknowledged += outcome.acknowledged();
        faults += outcome.faults();
        out.println(outcome);
      } catch (SimRun.Failed failed) {
        new Campaign(new Corpus(root()), out, 1).investigate(seed, failed);
        return false;
      }
    }
    out.printf(
        Locale.ROOT,
        "%d seeds, %.2f simulated hours, %d acknowledged writes, %d faults;"
            + " %.2f cluster-hours per minute of a core's time%n",
        to - from + 1,
        hours,
        acknowledged,
        faults,
        hours * 60e9 / (processor.getCurrentThreadCpuTime() - before));
    out.print(guards.table());
    for (String flaw : guards.flaws()) out.println("note: " + flaw);
    return true;
  }

  private static boolean batch(long from, long to, PrintStream out) {
    return batch(new Campaign(new Corpus(root()), out, THREADS), from, to, out);
  }

  private static boolean couriers(long from, long to, PrintStream out) {
    Corpus corpus = new Corpus(root());
    return batch(new Campaign(corpus, out, THREADS, SimRun::withCouriers), from, to, out);
  }

  private static boolean batch(Campaign campaign, long from, long to, PrintStream out) {
    Campaign.Totals totals = campaign.run(from, seed -> seed <= to);
    out.println(totals);
    out.print(totals.guards().table());
    for (String flaw : totals.guards().flaws()) out.println("note: " + flaw);
    return totals.failures().isEmpty();
  }

  private static boolean scripts(List<String> files, PrintStream out) {
    boolean kept = true;
    for (String file : files) {
      try {
        out.println(file + ": " + SimRun.play(Corpus.read(Path.of(file))));
      } catch (SimRun.Failed failed) {
        out.println(file + ": " + failed.getMessage());
        if (failed.getCause() != null) failed.getCause().printStackTrace(out);
        kept = false;
      }
    }
    return kept;
  }

  private static boolean soak(long minutes, long from, PrintStream out) throws IOException {
    long deadline = System.nanoTime() + TimeUnit.MINUTES.toNanos(minutes);
    Campaign campaign = new Campaign(new Corpus(root()), out, THREADS);
    Campaign.Totals totals = campaign.run(from, seed -> System.nanoTime() < deadline);
    out.println(totals);
    String line =
        String.format(
            Locale.ROOT,
            "| %s | %s | %d to %d | %.2f h | %d | %d | %s |%n",
            Instant.now().truncatedTo(ChronoUnit.MINUTES),
            commit(),
            from,
            from + totals.seeds() - 1,
            totals.hours(),
            totals.faults(),
            totals.acknowledged(),
            totals.failures().isEmpty() ? "none" : String.join("; ", totals.failures()));
    Files.writeString(root().resolve("cluster-tests/LEDGER.md"), line, StandardOpenOption.APPEND);
    return totals.failures().isEmpty();
  }

  /** The first digits of the commit that is checked out. */
  private static String commit() throws IOException {
    Path git = root().resolve(".git");
    if (!Files.isDirectory(git)) return "unknown";
    String head = Files.readString(git.resolve("HEAD")).strip();
    if (head.startsWith("ref: ")) {
      Path named = git.resolve(head.substring(5));
      if (!Files.exists(named)) return head.substring(5);
      head = Files.readString(named).strip();
    }
    return head.substring(0, Math.min(10, head.length()));
  }

  /**
   * The first of the seeds in which an oracle sees something, as "seed oracle"; if none does, the
   * first in which the product itself threw, which says that something is wrong and not what; or an
   * empty text. Takes and answers only types of the JDK, so that it can be called across class
   * loaders.
   */
  public static String firstFailure(long from, long to) {
    String crash = "";
    for (long seed = from; seed <= to; seed++) {
      try {
        SimRun.of(seed);
      } catch (SimRun.Failed failed) {
        String failure = seed + " " + failed.oracle();
        if (failed.getCause() instanceof OracleFailure) return failure;
        if (crash.isEmpty()) crash = failure;
      }
    }
    return crash;
  }

  /**
   * What a scenario of that text breaks, or an empty text; across class loaders, as {@link
   * #firstFailure}.
   */
  public static String broken(String scenario) {
    try {
      SimRun.play(Script.parse("scenario", scenario));
      return "";
    } catch (SimRun.Failed failed) {
      return failed.oracle();
    }
  }

  /**
   * Cuts a failing seed down, within so many runs of it: the scenario that is left, after a line
   * "actions before, actions left, oracle". For other class loaders, as {@link #firstFailure}.
   */
  public static String shrunk(long seed, int runsMax) {
    try {
      SimRun.of(seed);
      return "";
    } catch (SimRun.Failed failed) {
      return shrunk(failed, runsMax);
    }
  }

  private static String shrunk(SimRun.Failed failed, int runsMax) {
    int[] left = {runsMax};
    Shrink.Failing least = Shrink.shrink(failed, () -> left[0]-- > 0);
    String text = Script.of(List.of(least.what()), least.setup(), least.steps()).format();
    return failed.steps().size() + " " + least.steps().size() + " " + failed.oracle() + "\n" + text;
  }

  /** As {@link #shrunk(long, int)}, for a run that a scenario tells. */
  public static String shrunk(String text, int runsMax) {
    try {
      SimRun.play(Script.parse("scenario", text));
      return "";
    } catch (SimRun.Failed failed) {
      return shrunk(failed, runsMax);
    }
  }

  /** The oracle that a scenario breaks; empty for none. For other class loaders. */
  public static String brokenBy(String text) {
    try {
      SimRun.play(Script.parse("scenario", text));
      return "";
    } catch (SimRun.Failed failed) {
      return failed.oracle();
    }
  }

  /**
   * Holds the simulator itself to account: runs the seeds, the first one twice, and answers what is
   * wrong with it as "seed name", or an empty text. Types as in {@link #firstFailure}.
   */
  public static String firstFlaw(long from, long to) {
    Guards guards = new Guards();
    for (long seed = from; seed <= to; seed++) {
      try {
        SimRun.Outcome outcome = SimRun.of(seed);
        guards.add(outcome);
        boolean again = seed == from;
        if (again && !SimRun.of(seed).trace().equals(outcome.trace())) return seed + " DETERMINISM";
      } catch (SimRun.Failed failed) {
        return seed + " " + failed.oracle();
      }
    }
    return guards.flaws().isEmpty() ? "" : to + " GUARD";
  }
}
