package io.kdelta.harness;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Processes that end with this one at the latest. */
final class Child {
  private static final int STOP_SECONDS_MAX = 30;

  private Child() {}

  static Process start(List<String> command, Path log) throws IOException {
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
    Process process = builder.start();
    Runtime.getRuntime().addShutdownHook(new Thread(process::destroyForcibly));
    return process;
  }

  /** Asks it to stop, or kills it, and waits. */
  static void stop(@Nullable Process process, boolean kill) throws InterruptedException {
    if (process == null || !process.isAlive()) return;
    if (kill) {
      process.destroyForcibly();
    } else {
      process.destroy();
    }
    if (process.waitFor(STOP_SECONDS_MAX, TimeUnit.SECONDS)) return;
    var _ = process.destroyForcibly().waitFor();
  }
}
