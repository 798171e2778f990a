package io.kdelta.cli;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BiFunction;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/**
 * What a word that is being typed may become: a command, a flag, a value that is one of several, a
 * namespace or a key. Pure but for the two questions to the node that it is given.
 *
 * @param root of all commands
 * @param own the commands of the shell itself, with their descriptions
 * @param namespaces asks for those that there are
 * @param keys asks for the keys of a namespace that begin so
 */
record Completion(
    CommandSpec root,
    Map<String, String> own,
    Supplier<List<String>> namespaces,
    BiFunction<String, String, Found> keys) {

  /**
   * Keys.
   *
   * @param more whether there are others
   */
  record Found(List<String> keys, boolean more) {
    static final Found NONE = new Found(List.of(), false);
  }

  /**
   * One proposal.
   *
   * @param description empty: none
   * @param whole whether the word ends with it
   */
  record Proposal(String text, String description, boolean whole) {}

  /**
   * In the order in which they are shown.
   *
   * @param before the words in front of it
   * @param word what is there of it
   * @param namespace that keys without one are in; empty: none
   */
  List<Proposal> of(List<String> before, String word, String namespace) {
    if (!before.isEmpty() && own.containsKey(before.getFirst())) {
      boolean use = before.getFirst().equals("use") && before.size() == 1;
      return use ? named(namespaces.get(), word) : List.of();
    }
    Roles roles = Roles.of(root, before);
    return switch (roles.next()) {
      case Roles.Role.Value value -> values(value.option(), word, namespace);
      case Roles.Role.Verb _ when word.startsWith("-") -> flags(roles.command(), word);
      case Roles.Role.Argument _ when word.startsWith("-") -> flags(roles.command(), word);
      case Roles.Role.Verb _ -> verbs(roles.command(), word);
      case Roles.Role.Argument(var parameter) when parameter != null ->
          values(parameter, word, namespace);
      case Roles.Role.Argument _, Roles.Role.Flag _ -> List.of();
    };
  }

  private List<Proposal> verbs(CommandSpec command, String word) {
    LinkedHashMap<String, String> all = new LinkedHashMap<>();
    for (Map.Entry<String, CommandLine> entry : command.subcommands().entrySet()) {
      CommandSpec spec = entry.getValue().getCommandSpec();
      // An alias is for who knows it.
      boolean alias = List.of(spec.aliases()).contains(entry.getKey());
      if (!alias && !spec.usageMessage().hidden()) all.put(entry.getKey(), description(spec));
    }
    if (command.parent() == null) all.putAll(own);
    return proposals(all, word);
  }

  private static List<Proposal> flags(CommandSpec command, String word) {
    TreeMap<String, String> all = new TreeMap<>();
    for (OptionSpec option : command.options()) {
      if (option.hidden()) continue;
      String[] said = option.description();
      all.put(option.longestName(), said.length == 0 ? "" : brief(said[0]));
    }
    return proposals(all, word);
  }

  private List<Proposal> values(ArgSpec argument, String word, String namespace) {
    Iterable<String> known = argument.completionCandidates();
    if (known != null) {
      List<String> names = new ArrayList<>();
      known.forEach(names::add);
      return named(names, word);
    }
    String label = argument.paramLabel();
    return switch (label) {
      case "NS" -> named(namespaces.get(), word);
      case "NS/KEY", "NS[/PREFIX]" -> keys(word, namespace);
      case "COMMAND|TOPIC" -> verbs(root, word);
      default -> {
        // bash|zsh: one of these.
        boolean listed = label.indexOf('|') > 0 && label.equals(label.toLowerCase(Locale.ROOT));
        yield listed ? named(List.of(label.split("\\|", -1)), word) : List.of();
      }
    };
  }

  private List<Proposal> keys(String word, String namespace) {
    int slash = word.indexOf('/');
    if (slash > 0) {
      String in = word.substring(0, slash);
      return keys(in + "/", keys.apply(in, word.substring(slash + 1)), word);
    }
    List<Proposal> all = new ArrayList<>();
    if (slash == 0) return all;
    if (!namespace.isEmpty()) all.addAll(keys("", keys.apply(namespace, word), word));
    for (String name : namespaces.get()) {
      if (name.startsWith(word)) all.add(new Proposal(name + "/", "", false));
    }
    return all;
  }

  private static List<Proposal> keys(String before, Found found, String word) {
    List<Proposal> all = new ArrayList<>();
    for (String key : found.keys()) all.add(new Proposal(before + key, "", true));
    // What all of them begin with is not yet what all that there are begin with.
    if (found.more()) all.add(new Proposal(word, "and more", false));
    return all;
  }

  private static List<Proposal> named(List<String> names, String word) {
    TreeMap<String, String> all = new TreeMap<>(Comparator.naturalOrder());
    for (String name : names) all.put(name, "");
    return proposals(all, word);
  }

  private static List<Proposal> proposals(Map<String, String> all, String word) {
    List<Proposal> fitting = new ArrayList<>();
    all.forEach((name, description) -> {
      if (name.startsWith(word)) fitting.add(new Proposal(name, description, true));
    });
    return fitting;
  }

  private static String description(CommandSpec spec) {
    String[] said = spec.usageMessage().description();
    return said.length == 0 ? "" : brief(said[0]);
  }

  /** The first sentence, or what stands before a comma list of its details. */
  private static String brief(String text) {
    @Nullable String first = text.replaceAll("\\$\\{COMPLETION-CANDIDATES\\}[;:,]? ?", "");
    int end = first.indexOf(". ");
    String sentence = end < 0 ? first : first.substring(0, end);
    return sentence.endsWith(".") ? sentence.substring(0, sentence.length() - 1) : sentence;
  }
}
