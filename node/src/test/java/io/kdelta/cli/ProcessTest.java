package io.kdelta.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: a node as a process keeps what it acknowledged over SIGKILL, names who holds its directory
 * or port, and ends with 0 on SIGTERM. Method: real processes, polled.
 */
final class ProcessTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final Pattern ADDRESS = Pattern.compile("gRPC {2}(\\S+)");

  @TempDir private Path folder = Path.of("");
  private final List<Process> started = new ArrayList<>();

  private final class Node {
    private final Process process;
    private final Path output;

    Node(String... flags) throws IOException {
      output = Files.createTempFile(folder, "node", ".out");
      List<String> command =
          new ArrayList<>(
              List.of(
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "-ea",
                  "--enable-native-access=ALL-UNNAMED",
                  "-cp",
                  System.getProperty("java.class.path"),
                  "io.kdelta.cli.Kdelta",
                  "start"));
      command.addAll(List.of(flags));
      process =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(output.toFile())
              .start();
      started.add(process);
    }

    String said() throws IOException {
      return Files.readString(output, UTF_8);
    }

    String ready() throws IOException {
      await().atMost(PATIENCE).until(() -> !process.isAlive() || said().contains("ready in"));
      Matcher address = ADDRESS.matcher(said());
      assertTrue(address.find(), said());
      return address.group(1);
    }

    int exit() throws InterruptedException {
      assertTrue(process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS));
      return process.exitValue();
    }
  }

  @AfterEach
  void killAll() {
    started.forEach(Process::destroyForcibly);
  }

  @Test
  void whatWasAcknowledgedSurvivesSigkill() throws Exception {
    String data = folder.resolve("data").toString();
    Node first = new Node("--data", data, "--port", "0", "--http", "none");
    String address = first.ready();
    for (int i = 0; i < 20; i++) {
      assertEquals(ExitCode.DONE, run(address, "put", "k/" + i, "{\"i\":" + i + "}", null));
    }
    Node rival = new Node("--data", data, "--port", "0", "--http", "none");
    assertEquals(ExitCode.CONFLICT, rival.exit());
    assertTrue(rival.said().contains("held by process " + first.process.pid()), rival.said());
    String port = address.substring(address.indexOf(':') + 1);
    Node squeezed =
        new Node("--data", folder.resolve("other").toString(), "--port", port, "--http", "none");
    assertEquals(ExitCode.CONFLICT, squeezed.exit());
    assertTrue(
        squeezed.said().contains(address + " is taken by process " + first.process.pid()),
        squeezed.said());
    first.process.destroyForcibly();
    assertTrue(first.exit() != ExitCode.DONE);
    Node second = new Node("--data", data, "--port", "0", "--http", "none");
    String again = second.ready();
    for (int i = 0; i < 20; i++) {
      TestConsole test = new TestConsole("", false);
      Kdelta.run(test.console(), Map.of(), List.of("-s", again, "get", "k/" + i));
      assertEquals("{\"i\":" + i + "}\n", test.out());
    }
    second.process.destroy();
    assertEquals(ExitCode.DONE, second.exit());
    assertTrue(second.said().contains("stopped"), second.said());
  }

  private static int run(
      String address, String verb, String key, @Nullable String value, @Nullable String flag) {
    List<String> words = new ArrayList<>(List.of("-s", address, verb, key));
    if (value != null) words.add(value);
    if (flag != null) words.add(flag);
    return Kdelta.run(new TestConsole("", false).console(), Map.of(), words);
  }
}
