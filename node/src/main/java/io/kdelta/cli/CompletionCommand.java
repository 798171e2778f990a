package io.kdelta.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/**
 * {@code kdelta completion bash|zsh|fish}: a script for the shell, which asks {@link
 * CompleteLineCommand} for what a word may become.
 */
@Command(
    name = "completion",
    description = {
      "Print a script that completes commands, flags, namespaces and keys in a shell.",
      "bash and zsh: source <(kdelta completion bash); fish: kdelta completion fish | source"
    })
final class CompletionCommand implements Callable<Integer> {
  /** The shell looks at a part of a word alone when there is a colon in it. */
  private static final String BASH =
      """
      # Completion of kdelta: source <(kdelta completion bash)
      _complete_kdelta() {
        local line=${COMP_LINE:0:$COMP_POINT} word before= text rest
        word=${line##*[[:space:]]}
        case $word in *[:=]*) before=${word%"${word##*[:=]}"} ;; esac
        COMPREPLY=()
        while IFS=$'\\t' read -r text rest; do
          COMPREPLY+=("${text#"$before"}")
        done < <("$1" complete-line bash "$line" 2>/dev/null)
        case ${#COMPREPLY[@]} in
          1) case ${COMPREPLY[0]} in */) compopt -o nospace 2>/dev/null ;; esac ;;
        esac
      }
      complete -F _complete_kdelta -o default kdelta ./kdelta
      """;

  /** What a slash ends goes on: no blank behind it. */
  private static final String ZSH =
      """
      # Completion of kdelta: source <(kdelta completion zsh)
      (( $+functions[compdef] )) || { autoload -Uz compinit && compinit; }
      _complete_kdelta() {
        local line="${(j: :)words[1,CURRENT-1]} $PREFIX" text rest
        local -a whole open
        while IFS=$'\t' read -r text rest; do
          case $text in */) open+=("$text") ;; *) whole+=("$text") ;; esac
        done < <("$words[1]" complete-line zsh "$line" 2>/dev/null)
        (( $#whole )) && compadd -Q -- "$whole[@]"
        (( $#open )) && compadd -Q -S '' -- "$open[@]"
        (( $#whole + $#open )) || _default
      }
      compdef _complete_kdelta kdelta ./kdelta
      """;

  private static final String FISH =
      """
      # Completion of kdelta: kdelta completion fish | source
      function __complete_kdelta
          set -l program (commandline -opc)[1]
          set -l line (commandline -cp | string collect)
          $program complete-line fish "$line" 2>/dev/null
      end
      complete -c kdelta -f -a '(__complete_kdelta)'
      """;

  private final Invocation invocation;

  @Parameters(index = "0", paramLabel = "bash|zsh|fish", description = "Which shell.")
  private String shell = "";

  CompletionCommand(Invocation invocation) {
    this.invocation = invocation;
  }

  @Override
  public Integer call() {
    String script =
        switch (shell) {
          case "bash" -> BASH;
          case "zsh" -> ZSH;
          case "fish" -> FISH;
          default ->
              throw CliException.usage(
                  "no completion for '" + shell + "': bash, zsh or fish", null);
        };
    invocation.console().out().print(script);
    return ExitCode.DONE;
  }
}
