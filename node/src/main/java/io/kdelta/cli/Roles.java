package io.kdelta.cli;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/**
 * What each word of a command line is, without running it: a verb, a flag, the value of one, or an
 * argument. It reads a line that is not complete, too, and says nothing of errors. Pure.
 */
final class Roles {
  private final List<Role> roles = new ArrayList<>();
  private CommandSpec command;
  private @Nullable OptionSpec waiting;
  private boolean flagsEnded;
  private int arguments;

  /** One word. */
  sealed interface Role {
    /** The name of a command. */
    record Verb() implements Role {}

    /** A flag, perhaps with its value behind {@code =}. */
    record Flag() implements Role {}

    /** What a flag wants. */
    record Value(OptionSpec option) implements Role {}

    /** An argument of the command, by its place; null when there are too many. */
    record Argument(@Nullable PositionalParamSpec parameter) implements Role {}
  }

  private Roles(CommandSpec root) {
    this.command = root;
  }

  /** Of the words behind the name of the program. */
  static Roles of(CommandSpec root, List<String> words) {
    Roles roles = new Roles(root);
    for (String word : words) roles.read(word);
    return roles;
  }

  /** One for each word. */
  List<Role> all() {
    return roles;
  }

  /** The command that the verbs name so far; the root without any. */
  CommandSpec command() {
    return command;
  }

  /** What a further word would be, should it be no flag. */
  Role next() {
    OptionSpec option = waiting;
    if (option != null) return new Role.Value(option);
    if (!command.subcommands().isEmpty()) return new Role.Verb();
    return new Role.Argument(parameter(arguments));
  }

  private void read(String word) {
    OptionSpec option = waiting;
    if (option != null) {
      waiting = null;
      roles.add(new Role.Value(option));
    } else if (!flagsEnded && isFlag(word)) {
      flagsEnded = word.equals("--");
      OptionSpec named = command.findOption(word);
      if (named != null && named.arity().min() > 0) waiting = named;
      roles.add(new Role.Flag());
    } else if (!command.subcommands().isEmpty()) {
      CommandLine found = command.subcommands().get(word);
      if (found != null) command = found.getCommandSpec();
      roles.add(new Role.Verb());
    } else {
      roles.add(new Role.Argument(parameter(arguments++)));
    }
  }

  /** A dash alone is standard input, and -1 the version before. */
  static boolean isFlag(String word) {
    return word.length() > 1 && word.charAt(0) == '-' && !Character.isDigit(word.charAt(1));
  }

  private @Nullable PositionalParamSpec parameter(int index) {
    for (PositionalParamSpec parameter : command.positionalParameters()) {
      if (parameter.index().min() <= index && index <= parameter.index().max()) return parameter;
    }
    return null;
  }
}
