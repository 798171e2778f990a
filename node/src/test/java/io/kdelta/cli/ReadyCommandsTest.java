package io.kdelta.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.server.CannotStart;
import io.kdelta.server.NodeServer;
import io.kdelta.server.NodeSettings;
import java.io.OutputStream;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.Model.ArgGroupSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/**
 * Goal: a command that is run again is as good as a new one. Method: every flag of every command is
 * given once, and all of the command is compared with one that never saw it; a command that still
 * runs is run a second time beside.
 */
final class ReadyCommandsTest {
  private static final Map<String, String> ENVIRONMENT = Map.of("KDELTA_TIMEOUT", "7");

  private static CommandLine fresh(String name) {
    return Commands.commandLine(
        new Invocation(new TestConsole("", false).console(), ENVIRONMENT), name);
  }

  private static String value(OptionSpec option) {
    Class<?> type = option.type();
    if (type.isEnum()) return type.getEnumConstants()[1].toString();
    return type == Format.class ? "yaml" : "9";
  }

  /** The fewest words that a command takes. */
  private static List<String> least(List<String> verbs, CommandSpec command) {
    List<String> words = new ArrayList<>(verbs);
    for (ArgGroupSpec group : command.argGroups()) {
      if (group.multiplicity().min() == 0) continue;
      OptionSpec first = group.options().getFirst();
      words.add(first.longestName());
      if (first.arity().max() > 0) words.add(value(first));
    }
    for (OptionSpec option : command.options()) {
      if (option.required() && option.group() == null)
        words.addAll(List.of(option.longestName(), value(option)));
    }
    for (PositionalParamSpec parameter : command.positionalParameters()) {
      for (int i = 0; i < parameter.arity().min(); i++) words.add("5");
    }
    return words;
  }

  private static Map<String, Object> values(CommandLine line) {
    Map<String, Object> all = new TreeMap<>();
    for (CommandLine each : line.getParseResult().asCommandLineList()) {
      CommandSpec command = each.getCommandSpec();
      for (OptionSpec option : command.options()) {
        all.put(command.qualifiedName() + " " + option.longestName(), text(option.getValue()));
      }
      for (PositionalParamSpec parameter : command.positionalParameters()) {
        all.put(command.qualifiedName() + " " + parameter.index(), text(parameter.getValue()));
      }
    }
    return all;
  }

  private static Object text(Object value) {
    return value instanceof Object[] many ? List.of(many) : Objects.toString(value);
  }

  private static void staysWith(String name, List<String> flagged, List<String> least) {
    String[] plain = least.toArray(String[]::new);
    CommandLine again = fresh(name);
    again.parseArgs(flagged.toArray(String[]::new));
    Map<String, Object> with = values(again);
    again.parseArgs(plain);
    CommandLine never = fresh(name);
    never.parseArgs(plain);
    assertEquals(values(never), values(again), () -> "after " + flagged);
    assertNotEquals(values(never), with, () -> flagged + " said nothing");
  }

  private static int tryAllFlags(String name, List<String> verbs, CommandSpec command) {
    int tried = 0;
    for (Map.Entry<String, CommandLine> below : command.subcommands().entrySet()) {
      List<String> deeper = new ArrayList<>(verbs);
      deeper.add(below.getKey());
      tried += tryAllFlags(name, deeper, below.getValue().getCommandSpec());
    }
    if (!command.subcommands().isEmpty()) return tried;
    List<String> least = least(verbs, command);
    for (OptionSpec option : command.options()) {
      if (option.usageHelp() || least.contains(option.longestName()) || option.group() != null) {
        continue;
      }
      List<String> flag = new ArrayList<>(List.of(option.longestName()));
      if (option.arity().max() > 0) flag.add(value(option));
      List<String> behind = new ArrayList<>(least);
      behind.addAll(flag);
      staysWith(name, behind, least);
      if (option.inherited()) {
        List<String> before = new ArrayList<>(flag);
        before.addAll(least);
        staysWith(name, before, least);
      }
      tried++;
    }
    return tried;
  }

  @Test
  void noFlagOutlivesItsLine() {
    int tried = 0;
    for (String name : Commands.ALL) {
      if (List.of("help", "completion", "complete-line").contains(name)) continue;
      CommandLine meant = Objects.requireNonNull(fresh(name).getSubcommands().get(name));
      tried += tryAllFlags(name, List.of(name), meant.getCommandSpec());
    }
    assertTrue(tried > 300, tried + " flags tried");
  }

  /** A flag that the environment gives, too, is not turned off by giving it. */
  @Test
  void aFlagGivenTwiceIsGiven() {
    Map<String, String> given = Map.of("KDELTA_TLS", "true", "KDELTA_IF_ABSENT", "true");
    CommandLine line =
        Commands.commandLine(new Invocation(new TestConsole("", false).console(), given), "put");
    for (String words : List.of("put a/b 1", "--tls put a/b 1 --if-absent")) {
      line.parseArgs(words.split(" ", -1));
      CommandSpec put = line.getParseResult().subcommand().commandSpec();
      assertEquals(true, (Boolean) put.findOption("--tls").getValue(), words);
      assertEquals(true, (Boolean) put.findOption("--if-absent").getValue(), words);
    }
  }

  @Test
  void oneOfAGroupOutlivesItsLineAsLittle() {
    CommandLine again = fresh("resolve");
    again.parseArgs("resolve", "a/b", "--take", "12345678");
    again.parseArgs("resolve", "a/b", "--merge");
    assertTrue(again.getParseResult().subcommand().hasMatchedOption("--merge"));
    CommandSpec resolve = again.getParseResult().subcommand().commandSpec();
    assertNull(resolve.findOption("--take").getValue());
  }

  /** Holds whoever prints until it is let go. */
  private static final class Held extends OutputStream {
    private final CountDownLatch reached = new CountDownLatch(1);
    private final CountDownLatch letGo = new CountDownLatch(1);

    @Override
    public void write(int b) {
      reached.countDown();
      try {
        letGo.await();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  @Test
  void oneThatStillRunsIsLeftAlone() throws CannotStart, InterruptedException {
    Map<String, String> flags =
        Map.of("port", "0", "http", "none", "in-memory", "true", "name", "n1");
    try (NodeServer node = NodeServer.start(NodeSettings.read(Optional.empty(), flags), l -> {});
        Connections connections = new Connections()) {
      ReadyCommands commands =
          new ReadyCommands(
              Settings.none(Map.of("KDELTA_SERVER", node.address().toString())), connections);
      TestConsole test = new TestConsole("", false);
      assertEquals(
          ExitCode.DONE, commands.run(test.console(), "put", List.of("put", "a/b", "{\"x\":1}")));
      assertEquals(ExitCode.DONE, commands.run(test.console(), "get", List.of("get", "a/b")));
      Held held = new Held();
      Console slow = new TestConsole("", false).console();
      Console stuck =
          new Console(
              new PrintStream(held), slow.err(), slow.in(), false, false, false, slow.now());
      AtomicInteger first = new AtomicInteger(-1);
      Thread thread =
          Thread.ofPlatform()
              .start(() -> first.set(commands.run(stuck, "get", List.of("get", "a/b", "--meta"))));
      held.reached.await();
      TestConsole beside = new TestConsole("", false);
      assertEquals(ExitCode.DONE, commands.run(beside.console(), "get", List.of("get", "a/b")));
      assertEquals("{\"x\":1}\n", beside.out());
      held.letGo.countDown();
      thread.join();
      assertEquals(ExitCode.DONE, first.get());
    }
  }
}
