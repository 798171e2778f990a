package io.kdelta.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.server.CannotStart;
import io.kdelta.server.NodeServer;
import io.kdelta.server.NodeSettings;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/**
 * Goal: every line of a shell is a command, over one connection that outlives its server and the
 * failures of other lines. Method: piped lines and single ones against nodes in this process, with
 * a proxy that counts who connects.
 */
final class ShellTest {
  private static NodeServer node(int port) throws CannotStart {
    Map<String, String> flags =
        Map.of("port", Integer.toString(port), "http", "none", "in-memory", "true", "name", "n1");
    return NodeServer.start(NodeSettings.read(Optional.empty(), flags), line -> {});
  }

  private record Result(int exitCode, String out, String err) {}

  private static Result piped(String server, String lines, String... flags) {
    TestConsole test = new TestConsole(lines, false);
    String[] words = new String[flags.length + 3];
    words[0] = "-s";
    words[1] = server;
    words[2] = "shell";
    System.arraycopy(flags, 0, words, 3, flags.length);
    int exitCode = Kdelta.run(test.console(), Map.of(), java.util.List.of(words));
    return new Result(exitCode, test.out(), test.err());
  }

  private static int run(Shell shell, String line) {
    return shell.run(new TestConsole("", false).console(), line);
  }

  private static String out(Shell shell, String line) {
    TestConsole test = new TestConsole("", false);
    assertEquals(ExitCode.DONE, shell.run(test.console(), line), test.err());
    return test.out();
  }

  /** Passes bytes on, and counts connections. */
  private static final class Counter implements AutoCloseable {
    private final ServerSocket listening = new ServerSocket(0, 9, InetAddress.getLoopbackAddress());
    private final AtomicInteger accepted = new AtomicInteger();
    private final InetSocketAddress target;

    Counter(String address) throws IOException {
      int colon = address.lastIndexOf(':');
      target =
          new InetSocketAddress(
              address.substring(0, colon), Integer.parseInt(address.substring(colon + 1)));
      Thread.ofVirtual().start(this::accept);
    }

    String address() {
      return "127.0.0.1:" + listening.getLocalPort();
    }

    private void accept() {
      try {
        while (true) {
          Socket from = listening.accept();
          accepted.incrementAndGet();
          Socket to = new Socket(target.getAddress(), target.getPort());
          Thread.ofVirtual().start(() -> pass(from, to));
          Thread.ofVirtual().start(() -> pass(to, from));
        }
      } catch (IOException e) {
        assertTrue(listening.isClosed(), e::toString);
      }
    }

    private static void pass(Socket from, Socket to) {
      try (from;
          to;
          InputStream in = from.getInputStream();
          OutputStream out = to.getOutputStream()) {
        in.transferTo(out);
      } catch (IOException e) {
        // The other direction has ended.
        return;
      }
    }

    @Override
    public void close() throws IOException {
      listening.close();
    }
  }

  @Test
  void linesAreCommands() throws CannotStart {
    try (NodeServer node = node(0)) {
      String server = node.address().toString();
      Result result =
          piped(
              server,
              """
              # a comment, and a blank line

              put users/bo '{"name": "it\\u0027s Bo"}' -q
              kdelta get users/bo
              use users
              get "bo"
              -o name ls
              set other/x 1 -q
              stats -o name
              exit
              get users/never
              """);
      assertEquals("", result.err());
      assertEquals(ExitCode.DONE, result.exitCode());
      String bo = "{\"name\":\"it's Bo\"}";
      String[] lines = result.out().split("\n", -1);
      assertEquals(bo, lines[1]);
      assertEquals(bo, lines[2]);
      assertEquals("bo", lines[3]);
      assertEquals("users", lines[5]);
      assertEquals(7, lines.length, result.out());
    }
  }

  @Test
  void theFirstFailureIsTheExitCode() throws CannotStart {
    try (NodeServer node = node(0)) {
      String server = node.address().toString();
      String lines = "get a/none\nfrob\nput a/b 'x\nput a/b 1 -q\nget a/b\nput a/b -\nstart\n";
      Result result = piped(server, lines);
      assertEquals(ExitCode.NOT_FOUND, result.exitCode());
      assertTrue(result.out().endsWith("\n1\n"), result.out());
      assertTrue(result.err().contains("line 1 ended with 3"), result.err());
      assertTrue(result.err().contains("no command 'frob'"), result.err());
      assertTrue(result.err().contains("a ' is left open"), result.err());
      assertTrue(result.err().contains("write @FILE"), result.err());
      assertTrue(result.err().contains("start runs in a terminal of its own"), result.err());
      Result stopped = piped(server, lines, "-e");
      assertEquals("", stopped.out());
      assertFalse(stopped.err().contains("frob"), stopped.err());
    }
    Result unknown = piped("127.0.0.1:99999", "ls\n");
    assertEquals(ExitCode.USAGE, unknown.exitCode());
  }

  @Test
  void oneConnectionForAllCommands() throws Exception {
    try (NodeServer node = node(0);
        Counter counter = new Counter(node.address().toString());
        Shell shell =
            new Shell(
                new TestConsole("", false).console(),
                Settings.none(Map.of("KDELTA_SERVER", counter.address())))) {
      assertEquals(ExitCode.DONE, run(shell, "timing on"));
      for (int i = 0; i < 30; i++) {
        assertEquals(ExitCode.DONE, run(shell, "put a/k" + i + " " + i));
        assertEquals(i + "\n", out(shell, "get a/k" + i));
      }
      assertEquals(ExitCode.NOT_FOUND, run(shell, "get a/none"));
      out(shell, "ls a");
      out(shell, "log a/k1");
      out(shell, "watch a --from-start -n 3");
      assertEquals(1, counter.accepted.get());
      assertEquals(1, shell.connectionsOpened());
      assertTrue(out(shell, "timing").startsWith("64 commands: p50 "));
      assertEquals("a", shell.proposals(java.util.List.of("use"), "").getFirst().text());
      assertEquals(31, shell.proposals(java.util.List.of("get"), "a/k").size() + 1);
      assertEquals(1, counter.accepted.get());
    }
  }

