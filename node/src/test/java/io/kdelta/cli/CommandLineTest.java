package io.kdelta.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/**
 * Goal: what is typed is understood, and what is not gets a message and an exit code that help.
 * Method: whole commands without a server.
 */
final class CommandLineTest {
  private record Result(int exitCode, String out, String err) {}

  private static Result run(Map<String, String> environment, String... arguments) {
    TestConsole test = new TestConsole("", false);
    int exitCode = Kdelta.run(test.console(), environment, List.of(arguments));
    return new Result(exitCode, test.out(), test.err());
  }

  private static Result run(String... arguments) {
    return run(Map.of(), arguments);
  }

  @Test
  void withoutAServer() throws IOException {
    String gone = gone();
    Result result = run("-s", gone, "get", "users/alice");
    assertEquals(ExitCode.UNREACHABLE, result.exitCode());
    assertEquals(
        "kdelta: cannot reach the server "
            + gone
            + " (from -s): connection refused\n"
            + "hint: kdelta start runs a node here; kdelta -s HOST:PORT names another one\n",
        result.err());
    assertEquals("", result.out());
  }

  @Test
  void theServerMayComeFromTheEnvironment() throws IOException {
    String gone = gone();
    Result result = run(Map.of("KDELTA_SERVER", gone), "ls");
    assertTrue(result.err().contains(gone + " (from KDELTA_SERVER)"), result.err());
  }

  @Test
  void globalFlagsStandBeforeOrAfterTheVerb() throws IOException {
    String gone = gone();
    for (List<String> arguments :
        List.of(
            List.of("-o", "json", "-s", gone, "cluster", "status"),
            List.of("cluster", "-o", "json", "status", "-s", gone),
            List.of("cluster", "status", "-s", gone, "-o", "json"))) {
      Result result = run(arguments.toArray(String[]::new));
      assertEquals(ExitCode.UNREACHABLE, result.exitCode(), arguments.toString());
      assertTrue(result.err().startsWith("{\"error\":{"), result.err());
      assertTrue(result.err().contains("(from -s)"), result.err());
    }
  }

  @Test
  void flagsHaveVariables() throws IOException {
    Result result = run(Map.of("KDELTA_OUTPUT", "json"), "-s", gone(), "ls");
    assertTrue(result.err().startsWith("{\"error\":{"), result.err());
  }

  @Test
  void mistakesNameWhatWasMeant() {
    assertUsage("did you mean --if or --if-absent?", "put", "a/b", "1", "--iff");
    assertUsage("did you mean --listen?", "start", "--lisen", "x");
    assertUsage("no command 'frobnicate'", "frobnicate");
    assertUsage("'users' is not a key: write NAMESPACE/KEY", "get", "users");
    assertUsage("'jsn' is none of table, json", "ls", "-o", "jsn");
    assertUsage("which command?");
    assertUsage(
        "--if and --if-absent exclude each other",
        "put",
        "a/b",
        "1",
        "--if",
        "abcd",
        "--if-absent");
    assertUsage("is no moment", "get", "a/b", "--at", "xyz");
    assertUsage("no file", "put", "a/b", "@/nowhere/at/all");
    assertUsage("--merge", "resolve", "a/b");
    assertUsage("--mix 5", "bench", "--mix", "5");
    assertUsage(
        "is none of jsonl, csv, git-history", "import", "x", "--namespace", "n", "--format", "xml");
    assertUsage("can be reached from other machines", "start", "--listen", "0.0.0.0:1");
  }

  @Test
  void aliases() throws IOException {
    String gone = gone();
    for (String line :
        List.of("set a/b 1", "delete a/b", "list", "list a", "status", "peers", "cluster log")) {
      List<String> words = new java.util.ArrayList<>(List.of("-s", gone));
      words.addAll(List.of(line.split(" ", -1)));
      assertEquals(ExitCode.UNREACHABLE, run(words.toArray(String[]::new)).exitCode(), line);
    }
  }

  @Test
  void helpAndVersion() {
    Result help = run("help");
    assertEquals(ExitCode.DONE, help.exitCode());
    for (String verb :
        List.of("start", "put", "get", "del", "ls", "log", "diff", "resolve", "import", "bench")) {
      assertTrue(help.out().contains("\n  " + verb), verb + " in " + help.out());
    }
    assertTrue(run("help", "put").out().contains("--if-absent"));
    assertTrue(run("put", "--help").out().contains("--if-absent"));
    assertTrue(run("help", "cluster", "reconcile").out().contains("--with"));
    assertTrue(run("help", "exit-codes").out().contains("precondition"));
    assertEquals(ExitCode.USAGE, run("help", "nothing").exitCode());
    assertTrue(run("version").out().startsWith("{\"version\":"));
  }

  @Test
  void noStackTraceWithoutDebug() throws IOException {
    String gone = gone();
    assertFalse(run("-s", gone, "ls").err().contains("\tat "));
    assertTrue(run("-s", gone, "ls", "--debug").err().contains("\tat "));
  }

  private static void assertUsage(String part, String... arguments) {
    Result result = run(arguments);
    assertEquals(ExitCode.USAGE, result.exitCode(), result.err());
    assertTrue(result.err().contains(part), part + " in " + result.err());
  }

  /** An address where nobody listens. */
  private static String gone() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return "127.0.0.1:" + socket.getLocalPort();
    }
  }
}
