package io.kdelta.server.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A program of the machine that talks to a node: one that hangs fails its test in time. */
final class Program {
  private Program() {}

  /**
   * What it printed on standard output; it has to end with 0 within the time.
   *
   * @param folder for what it prints
   */
  static String run(Path folder, Duration atMost, List<String> command) throws Exception {
    // Files, for who reads from a pipe waits as long as there is anybody who may write.
    Path out = Files.createTempFile(folder, "program", ".out");
    Path errors = Files.createTempFile(folder, "program", ".err");
    Process process =
        new ProcessBuilder(command)
            .redirectOutput(out.toFile())
            .redirectError(errors.toFile())
            .start();
    try {
      boolean ended = process.waitFor(atMost.toMillis(), TimeUnit.MILLISECONDS);
      String printed = Files.readString(out);
      assertTrue(ended, () -> command.getFirst() + " does not end\n" + printed + read(errors));
      assertEquals(0, process.exitValue(), () -> printed + read(errors));
      return printed;
    } finally {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
    }
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      return e.toString();
    }
  }
}
