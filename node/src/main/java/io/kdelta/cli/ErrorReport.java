package io.kdelta.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/**
 * Says on stderr what went wrong and what to do; with {@code -o json} as an object. A stack trace
 * is for {@code --debug} alone.
 */
final class ErrorReport {
  /** What the reader of words says before some of its messages, and this one before all. */
  private static final String PREFIX = "Error: ";

  private final Invocation invocation;

  ErrorReport(Invocation invocation) {
    this.invocation = invocation;
  }

  /** The command line could not be understood. */
  int usage(ParameterException error, String[] arguments) {
    CommandLine command = error.getCommandLine();
    String hint = command.getCommandSpec().qualifiedName() + " --help";
    if (error instanceof UnmatchedArgumentException unmatched) {
      List<String> suggestions = unmatched.getSuggestions();
      if (!suggestions.isEmpty()) hint = "did you mean " + String.join(" or ", suggestions) + "?";
    }
    String message = message(error) + untyped(error, List.of(arguments));
    return report(CliException.usage(message, hint), List.of(arguments));
  }

  /** Where the value of a flag comes from that nobody typed; empty: somebody did. */
  private String untyped(ParameterException error, List<String> arguments) {
    if (!(error.getArgSpec() instanceof OptionSpec option)) return "";
    String variable = Settings.variable(option.longestName());
    if (!invocation.environment().containsKey(variable)) return "";
    for (String name : option.names()) {
      for (String word : arguments) if (word.startsWith(name)) return "";
    }
    return " (from " + invocation.settings().origin(variable) + ")";
  }

  private static String message(ParameterException error) {
    boolean atRoot = error.getCommandLine().getParent() == null;
    if (atRoot && error instanceof UnmatchedArgumentException unmatched) {
      String first = unmatched.getUnmatched().getFirst();
      return first.startsWith("-") ? "no flag '" + first + "'" : "no command '" + first + "'";
    }
    String said = String.valueOf(error.getMessage());
    return said.startsWith(PREFIX) ? said.substring(PREFIX.length()) : said;
  }

  /** A command failed. */
  int failure(Exception error, CommandLine command, ParseResult parsed) {
    if (error instanceof CliException known) return report(known, List.of());
    return report(
        new CliException(
            ExitCode.UNEXPECTED,
            "UNEXPECTED",
            "unexpected: " + error,
            "kdelta --debug " + command.getCommandName() + " ... shows where; this is a bug",
            error),
        List.of());
  }

  /** What was wrong before there was a command. */
  int told(CliException error) {
    return told(error, List.of());
  }

  /**
   * The same.
   *
   * @param arguments what was typed
   */
  int told(CliException error, List<String> arguments) {
    return report(error, arguments);
  }

  /** {@code arguments}: what was typed, for a parse that ended before it saw {@code -o}. */
  private int report(CliException error, List<String> arguments) {
    Console console = invocation.console();
    console.out().flush();
    if (json(arguments)) {
      console.err().println(Json.text(object(error)));
    } else {
      console.err().println("kdelta: " + Output.safe(error.text()));
      @Nullable String hint = error.hint();
      if (hint != null) console.err().println("hint: " + Output.safe(hint));
    }
    if (invocation.debug()) error.printStackTrace(console.err());
    return error.exitCode();
  }

  private boolean json(List<String> arguments) {
    Format format = invocation.format();
    if (format != null) return format == Format.JSON || format == Format.JSONL;
    for (int i = 0; i + 1 < arguments.size(); i++) {
      boolean flag = arguments.get(i).equals("-o") || arguments.get(i).equals("--output");
      if (flag && arguments.get(i + 1).startsWith("json")) return true;
    }
    return false;
  }

  private static ObjectNode object(CliException error) {
    ObjectNode inner = Json.object();
    inner.put("reason", error.reason());
    inner.put("message", error.text());
    inner.put("hint", error.hint());
    inner.put("exitCode", error.exitCode());
    ObjectNode outer = Json.object();
    outer.set("error", inner);
    return outer;
  }
}
