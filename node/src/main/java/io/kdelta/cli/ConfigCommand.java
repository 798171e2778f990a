package io.kdelta.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.kdelta.server.ClosestWord;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code kdelta config show|set|unset|use|contexts}: the files of {@link Settings}. */
@Command(
    name = "config",
    description = {
      "What flags say that are not given: defaults of your own, and contexts.",
      "A flag wins over its variable (KDELTA_SERVER for --server), that over the context in use,"
          + " that over ~/.kdelta/config. A node has a file of its own: kdelta start --config."
    })
final class ConfigCommand implements Runnable {
  private static final List<String> SWITCHES = List.of("quiet", "tls");

  @Spec private CommandSpec spec = CommandSpec.create();

  private ConfigCommand() {}

  static CommandLine commandLine(Invocation invocation) {
    CommandLine line = new CommandLine(new ConfigCommand());
    line.addSubcommand(new Show(invocation));
    line.addSubcommand(new Change(invocation));
    line.addSubcommand(new Unset(invocation));
    line.addSubcommand(new ContextsCommand.Use(invocation));
    line.addSubcommand(new ContextsCommand(invocation));
    return line;
  }

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "which command of config?");
  }

  static Path home(Invocation invocation) {
    Path home = Settings.home(invocation.environment());
    if (home == null) throw CliException.usage("no HOME, and so no ~/.kdelta/config", null);
    return home;
  }

  /** The file that a change is meant for: that of the context which a flag names, or the own. */
  private static SettingsFile file(Invocation invocation, CommandSpec spec) {
    Path home = home(invocation);
    String context = context(spec);
    if (context == null) return Settings.config(home);
    if (Settings.isName(context)) return Settings.context(home, context);
    throw CliException.usage(
        "'" + context + "' is no name of a context: letters, digits, '-', '_' and '.', 64 at most",
        null);
  }

  /** The context that this command line names; null: it names none. */
  private static @Nullable String context(CommandSpec spec) {
    return GivenFlags.of(spec).get("--" + Settings.CONTEXT);
  }

  private static void check(String key) {
    if (Settings.KEYS.contains(key)) return;
    throw CliException.usage(
        "no such setting '" + key + "': " + String.join(", ", Settings.KEYS),
        "did you mean " + ClosestWord.of(key, Settings.KEYS) + "?");
  }

  /** What completion proposes. */
  static final class Keys implements Iterable<String> {
    @Override
    public Iterator<String> iterator() {
      return Settings.KEYS.iterator();
    }
  }

  /** {@code config show}: what holds for a command without flags, and why. */
  @Command(name = "show", description = "Show what holds, for a command with these flags.")
  static final class Show implements Callable<Integer> {
    private final Invocation invocation;

    @Spec private CommandSpec spec = CommandSpec.create();

    @Option(
        fallbackValue = "true",
        names = "--origin",
        description = "Also where each comes from: a flag, a variable, a context, a file.")
    private boolean origin;

    Show(Invocation invocation) {
      this.invocation = invocation;
    }

    @Override
    public Integer call() {
      Map<String, String> flags = GivenFlags.of(spec);
      Settings settings = Settings.read(invocation.settings().environment(), context(spec));
      List<ObjectNode> items = new ArrayList<>();
      for (String key : Settings.KEYS) items.add(item(key, flags, settings));
      List<Column> columns = new ArrayList<>();
      columns.add(Column.text("KEY", "key"));
      columns.add(Column.text("VALUE", "value"));
      if (origin) columns.add(Column.text("ORIGIN", "origin"));
      invocation
          .output()
          .list(new Listing("settings", columns, i -> i.path("key").textValue(), items));
      return ExitCode.DONE;
    }

    private ObjectNode item(String key, Map<String, String> flags, Settings settings) {
      String variable = Settings.variable(key);
      String from = "--" + key;
      String value = flags.get(from);
      if (value == null) {
        value = settings.variables().get(variable);
        from = settings.origin(variable);
      }
      if (value == null || (value.isBlank() && key.equals("server"))) {
        value = usual(key);
        from = "default";
      }
      ObjectNode item = Json.object().put("key", key).put("value", value);
      return origin ? item.put("origin", from) : item;
    }

    /** What holds when nobody says anything; null: nothing does. */
    private @Nullable String usual(String key) {
      return switch (key) {
        case "output" -> Format.orUsual(null, invocation.console().outIsTerminal()).toString();
        case "quiet", "tls" -> "false";
        case "server" -> Servers.DEFAULT;
        case "timeout" -> "10";
        default -> null;
      };
    }
  }

  /** {@code config set KEY VALUE}. */
  @Command(
      name = "set",
      description = {
        "Set what a flag says when it is not given: in ~/.kdelta/config, or with --context NAME in"
            + " that context, which is made if need be.",
        "For example: kdelta config set server db1:7878,db2:7878 --context prod"
      })
  static final class Change implements Callable<Integer> {
    private final Invocation invocation;

    @Spec private CommandSpec spec = CommandSpec.create();

    @Parameters(
        index = "0",
        paramLabel = "SETTING",
        completionCandidates = Keys.class,
        description = "The flag without its dashes.")
    private String key = "";

    @Parameters(index = "1", paramLabel = "VALUE", description = "What it says.")
    private String value = "";

    Change(Invocation invocation) {
      this.invocation = invocation;
    }

    @Override
    public Integer call() {
      check(key);
      String meant = value.strip();
      if (meant.isEmpty() || !Output.safe(meant).equals(meant)) {
        throw CliException.usage("no value for " + key, "kdelta config unset " + key);
      }
      SettingsFile file = file(invocation, spec);
      boolean inContext = context(spec) != null;
      if (inContext && key.equals(Settings.CONTEXT)) {
        throw CliException.usage("a context does not name another", "kdelta config use " + meant);
      }
      tryOut(meant);
      // Whatever is wrong in the file is told of before it is changed.
      var _ = file.read();
      boolean changed = file.set(key, meant);
      invocation.notice(changed ? "set in " + file.path() : "it was so already");
      String variable = Settings.variable(key);
      Settings now = Settings.read(invocation.settings().environment(), context(spec));
      String winner = now.variables().getOrDefault(variable, meant);
      if (!winner.equals(meant)) {
        invocation.notice("but " + now.origin(variable) + " wins, and says " + winner);
      }
      return ExitCode.DONE;
    }

    /** A value that no command would take is not kept. */
    private void tryOut(String meant) {
      if (key.equals("server")) {
        var _ = Servers.parse(meant, "for server");
        return;
      }
      if (SWITCHES.contains(key) && !meant.equals("true") && !meant.equals("false")) {
        throw CliException.usage(key + " is true or false, and not '" + meant + "'", null);
      }
      Map<String, String> alone = Map.of(Settings.variable(key), meant);
      try {
        Commands.commandLine(new Invocation(invocation.console(), alone), "put")
            .parseArgs("put", "a/b", "1");
      } catch (ParameterException e) {
        throw CliException.usage(key + ": " + e.getMessage(), "kdelta help put");
      }
    }
  }

  /** {@code config unset KEY}. */
  @Command(
      name = "unset",
      description =
          "Take a setting out of ~/.kdelta/config, or with --context NAME of that context.")
  static final class Unset implements Callable<Integer> {
    private final Invocation invocation;

    @Spec private CommandSpec spec = CommandSpec.create();

    @Parameters(
        index = "0",
        paramLabel = "SETTING",
        completionCandidates = Keys.class,
        description = "The flag without its dashes.")
    private String key = "";

    Unset(Invocation invocation) {
      this.invocation = invocation;
    }

    @Override
    public Integer call() {
      SettingsFile file = file(invocation, spec);
      // A key that is none may stand in the file, and is to go.
      boolean changed = file.set(key, "");
      if (!changed) check(key);
      invocation.notice(changed ? "taken out of " + file.path() : "it was not there");
      return ExitCode.DONE;
    }
  }
}
