package io.kdelta.cli;

import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogManager;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/**
 * What libraries and the node log, a line each on stderr. A stack trace only for our own bugs, or
 * with {@code --debug}: a stranger who sends nonsense shall not fill the log.
 */
final class LogLines extends Handler {
  private static final String OURS = "io.kdelta.";

  private final PrintStream target;
  private final boolean debug;

  private LogLines(PrintStream target, boolean debug) {
    this.target = target;
    this.debug = debug;
  }

  /** Replaces whatever handles the logs of this process. */
  static void install(PrintStream target, boolean debug) {
    LogManager.getLogManager().reset();
    Logger root = Logger.getLogger("");
    root.setLevel(Level.WARNING);
    root.addHandler(new LogLines(target, debug));
  }

  @Override
  public void publish(LogRecord record) {
    if (record.getLevel().intValue() < Level.WARNING.intValue()) return;
    String name = String.valueOf(record.getLoggerName());
    StringBuilder line = new StringBuilder(Times.full(record.getInstant()));
    line.append("  ").append(record.getLevel()).append("  ").append(name).append(": ");
    line.append(record.getMessage());
    Throwable thrown = record.getThrown();
    if (thrown != null) line.append(": ").append(thrown);
    target.println(Output.safe(line.toString()));
    if (thrown != null && (debug || name.startsWith(OURS))) target.println(trace(thrown));
  }

  private static String trace(Throwable thrown) {
    StringWriter text = new StringWriter();
    thrown.printStackTrace(new PrintWriter(text));
    return text.toString();
  }

  @Override
  public void flush() {
    target.flush();
  }

  @Override
  public void close() {
    flush();
  }
}
