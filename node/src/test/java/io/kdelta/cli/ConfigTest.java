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
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: a flag wins over its variable, that over the context, that over the file of the person; and
 * one can see which one won. Method: whole commands with a home of their own.
 */
final class ConfigTest {
  @TempDir private Path home;

  private final TreeMap<String, String> environment = new TreeMap<>();
  private String said = "";

  @BeforeEach
  void atHome() {
    environment.put("HOME", home.toString());
  }

  private int run(String... words) {
    TestConsole test = new TestConsole("", false);
    int exitCode = Kdelta.run(test.console(), environment, List.of(words));
    said = test.out() + test.err();
    return exitCode;
  }

  private void done(String... words) {
    assertEquals(ExitCode.DONE, run(words), said);
  }

  private void refused(String why, String... words) {
    assertEquals(ExitCode.USAGE, run(words), said);
    assertTrue(said.contains(why), said);
  }

  private Path config() {
    return home.resolve(".kdelta").resolve("config");
  }

  /** Value and origin of a setting. */
  private String holds(String key, String... flags) throws IOException {
    String[] words = new String[flags.length + 3];
    System.arraycopy(flags, 0, words, 0, flags.length);
    words[flags.length] = "config";
    words[flags.length + 1] = "show";
    words[flags.length + 2] = "--origin";
    TestConsole test = new TestConsole("", false);
    assertEquals(
        ExitCode.DONE, Kdelta.run(test.console(), environment, List.of(words)), test.err());
    for (String line : test.out().lines().toList()) {
      JsonNode item = new ObjectMapper().readTree(line);
      if (item.path("key").textValue().equals(key)) {
        return item.path("value").asText("-") + " by " + item.path("origin").textValue();
      }
    }
    throw new AssertionError(key + " is not shown");
  }

  @Test
  void eachLayerWinsOverTheOneBelow() throws IOException {
    assertEquals("127.0.0.1:7878 by default", holds("server"));
    done("config", "set", "server", "own:1");
    assertEquals("own:1 by " + config(), holds("server"));
    done("config", "set", "server", "prod:2", "--context", "prod");
    assertEquals("own:1 by " + config(), holds("server"), "nobody uses that context");
    done("config", "use", "prod");
    assertEquals("prod:2 by context prod", holds("server"));
    environment.put("KDELTA_CONTEXT", "");
    assertEquals("prod:2 by context prod", holds("server"), "an empty variable says nothing");
    refused("kdelta config contexts lists", "get", "a/b", "--context", "prdo");
    assertEquals("prod by " + config(), holds("context"));
    environment.put("KDELTA_CONTEXT", "test");
    assertEquals("own:1 by " + config(), holds("server"), "a context without a file");
    done("--context", "test", "config", "set", "server", "test:3");
    assertEquals("test:3 by context test", holds("server"));
    assertEquals("prod:2 by context prod", holds("server", "--context", "prod"));
    environment.put("KDELTA_SERVER", "variable:4");
    assertEquals("variable:4 by KDELTA_SERVER", holds("server", "--context=prod"));
    assertEquals("flag:5 by --server", holds("server", "-s", "flag:5"));
    assertEquals("- by default", holds("ack"));
  }

  @Test
  void commandsDoAsTheyAreTold() throws IOException, CannotStart {
    Map<String, String> flags =
        Map.of("port", "0", "http", "none", "in-memory", "true", "name", "n1");
    try (NodeServer node =
        NodeServer.start(NodeSettings.read(Optional.empty(), flags), line -> {})) {
      done("config", "set", "server", "127.0.0.1:1");
      done("config", "set", "timeout", "2");
      assertEquals(ExitCode.UNREACHABLE, run("get", "a/b"));
      assertTrue(said.contains("127.0.0.1:1 (from " + config() + ")"), said);
      done("config", "set", "server", node.address().toString(), "--context", "here");
      done("config", "set", "output", "name", "--context", "here");
      done("put", "a/b", "1", "--context", "here");
      assertEquals(64, said.strip().length(), said);
      Path token = home.resolve(".kdelta").resolve("tokens").resolve("here");
      assertTrue(Files.exists(token), "a context remembers what it saw");
      assertEquals(ExitCode.UNREACHABLE, run("exists", "a/b"));
      done("config", "use", "here");
      done("exists", "a/b");
      done("config", "contexts");
      assertTrue(said.contains("\"name\":\"here\",\"inUse\":true"), said);
      shellGoesElsewhere(node.address().toString());
      done("config", "use", "none");
      assertEquals(ExitCode.UNREACHABLE, run("exists", "a/b"));
      assertFalse(Files.readString(config()).contains("context"));
    }
  }

  private void shellGoesElsewhere(String here) {
    done("config", "set", "server", "127.0.0.1:1", "--context", "nowhere");
    TestConsole test = new TestConsole("exists a/b --context nowhere\nexists a/b\n", false);
    int exitCode = Kdelta.run(test.console(), environment, List.of("shell"));
    assertEquals(ExitCode.UNREACHABLE, exitCode, test.err());
    assertTrue(test.err().contains("line 1 ended with 6"), test.err());
    assertFalse(test.err().contains("line 2"), test.err());
    assertTrue(holdsServer(here));
  }

