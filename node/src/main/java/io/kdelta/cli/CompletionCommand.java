package io.kdelta.cli;

import java.util.concurrent.Callable;
import picocli.AutoComplete;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code kdelta completion bash|zsh}: a script for the shell, which completes verbs and flags. */
@Command(
    name = "completion",
    description = {
      "Print a script that completes commands and flags in a shell.",
      "bash and zsh: source <(kdelta completion bash)"
    })
final class CompletionCommand implements Callable<Integer> {
  private final Invocation invocation;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(index = "0", paramLabel = "bash|zsh", description = "Which shell.")
  private String shell = "";

  CompletionCommand(Invocation invocation) {
    this.invocation = invocation;
  }

  @Override
  public Integer call() {
    if (!shell.equals("bash") && !shell.equals("zsh")) {
      throw CliException.usage("no completion for '" + shell + "': bash or zsh", null);
    }
    invocation.console().out().print(AutoComplete.bash("kdelta", spec.root().commandLine()));
    return ExitCode.DONE;
  }
}
