package io.kdelta.cli;

import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.function.Supplier;

/**
 * Where a command reads and writes, so that a test can stand in for the terminal.
 *
 * @param out data
 * @param err notices, progress and errors
 * @param in documents and batches
 * @param inIsTerminal a person types {@code in}
 * @param outIsTerminal a person reads {@code out}
 * @param errIsTerminal a person reads {@code err}
 * @param now for times relative to this moment
 */
record Console(
    PrintStream out,
    PrintStream err,
    InputStream in,
    boolean inIsTerminal,
    boolean outIsTerminal,
    boolean errIsTerminal,
    Supplier<Instant> now) {

  /** The process's own; the launcher says which of its ends are terminals. */
  static Console ofProcess() {
    return new Console(
        new StandardOutput(new FileOutputStream(FileDescriptor.out)),
        new PrintStream(new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8),
        new FileInputStream(FileDescriptor.in),
        Boolean.getBoolean("kdelta.terminal.in"),
        Boolean.getBoolean("kdelta.terminal.out"),
        Boolean.getBoolean("kdelta.terminal.err"),
        new HostClock());
  }

  /** Of the machine; a class, since making a lambda takes time at the start. */
  private static final class HostClock implements Supplier<Instant> {
    @Override
    public Instant get() {
      return Instant.now();
    }
  }

  /** A line for the person, beside the data. */
  void notice(String line) {
    out.flush();
    err.println(line);
  }
}
