package io.kdelta.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.kdelta.server.CannotStart;
import io.kdelta.server.NodeServer;
import io.kdelta.server.NodeSettings;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: who runs a node can copy it while it works, check the copy, and make a node of it that
 * joins the first; and is told in one line what is wrong. Method: whole commands against nodes with
 * real directories.
 */
final class AdminTest {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  @TempDir private Path folder = Path.of("");

  private record Result(int exitCode, String out, String err) {
    JsonNode json() throws IOException {
      return MAPPER.readTree(out);
    }
  }

  private static Result run(String... words) {
    TestConsole test = new TestConsole("", false);
    int exitCode = Kdelta.run(test.console(), Map.of(), List.of(words));
    return new Result(exitCode, test.out(), test.err());
  }

  private static Result on(NodeServer node, String... words) {
    List<String> all = new ArrayList<>(List.of("-s", node.address().toString(), "-o", "json"));
    all.addAll(List.of(words));
    Result result = run(all.toArray(String[]::new));
    assertEquals(ExitCode.DONE, result.exitCode(), result.err());
    return result;
  }

  private NodeServer start(String name, String... settings) throws CannotStart {
    TreeMap<String, String> all = new TreeMap<>();
    all.put("port", "0");
    all.put("http", "none");
    all.put("name", name);
    all.put("cluster", "admin-test");
    all.put("data", folder.resolve(name).toString());
    for (int i = 0; i < settings.length; i += 2) all.put(settings[i], settings[i + 1]);
    return NodeServer.start(NodeSettings.read(Optional.empty(), all), _ -> {});
  }

  private String path(String name) {
    return folder.resolve(name).toString();
  }

  private static void fill(NodeServer node, int from, int to) {
    for (int i = from; i < to; i++) {
      String text = "x".repeat(i % 10 == 0 ? 6_000 : 20);
      on(node, "put", "docs/k" + i % 40, "{\"n\":" + i + ",\"text\":\"" + text + "\"}");
    }
    on(node, "del", "docs/k" + from % 40);
  }

  private static String root(NodeServer node) throws IOException {
    return on(node, "admin", "status").json().path("root").textValue();
  }

  @Test
  void aBackupBecomesANodeThatJoinsTheFirst() throws CannotStart, IOException {
    try (NodeServer node = start("one")) {
      fill(node, 0, 60);
      JsonNode first = on(node, "admin", "backup", path("copy")).json();
      assertTrue(first.path("files").asLong() > 0);
      fill(node, 60, 80);
      String root = root(node);
      JsonNode second = on(node, "admin", "backup", path("copy")).json();
      assertTrue(second.path("newFiles").asLong() < second.path("files").asLong());
      JsonNode verified = run("-o", "json", "admin", "verify", path("copy"), "--deep").json();
      assertEquals(root, verified.path("root").textValue());
      assertEquals(0, verified.path("damage").asLong());
      assertEquals(82, verified.path("versions").asLong());
      fill(node, 80, 100);
      Result restored = run("admin", "restore", path("copy"), path("two"), "--new-node");
      assertEquals(ExitCode.DONE, restored.exitCode(), restored.err());
      Result again = run("-o", "json", "admin", "verify", path("two"), "--deep");
      assertEquals(ExitCode.DONE, again.exitCode(), again.out());
      assertEquals(root, again.json().path("root").textValue());
      try (NodeServer other = start("two", "join", node.address().toString())) {
        Awaitility.await()
            .atMost(Duration.ofSeconds(30))
            .until(() -> root(other).equals(root(node)));
        on(other, "put", "docs/late", "{}");
        Awaitility.await()
            .atMost(Duration.ofSeconds(30))
            .until(() -> root(other).equals(root(node)));
      }
    }
    Result whole = run("-o", "json", "admin", "verify", path("one"), "--deep");
    assertEquals(ExitCode.DONE, whole.exitCode(), whole.out());
  }