  @Test
  void aServerThatIsGoneComesBack() throws Exception {
    NodeServer first = node(0);
    int port = Integer.parseInt(first.address().toString().replaceFirst(".*:", ""));
    try (Shell shell =
        new Shell(
            new TestConsole("", false).console(),
            Settings.none(Map.of("KDELTA_SERVER", "127.0.0.1:" + port)))) {
      try (first) {
        assertEquals(ExitCode.DONE, run(shell, "put a/b 1"));
      }
      for (int i = 0; i < 3; i++) assertEquals(ExitCode.UNREACHABLE, run(shell, "get a/b"));
      assertEquals(java.util.List.of(), shell.proposals(java.util.List.of("get"), "a/"));
      try (NodeServer second = node(port)) {
        // Another cluster, with what was seen of the one before: the session begins anew.
        assertEquals(ExitCode.NOT_FOUND, run(shell, "get a/b"), second::toString);
        assertEquals(ExitCode.DONE, run(shell, "put a/b 2"));
        assertEquals("2\n", out(shell, "get a/b"));
      }
    }
  }

  /** With an HTTP port two above: what one answer is enough for opens no connection of gRPC. */
  @Test
  void singleAnswersGoToTheHttpPort() throws Exception {
    int port = QuickGetTest.freePorts();
    Map<String, String> flags =
        Map.of("port", Integer.toString(port), "in-memory", "true", "name", "n1");
    Map<String, String> environment = Map.of("KDELTA_SERVER", "127.0.0.1:" + port);
    try (NodeServer node =
            NodeServer.start(NodeSettings.read(Optional.empty(), flags), line -> {});
        Shell shell = new Shell(new TestConsole("", false).console(), Settings.none(environment))) {
      assertEquals(port, node.address().port());
      assertEquals(ExitCode.DONE, run(shell, "put a/b 1"));
      assertEquals("1\n", out(shell, "get a/b"));
      assertEquals(0, shell.connectionsOpened());
      assertEquals("1\n", out(shell, "watch a --from-start -n 1 -o raw"));
      assertEquals(1, shell.connectionsOpened());
      assertEquals("1\n", out(shell, "get a/b"));
    }
    try (Shell shell =
        new Shell(new TestConsole("", false).console(), Settings.none(environment))) {
      assertEquals(ExitCode.UNREACHABLE, run(shell, "get a/b"));
      assertEquals(0, shell.warm(), "there is nobody to warm");
      try (NodeServer again =
          NodeServer.start(NodeSettings.read(Optional.empty(), flags), line -> {})) {
        assertEquals(port, again.address().port());
        assertEquals(ExitCode.DONE, run(shell, "put a/b 2"));
        assertEquals("2\n", out(shell, "get a/b"));
      }
    }
  }

  @Test
  void aShellWarmsUpWithWhatThereIsUntilSomethingIsTyped() throws Exception {
    try (NodeServer node = node(0)) {
      Settings settings = Settings.none(Map.of("KDELTA_SERVER", node.address().toString()));
      try (Shell shell = new Shell(new TestConsole("", false).console(), settings)) {
        assertEquals(0, shell.warm(), "there is no key");
      }
      try (Shell shell = new Shell(new TestConsole("", false).console(), settings)) {
        assertEquals(ExitCode.DONE, run(shell, "put a/large '\"" + "x".repeat(5_000) + "\"'"));
        assertEquals(0, shell.warm(), "something was typed");
      }
      try (Shell shell = new Shell(new TestConsole("", false).console(), settings)) {
        assertEquals(1, shell.warm(), "a large document is read once");
      }
      TestConsole test = new TestConsole("", false);
      try (Shell shell = new Shell(test.console(), settings)) {
        var _ =
            Kdelta.run(test.console(), settings.variables(), java.util.List.of("put", "a/a", "1"));
        String before = test.out() + test.err();
        assertTrue(shell.warm() > 1);
        assertEquals(before, test.out() + test.err(), "it says nothing");
      }
    }
  }

  /** As the demo does, with words of its own for the links between its nodes. */
  @Test
  void whoOpensAShellMayAddWords() {
    StringBuilder cuts = new StringBuilder();
    ShellWords words =
        new ShellWords() {
          @Override
          public Map<String, String> words() {
            return Map.of("cut", "Cut a node off");
          }

          @Override
          public String help() {
            return "cut N\n";
          }

          @Override
          public boolean obeyed(Console of, java.util.List<String> said) {
            if (!said.getFirst().equals("cut")) return false;
            if (said.size() != 2) throw CliException.usage("cut which one?", null);
            cuts.append(said.get(1));
            return true;
          }
        };
    try (Shell shell =
        new Shell(new TestConsole("", false).console(), Settings.none(Map.of()), words)) {
      assertEquals(ExitCode.DONE, run(shell, "cut 2"));
      assertEquals("2", cuts.toString());
      assertEquals(ExitCode.USAGE, run(shell, "cut"));
      assertTrue(out(shell, "?").startsWith("cut N\n"));
      assertEquals("cut", shell.proposals(java.util.List.of(), "cu").getFirst().text());
      assertEquals(ExitCode.DONE, run(shell, "use a"), "its own words stay");
      assertEquals(ExitCode.USAGE, run(shell, "cutt 2"));
    }
  }
}
