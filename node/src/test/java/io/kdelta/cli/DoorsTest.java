package io.kdelta.cli;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.server.CannotStart;
import io.kdelta.server.NodeServer;
import io.kdelta.server.NodeSettings;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: a command says the same and ends the same whether it goes to the HTTP port or by gRPC.
 * Method: each command is run against one node twice; once at its port, once at a road to its port
 * of gRPC that has no HTTP beside it; the node's metrics tell which it was.
 */
final class DoorsTest {
  private static final List<ServerSocket> ROADS = new ArrayList<>();

  @SuppressWarnings("NullAway.Init") // Before all tests.
  private static NodeServer node;

  private static String http = "";
  private static String grpc = "";

  @TempDir private Path home = Path.of("");

  /** What a command did. */
  private record Said(int exitCode, String out, String err) {}

  @BeforeAll
  static void start() throws IOException, CannotStart {
    String port = Integer.toString(QuickGetTest.freePorts());
    node =
        NodeServer.start(
            NodeSettings.read(Optional.empty(), Map.of("port", port, "in-memory", "true")),
            line -> {});
    http = "127.0.0.1:" + port;
    grpc = "127.0.0.1:" + road(node.address().port());
  }

  @AfterAll
  static void stop() throws IOException {
    node.close();
    for (ServerSocket road : ROADS) road.close();
  }

  /** A port that leads to another one, with nobody two above it. */
  private static int road(int to) throws IOException {
    return road(0, to);
  }

