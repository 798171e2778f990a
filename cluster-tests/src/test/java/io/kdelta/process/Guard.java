package io.kdelta.process;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.TreeSet;

/**
 * A shell that cleans up behind this JVM, however it ends: on the end of its input it kills every
 * process and unmounts every file system that it was last told of. One for the JVM; thread-safe.
 */
final class Guard {
  /** Interrupts meant for the test must not end the guard before it has done its work. */
  private static final String SCRIPT =
      """
      trap '' INT TERM HUP
      while read -r kind list; do
        case "$kind" in
          processes) processes="$list" ;;
          mounts) mounts="$list" ;;
        esac
      done
      for process in $processes; do kill -9 "$process"; done
      for mount in $mounts; do umount -l "$mount"; done
      """;

  private static final Guard ONE = new Guard();

  private final TreeSet<Long> processes = new TreeSet<>();
  private final TreeSet<String> mounts = new TreeSet<>();
  private final Writer input;

  private Guard() {
    try {
      Process shell =
          new ProcessBuilder("sh", "-c", SCRIPT)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      input = shell.outputWriter(StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Starts a process that will not outlive this JVM. */
  static Process start(ProcessBuilder builder) throws IOException {
    Process process = builder.start();
    ONE.processes(process.pid(), true);
    return process;
  }

  /** Waits for the end of a process, which its number then no longer names. */
  static int awaitEnd(Process process) throws InterruptedException {
    int code = process.waitFor();
    ONE.processes(process.pid(), false);
    return code;
  }

  static void mounted(Path point) {
    ONE.mounts(point.toString(), true);
  }

  static void unmounted(Path point) {
    ONE.mounts(point.toString(), false);
  }

  private synchronized void processes(long pid, boolean there) {
    if (there) processes.add(pid);
    else processes.remove(pid);
    tell("processes", String.join(" ", processes.stream().map(String::valueOf).toList()));
  }

  private synchronized void mounts(String point, boolean there) {
    if (there) mounts.add(point);
    else mounts.remove(point);
    tell("mounts", String.join(" ", mounts));
  }

  private void tell(String kind, String list) {
    try {
      input.write(kind + " " + list + "\n");
      input.flush();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
