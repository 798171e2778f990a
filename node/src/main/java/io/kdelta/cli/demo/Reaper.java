package io.kdelta.cli.demo;

import java.io.IOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Locale;

/**
 * A shell that outlives this process however it ends, SIGKILL included: at the end of its input it
 * kills the processes that it was told of and removes the directory. Thread-safe.
 */
final class Reaper implements AutoCloseable {
  /** The interrupt of a terminal is meant for the demo, whose end then ends this. */
  private static final String SCRIPT =
      """
      trap '' INT TERM HUP
      while read -r what process; do
        case "$what" in
          begun) all="$all $process" ;;
          ended) all=$(echo "$all " | sed "s/ $process / /") ;;
        esac
      done
      for process in $all; do kill -9 "$process" 2>/dev/null; done
      rm -rf "$1"
      """;

  private final Writer input;
  private final Process shell;

  Reaper(Path directory) throws IOException {
    shell =
        new ProcessBuilder("sh", "-c", SCRIPT, "kdelta-demo-reaper", directory.toString())
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    input = shell.outputWriter(StandardCharsets.UTF_8);
  }

  synchronized void begun(Process process) throws IOException {
    tell("begun", process);
  }

  synchronized void ended(Process process) throws IOException {
    tell("ended", process);
  }

  private void tell(String what, Process process) throws IOException {
    input.write(String.format(Locale.ROOT, "%s %d%n", what, process.pid()));
    input.flush();
  }

  /** Kills what is left and waits until the directory is gone. */
  @Override
  public synchronized void close() throws IOException {
    input.close();
    try {
      var _ = shell.waitFor();
    } catch (InterruptedException e) {
      // It goes on by itself.
      Thread.currentThread().interrupt();
    }
  }
}
