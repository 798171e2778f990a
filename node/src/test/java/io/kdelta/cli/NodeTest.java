package io.kdelta.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.kdelta.server.CannotStart;
import io.kdelta.server.NodeServer;
import io.kdelta.server.NodeSettings;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: every verb does over gRPC what it says, with the shapes and exit codes of experience.md.
 * Method: whole commands against one node in this process, a namespace for each test.
 */
final class NodeTest {
  private static final ObjectMapper MAPPER = new ObjectMapper();
  private static @Nullable NodeServer server;

  @TempDir private Path folder = Path.of("");

  private record Result(int exitCode, String out, String err) {
    JsonNode json() throws IOException {
      return MAPPER.readTree(out);
    }
  }

  @BeforeAll
  static void start() throws CannotStart {
    server =
        NodeServer.start(
            NodeSettings.read(
                Optional.empty(), Map.of("port", "0", "in-memory", "true", "name", "n1")),
            line -> {});
  }

  @AfterAll
  static void stop() {
    if (server != null) server.close();
  }

  private static NodeServer server() {
    NodeServer started = server;
    if (started == null) throw new AssertionError("no server");
    return started;
  }

  private static Result run(boolean terminal, String input, String... arguments) {
    TestConsole test = new TestConsole(input, terminal);
    List<String> words = new ArrayList<>(List.of("-s", server().address().toString()));
    words.addAll(List.of(arguments));
    int exitCode = Kdelta.run(test.console(), Map.of(), words);
    return new Result(exitCode, test.out(), test.err());
  }

  private static Result run(String... arguments) {
    return run(false, "", arguments);
  }

  private static Result done(String... arguments) {
    Result result = run(arguments);
    assertEquals(ExitCode.DONE, result.exitCode(), result.err());
    return result;
  }

  @Test
  void aDocumentAndItsPast() throws IOException {
    JsonNode put = done("put", "users/alice", "{\"name\":\"Alice\", \"age\":30}").json();
    assertEquals("put", put.path("kind").textValue());
    assertEquals("n1", put.path("node").textValue());
    assertEquals("local", put.path("ack").textValue());
    done("put", "users/alice", "{\"name\":\"Alice\",\"age\":31}", "--note", "birthday");
    assertEquals("{\"age\":31,\"name\":\"Alice\"}\n", done("get", "users/alice").out());
    assertEquals("{\"age\":31,\"name\":\"Alice\"}", done("get", "users/alice", "-o", "raw").out());
    String before = "{\"age\":30,\"name\":\"Alice\"}\n";
    String id = put.path("id").textValue();
    assertEquals(before, done("get", "users/alice", "--at", "-1").out());
    assertEquals(before, done("get", "users/alice", "--at", id.substring(0, 8)).out());
    String time = put.path("time").textValue();
    assertEquals(before, done("get", "users/alice", "--at", time).out());
    assertEquals(
        "{\"changes\":[{\"path\":\"/age\",\"op\":\"replace\",\"old\":30,\"new\":31}]}\n",
        done("-o", "json", "diff", "users/alice").out());
    assertEquals(ExitCode.DIFFERENT, run("diff", "users/alice", "--exit-code").exitCode());
    assertEquals(ExitCode.DONE, run("diff", "users/alice", "-1", "-1", "--exit-code").exitCode());
    JsonNode log = done("-o", "json", "log", "users/alice").json().path("versions");
    assertEquals(2, log.size());
    assertEquals("birthday", log.path(0).path("note").textValue());
    assertEquals(id, log.path(0).path("parents").path(0).textValue());
    assertEquals(30, done("show", id).json().path("value").path("age").intValue());
    Result graph = run(true, "", "log", "users/alice", "--graph");
    assertTrue(graph.out().contains("n1  age 30 -> 31  (birthday)"), graph.out());
    assertTrue(graph.out().contains("n1  created"), graph.out());
  }

  @Test
  void whatIsNotThere() {
    assertEquals(ExitCode.NOT_FOUND, run("get", "nobody/here").exitCode());
    assertEquals(ExitCode.NOT_FOUND, run("exists", "nobody/here").exitCode());
    assertEquals(ExitCode.NOT_FOUND, run("del", "nobody/here").exitCode());
    assertEquals(ExitCode.NOT_FOUND, run("show", "0000000000").exitCode());
    Result result = run("get", "nobody/here");
    assertTrue(result.err().contains("hint: kdelta ls nobody"), result.err());
    assertTrue(
        run("log", "nobody/here").err().contains("hint: kdelta ls nobody lists what there is\n"));
  }

