package io.kdelta.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.grpc.Status;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
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
    assertUsage("a count is 1 or more", "watch", "-n", "0");
    assertUsage("cannot read /: is a directory", "put", "a/b", "@/");
    assertUsage("--mix 5", "bench", "--mix", "5");
    assertUsage(
        "is none of jsonl, csv, git-history", "import", "x", "--namespace", "n", "--format", "xml");
    assertUsage("can be reached from other machines", "start", "--listen", "0.0.0.0:1");
  }

  @Test
  void aPortThatSpeaksHttpIsNamed() throws Exception {
    try (ServerSocket server = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
      Thread answers =
          Thread.ofVirtual()
              .start(() -> {
                try {
                  while (true) {
                    var caller = server.accept();
                    caller.getInputStream().read();
                    caller
                        .getOutputStream()
                        .write("HTTP/1.1 400 Bad Request\r\n\r\n".getBytes(StandardCharsets.UTF_8));
                  }
                } catch (IOException e) {
                  // The test has ended.
                  return;
                }
              });
      Result result = run("-s", "127.0.0.1:" + server.getLocalPort(), "del", "a/b");
      assertEquals(ExitCode.UNREACHABLE, result.exitCode());
      assertTrue(result.err().contains("this port does not speak gRPC"), result.err());
      String guess = "try -s 127.0.0.1:" + (server.getLocalPort() - 2);
      assertTrue(result.err().contains(guess), result.err());
      assertTrue(answers.isAlive());
    }
  }

  @Test
  void aDocumentThatIsTooLargeForAMessage() {
    var failure =
        Status.RESOURCE_EXHAUSTED
            .withDescription("gRPC message exceeds maximum size 4194304: 20971574")
            .asRuntimeException();
    CliException told = Failures.of(failure, "a:1", Servers.parse("a:1", "from -s"));
    assertEquals(ExitCode.USAGE, told.exitCode());
    assertTrue(told.text().contains("the document is too large for a:1"), told.text());
    assertTrue(String.valueOf(told.hint()).contains("--document-bytes-max"), told.hint());
  }

  @Test
  void whatCannotBeWrittenIsToldOnce() {
    assertEquals(
        "kdelta: cannot write to standard output: No space left on device\n",
        written("No space left on device"));
    assertEquals("", written("Broken pipe"));
  }

  /** What is said on stderr, when stdout fails so. */
  private static String written(String failure) {
    TestConsole test = new TestConsole("", false);
    StandardOutput out =
        new StandardOutput(
            new OutputStream() {
              @Override
              public void write(int b) throws IOException {
                throw new IOException(failure);
              }
            });
    Console console =
        new Console(
            out,
            test.console().err(),
            test.console().in(),
            false,
            false,
            false,
            test.console().now());
    assertEquals(
        ExitCode.UNEXPECTED, Kdelta.run(console, Map.of(), List.of("completion", "bash")), failure);
    return test.err();
  }

  @Test
  void aChoiceIsNotKeptForTheNextCommand() throws IOException {
    TestConsole test = new TestConsole("", false);
    var line = Commands.commandLine(new Invocation(test.console(), Map.of()));
    String gone = gone();
    List<String> merge = List.of("-s", gone, "resolve", "a/b", "--merge");
    assertEquals(ExitCode.UNREACHABLE, Commands.execute(line, test.console(), merge));
    List<String> none = List.of("-s", gone, "resolve", "a/b");
    assertEquals(ExitCode.USAGE, Commands.execute(line, test.console(), none), test.err());
  }

  @Test
  void percentilesAreOfTheNearestRank() {
    Timing timing = new Timing();
    timing.add(20_100_000);
    timing.add(58_080_000);
    assertEquals("2 commands: p50 20.10 ms, p99 58.08 ms", timing.summary());
    for (int i = 0; i < 98; i++) timing.add(1_000_000);
    assertEquals("100 commands: p50 1.00 ms, p99 20.10 ms", timing.summary());
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
