package io.kdelta.cli;

import io.kdelta.server.Software;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.jline.reader.Candidate;
import org.jline.reader.EndOfFileException;
import org.jline.reader.LineReader;
import org.jline.reader.LineReaderBuilder;
import org.jline.reader.UserInterruptException;
import org.jline.terminal.Terminal;
import org.jline.terminal.TerminalBuilder;
import org.jline.utils.AttributedStringBuilder;
import org.jline.utils.AttributedStyle;
import org.jspecify.annotations.Nullable;

/**
 * The shell on a terminal: a line that can be edited, a history, Tab, and Ctrl-C, which ends the
 * command and not the shell. A command runs on a thread of its own, which Ctrl-C interrupts; one
 * that does not hear it is left alone at the second.
 */
final class ShellPrompt {
  private static final int HISTORY_LINES = 1_000;
  private static final int HISTORY_FILE_LINES = 2_000;
  private static final int PROPOSED_MAX = 100;

  private final Shell shell;
  private final Console console;
  private final Terminal terminal;
  private final LineReader reader;
  private final boolean colour;
  private int exitCode = ExitCode.DONE;

  private ShellPrompt(
      Shell shell, Console console, Terminal terminal, LineReader reader, boolean colour) {
    this.shell = shell;
    this.console = console;
    this.terminal = terminal;
    this.reader = reader;
    this.colour = colour;
  }

  /** Reads and runs lines until the person leaves. */
  static int run(Shell shell, Console console, Map<String, String> environment, Servers servers)
      throws IOException {
    try (Terminal terminal = terminal()) {
      LineReader reader = reader(terminal, shell, history(console, environment));
      boolean colour = Colours.wanted(console, environment);
      console.notice(
          "kdelta "
              + Software.VERSION
              + ", server "
              + String.join(", ", servers.addresses())
              + " ("
              + servers.origin()
              + "). Tab completes, help lists the commands, Ctrl-D leaves.");
      // What the first command needs is loaded and compiled while the person reads.
      Thread.ofPlatform().daemon().name("kdelta-warm").start(shell::warm);
      new ShellPrompt(shell, console, terminal, reader, colour).loop();
    }
    return ExitCode.DONE;
  }

  private static Terminal terminal() throws IOException {
    return TerminalBuilder.builder()
        .system(true)
        .providers("ffm,exec")
        .dumb(true)
        .nativeSignals(true)
        .signalHandler(Terminal.SignalHandler.SIG_IGN)
        .build();
  }

  /** A reader of lines on that terminal; {@code history}: its file, or null. */
  static LineReader reader(Terminal terminal, Shell shell, @Nullable Path history) {
    LineReaderBuilder builder =
        LineReaderBuilder.builder()
            .terminal(terminal)
            .appName("kdelta")
            .parser(new ShellParser())
            .completer((reader, line, candidates) -> propose(shell, line.words(), candidates))
            .variable(LineReader.HISTORY_SIZE, HISTORY_LINES)
            .variable(LineReader.HISTORY_FILE_SIZE, HISTORY_FILE_LINES)
            .variable(LineReader.LIST_MAX, PROPOSED_MAX)
            .variable(LineReader.SECONDARY_PROMPT_PATTERN, "%M> ")
            .option(LineReader.Option.DISABLE_EVENT_EXPANSION, true)
            .option(LineReader.Option.COMPLETE_MATCHER_TYPO, false)
            .option(LineReader.Option.HISTORY_IGNORE_SPACE, true)
            .option(LineReader.Option.INSERT_TAB, false);
    if (history != null) builder.variable(LineReader.HISTORY_FILE, history);
    return builder.build();
  }

