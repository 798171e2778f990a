package io.kdelta.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.causal.CausalToken;
import io.kdelta.causal.Intervals;
import io.kdelta.server.CannotStart;
import io.kdelta.server.NodeServer;
import io.kdelta.server.NodeSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: the command line reads its own writes on any node, by a token that it keeps and that a
 * person can give or drop. Method: whole nodes on loopback, one command after the other with a home
 * of its own.
 */
final class SessionTest {
  private static final int ROUNDS = 40;
  private @TempDir Path home;

  private record Result(int exitCode, String out, String err) {}

  private static NodeServer start(String name, String join) throws CannotStart {
    Map<String, String> flags =
        Map.of("name", name, "port", "0", "http", "none", "in-memory", "true", "join", join);
    return NodeServer.start(NodeSettings.read(Optional.empty(), flags), line -> {});
  }

  private Result run(NodeServer server, String... arguments) {
    return run(server.address().toString(), arguments);
  }

  private Result run(String servers, String... arguments) {
    TestConsole test = new TestConsole("", false);
    List<String> words = new ArrayList<>(List.of("-s", servers));
    words.addAll(List.of(arguments));
    int exitCode = Kdelta.run(test.console(), Map.of("HOME", home.toString()), words);
    return new Result(exitCode, test.out(), test.err());
  }

  private Path kept(String name) {
    return home.resolve(".kdelta").resolve("tokens").resolve(name);
  }

  @Test
  void whatOneServerWasToldTheOtherAnswers() throws CannotStart {
    try (NodeServer first = start("first", "");
        NodeServer second = start("second", first.address().toString())) {
      Awaitility.await()
          .atMost(Duration.ofSeconds(60))
          .until(() -> run(second, "put", "a/b", "1", "--ack", "one").exitCode() == ExitCode.DONE);
      assertFalse(Files.exists(home.resolve(".kdelta")), "one server, no name: nothing is kept");
      for (int i = 0; i < ROUNDS; i++) {
        NodeServer here = i % 2 == 0 ? first : second;
        NodeServer there = i % 2 == 0 ? second : first;
        String key = "a/k" + i % 3;
        String value = Integer.toString(i);
        Result put = run(here, "--context", "c", "put", key, value, "--ack", "local");
        assertEquals(ExitCode.DONE, put.exitCode(), put.err());
        Result get = run(there, "--context", "c", "get", key);
        assertEquals(value + "\n", get.out(), get.err());
      }
      assertTrue(Files.exists(kept("c")));
      Result gone = run(first, "--context", "c", "del", "a/k0", "--ack", "local");
      assertEquals(ExitCode.DONE, gone.exitCode(), gone.err());
      assertEquals(ExitCode.NOT_FOUND, run(second, "--context", "c", "get", "a/k0").exitCode());
      String both = first.address() + "," + second.address();
      assertEquals(ExitCode.DONE, run(both, "put", "a/b", "2").exitCode());
      assertTrue(Files.exists(kept(both.replace(':', '_'))), "several servers are a context");
    }
  }

  /** An error, too, tells what was seen: that a key was deleted. */
  @Test
  void anAbsenceIsKept() throws CannotStart, IOException {
    try (NodeServer node = start("n", "")) {
      run(node, "put", "a/b", "1");
      run(node, "del", "a/b");
      assertEquals(ExitCode.NOT_FOUND, run(node, "--context", "c", "get", "a/b").exitCode());
      CausalToken seen = TokenFile.parse(Files.readString(kept("c")));
      assertEquals(2, seen.logs().values().iterator().next().max());
    }
  }

  @Test
  void aServerThatIsBehindSaysSoAndANewSessionGoesOn() throws CannotStart, IOException {
    try (NodeServer node = start("n", "")) {
      run(node, "--context", "c", "put", "a/b", "1");
      CausalToken seen = TokenFile.parse(Files.readString(kept("c")));
      TreeMap<Long, Intervals> more = new TreeMap<>(seen.logs());
      more.replaceAll((log, places) -> Intervals.of(1, 5));
      String given = TokenFile.text(new CausalToken(seen.cluster(), false, more));
      Result behind = run(node, "--token", given, "get", "a/b");
      assertEquals(ExitCode.UNREACHABLE, behind.exitCode());
      assertTrue(behind.err().contains("has not seen 4 versions of log "), behind.err());
      assertTrue(behind.err().contains("hint: ") && behind.err().contains("--token none"));
      Files.writeString(kept("c"), given);
      assertEquals(ExitCode.UNREACHABLE, run(node, "--context", "c", "get", "a/b").exitCode());
      Result anew = run(node, "--context", "c", "--token", "none", "get", "a/b");
      assertEquals("1\n", anew.out(), anew.err());
      assertEquals("1\n", run(node, "--context", "c", "get", "a/b").out());
      assertEquals(seen, TokenFile.parse(Files.readString(kept("c"))));
    }
  }

  @Test
  void anotherClusterIsAnotherSession() throws CannotStart, IOException {
    try (NodeServer node = start("n", "")) {
      run(node, "--context", "c", "put", "a/b", "1");
    }
    CausalToken before = TokenFile.parse(Files.readString(kept("c")));
    try (NodeServer other = start("n", "")) {
      Result put = run(other, "--context", "c", "put", "a/b", "2");
      assertEquals(ExitCode.DONE, put.exitCode(), put.err());
      assertEquals("2\n", run(other, "--context", "c", "get", "a/b").out());
    }
    CausalToken after = TokenFile.parse(Files.readString(kept("c")));
    assertTrue(before.cluster() != after.cluster());
  }

  @Test
  void whatIsNoTokenIsAMistakeOnTheLineAndAnewInTheFile() throws CannotStart, IOException {
    try (NodeServer node = start("n", "")) {
      Result wrong = run(node, "--token", "x!", "get", "a/b");
      assertEquals(ExitCode.USAGE, wrong.exitCode());
      assertTrue(wrong.err().contains("--token: token: is not base64"), wrong.err());
      assertEquals(ExitCode.USAGE, run(node, "--token", "AAAA", "get", "a/b").exitCode());
      Files.createDirectories(kept("c").getParent());
      Files.writeString(kept("c"), "rotten\n");
      assertEquals(ExitCode.DONE, run(node, "--context", "c", "put", "a/b", "1").exitCode());
      assertFalse(TokenFile.parse(Files.readString(kept("c"))).isEmpty());
    }
  }

  @Test
  void commandsSideBySideAddToOneFile() throws IOException {
    TokenFile file = new TokenFile(home, "../a b/c");
    assertEquals(CausalToken.NONE, file.load());
    file.save(token(1), false);
    file.save(token(2), false);
    assertEquals(token(1).union(token(2)), file.load());
    file.save(token(3), true);
    assertEquals(token(3), file.load());
    assertTrue(Files.exists(kept("_.._a_b_c")));
  }

  private static CausalToken token(long log) {
    return new CausalToken(9, false, new TreeMap<>(Map.of(log, Intervals.of(1, log))));
  }
}
