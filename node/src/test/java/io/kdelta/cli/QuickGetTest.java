package io.kdelta.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.server.CannotStart;
import io.kdelta.server.NodeServer;
import io.kdelta.server.NodeSettings;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/**
 * Goal: a get by the HTTP port says what one by gRPC says, and leaves to that what it does not
 * know; a version is written again. Method: whole commands against a node whose HTTP port is two
 * above.
 */
final class QuickGetTest {
  static int freePorts() throws IOException {
    for (int tries = 0; ; tries++) {
      try (ServerSocket grpc = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
          ServerSocket http =
              new ServerSocket(grpc.getLocalPort() + 2, 1, InetAddress.getLoopbackAddress())) {
        return http.getLocalPort() - 2;
      } catch (IOException | IllegalArgumentException taken) {
        if (tries == 100) throw new IOException("no two free ports", taken);
      }
    }
  }

  private static boolean quick(TestConsole console, Map<String, String> more, String... words) {
    return QuickGet.done(console.console(), more, List.of(words));
  }

  private static String run(String... words) {
    TestConsole console = new TestConsole("", false);
    assertEquals(
        ExitCode.DONE, Kdelta.run(console.console(), Map.of(), List.of(words)), console.err());
    return console.out();
  }

  @Test
  void itSaysWhatTheOthersSay() throws IOException, CannotStart {
    String port = Integer.toString(freePorts());
    String server = "127.0.0.1:" + port;
    try (NodeServer node =
        NodeServer.start(
            NodeSettings.read(Optional.empty(), Map.of("port", port, "in-memory", "true")),
            line -> {})) {
      assertEquals(server, node.address().toString());
      run("-s", server, "put", "u/ä ö/%", "{\"a\":\"é\"}");
      TestConsole console = new TestConsole("", false);
      assertTrue(quick(console, Map.of(), "-s", server, "get", "u/ä ö/%"), console.err());
      assertEquals("{\"a\":\"é\"}\n", console.out());
      assertEquals("{\"a\":\"é\"}", run("-s", server, "get", "u/ä ö/%", "-o", "raw"));
      Map<String, String> environment = Map.of("KDELTA_SERVER", server);
      assertTrue(quick(new TestConsole("", true), environment, "get", "u/ä ö/%"));
      for (String words :
          List.of(
              "get u/none", "get u", "get u/a --meta", "ls u/a", "get u/a u/b", "-o x get u/a")) {
        TestConsole silent = new TestConsole("", false);
        assertFalse(quick(silent, environment, words.split(" ", -1)), words);
        assertEquals("", silent.out() + silent.err());
      }
      Map<String, String> flag = Map.of("KDELTA_SERVER", server, "KDELTA_OUTPUT", "raw");
      assertFalse(quick(new TestConsole("", false), flag, "get", "u/ä ö/%"));
      writesAgain(server);
    }
    assertFalse(quick(new TestConsole("", false), Map.of(), "-s", server, "get", "u/a"));
  }

  private static void writesAgain(String server) {
    for (int i = 1; i <= 3; i++) run("-s", server, "put", "u/r", "{\"i\":" + i + "}");
    run("-s", server, "restore", "u/r", "-2");
    assertEquals("{\"i\":1}\n", run("-s", server, "get", "u/r"));
    assertTrue(run("-s", server, "log", "u/r").contains("restores "));
  }

  @Test
  void completionForShells() {
    assertTrue(run("completion", "bash").contains("complete -F _complete_kdelta"));
    TestConsole console = new TestConsole("", false);
    assertEquals(
        ExitCode.USAGE, Kdelta.run(console.console(), Map.of(), List.of("completion", "csh")));
  }
}