  private static void propose(Shell shell, List<String> words, List<Candidate> candidates) {
    List<String> before = words.subList(0, words.size() - 1);
    for (Completion.Proposal proposal : shell.proposals(before, words.getLast())) {
      String text = proposal.text();
      String description = proposal.description().isEmpty() ? null : proposal.description();
      boolean rest = description != null && !proposal.whole();
      candidates.add(
          new Candidate(
              text,
              rest ? "... " + description : text,
              null,
              rest ? null : description,
              null,
              null,
              proposal.whole()));
    }
  }

  /** The file, for this user alone; null where there can be none. */
  static @Nullable Path history(Console console, Map<String, String> environment) {
    Path file = ShellCommand.history(environment);
    if (file == null) return null;
    try {
      if (!file.getFileSystem().supportedFileAttributeViews().contains("posix")) {
        Files.createDirectories(file.getParent());
        if (!Files.exists(file)) Files.createFile(file);
        return file;
      }
      Set<PosixFilePermission> read = PosixFilePermissions.fromString("rw-------");
      var enter =
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));
      Files.createDirectories(file.getParent(), enter);
      // From its first moment on; one that was there may have been open to others.
      if (!Files.exists(file)) Files.createFile(file, PosixFilePermissions.asFileAttribute(read));
      else Files.setPosixFilePermissions(file, read);
      return file;
    } catch (IOException e) {
      console.notice("note: what you type is not kept: " + e);
      return null;
    }
  }

  private void loop() {
    while (!shell.ended()) {
      String text;
      try {
        text = reader.readLine(prompt());
      } catch (UserInterruptException e) {
        continue;
      } catch (EndOfFileException e) {
        return;
      }
      for (String line : Words.lines(text)) {
        if (line.isBlank()) continue;
        exitCode = obey(line);
        if (shell.ended() || exitCode == ExitCode.INTERRUPTED) break;
      }
    }
  }

  private String prompt() {
    String where = shell.server() + (shell.namespace().isEmpty() ? "" : "/" + shell.namespace());
    AttributedStringBuilder out = new AttributedStringBuilder();
    out.append(where);
    if (exitCode != ExitCode.DONE) {
      String failed = " (exit " + exitCode + ")";
      if (colour) out.styled(AttributedStyle.DEFAULT.foreground(AttributedStyle.RED), failed);
      else out.append(failed);
    }
    return out.append("> ").toAnsi(terminal);
  }

  /** Runs a line on a thread that Ctrl-C interrupts; answers its exit code. */
  private int obey(String line) {
    AtomicInteger code = new AtomicInteger(ExitCode.INTERRUPTED);
    Gate out = new Gate(console.out());
    Gate err = new Gate(console.err());
    Console of =
        new Console(
            new PrintStream(out, false, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8),
            new TypedInput(terminal),
            true,
            true,
            true,
            console.now());
    CountDownLatch ended = new CountDownLatch(1);
    Thread command =
        Thread.ofPlatform()
            .daemon()
            .name("kdelta-command")
            .unstarted(() -> {
              try {
                code.set(shell.run(of, line));
              } finally {
                ended.countDown();
              }
            });
    AtomicInteger asked = new AtomicInteger();
    Terminal.SignalHandler before =
        terminal.handle(
            Terminal.Signal.INT,
            signal -> {
              command.interrupt();
              if (asked.incrementAndGet() == 1) return;
              out.shut();
              err.shut();
              ended.countDown();
            });
    try {
      command.start();
      ended.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      var _ = terminal.handle(Terminal.Signal.INT, before);
    }
    console.out().flush();
    return code.get();
  }

  /** What a command writes, until nobody wants it any more. Any thread. */
  private static final class Gate extends OutputStream {
    private final PrintStream target;
    private volatile boolean shut;

    Gate(PrintStream target) {
      this.target = target;
    }

    void shut() {
      shut = true;
    }

    @Override
    public void write(int b) {
      if (!shut) target.write(b);
    }

    @Override
    public void write(byte[] bytes, int from, int count) {
      if (!shut) target.write(bytes, from, count);
    }

    @Override
    public void flush() {
      if (!shut) target.flush();
    }
  }
}
