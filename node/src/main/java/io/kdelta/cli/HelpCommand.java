package io.kdelta.cli;

import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code kdelta help [COMMAND|TOPIC]}. */
@Command(name = "help", description = "Explain a command or a topic.")
final class HelpCommand implements Callable<Integer> {
  private static final Map<String, String> TOPICS =
      new TreeMap<>(
          Map.of(
              "exit-codes",
              """
              0    done
              1    unexpected
              2    usage: the command, a flag or the input is wrong
              3    not found
              4    a precondition did not hold, or a conflict
              5    not allowed
              6    cannot reach a server, or timed out: whether a write was stored is unknown
              7    --exit-code found a difference, or doctor a failure
              8    corruption
              130  interrupted
              """,
              "formats",
              """
              -o table   columns for people (the default on a terminal)
              -o jsonl   one JSON value a line (the default in a pipe)
              -o json    one JSON value; lists are objects such as {"keys":[]}
              -o yaml    one YAML document
              -o csv     comma separated values with a header
              -o raw     values alone: a document byte for byte
              -o name    bare keys or ids, one a line
              """,
              "moments",
              """
              --at TIME      2026-11-21, 2026-11-21T08:00 or 2026-11-21T08:00:01.123456Z (UTC unless
                             it says otherwise): everything up to and including that microsecond
              --at VERSION   the start of a version id, 4 digits or more
              --at -N        N versions back from the current one, along first parents
              """,
              "environment",
              """
              Every flag has a variable: --if-absent is KDELTA_IF_ABSENT. The flag wins over it, it
              wins over the context in use and ~/.kdelta/config: kdelta help config.
              KDELTA_SERVER      servers to talk to, HOST:PORT,...
              KDELTA_OUTPUT      format of the output
              KDELTA_DATA        data directory of kdelta start
              KDELTA_JAVA_HOME   the JDK that the launcher takes
              KDELTA_JAVA_OPTS   more options for the JVM
              KDELTA_AOT         off: the launcher neither makes nor uses a cache of classes; they
                                 lie beside kdelta.jar, else in ~/.cache/kdelta; that of nodes is
                                 made by kdelta rehearse
              KDELTA_PLAIN_HTTP  off: every command goes by gRPC; else those of one answer go to
                                 the HTTP port, two above, of a server on this machine (127.*,
                                 localhost, [::1]), in the clear
              NO_COLOR           is honoured: kdelta writes no colours
              """));

  private final Invocation invocation;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(
      index = "0..*",
      paramLabel = "COMMAND|TOPIC",
      description = "A command, or one of exit-codes, formats, moments, environment.")
  private String @Nullable [] words;

  HelpCommand(Invocation invocation) {
    this.invocation = invocation;
  }

  @Override
  public Integer call() {
    CommandLine command = spec.root().commandLine();
    if (words != null) {
      String topic = TOPICS.get(words[0]);
      if (topic != null) {
        invocation.console().out().print(topic);
        return ExitCode.DONE;
      }
      for (String word : words) {
        CommandLine next = command.getSubcommands().get(word);
        if (next == null) {
          throw CliException.usage(
              "no command or topic '" + word + "'", "kdelta help lists the commands");
        }
        command = next;
      }
    }
    command.usage(invocation.console().out());
    if (words == null) {
      invocation
          .console()
          .out()
          .println("Topics: " + String.join(", ", TOPICS.keySet()) + " (kdelta help TOPIC)");
    }
    return ExitCode.DONE;
  }
}
