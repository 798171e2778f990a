package io.kdelta.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What flags say that nobody gave: the environment first, then the file of the context in use, then
 * the file of the person. All of it in the form of variables, {@code KDELTA_SERVER} for {@code
 * server}, and where each came from.
 *
 * <p>Files: {@code ~/.kdelta/config}, {@code ~/.kdelta/contexts/NAME}. A context without a file is
 * the name of a session and no more, and is taken only with a server that is named.
 */
final class Settings {
  /** What the files may say; the flags are the same words behind two dashes. */
  static final List<String> KEYS =
      List.of(
          "ack",
          "context",
          "output",
          "quiet",
          "server",
          "timeout",
          "tls",
          "tls-ca",
          "tls-cert",
          "tls-key");

  static final String CONTEXT = "context";
  private static final String PREFIX = "KDELTA_";
  private static final String CONTEXT_FLAG = "--context";
  private static final String DOCTOR = "doctor";
  private static final int NAME_LENGTH_MAX = 64;

  /** Flags of all commands that are followed by a value. */
  private static final List<String> WITH_VALUE =
      List.of(
          "-s",
          "-o",
          "--server",
          "--output",
          CONTEXT_FLAG,
          "--token",
          "--timeout",
          "--tls-ca",
          "--tls-cert",
          "--tls-key");

  /** They make nodes, or tell of the files themselves, or of commands. */
  private static final List<String> WITHOUT =
      List.of("start", "demo", "config", "help", "completion", "version");

  private final Map<String, String> environment;
  private final TreeMap<String, String> variables;
  private final TreeMap<String, String> origins = new TreeMap<>();
  private final @Nullable CliException trouble;
  private String context = "";
  private boolean contextFound;
  private boolean contextKept;

  private Settings(Map<String, String> environment, @Nullable CliException trouble) {
    this.environment = environment;
    this.variables = new TreeMap<>(environment);
    this.trouble = trouble;
  }

  /** Of the environment alone. */
  static Settings none(Map<String, String> environment) {
    return new Settings(environment, null);
  }

  /** For the command that these words are; usage for a file that makes no sense. */
  static Settings of(Map<String, String> environment, List<String> words) {
    String verb = verb(words);
    boolean asked = words.contains("--help") || words.contains("-h");
    if (asked || verb.isEmpty() || WITHOUT.contains(verb)) return none(environment);
    try {
      return read(environment, contextFlag(words));
    } catch (CliException e) {
      if (!verb.equals(DOCTOR)) throw e;
      return new Settings(environment, e);
    }
  }

  /**
   * The same for whatever command.
   *
   * @param named the context that a flag names; null: none does
   */
  static Settings read(Map<String, String> environment, @Nullable String named) {
    Settings settings = new Settings(environment, null);
    Path home = home(environment);
    if (home == null) return settings;
    SettingsFile own = config(home);
    Map<String, String> person = own.read();
    String variable = variable(CONTEXT);
    String context = named != null ? named : environment.getOrDefault(variable, "");
    if (named == null && context.isBlank()) {
      context = person.getOrDefault(CONTEXT, "");
      settings.contextKept = !context.isEmpty();
    }
    settings.context = context;
    if (!context.isBlank()) settings.variables.put(variable, context);
    if (settings.contextKept) settings.origins.put(variable, own.path().toString());
    if (isName(context)) {
      SettingsFile file = context(home, context);
      settings.contextFound = file.exists();
      settings.lay(file.read(), "context " + context);
    }
    settings.lay(person, own.path().toString());
    return settings;
  }

  private void lay(Map<String, String> values, String origin) {
    for (Map.Entry<String, String> entry : values.entrySet()) {
      // It is decided already, and a context names no other.
      if (entry.getKey().equals(CONTEXT)) continue;
      String variable = variable(entry.getKey());
      String known = variables.get(variable);
      if (known != null && !known.isBlank()) continue;
      variables.put(variable, entry.getValue());
      origins.put(variable, origin);
    }
  }

  /** The environment alone. */
  Map<String, String> environment() {
    return environment;
  }

  /** The environment, and what the files add to it. */
  Map<String, String> variables() {
    return variables;
  }

  /** Where the value of a variable that is set comes from: its own name, a context, or a file. */
  String origin(String variable) {
    return origins.getOrDefault(variable, variable);
  }

  /** The one in use, with a file or without; empty: none. */
  String context() {
    return context;
  }

  /** What was wrong with the files, for a command that looks at everything; else null. */
  @Nullable CliException trouble() {
    return trouble;
  }

  /**
   * Usage where a context is named that has no file, unless the environment says which server is
   * meant: who types the name wrong does not want another database.
   */
  void mustKnowContext() {
    String server = environment.getOrDefault(variable("server"), "");
    if (context.isEmpty() || contextFound || !server.isBlank()) return;
    throw CliException.usage(
        "no context '" + context + "'",
        contextKept
            ? "kdelta config use none; kdelta config contexts lists those that there are"
            : "kdelta config contexts lists those that there are; with -s HOST:PORT it may be a new"
                + " name of a session");
  }

  /** The variable of a flag, or of a key of the configuration file. */
  static String variable(String flag) {
    int dashes = 0;
    while (dashes < flag.length() && flag.charAt(dashes) == '-') dashes++;
    return PREFIX + flag.substring(dashes).replace('-', '_').toUpperCase(Locale.ROOT);
  }

  /** The file of the person. */
  static SettingsFile config(Path home) {
    return new SettingsFile(home.resolve(".kdelta").resolve("config"));
  }

  /** The file of a context. */
  static SettingsFile context(Path home, String name) {
    return new SettingsFile(contexts(home).resolve(name));
  }

  static Path contexts(Path home) {
    return home.resolve(".kdelta").resolve("contexts");
  }

  /** Null: there is none, and so no files. */
  static @Nullable Path home(Map<String, String> environment) {
    String home = environment.getOrDefault("HOME", "");
    return home.isEmpty() ? null : Path.of(home);
  }

  /** Whether a file may have this name. */
  static boolean isName(String name) {
    if (name.isEmpty() || name.length() > NAME_LENGTH_MAX || name.charAt(0) == '.') return false;
    for (int i = 0; i < name.length(); i++) {
      char c = name.charAt(i);
      boolean letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
      if (!letter && c != '-' && c != '_' && c != '.') return false;
    }
    return true;
  }

  /** The first word that is no flag and no value of one; empty: there is none. */
  private static String verb(List<String> words) {
    for (int i = 0; i < words.size(); i++) {
      String word = words.get(i);
      if (WITH_VALUE.contains(word)) i++;
      else if (!word.startsWith("-")) return word;
    }
    return "";
  }

  /** The context that a flag among the words names; null: none does. */
  static @Nullable String contextFlag(List<String> words) {
    for (int i = 0; i < words.size(); i++) {
      String word = words.get(i);
      if (word.equals("--")) return null;
      if (word.equals(CONTEXT_FLAG) && i + 1 < words.size()) return words.get(i + 1);
      if (word.startsWith(CONTEXT_FLAG + "=")) return word.substring(CONTEXT_FLAG.length() + 1);
    }
    return null;
  }
}
