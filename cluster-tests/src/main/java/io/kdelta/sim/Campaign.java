package io.kdelta.sim;

import java.io.PrintStream;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.LongFunction;
import java.util.function.LongPredicate;
import org.jspecify.annotations.Nullable;

/**
 * Many seeds, one on each thread, told in order; what fails is cut down and kept in the {@link
 * Corpus}. A tool's edge to the world: seeds share nothing, so threads change no run.
 */
final class Campaign {
  private static final double NANOS_A_HOUR = 3_600e9;
  private static final double NANOS_A_MINUTE = 60e9;
  private static final long SHRINK_NANOS = TimeUnit.SECONDS.toNanos(120);
  private static final int FAILURES_MAX = 10;

  /**
   * What all seeds did together.
   *
   * @param failures one line for each seed that failed
   * @param guards what all that kept every promise did together
   * @param hours simulated
   * @param nanos of wall time
   */
  record Totals(
      long seeds,
      double hours,
      long acknowledged,
      long faults,
      long conflicts,
      List<String> failures,
      Guards guards,
      long nanos,
      int threads) {
    Totals {
      failures = List.copyOf(failures);
    }

    /** Simulated cluster-hours per wall minute and thread. */
    double rate() {
      return hours / (nanos / NANOS_A_MINUTE) / threads;
    }

    @Override
    public String toString() {
      return String.format(
          Locale.ROOT,
          "%d seeds, %.2f simulated cluster-hours, %d acknowledged writes, %d faults,"
              + " %d conflicts, %d failures; %.0f s, %.2f cluster-hours per minute and core",
          seeds,
          hours,
          acknowledged,
          faults,
          conflicts,
          failures.size(),
          nanos / 1e9,
          rate());
    }
  }

  private record Ran(long seed, SimRun.@Nullable Outcome outcome, SimRun.@Nullable Failed failed) {}

  private final Corpus corpus;
  private final PrintStream out;
  private final int threads;
  private final LongFunction<SimRun.Outcome> run;

  Campaign(Corpus corpus, PrintStream out, int threads) {
    this(corpus, out, threads, SimRun::of);
  }

  /**
   * @param run what is done with a seed
   */
  Campaign(Corpus corpus, PrintStream out, int threads, LongFunction<SimRun.Outcome> run) {
    this.corpus = corpus;
    this.out = out;
    this.threads = threads;
    this.run = run;
  }

  /**
   * Runs seeds from {@code from} on.
   *
   * @param goesOn whether a seed is still to be run
   */
  Totals run(long from, LongPredicate goesOn) {
    long began = System.nanoTime();
    double hours = 0;
    long acknowledged = 0;
    long faults = 0;
    long conflicts = 0;
    long seeds = 0;
    List<String> failures = new ArrayList<>();
    Guards guards = new Guards();
    try (ExecutorService pool = Executors.newFixedThreadPool(threads)) {
      ArrayDeque<Future<Ran>> running = new ArrayDeque<>();
      long next = from;
      while (true) {
        while (running.size() < 2 * threads
            && failures.size() < FAILURES_MAX
            && goesOn.test(next)) {
          running.add(pool.submit(seed(next++)));
        }
        Future<Ran> first = running.poll();
        if (first == null) break;
        Ran ran = result(first);
        seeds++;
        if (ran.failed != null) {
          failures.add(investigate(ran.seed, ran.failed));
        } else if (ran.outcome != null) {
          guards.add(ran.outcome);
          hours += ran.outcome.simulatedNanos() / NANOS_A_HOUR;
          acknowledged += ran.outcome.acknowledged();
          faults += ran.outcome.faults();
          conflicts += ran.outcome.conflicts();
          if (seeds % 100 == 0) out.println(seeds + " seeds, the last was " + ran.outcome);
        }
      }
    }
    long took = System.nanoTime() - began;
    return new Totals(
        seeds, hours, acknowledged, faults, conflicts, failures, guards, took, threads);
  }

  private Callable<Ran> seed(long seed) {
    return () -> {
      try {
        return new Ran(seed, run.apply(seed), null);
      } catch (SimRun.Failed failed) {
        return new Ran(seed, null, failed);
      }
    };
  }

  private static Ran result(Future<Ran> future) {
    try {
      return future.get();
    } catch (InterruptedException e) {
      throw new AssertionError("nobody interrupts a campaign", e);
    } catch (ExecutionException e) {
      throw new AssertionError("a run ends with an outcome or Failed", e.getCause());
    }
  }

  /** Tells the story of a failure, cuts it down and keeps it; one line about it. */
  String investigate(long seed, SimRun.Failed failed) {
    out.println(failed.getMessage());
    Throwable cause = failed.getCause();
    if (cause != null && !(cause instanceof OracleFailure)) cause.printStackTrace(out);
    long deadline = System.nanoTime() + SHRINK_NANOS;
    Shrink.Failing least = Shrink.shrink(failed, () -> System.nanoTime() < deadline);
    String name = corpus.keep(least, failed.oracle());
    String line =
        "seed "
            + seed
            + " breaks "
            + failed.oracle()
            + "; "
            + failed.steps().size()
            + " actions cut down to "
            + least.steps().size();
    out.println(line + "\nreplay: " + Corpus.command(name));
    return line;
  }
}