  private static int road(int at, int to) throws IOException {
    ServerSocket road = new ServerSocket(at, 16, InetAddress.getLoopbackAddress());
    ROADS.add(road);
    Thread.ofVirtual()
        .start(() -> {
          try {
            while (true) {
              Socket from = road.accept();
              Socket onward = new Socket();
              onward.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), to));
              carry(from, onward);
              carry(onward, from);
            }
          } catch (IOException e) {
            assertTrue(road.isClosed(), e.toString());
          }
        });
    return road.getLocalPort();
  }

  private static void carry(Socket from, Socket to) {
    Thread.ofVirtual()
        .start(() -> {
          try (from;
              to) {
            var _ = from.getInputStream().transferTo(to.getOutputStream());
          } catch (IOException e) {
            // One end has closed it; both are closed now.
          }
        });
  }

  private Said run(String server, String... words) {
    return run(Map.of("HOME", home.toString()), server, words);
  }

  private static Said run(Map<String, String> environment, String server, String... words) {
    TestConsole console = new TestConsole("", false);
    List<String> all = new ArrayList<>(List.of("-s", server));
    all.addAll(List.of(words));
    int exitCode = Kdelta.run(console.console(), environment, all);
    return new Said(exitCode, console.out(), console.err().replace(server, "SERVER"));
  }

  /** How many calls have come to the HTTP port. */
  private static long calls() {
    try (var in =
        URI.create("http://" + node.httpAddress().orElseThrow() + "/metrics")
            .toURL()
            .openStream()) {
      String metrics = new String(in.readAllBytes(), StandardCharsets.UTF_8);
      return metrics
          .lines()
          .filter(line -> line.startsWith("kdelta_http_seconds_count") && line.contains("/v1/call"))
          .mapToLong(line -> (long) Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
          .sum();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  /** The same both ways, byte for byte; answers what it said. */
  private Said same(String... words) {
    long before = calls();
    Said one = run(http, words);
    // A call is counted when its connection is closed.
    await(String.join(" ", words)).atMost(Duration.ofSeconds(20)).until(() -> calls() > before);
    assertEquals(run(grpc, words), one, String.join(" ", words));
    return one;
  }

  /** The same but for what is of each write alone. */
  private void alike(String... words) {
    Said one = run(http, words);
    Said other = run(grpc, words);
    assertEquals(bare(other), bare(one), String.join(" ", words));
  }

  private static Said bare(Said said) {
    String out =
        said.out()
            .replaceAll("[0-9a-f]{64}|  [0-9a-f]{8}  |restores [0-9a-f]{8}", "ID")
            .replaceAll("\"parents\":\\[[^]]*\\]", "PARENTS")
            .replaceAll("[0-9]{4}-[0-9-]{5}T[0-9:.]+Z", "TIME");
    return new Said(said.exitCode(), out, said.err().replaceAll("[0-9a-f]{64}", "ID"));
  }

  private void prepare() {
    assertEquals(ExitCode.DONE, run(grpc, "put", "d/a", "{\"n\":1e300,\"ü\":[1,2]}").exitCode());
    run(grpc, "put", "d/a", "{\"n\":2,\"ü\":[1]}", "--note", "zwei");
    run(grpc, "put", "d/b", "7");
    run(grpc, "del", "d/b");
    for (String key : List.of("f", "g")) {
      run(grpc, "put", "d/" + key, "{\"a\":1,\"b\":1}");
      String parent = run(grpc, "-o", "name", "get", "d/" + key, "--meta").out().strip();
      // Both write upon the one that they saw.
      writeUpon(parent, key, "{\"a\":2,\"b\":1}");
      writeUpon(parent, key, key.equals("f") ? "{\"a\":1,\"b\":2}" : "{\"a\":3,\"b\":1}");
    }
  }

  private static void writeUpon(String parent, String key, String document) {
    HttpLine line = HttpLine.to(http, System.nanoTime() + 10_000_000_000L);
    assertTrue(line != null);
    try {
      HttpLine.Answer answer =
          line.ask(
              "PUT /v1/kv/d/" + key + "?parents=" + parent,
              "Content-Type: application/json\r\n",
              document.getBytes(StandardCharsets.UTF_8));
      assertTrue(answer != null && answer.status() == 200);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void readsSayTheSame() {
    prepare();
    for (String format : List.of("json", "table", "csv")) {
      same("-o", format, "get", "d/a", "--meta");
      same("-o", format, "get", "d/a", "--at", "-1");
      same("-o", format, "get", "d/a", "--heads");
      same("-o", format, "ls", "d");
      same("-o", format, "ls");
      same("-o", format, "log", "d/a");
      same("-o", format, "diff", "d/a");
      same("-o", format, "stats", "d");
      same("-o", format, "conflicts");
      same("-o", format, "exists", "d/a");
    }
    same("log", "d/a", "--graph");
    same("log", "d/f", "--graph");
    assertTrue(same("get", "d/f").err().contains("2 heads"));
    same("get", "d/f", "--heads");
    assertTrue(same("blame", "d/a").out().contains("{\"path\":\"/ü/0\",\"value\":1,\"id\":"));
    assertTrue(same("-o", "table", "blame", "d/f").err().contains("2 heads"));
    assertEquals(ExitCode.NOT_FOUND, same("blame", "d/b").exitCode());
    same("blame", "d/a", "--at", "-1", "-o", "json");
    same("log", "d/a", "--since", "2020-01-01", "-n", "1");
    same("diff", "d/a", "-1", "--exit-code");
    same("exists", "d/b");
    same("ls", "d/a", "--stable");
    same("get", "d/a", "--stable");
    same("cluster", "status", "-o", "json");
    same("cluster", "members");
    same("cluster", "log");
    String id = run(grpc, "-o", "name", "get", "d/a", "--meta").out().strip();
    same("show", id);
    same("show", id.substring(0, 6));
    same("export", "d", "--with-history");
  }

  @Test
  void refusalsSayTheSame() {
    prepare();
    assertEquals(ExitCode.NOT_FOUND, same("get", "d/none").exitCode());
    assertEquals(ExitCode.NOT_FOUND, same("-o", "json", "get", "d/b").exitCode());
    assertEquals(ExitCode.NOT_FOUND, same("get", "d/a", "--at", "-9").exitCode());
    assertEquals(ExitCode.NOT_FOUND, same("show", "0000").exitCode());
    assertEquals(ExitCode.NOT_FOUND, same("del", "d/none").exitCode());
    assertEquals(ExitCode.USAGE, same("put", "d/x", "{").exitCode());
    assertEquals(ExitCode.USAGE, same("put", "d/x", "{\"a\":1,\"a\":2}").exitCode());
    assertEquals(ExitCode.CONFLICT, same("put", "d/a", "1", "--if-absent").exitCode());
    assertEquals(ExitCode.CONFLICT, same("put", "d/a", "1", "--if", "0".repeat(64)).exitCode());
    assertEquals(ExitCode.CONFLICT, same("put", "d/a", "1", "--if", "ffff").exitCode());
    same("resolve", "d/a", "--merge");
    assertEquals(ExitCode.CONFLICT, same("resolve", "d/g", "--merge").exitCode());
    assertEquals(ExitCode.DONE, same("resolve", "d/f", "--merge", "--dry-run").exitCode());
    same("ls", "d/" + "x".repeat(70_000));
  }

  @Test
  void writesDoTheSame() {
    prepare();
    alike("put", "d/w", "{\"a\":1}", "--note", "first");
    alike("-q", "put", "d/w", "2");
    alike("set", "d/w", "3", "--ack", "local", "-o", "table");
    alike("restore", "d/w", "-1");
    Said one = run(http, "put", "d/r", "1", "--request-id", "same");
    Said again = run(grpc, "put", "d/r", "1", "--request-id", "same");
    assertEquals(one.out().replace("\"repeated\":false", "\"repeated\":true"), again.out());
    assertEquals(ExitCode.DONE, run(http, "del", "d/w").exitCode());
    assertEquals(ExitCode.NOT_FOUND, run(grpc, "del", "d/w").exitCode());
  }

  @Test
  void theTokenOfASessionGoesBothWays() {
    run(http, "put", "d/t", "1", "--context", "mine");
    Path file = home.resolve(".kdelta/tokens/mine");
    String token = read(file);
    assertFalse(token.isEmpty());
    run(http, "put", "d/t2", "1", "--context", "mine");
    assertFalse(read(file).equals(token));
    assertEquals("1\n", same("get", "d/t", "--context", "mine", "--stable").out());
    Said behind = run(http, "get", "d/t", "--token", "none", "--meta");
    assertEquals(ExitCode.DONE, behind.exitCode());
  }

  private static String read(Path file) {
    try {
      return java.nio.file.Files.readString(file).strip();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void aRequestThatNobodyReadsEndsInTime() throws IOException {
    try (ServerSocket stopped = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      String server = "127.0.0.1:" + (stopped.getLocalPort() - HttpLine.PORT_OFFSET);
      assertTimeoutPreemptively(
          Duration.ofSeconds(30),
          () -> {
            HttpLine line = HttpLine.to(server, System.nanoTime() + 500_000_000L);
            assertTrue(line != null);
            assertThrows(
                SocketTimeoutException.class, () -> line.ask("POST /", "", new byte[32 << 20]));
          });
    }
  }

  @Test
  void nothingLeavesTheMachineInTheClear() {
    long soon = System.nanoTime() + 10_000_000_000L;
    for (String there :
        List.of(
            "10.1.2.3:7878",
            "[2001:db8::1]:7878",
            "db.example.org:7878",
            "127.0.0.1.example.org:7878",
            "0.0.0.0:7878")) {
      assertTrue(HttpLine.to(there, soon) == null, there);
    }
    for (String here : List.of("127.0.0.1:7878", "127.9.9.9:1", "localhost:1", "[::1]:7878")) {
      assertTrue(HttpLine.to(here, soon) != null, here);
    }
    // Longer than the port waits.
    assertTrue(HttpLine.to("127.0.0.1:7878", System.nanoTime() + 300_000_000_000L) == null);
  }

  @Test
  void aVariableTurnsItOff() throws IOException {
    int port = QuickGetTest.freePorts();
    int above = port + HttpLine.PORT_OFFSET;
    try (ServerSocket watched = new ServerSocket(above, 9, InetAddress.getLoopbackAddress())) {
      String server = "127.0.0.1:" + road(port, node.address().port());
      Map<String, String> off = Map.of("KDELTA_PLAIN_HTTP", "off");
      assertEquals(ExitCode.DONE, run(off, server, "put", "d/off", "1").exitCode());
      watched.setSoTimeout(1);
      assertThrows(SocketTimeoutException.class, watched::accept);
    }
  }

  @Test
  void anotherNodeTwoAboveIsNotAsked() throws IOException {
    // Two below the HTTP port of a node is a port that is not that node's.
    int strange = road(node.address().port());
    HttpLine line = HttpLine.to("127.0.0.1:" + strange, System.nanoTime() + 10_000_000_000L);
    assertTrue(line != null);
    assertTrue(line.ask("GET /healthz", "", null) == null);
    HttpLine right = HttpLine.to(http, System.nanoTime() + 10_000_000_000L);
    assertTrue(right != null);
    HttpLine.Answer answer = right.ask("GET /healthz", "", null);
    assertTrue(answer != null);
    assertEquals(200, answer.status());
  }
}
