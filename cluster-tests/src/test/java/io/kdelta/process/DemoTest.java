package io.kdelta.process;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: {@code kdelta demo --fast} shows what it promises on a busy machine too, and no way to end
 * the demo leaves a process or a file behind. Method: the real command; interrupted and killed
 * while its nodes start.
 */
final class DemoTest {
  private static final int INTERRUPTED = 130;
  private static final Duration PATIENCE = Duration.ofMinutes(4);

  @TempDir private Path folder;

  private Process demo(String... flags) throws IOException {
    Files.createDirectories(temporary());
    List<String> words = new ArrayList<>(List.of("demo"));
    words.addAll(List.of(flags));
    List<String> command = new ArrayList<>(NodeProcess.kdelta(List.of(), words));
    command.add(1, "-Djava.io.tmpdir=" + temporary());
    return Guard.start(
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(said().toFile()));
  }

  private Path temporary() {
    return folder.resolve("tmp");
  }

  private Path said() {
    return folder.resolve("said");
  }

  private int end(Process demo) throws Exception {
    assertTrue(demo.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS), Files.readString(said()));
    return Guard.awaitEnd(demo);
  }

  @Test
  void itShowsWhatItPromises() throws Exception {
    int exitCode = end(demo("--fast"));
    String said = Files.readString(said(), StandardCharsets.UTF_8);
    assertEquals(0, exitCode, said);
    for (String part :
        List.of(
            "put shop/lamp",
            "1 of 3 nodes behind",
            "equal\n",
            "2 heads",
            "merge of 2 heads",
            "--at 2",
            "all 3 nodes hold the same versions")) {
      assertTrue(said.contains(part), part + " in\n" + said);
    }
    assertNothingLeft(List.of());
  }

  /** Who starts processes in the background may have them ignore interrupts (POSIX, nohup). */
  private static boolean interruptsAreIgnored() throws IOException {
    Path status = Path.of("/proc/self/status");
    if (!Files.exists(status)) return false;
    return Files.readAllLines(status).stream()
        .filter(line -> line.startsWith("SigIgn:"))
        .anyMatch(line -> (Long.parseUnsignedLong(line.substring(7).strip(), 16) & 2) != 0);
  }

  @Test
  void anInterruptLeavesNothing() throws Exception {
    assumeFalse(interruptsAreIgnored(), "processes of this one ignore interrupts");
    Process demo = demo();
    List<ProcessHandle> nodes = nodes(demo);
    new ProcessBuilder("kill", "-INT", Long.toString(demo.pid())).start().waitFor();
    assertEquals(INTERRUPTED, end(demo));
    assertNothingLeft(nodes);
  }

  @Test
  void neitherDoesAKill() throws Exception {
    Process demo = demo();
    List<ProcessHandle> nodes = nodes(demo);
    demo.destroyForcibly();
    var _ = end(demo);
    assertNothingLeft(nodes);
  }

  /** The processes of the nodes and the shell that watches over them, when all are there. */
  private List<ProcessHandle> nodes(Process demo) {
    await("the nodes start")
        .atMost(PATIENCE)
        .until(() -> !demo.isAlive() || demo.children().count() == 4);
    return demo.children().toList();
  }

  private void assertNothingLeft(List<ProcessHandle> processes) {
    await("nothing is left")
        .atMost(PATIENCE)
        .until(() -> processes.stream().noneMatch(ProcessHandle::isAlive) && empty(temporary()));
  }

  private static boolean empty(Path directory) throws IOException {
    try (Stream<Path> entries = Files.list(directory)) {
      return entries.findAny().isEmpty();
    }
  }
}
