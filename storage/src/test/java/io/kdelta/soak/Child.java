package io.kdelta.soak;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A {@link Teller} in a process of its own, and what it has promised. */
final class Child {
  private final Process process;
  private final Thread reader;
  private volatile long acknowledged;
  private volatile String lastWord = "";

  Child(Path directory) throws IOException {
    process =
        new ProcessBuilder(
                List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "-Xmx256m",
                    "-Xshare:auto",
                    "-XX:TieredStopAtLevel=1",
                    "-XX:+UseSerialGC",
                    "-ea",
                    "--enable-native-access=ALL-UNNAMED",
                    "-cp",
                    System.getProperty("java.class.path"),
                    Teller.class.getName(),
                    directory.toString()))
            .redirectErrorStream(true)
            .start();
    reader = Thread.ofPlatform().start(this::read);
  }

  /** Waits until it has acknowledged anything; false when it has not within half a minute. */
  boolean awaitFirstWord() throws InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (acknowledged == 0 && process.isAlive() && System.nanoTime() < deadline) Thread.sleep(1);
    return acknowledged > 0;
  }

  /** Waits until it has ended by itself, at most so long. */
  void awaitEnd(long millis) throws InterruptedException {
    var _ = process.waitFor(millis, TimeUnit.MILLISECONDS);
  }

  /** SIGKILL; answers the highest LSN that it has promised, once all that it said was read. */
  long kill() throws InterruptedException {
    // By its handle: the process object would close the pipe before it is read to its end.
    process.toHandle().destroyForcibly();
    process.waitFor();
    reader.join();
    return acknowledged;
  }

  /** The last thing it said that is no LSN: a complaint, or why it ended. */
  String lastWord() {
    return lastWord;
  }

  private void read() {
    try (BufferedReader lines =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        // The last line may be cut; a prefix of a number is a smaller one.
        if (line.matches("[0-9]+")) acknowledged = Math.max(acknowledged, Long.parseLong(line));
        else lastWord = lastWord.isEmpty() ? line : lastWord + "\n" + line;
      }
    } catch (IOException e) {
      lastWord = e.toString();
    }
  }
}