  @Test
  void snapshotsAndCompaction() throws CannotStart, IOException {
    try (NodeServer node = start("one")) {
      fill(node, 0, 50);
      JsonNode kept = on(node, "admin", "snapshot", "before").json();
      assertEquals(0, kept.path("copiedBytes").asLong());
      fill(node, 50, 60);
      on(node, "admin", "compact");
      JsonNode status = on(node, "admin", "status").json();
      assertEquals(1, status.path("runs").asLong());
      assertEquals(0, status.path("damaged").asLong());
      JsonNode names = on(node, "admin", "snapshot", "--list").json().path("snapshots");
      assertEquals("before", names.get(0).path("name").textValue());
      String snapshot = kept.path("directory").textValue();
      Result verified = run("-o", "json", "admin", "verify", snapshot, "--deep");
      assertEquals(51, verified.json().path("versions").asLong(), verified.err());
      on(node, "admin", "snapshot", "--delete", "before");
      Result bad = run("-s", node.address().toString(), "admin", "snapshot", "a/b");
      assertEquals(ExitCode.USAGE, bad.exitCode(), bad.err());
      Result none = run("-s", node.address().toString(), "admin", "snapshot", "--delete", "no");
      assertEquals(ExitCode.NOT_FOUND, none.exitCode(), none.err());
    }
  }

  @Test
  void aFlippedByteIsNamedAndEndsWithTheCodeForCorruption() throws CannotStart, IOException {
    try (NodeServer node = start("one")) {
      fill(node, 0, 50);
      on(node, "admin", "backup", path("copy"));
    }
    List<String> names;
    try (Stream<Path> files = Files.list(folder.resolve("copy"))) {
      names = files.map(file -> file.getFileName().toString()).sorted().toList();
    }
    int checked = 0;
    for (String name : names) {
      if (name.equals("LOCK")) continue;
      flip(folder.resolve("copy").resolve(name), 20);
      Result result = run("-o", "json", "admin", "verify", path("copy"));
      assertEquals(ExitCode.CORRUPT, result.exitCode(), name + ": " + result.out());
      String said = result.out() + result.err();
      assertTrue(said.contains(name), name + ": " + said);
      flip(folder.resolve("copy").resolve(name), 20);
      checked++;
    }
    assertTrue(checked >= 4, "only " + names);
    assertEquals(ExitCode.DONE, run("admin", "verify", path("copy")).exitCode());
  }

  private static void flip(Path file, long at) throws IOException {
    try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "rw")) {
      bytes.seek(at);
      int old = bytes.read();
      bytes.seek(at);
      bytes.write(old ^ 4);
    }
  }

  @Test
  void whatCanNotBeIsSaidInOneLine() throws CannotStart, IOException {
    try (NodeServer node = start("one")) {
      fill(node, 0, 10);
      String address = node.address().toString();
      Result held = run("admin", "verify", path("one"));
      assertEquals(ExitCode.CONFLICT, held.exitCode(), held.err());
      assertTrue(held.err().contains("process"), held.err());
      Result inside = run("-s", address, "admin", "backup", path("one") + "/copy");
      assertEquals(ExitCode.USAGE, inside.exitCode(), inside.err());
      Files.createDirectories(folder.resolve("full"));
      Files.writeString(folder.resolve("full").resolve("notes.txt"), "mine");
      Result full = run("-s", address, "admin", "backup", path("full"));
      assertEquals(ExitCode.USAGE, full.exitCode(), full.err());
      assertTrue(full.err().contains("notes.txt"), full.err());
      on(node, "admin", "backup", path("copy"));
      Result over = run("admin", "restore", path("copy"), path("full"));
      assertEquals(ExitCode.USAGE, over.exitCode(), over.err());
      Result self = run("admin", "restore", path("full"), path("new"));
      assertEquals(ExitCode.USAGE, self.exitCode(), self.err());
    }
    Result missing = run("admin", "verify", path("nowhere"));
    assertEquals(ExitCode.NOT_FOUND, missing.exitCode(), missing.err());
    Result empty = run("admin", "verify", folder.toString());
    assertEquals(ExitCode.NOT_FOUND, empty.exitCode(), empty.err());
    assertEquals(ExitCode.USAGE, run("admin").exitCode());
    assertEquals(ExitCode.USAGE, run("admin", "verify").exitCode());
  }
}
