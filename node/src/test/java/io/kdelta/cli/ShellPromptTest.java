package io.kdelta.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.server.CannotStart;
import io.kdelta.server.NodeServer;
import io.kdelta.server.NodeSettings;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jline.reader.LineReader;
import org.jline.terminal.Terminal;
import org.jline.terminal.impl.ExternalTerminal;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: Tab, quotes and history at the prompt do what a shell does, and plain commands load nothing
 * of it. Method: keys typed into a terminal without a device, and a process that tells what it
 * loads.
 */
final class ShellPromptTest {
  @TempDir private Path folder = Path.of("");

  private static Terminal terminal(String typed) throws IOException {
    return new ExternalTerminal(
        "test",
        "xterm",
        new ByteArrayInputStream(typed.getBytes(UTF_8)),
        new ByteArrayOutputStream(),
        UTF_8);
  }

  private static String typed(Shell shell, String keys, @Nullable Path history) throws IOException {
    try (Terminal terminal = terminal(keys)) {
      LineReader reader = ShellPrompt.reader(terminal, shell, history);
      return reader.readLine("> ");
    }
  }

  @Test
  void tabCompletes() throws IOException, CannotStart {
    Map<String, String> flags =
        Map.of("port", "0", "http", "none", "in-memory", "true", "name", "n1");
    try (NodeServer node =
            NodeServer.start(NodeSettings.read(Optional.empty(), flags), line -> {});
        Shell shell =
            new Shell(
                new TestConsole("", false).console(),
                Settings.none(Map.of("KDELTA_SERVER", node.address().toString())))) {
      for (String key : List.of("users/alice", "users/it\\'s\\ me", "shop/lamp")) {
        TestConsole said = new TestConsole("", false);
        assertEquals(ExitCode.DONE, shell.run(said.console(), "put " + key + " 1"), said.err());
      }
      assertEquals("get users/alice ", typed(shell, "ge\tus\tal\t\r", null));
      assertEquals("get users/it\\'s\\ me ", typed(shell, "get users/i\t\r", null));
      assertEquals("log shop/lamp --graph ", typed(shell, "log sh\tla\t--gr\t\r", null));
      assertEquals("use shop ", typed(shell, "use sh\t\r", null));
      assertEquals("get users/none", typed(shell, "get users/none\t\r", null));
      assertEquals("put a/b '{\n}'", typed(shell, "put a/b '{\r}'\r", null), "a quote goes on");
      assertEquals("put a/b !!", typed(shell, "put a/b !!\r", null));
    }
    try (Shell alone =
        new Shell(
            new TestConsole("", false).console(),
            Settings.none(Map.of("KDELTA_SERVER", "127.0.0.1:1")))) {
      assertEquals("get us", typed(alone, "get us\t\r", null), "nobody answers");
    }
  }

  @Test
  void historyIsForThisUserAlone() throws IOException {
    TestConsole test = new TestConsole("", false);
    Map<String, String> environment = Map.of("HOME", folder.toString());
    Path file = ShellPrompt.history(test.console(), environment);
    assertTrue(file != null);
    try (Shell shell = new Shell(test.console(), Settings.none(environment))) {
      assertEquals("get a/b", typed(shell, "get a/b\r", file));
      assertEquals(" get a/secret", typed(shell, " get a/secret\r", file));
      assertEquals("get a/b", typed(shell, "\u0012a/\r", file), "Ctrl-R finds it");
    }
    assertTrue(Files.readString(file).contains("get a/b"));
    Path made = folder.resolve(".kdelta");
    assertEquals("rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(made)));
    assertFalse(Files.readString(file).contains("secret"));
    assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
  }

  @Test
  void plainCommandsLoadNothingOfThePrompt() throws Exception {
    Path loaded = folder.resolve("loaded");
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xlog:class+load:file=" + loaded,
                "-cp",
                System.getProperty("java.class.path"),
                "io.kdelta.cli.Kdelta",
                "shell")
            .redirectErrorStream(true)
            .start();
    process.getOutputStream().write("version\n".getBytes(UTF_8));
    process.getOutputStream().close();
    assertTrue(new String(process.getInputStream().readAllBytes(), UTF_8).contains("version"));
    assertTrue(process.waitFor(60, TimeUnit.SECONDS));
    assertEquals(ExitCode.DONE, process.exitValue());
    String classes = Files.readString(loaded);
    assertTrue(classes.contains("io.kdelta.cli.ShellCommand"));
    assertFalse(classes.contains("org.jline"), "no class of JLine in a pipe");
  }
}
