package io.kdelta.cli;

import java.io.PrintStream;
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

  /** Warns of every frame of a stranger that is wrong, a line each. Held here: loggers are weak. */
  private static final Logger FRAMES = Logger.getLogger("io.grpc.netty.shaded.io.grpc.netty");

  /** What a channel says of an address beside the message of the command. Held here, too. */
  private static final Logger CHANNELS = Logger.getLogger("io.grpc");

  private final PrintStream target;
  private final boolean debug;

  private final LogFormat format;

  private LogLines(PrintStream target, boolean debug, LogFormat format) {
    this.target = target;
    this.debug = debug;
    this.format = format;
  }

  /** Replaces whatever handles the logs of this process. */
  static void install(PrintStream target, boolean debug, LogFormat format) {
    LogManager.getLogManager().reset();
    Logger root = Logger.getLogger("");
    root.setLevel(Level.WARNING);
    root.addHandler(new LogLines(target, debug, format));
    if (!debug) FRAMES.setLevel(Level.SEVERE);
  }

  /** The same for a command that asks a node: it tells itself what a call failed with. */
  static void installForCommand(PrintStream target, boolean debug) {
    install(target, debug, LogFormat.TEXT);
    if (!debug) CHANNELS.setLevel(Level.SEVERE);
  }

  @Override
  public void publish(LogRecord record) {
    if (record.getLevel().intValue() < Level.WARNING.intValue()) return;
    String name = String.valueOf(record.getLoggerName());
    Throwable thrown = record.getThrown();
    String message = record.getMessage() + (thrown == null ? "" : ": " + thrown);
    Throwable shown = debug || name.startsWith(OURS) ? thrown : null;
    String level = record.getLevel().getName();
    target.println(
        format.lines(new LogFormat.Entry(record.getInstant(), level, name, message, shown)));
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