  private boolean holdsServer(String here) {
    try {
      return holds("server").equals(here + " by context here");
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void whatMakesNoSenseIsRefusedWithWhatMay() throws IOException {
    refused("did you mean server?", "config", "set", "sever", "a:1");
    refused("a:b", "config", "set", "server", "a:b");
    refused("'soon' is no number", "config", "set", "timeout", "soon");
    refused("none of table, json", "config", "set", "output", "xml");
    refused("true or false", "config", "set", "quiet", "perhaps");
    refused("ack", "config", "set", "ack", "some");
    refused("no name of a context", "config", "set", "ack", "one", "--context", "../x");
    refused("does not name another", "config", "set", "context", "b", "--context", "a");
    refused("no value", "config", "set", "ack", " ".repeat(3), "--context", "a");
    assertFalse(Files.exists(home.resolve(".kdelta")), "nothing was written");
    assertEquals(ExitCode.NOT_FOUND, run("config", "use", "prod"));
    assertTrue(said.contains("--context prod"), said);
    refused("which command of config?", "config");
  }

  @Test
  void aContextThatIsNotThereIsNotAnotherDatabase() throws IOException {
    done("config", "set", "server", "127.0.0.1:1");
    refused("no context 'prdo'", "put", "a/b", "1", "--context", "prdo");
    refused("no context '../x'", "get", "a/b", "--context", "../x");
    environment.put("KDELTA_CONTEXT", "prdo");
    refused("no context 'prdo'", "get", "a/b");
    assertEquals(ExitCode.UNREACHABLE, run("get", "a/b", "-s", "127.0.0.1:1"), "a session's name");
    environment.put("KDELTA_SERVER", "127.0.0.1:1");
    assertEquals(ExitCode.UNREACHABLE, run("get", "a/b"), "the same");
    environment.keySet().removeIf(name -> name.startsWith("KDELTA_"));
    done("config", "set", "ack", "one", "--context", "gone");
    done("config", "use", "gone");
    Files.delete(home.resolve(".kdelta").resolve("contexts").resolve("gone"));
    refused("kdelta config use none", "get", "a/b");
    assertEquals(ExitCode.DIFFERENT, run("doctor"));
    assertTrue(said.contains("no context 'gone'"), said);
  }

  @Test
  void aValueThatNobodyTypedIsToldOfWithWhereItStands() throws IOException {
    environment.put("KDELTA_TIMEOUT", "soon");
    refused("'soon' is no number (from KDELTA_TIMEOUT)", "get", "a/b");
    refused("'never' is no number\n", "get", "a/b", "--timeout=never");
    environment.remove("KDELTA_TIMEOUT");
    Files.createDirectories(config().getParent());
    Files.writeString(config(), "output = xml\n");
    refused("(from " + config() + ")", "get", "a/b");
    Files.write(config(), new byte[] {(byte) 0xff});
    assertEquals(ExitCode.DIFFERENT, run("doctor"));
    assertTrue(said.contains("is no UTF-8"), said);
  }

  @Test
  void aFileThatMakesNoSenseStopsACommandAndCanBeMended() throws IOException {
    Files.createDirectories(config().getParent());
    for (String bad : List.of("sever = a:1", "server", "ack = one\nack = all", "\u0000 = 1")) {
      Files.writeString(config(), "# mine\n\n" + bad + "\n");
      refused(config() + ", line ", "get", "a/b");
      refused("line ", "config", "show");
      done("help");
      done("version");
      done("get", "--help");
      refused("{\"error\"", "-o", "json", "get", "a/b");
    }
    Files.writeString(config(), "sever = a:1\r\n# mine\r\nserver = b:2\r\n");
    refused("did you mean server?", "ls");
    done("config", "unset", "sever");
    assertEquals("b:2 by " + config(), holds("server"));
    assertEquals("# mine\nserver = b:2\n", Files.readString(config()));
    done("config", "unset", "ack");
    refused("no such setting", "config", "unset", "sever");
    Files.write(config(), new byte[] {(byte) 0xff, '\n'});
    refused("is no UTF-8", "ls");
    Files.write(config(), "#".repeat(70_000).getBytes(StandardCharsets.US_ASCII));
    refused("is longer than", "ls");
  }

  @Test
  void aLinkToTheFileStays() throws IOException {
    Path elsewhere = Files.writeString(home.resolve("dotfile"), "# mine\n");
    Files.createDirectories(config().getParent());
    Files.createSymbolicLink(config(), elsewhere);
    done("config", "set", "ack", "one");
    assertTrue(Files.isSymbolicLink(config()));
    assertEquals("# mine\nack = one\n", Files.readString(elsewhere));
  }

  @Test
  void aNodeTakesNothingOfThem() throws IOException {
    Files.createDirectories(config().getParent());
    Files.writeString(config(), "no sense\n");
    refused("Unknown option", "start", "--nothing");
    environment.remove("HOME");
    refused("no HOME", "config", "set", "ack", "one");
    assertEquals("127.0.0.1:7878 by default", holds("server"));
  }
}
