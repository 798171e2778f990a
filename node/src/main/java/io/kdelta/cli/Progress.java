package io.kdelta.cli;

import java.time.Duration;
import java.time.Instant;
import java.util.Locale;

/**
 * How far a long command has come, on stderr: a line that is rewritten on a terminal, a line every
 * 10 s elsewhere, and nothing at all in the first second. One thread.
 */
final class Progress {
  private static final Duration QUIET = Duration.ofSeconds(1);
  private static final Duration ON_TERMINAL = Duration.ofMillis(200);
  private static final Duration ELSEWHERE = Duration.ofSeconds(10);
  private static final int BAR_WIDTH = 20;

  private final Invocation invocation;
  private final String what;
  private final Instant begun;
  private Instant shown;
  private boolean drawn;

  /** {@code what}: such as {@code versions}. */
  Progress(Invocation invocation, String what) {
    this.invocation = invocation;
    this.what = what;
    this.begun = invocation.console().now().get();
    this.shown = begun;
  }

  /**
   * Shows it, when it is time.
   *
   * @param count things done
   * @param done part of the whole, 0 to 1; negative when the whole is unknown
   */
  void update(long count, double done) {
    if (invocation.quiet()) return;
    Instant now = invocation.console().now().get();
    boolean terminal = invocation.console().errIsTerminal();
    Duration pause = terminal ? ON_TERMINAL : ELSEWHERE;
    boolean due = Duration.between(begun, now).compareTo(QUIET) > 0;
    if (!due || Duration.between(shown, now).compareTo(pause) < 0) return;
    shown = now;
    String line = line(count, done, Duration.between(begun, now));
    if (terminal) {
      invocation.console().err().print("\r" + line + "\u001B[K");
      invocation.console().err().flush();
      drawn = true;
    } else {
      invocation.console().err().println(line);
    }
  }

  /** Clears what was drawn. */
  void end() {
    if (drawn) invocation.console().err().print("\r\u001B[K");
    drawn = false;
  }

  /** Seconds since the beginning. */
  double seconds() {
    return Duration.between(begun, invocation.console().now().get()).toNanos() / 1e9;
  }

  private String line(long count, double done, Duration took) {
    double seconds = Math.max(took.toNanos() / 1e9, 1e-3);
    String rate = Column.grouped(Math.round(count / seconds)) + "/s";
    String counted = Column.grouped(count) + " " + what;
    if (done <= 0) return counted + "  " + rate;
    long left = Math.round(seconds * (1 - done) / done);
    int full = (int) Math.round(done * BAR_WIDTH);
    return String.format(
        Locale.ROOT,
        "[%s%s] %3.0f %%  %s  %s  %d s left",
        "#".repeat(full),
        " ".repeat(BAR_WIDTH - full),
        done * 100,
        counted,
        rate,
        left);
  }
}