  @Test
  void deletesKeepTheHistory() throws IOException {
    done("put", "gone/a", "1");
    done("del", "gone/a");
    assertEquals(ExitCode.NOT_FOUND, run("get", "gone/a").exitCode());
    assertEquals("1\n", done("get", "gone/a", "--at", "-1").out());
    assertEquals("", done("-o", "name", "ls", "gone").out());
    JsonNode stats = done("-o", "json", "stats", "gone").json();
    assertEquals(0, stats.path("keys").intValue());
    assertEquals(1, stats.path("keysEver").intValue());
    assertEquals(1, stats.path("deleted").intValue());
    assertEquals(2, stats.path("versions").intValue());
  }

  @Test
  void preconditions() throws IOException {
    done("put", "guard/a", "1", "--if-absent");
    assertEquals(ExitCode.CONFLICT, run("put", "guard/a", "2", "--if-absent").exitCode());
    String state = done("get", "guard/a", "--meta").json().path("state").textValue();
    done("put", "guard/a", "2", "--if", state.substring(0, 8));
    assertEquals(ExitCode.CONFLICT, run("put", "guard/a", "3", "--if", state).exitCode());
    assertEquals("2\n", done("get", "guard/a").out());
  }

  @Test
  void aRetryAnswersTheFirstResult() throws IOException {
    JsonNode first = done("put", "retry/a", "1", "--request-id", "r1").json();
    JsonNode second = done("put", "retry/a", "1", "--request-id", "r1").json();
    assertEquals(first.path("id"), second.path("id"));
    assertTrue(second.path("repeated").booleanValue());
    assertEquals(ExitCode.CONFLICT, run("put", "retry/a", "2", "--request-id", "r1").exitCode());
  }

  @Test
  void branchesAndHowTheyEnd() throws IOException {
    // An import can name parents, so it can branch on one node.
    Path file = folder.resolve("branch.jsonl");
    Files.writeString(
        file,
        line("doc", "{\"a\":1,\"b\":1}", "2020-01-01T00:00:00Z", "root", "")
            + line("doc", "{\"a\":2,\"b\":1}", "2020-01-02T00:00:00Z", "left", "\"root\"")
            + line("doc", "{\"a\":1,\"b\":3}", "2020-01-03T00:00:00Z", "right", "\"root\""));
    String[] again = {
      "-o", "json", "import", file.toString(), "--namespace", "branch", "--format", "git-history"
    };
    assertEquals(3, done(again).json().path("stored").intValue());
    assertEquals(3, done(again).json().path("held").intValue());
    JsonNode conflicts = done("-o", "json", "conflicts", "branch").json().path("conflicts");
    assertEquals("doc", conflicts.path(0).path("key").textValue());
    assertEquals(2, conflicts.path(0).path("heads").size());
    assertEquals("doc\n", done("-o", "name", "conflicts", "branch").out());
    Result get = run("get", "branch/doc");
    assertTrue(get.err().contains("has 2 heads"), get.err());
    JsonNode heads = done("-o", "json", "get", "branch/doc", "--heads").json();
    assertEquals(2, heads.path("heads").size());
    assertEquals("root", heads.path("commonAncestors").path(0).path("note").textValue());
    JsonNode preview = done("-o", "json", "resolve", "branch/doc", "--merge", "--dry-run").json();
    assertEquals("{\"a\":2,\"b\":3}", preview.path("value").toString());
    done("resolve", "branch/doc", "--merge");
    assertEquals("{\"a\":2,\"b\":3}\n", done("get", "branch/doc").out());
    assertEquals("{\"conflicts\":[]}\n", done("-o", "json", "conflicts", "branch").out());
    assertEquals(1, done("-o", "json", "stats", "branch").json().path("merges").intValue());
  }

  @Test
  void aDryRunIsRefusedAsTheMergeWouldBe() throws IOException {
    Path file = folder.resolve("apart.jsonl");
    Files.writeString(
        file,
        line("doc", "{\"a\":1}", "2020-01-01T00:00:00Z", "root", "")
            + line("doc", "{\"a\":2}", "2020-01-02T00:00:00Z", "left", "\"root\"")
            + line("doc", "{\"a\":3}", "2020-01-03T00:00:00Z", "right", "\"root\""));
    done("import", file.toString(), "--namespace", "apart", "--format", "git-history");
    Result dry = run("-o", "yaml", "resolve", "apart/doc", "--merge", "--dry-run");
    assertEquals(ExitCode.CONFLICT, dry.exitCode(), dry.err());
    assertTrue(dry.out().contains("unmerged"), dry.out());
    assertTrue(dry.err().contains("the merge would be refused"), dry.err());
    assertEquals(ExitCode.CONFLICT, run("resolve", "apart/doc", "--merge").exitCode());
  }

