package io.kdelta.cli;

import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** All commands and how their words are read: {@code kdelta VERB ...}. */
@Command(
    name = "kdelta",
    description = "A clustered peer-to-peer replicated causal database.",
    synopsisSubcommandLabel = "COMMAND",
    footer = {"", "kdelta help COMMAND tells more; kdelta start runs a node."})
final class Commands implements Runnable {
  /** In the order of the overview. */
  static final List<String> ALL =
      List.of(
          "start",
          "demo",
          "put",
          "get",
          "del",
          "exists",
          "ls",
          "log",
          "diff",
          "show",
          "blame",
          "restore",
          "conflicts",
          "resolve",
          "batch",
          "watch",
          "stats",
          "import",
          "export",
          "cluster",
          "status",
          "peers",
          "admin",
          "bench",
          "rehearse",
          "shell",
          "doctor",
          "config",
          "completion",
          "complete-line",
          "version",
          "help");

  /** Flags with a value that often stand before the verb. */
  private static final List<String> LEADING = List.of("-s", "-o");

  private static final List<String> ABOUT_OTHERS =
      List.of("help", "completion", "complete-line", "shell", "demo");

  @Spec private CommandSpec spec = CommandSpec.create();

  private Commands() {}

  /**
   * Runs one command and answers its exit code.
   *
   * @param spent what a quicker try, which came to nothing, has taken of the time of a call
   */
  static int run(
      Console console, Map<String, String> environment, List<String> arguments, Duration spent) {
    Settings settings;
    try {
      settings = Settings.of(environment, arguments);
    } catch (CliException e) {
      return new ErrorReport(new Invocation(console, environment)).told(e, arguments);
    }
    Invocation invocation = new Invocation(console, settings, null);
    invocation.spent(spent);
    return run(invocation, verb(arguments), arguments);
  }

  /** The command, where it is plain which one it is and that it needs no other; else null. */
  private static @Nullable String verb(List<String> arguments) {
    int at = 0;
    while (at < arguments.size() && LEADING.contains(arguments.get(at))) at += 2;
    if (at >= arguments.size()) return null;
    String verb = arguments.get(at);
    return ALL.contains(verb) && !ABOUT_OTHERS.contains(verb) ? verb : null;
  }

  /**
   * The same for one of several commands.
   *
   * @param only the command by its name, where the caller knows it; null: find it out
   */
  static int run(Invocation invocation, @Nullable String only, List<String> arguments) {
    return execute(commandLine(invocation, only), invocation.console(), arguments);
  }

  /** Runs one that was made for this console. */
  static int execute(CommandLine line, Console console, List<String> arguments) {
    int exitCode = line.execute(arguments.toArray(String[]::new));
    console.out().flush();
    if (!console.out().checkError()) return exitCode;
    String complaint = console.out() instanceof StandardOutput output ? output.complaint() : null;
    if (complaint != null) console.err().println("kdelta: " + complaint);
    return exitCode == ExitCode.DONE ? ExitCode.UNEXPECTED : exitCode;
  }

  static CommandLine commandLine(Invocation invocation) {
    return commandLine(invocation, null);
  }

  /**
   * The same with one command alone, by its name and not an alias: most of what it takes to make a
   * command line is the reading of annotations.
   */
  static CommandLine commandLine(Invocation invocation, @Nullable String only) {
    CommandLine line = new CommandLine(new Commands());
    // Before the commands, which inherit them.
    line.addMixin("invocation", invocation);
    line.getCommandSpec()
        .addOption(
            OptionSpec.builder("-h", "--help")
                .usageHelp(true)
                .scopeType(ScopeType.INHERIT)
                .description("Show this help.")
                .build());
    for (String name : only == null ? ALL : List.of(only)) {
      line.addSubcommand(name, command(name, invocation));
    }
    line.setExpandAtFiles(false);
    line.setCaseInsensitiveEnumValuesAllowed(true);
    line.setOverwrittenOptionsAllowed(false);
    line.setDefaultValueProvider(new EnvironmentDefaults(invocation.environment()));
    line.setParameterExceptionHandler(new ErrorReport(invocation)::usage);
    line.setExecutionExceptionHandler(new ErrorReport(invocation)::failure);
    speakTo(invocation.console(), line);
    return line;
  }

  /** What the line says itself goes to this console. */
  static void speakTo(Console console, CommandLine line) {
    line.setOut(new PrintWriter(console.out(), true, StandardCharsets.UTF_8));
    line.setErr(new PrintWriter(console.err(), true, StandardCharsets.UTF_8));
  }

  private static Object command(String name, Invocation invocation) {
    return switch (name) {
      case "start" -> StartCommand.commandLine(invocation);
      case "demo" -> new DemoCommand(invocation);
      case "put" -> new PutCommand(invocation);
      case "get" -> new GetCommand(invocation);
      case "del" -> new DeleteCommand(invocation);
      case "exists" -> new ExistsCommand(invocation);
      case "ls" -> new ListCommand(invocation);
      case "log" -> new LogCommand(invocation);
      case "diff" -> new DiffCommand(invocation);
      case "show" -> new ShowCommand(invocation);
      case "blame" -> new BlameCommand(invocation);
      case "restore" -> new PutBackCommand(invocation);
      case "conflicts" -> new ConflictsCommand(invocation);
      case "resolve" -> new ResolveCommand(invocation);
      case "batch" -> new BatchCommand(invocation);
      case "watch" -> new WatchCommand(invocation);
      case "stats" -> new StatsCommand(invocation);
      case "import" -> new ImportCommand(invocation);
      case "export" -> new ExportCommand(invocation);
      case "cluster" -> ClusterCommand.commandLine(invocation);
      case "status" -> new ClusterCommand.Status(invocation);
      case "peers" -> new ClusterCommand.Members(invocation);
      case "admin" -> AdminCommand.commandLine(invocation);
      case "bench" -> new BenchCommand(invocation);
      case "rehearse" -> new RehearseCommand(invocation);
      case "shell" -> new ShellCommand(invocation);
      case "doctor" -> new DoctorCommand(invocation);
      case "config" -> ConfigCommand.commandLine(invocation);
      case "completion" -> new CompletionCommand(invocation);
      case "complete-line" -> new CompleteLineCommand(invocation);
      case "version" -> new VersionCommand(invocation);
      case "help" -> new HelpCommand(invocation);
      default -> throw new AssertionError(name);
    };
  }

  /** Without a verb: the overview, as an error, for nothing was done. */
  @Override
  public void run() {
    throw new CommandLine.ParameterException(spec.commandLine(), "which command?");
  }
}
