package io.kdelta.cli;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * {@code kdelta shell}: every command in one process, with the connections of those before, at a
 * prompt on a terminal, else line by line from standard input. The class that draws the prompt is
 * loaded for a terminal alone.
 */
@Command(
    name = "shell",
    description = {
      "Take commands at a prompt, in one process that stays: each takes a few milliseconds.",
      "What is piped in runs line by line, without a prompt; a line that fails is told of and the"
          + " next one runs. The exit code is then that of the first line that failed."
    })
final class ShellCommand implements Callable<Integer> {
  private final Invocation invocation;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(
      fallbackValue = "true",
      names = {"-e", "--stop-on-error"},
      description = "Of lines that are piped in: end at the first one that fails.")
  private boolean stopOnError;

  ShellCommand(Invocation invocation) {
    this.invocation = invocation;
  }

  @Override
  public Integer call() throws IOException {
    Console console = invocation.console();
    // A bad address is told of now, and not with the first command.
    Servers servers = invocation.servers();
    try (Shell shell = new Shell(console, settings())) {
      return console.inIsTerminal() && console.outIsTerminal()
          ? ShellPrompt.run(shell, console, invocation.environment(), servers)
          : piped(shell, console);
    }
  }

  /** The flags of the shell as variables, which are what each of its commands takes. */
  private Settings settings() {
    TreeMap<String, String> all = new TreeMap<>(invocation.settings().environment());
    GivenFlags.of(spec).forEach((flag, value) -> all.put(Settings.variable(flag), value));
    return Settings.read(all, null);
  }

  private int piped(Shell shell, Console console) {
    int first = ExitCode.DONE;
    Console of = withInput(console, new Taken());
    try (Lines lines = Lines.open(console, "-")) {
      for (Lines.Line line = lines.next(); line != null; line = lines.next()) {
        int exitCode = shell.run(of, new String(line.text().toArray(), StandardCharsets.UTF_8));
        if (exitCode != ExitCode.DONE) {
          invocation.notice("line " + line.number() + " ended with " + exitCode);
          if (first == ExitCode.DONE) first = exitCode;
        }
        // Nobody reads on: as a command ends whose pipe is closed.
        if (console.out().checkError()) return ExitCode.UNEXPECTED;
        if (shell.ended() || (exitCode != ExitCode.DONE && stopOnError)) break;
      }
    }
    return first;
  }

  /** The same console with another standard input for its commands. */
  static Console withInput(Console console, InputStream in) {
    return new Console(
        console.out(),
        console.err(),
        in,
        console.inIsTerminal(),
        console.outIsTerminal(),
        console.errIsTerminal(),
        console.now());
  }

  /** Standard input that is taken already, by the lines. */
  private static final class Taken extends InputStream {
    @Override
    public int read() throws IOException {
      return read(new byte[1], 0, 1);
    }

    @Override
    public int read(byte[] target, int from, int count) throws IOException {
      throw new IOException("standard input holds the lines of the shell; write @FILE");
    }
  }

  /** Where the history lies; null when there is no home. */
  static java.nio.file.@Nullable Path history(Map<String, String> environment) {
    String home = environment.getOrDefault("HOME", "");
    return home.isEmpty() ? null : java.nio.file.Path.of(home, ".kdelta", "history");
  }
}