  @Test
  void aWatchEndsWithItsReaderAndTellsNoTokenThatWasRefused() {
    done("put", "watched/a", "1");
    done("put", "watched/b", "2");
    TestConsole test = new TestConsole("", false);
    Console console =
        new Console(
            new StandardOutput(
                new OutputStream() {
                  private int lines;

                  @Override
                  public void write(int b) throws IOException {
                    if (lines > 0) throw new IOException("Broken pipe");
                    if (b == '\n') lines++;
                  }
                }),
            test.console().err(),
            test.console().in(),
            false,
            false,
            false,
            test.console().now());
    List<String> words =
        List.of("-s", server().address().toString(), "watch", "watched", "--from-start");
    assertEquals(ExitCode.UNEXPECTED, Kdelta.run(console, Map.of(), words));
    assertEquals("", test.err());
    Result refused = run("watch", "watched", "--from", "junk");
    assertEquals(ExitCode.USAGE, refused.exitCode(), refused.err());
    assertFalse(refused.err().contains("goes on behind this"), refused.err());
  }

  @Test
  void aTableThatIsTakenForJson() throws IOException {
    Path file = folder.resolve("table.csv");
    Files.writeString(file, "id,name\n1,x\n");
    Result result = run("import", file.toString(), "--namespace", "n");
    assertEquals(ExitCode.USAGE, result.exitCode());
    assertTrue(result.err().contains("hint: is it a table? --format csv --key COLUMN"));
  }

  @Test
  void aBatchIsAllOrNothing() throws IOException {
    String good =
        """
        {"op":"put","key":"batch/a","value":{"x":1}}

        {"op":"put","key":"batch/b","value":[2]}
        """;
    assertEquals(2, run(false, good, "-o", "json", "batch").json().path("versions").size());
    String bad =
        """
        {"op":"put","key":"batch/c","value":1}
        {"op":"put","key":"batch/d","value":{"a":1,"a":2}}
        """;
    Result refused = run(false, bad, "batch", "-");
    assertEquals(ExitCode.USAGE, refused.exitCode());
    assertEquals("a\nb\n", done("-o", "name", "ls", "batch").out());
    Result misspelt = run(false, "{\"op\":\"put\",\"kee\":\"batch/a\"}\n", "batch");
    assertTrue(misspelt.err().contains("standard input, line 1: member \"kee\""), misspelt.err());
  }

  private void exportsLeaveLinksAndDevices() throws IOException {
    Path target = Files.writeString(folder.resolve("target.jsonl"), "before");
    Path link = Files.createSymbolicLink(folder.resolve("link"), target.getFileName());
    Path dangling = Files.createSymbolicLink(folder.resolve("new"), Path.of("made.jsonl"));
    for (Path each : List.of(link, dangling)) {
      done("export", "docs", each.toString());
      assertTrue(Files.isSymbolicLink(each), each + " is still a link");
      assertEquals(100, Files.readAllLines(each).size());
    }
    Path device = Path.of("/dev/null");
    if (Files.exists(device)) {
      // Never under the name of the device: a rename over it would take it away from everybody.
      Path toDevice = Files.createSymbolicLink(folder.resolve("device"), device);
      done("export", "docs", toDevice.toString());
      assertTrue(Files.isSymbolicLink(toDevice));
      assertFalse(Files.isRegularFile(device));
      assertFalse(Files.exists(Path.of("/dev/null.part")));
    }
    Path somebodys = Files.writeString(folder.resolve("target.jsonl.part"), "mine");
    done("export", "docs", target.toString());
    assertEquals("mine", Files.readString(somebodys));
    Files.delete(somebodys);
    Result refused = run("export", "docs", folder.toString());
    assertEquals(ExitCode.UNEXPECTED, refused.exitCode());
    assertTrue(refused.err().contains("it is a directory"), refused.err());
    try (Stream<Path> all = Files.list(folder)) {
      assertFalse(all.anyMatch(each -> each.toString().endsWith(".part")), "nothing is left");
    }
  }

