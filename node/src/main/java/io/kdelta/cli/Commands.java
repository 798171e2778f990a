package io.kdelta.cli;

import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
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
  @Spec private CommandSpec spec = CommandSpec.create();

  private Commands() {}

  /**
   * Runs one command and answers its exit code.
   *
   * @param spent what a quicker try, which came to nothing, has taken of the time of a call
   */
  static int run(
      Console console, Map<String, String> environment, List<String> arguments, Duration spent) {
    Invocation invocation = new Invocation(console, environment);
    invocation.spent(spent);
    int exitCode = commandLine(invocation).execute(arguments.toArray(String[]::new));
    console.out().flush();
    if (console.out().checkError() && exitCode == ExitCode.DONE) return ExitCode.UNEXPECTED;
    return exitCode;
  }

  static CommandLine commandLine(Invocation invocation) {
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
    line.addSubcommand(StartCommand.commandLine(invocation));
    line.addSubcommand(new DemoCommand(invocation));
    line.addSubcommand(new PutCommand(invocation));
    line.addSubcommand(new GetCommand(invocation));
    line.addSubcommand(new DeleteCommand(invocation));
    line.addSubcommand(new ExistsCommand(invocation));
    line.addSubcommand(new ListCommand(invocation));
    line.addSubcommand(new LogCommand(invocation));
    line.addSubcommand(new DiffCommand(invocation));
    line.addSubcommand(new ShowCommand(invocation));
    line.addSubcommand(new PutBackCommand(invocation));
    line.addSubcommand(new ConflictsCommand(invocation));
    line.addSubcommand(new ResolveCommand(invocation));
    line.addSubcommand(new BatchCommand(invocation));
    line.addSubcommand(new WatchCommand(invocation));
    line.addSubcommand(new StatsCommand(invocation));
    line.addSubcommand(new ImportCommand(invocation));
    line.addSubcommand(new ExportCommand(invocation));
    line.addSubcommand(ClusterCommand.commandLine(invocation));
    line.addSubcommand("status", new ClusterCommand.Status(invocation));
    line.addSubcommand("peers", new ClusterCommand.Members(invocation));
    line.addSubcommand(AdminCommand.commandLine(invocation));
    line.addSubcommand(new BenchCommand(invocation));
    line.addSubcommand(new CompletionCommand(invocation));
    line.addSubcommand(new VersionCommand(invocation));
    line.addSubcommand(new HelpCommand(invocation));
    line.setExpandAtFiles(false);
    line.setCaseInsensitiveEnumValuesAllowed(true);
    line.setOverwrittenOptionsAllowed(false);
    line.setDefaultValueProvider(new EnvironmentDefaults(invocation.environment()));
    line.setParameterExceptionHandler(new ErrorReport(invocation)::usage);
    line.setExecutionExceptionHandler(new ErrorReport(invocation)::failure);
    line.setOut(new PrintWriter(invocation.console().out(), true, StandardCharsets.UTF_8));
    line.setErr(new PrintWriter(invocation.console().err(), true, StandardCharsets.UTF_8));
    return line;
  }

  /** Without a verb: the overview, as an error, for nothing was done. */
  @Override
  public void run() {
    throw new CommandLine.ParameterException(spec.commandLine(), "which command?");
  }
}
