package io.kdelta.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.kdelta.server.CannotStart;
import io.kdelta.server.NodeServer;
import io.kdelta.server.NodeSettings;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: the shells of this machine complete commands and flags, and what they ask tells the keys of
 * a node. Method: each reads its script and is asked what a line may become, by its own means; keys
 * in this process, for they are asked for under a limit of time.
 */
final class ShellCompletionTest {
  private static @Nullable NodeServer server;
  @TempDir private Path folder = Path.of("");

  @BeforeAll
  static void start() throws CannotStart {
    Map<String, String> flags = Map.of("port", "0", "http", "none", "in-memory", "true");
    NodeServer node = NodeServer.start(NodeSettings.read(Optional.empty(), flags), line -> {});
    server = node;
    for (String key : List.of("users/alice", "users/alf", "shop/a lamp", "shop/b:1")) {
      TestConsole said = new TestConsole("", false);
      List<String> words = List.of("-s", node.address().toString(), "put", key, "1");
      assertEquals(ExitCode.DONE, Kdelta.run(said.console(), Map.of(), words), said.err());
    }
  }

  @AfterAll
  static void stop() {
    if (server != null) server.close();
  }

  private static String address() {
    NodeServer node = server;
    if (node == null) throw new AssertionError("no server");
    return node.address().toString();
  }

  private static List<String> line(String shell, String line) {
    TestConsole said = new TestConsole("", false);
    List<String> words = List.of("complete-line", shell, line);
    Map<String, String> environment = Map.of("KDELTA_SERVER", address());
    assertEquals(ExitCode.DONE, Kdelta.run(said.console(), environment, words), said.err());
    assertEquals("", said.err());
    return said.out().lines().map(l -> l.replaceFirst("\t.*", "")).toList();
  }

  @Test
  void lines() {
    assertEquals(List.of("get"), line("bash", "kdelta ge"));
    assertEquals(List.of("users/alf", "users/alice"), line("bash", "kdelta get users/al"));
    assertEquals(List.of("shop/a\\ lamp"), line("bash", "./kdelta -q get shop/a"));
    assertEquals(List.of("shop/a lamp"), line("fish", "kdelta get shop/a"));
    assertEquals(List.of("shop/b:1"), line("bash", "kdelta -s " + address() + " get shop/b:"));
    assertEquals(List.of(), line("bash", "kdelta -s 127.0.0.1:1 get shop/"), "the server named");
    assertEquals(List.of("--if-absent"), line("fish", "kdelta put a/b 1 --if-a"));
    assertEquals(List.of(), line("bash", "kdelta"));
    assertTrue(line("bash", "kdelta ").contains("shell"));
    assertEquals(List.of(), line("bash", "kdelta complete-"), "is not told of");
  }

  /** What a shell says to a script of its own, with kdelta on its path. */
  private List<String> said(String shell, String script) throws Exception {
    assumeTrue(
        Files.isExecutable(Path.of("/usr/bin", shell)), "skipped: there is no " + shell + " here");
    Path program = folder.resolve("kdelta");
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    Files.writeString(
        program,
        "#!/bin/sh\nexec '%s' -XX:TieredStopAtLevel=1 -cp '%s' io.kdelta.cli.Kdelta \"$@\"\n"
            .formatted(java, System.getProperty("java.class.path")));
    Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwx------"));
    ProcessBuilder builder =
        new ProcessBuilder(Path.of("/usr/bin", shell).toString(), "-c", script);
    builder.environment().put("PATH", folder + ":" + System.getenv("PATH"));
    builder.environment().put("HOME", folder.toString());
    builder.environment().put("KDELTA_SERVER", address());
    Process process = builder.redirectErrorStream(true).start();
    process.getOutputStream().close();
    List<String> lines =
        new String(process.getInputStream().readAllBytes(), UTF_8).lines().toList();
    assertTrue(process.waitFor(60, TimeUnit.SECONDS));
    return lines;
  }

  private static String script(String shell) {
    TestConsole said = new TestConsole("", false);
    assertEquals(ExitCode.DONE, Kdelta.run(said.console(), Map.of(), List.of("completion", shell)));
    return said.out();
  }

  private static String bash(String line, String... words) {
    return "COMP_LINE='%s'; COMP_POINT=%d; COMP_WORDS=(%s); _complete_kdelta kdelta; "
            .formatted(line, line.length(), String.join(" ", words))
        + "printf '%s\\n' \"${COMPREPLY[@]}\"\n";
  }

  @Test
  void bash() throws Exception {
    List<String> said =
        said("bash", script("bash") + bash("kdelta ge") + bash("kdelta put a/b 1 --if-a"));
    assertEquals(List.of("get", "--if-absent"), said);
  }

  @Test
  void fish() throws Exception {
    List<String> said =
        said(
            "fish",
            script("fish")
                + "complete -C 'kdelta ge'\n"
                + "complete -C 'kdelta put a/b 1 --if-a'\n");
    assertEquals(
        List.of("get", "--if-absent"),
        said.stream().map(l -> l.replaceFirst("\t.*", "").strip()).toList());
  }

  /** What the function gives to the builtin that takes proposals. */
  private static String zsh(String prefix, String... words) {
    return "words=(%s '%s'); CURRENT=%d; PREFIX='%s'; _complete_kdelta\n"
        .formatted(String.join(" ", words), prefix, words.length + 1, prefix);
  }

  @Test
  void zsh() throws Exception {
    List<String> said =
        said(
            "zsh",
            script("zsh")
                + "print ${_comps[kdelta]}\n"
                + "compadd() { print -r -- \"$@\" }\n_default() { print files }\n"
                + zsh("ge", "kdelta")
                + zsh("--if-a", "kdelta", "put", "a/b", "1")
                + zsh("us", "kdelta", "get")
                + zsh("users/al", "kdelta", "get")
                + zsh("@f", "kdelta", "put", "a/b"));
    assertEquals(
        List.of(
            "_complete_kdelta",
            "-Q -- get",
            "-Q -- --if-absent",
            "-Q -S  -- users/",
            "-Q -- users/alf users/alice",
            "files"),
        said);
  }
}