  @Test
  void importsOfDocumentsCanBeRepeated() throws IOException {
    Path file = folder.resolve("docs.jsonl");
    StringBuilder lines = new StringBuilder();
    for (int i = 0; i < 300; i++) {
      lines.append("{\"key\":\"k").append(i % 100).append("\",\"value\":").append(i).append("}\n");
    }
    Files.writeString(file, lines);
    String[] command = {"-o", "json", "import", file.toString(), "--namespace", "docs"};
    assertEquals(300, done(command).json().path("stored").intValue());
    assertEquals(300, done(command).json().path("held").intValue());
    assertEquals("299\n", done("get", "docs/k99").out());
    assertEquals(300, done("-o", "json", "stats", "docs").json().path("versions").intValue());
    TreeMap<String, String> exported = new TreeMap<>();
    for (String text : done("export", "docs").out().lines().toList()) {
      JsonNode json = MAPPER.readTree(text);
      exported.put(json.path("key").textValue(), json.path("value").toString());
    }
    assertEquals(100, exported.size());
    assertTrue(exported.containsKey("k50") && exported.containsValue("250"));
    assertEquals(300, done("export", "docs", "--with-history").out().lines().count());
    exportsLeaveLinksAndDevices();
    Files.writeString(file, "{\"key\":\"x\",\"value\":1}\n{\"key\":\"y\",\"value\":}\n");
    Result broken = run("import", file.toString(), "--namespace", "broken");
    assertEquals(ExitCode.USAGE, broken.exitCode());
    assertTrue(broken.err().contains(file + ", line 2"), broken.err());
  }

  @Test
  void badInputStoresNothing() {
    String deep = "[".repeat(70) + "]".repeat(70);
    for (String document :
        List.of("{\"a\":1,\"a\":2}", "{", "", "1e999", "\"\\ud800\"", "NaN", deep)) {
      Result result = run(false, document, "put", "bad/a", "-");
      assertEquals(ExitCode.USAGE, result.exitCode(), document);
      assertTrue(result.err().contains("hint: a document is JSON"), result.err());
      assertTrue(result.err().contains("line 1, column"), result.err());
    }
    for (int size : List.of(2 << 20, 5 << 20)) {
      Result result = run(false, "\"" + "x".repeat(size) + "\"", "put", "bad/a", "-");
      assertEquals(ExitCode.USAGE, result.exitCode(), result.err());
    }
    assertEquals(ExitCode.USAGE, run("put", "../etc", "1").exitCode());
    assertEquals(ExitCode.USAGE, run("put", "_auth/x", "1").exitCode());
    assertEquals(ExitCode.USAGE, run("put", "n/" + "k".repeat(1025), "1").exitCode());
    assertEquals(ExitCode.NOT_FOUND, run("exists", "bad/a").exitCode());
  }

  @Test
  void aClientGoesOnWithTheNextServer() {
    TestConsole test = new TestConsole("", false);
    String servers = "127.0.0.1:1," + server().address();
    assertEquals(
        ExitCode.DONE,
        Kdelta.run(test.console(), Map.of(), List.of("-s", servers, "put", "next/a", "1")));
  }

  @Test
  void statusAndProbes() throws Exception {
    JsonNode node = done("-o", "json", "cluster", "status").json().path("nodes").path(0);
    assertEquals("n1", node.path("name").textValue());
    assertEquals("alive", node.path("state").textValue());
    assertEquals(64, node.path("root").textValue().length());
    assertEquals(server().address().toString(), node.path("address").textValue());
    assertEquals("{\"sessions\":[]}\n", done("-o", "json", "cluster", "log").out());
    assertEquals("ok\n", http("/healthz"));
    assertEquals("ready\n", http("/readyz"));
    String metrics = http("/metrics");
    for (String name :
        List.of(
            "kdelta_versions",
            "kdelta_core_turns_total",
            "kdelta_wal_syncs_total",
            "kdelta_wal_unsynced_batches",
            "kdelta_reconciliation_rounds_total",
            "kdelta_replication_sent_bytes_total",
            "kdelta_peers",
            "jvm_memory",
            "kdelta_rpc_seconds_count")) {
      assertTrue(metrics.contains("\n" + name), name);
    }
  }

  @Test
  void benchMeasures() throws IOException {
    JsonNode results =
        done("-o", "json", "bench", "--clients", "4", "--seconds", "0.3", "--keys", "50")
            .json()
            .path("results");
    assertEquals(3, results.size());
    assertTrue(results.path(2).path("count").intValue() > 0);
    assertEquals(0, results.path(2).path("errors").intValue());
  }

  private static String http(String path) throws Exception {
    String address = server().httpAddress().orElseThrow().toString();
    try (HttpClient client = HttpClient.newHttpClient()) {
      HttpRequest request = HttpRequest.newBuilder(URI.create("http://" + address + path)).build();
      return client.send(request, HttpResponse.BodyHandlers.ofString()).body();
    }
  }

  private static String line(String key, String value, String at, String label, String parents) {
    return "{\"key\":\"%s\",\"value\":%s,\"at\":\"%s\",\"label\":\"%s\",\"parents\":[%s]}\n"
        .formatted(key, value, at, label, parents);
  }
}
