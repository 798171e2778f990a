package io.kdelta.cli;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/** What was typed on a command line, before its verb or behind it. Pure. */
final class GivenFlags {
  private GivenFlags() {}

  /** Values by the names of the flags, with their dashes; {@code true} for one without a value. */
  static Map<String, String> of(CommandSpec command) {
    TreeMap<String, String> flags = new TreeMap<>();
    for (ParseResult at = command.root().commandLine().getParseResult();
        at != null;
        at = at.subcommand()) {
      for (OptionSpec option : at.matchedOptions()) {
        List<String> values = option.originalStringValues();
        boolean given = option.arity().max() > 0 && !values.isEmpty();
        flags.put(option.longestName(), given ? values.getFirst() : "true");
      }
    }
    return flags;
  }
}
