package io.kdelta.cli;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/**
 * What a shell knows between two commands: the connections, the namespace in use, the times that
 * commands took. It runs one line at a time, each as a command of its own, and asks the node for
 * what a word may become.
 *
 * <p>One thread at a time.
 */
final class Shell implements AutoCloseable {
  /** For a question while a person types. */
  private static final Duration WHILE_TYPING = Duration.ofMillis(400);

  /** They run until they are stopped, or would be a shell in a shell. */
  private static final List<String> ELSEWHERE = List.of("start", "demo", "shell");

  private static final String HELP =
      """

      Of the shell itself:
        use [NAMESPACE]   keys without a slash are in it; alone: as before
        timing [on|off]   tell after each command how long it took; alone: median and 99th percentile
        exit              leave (so does Ctrl-D)
      Words are quoted as in a shell: '..', "..", \\x; behind # nothing counts.
      Tab completes commands, flags, namespaces and keys; Ctrl-R searches what was typed before;
      Ctrl-C ends the command that runs, or clears the line.
      """;

  private final Console console;
  private final Settings settings;
  private final Connections connections = new Connections();
  private final ReadyCommands commands;
  private final CommandSpec root;
  private final NodeNames names = new NodeNames(WHILE_TYPING, this::invocation);
  private final ShellWords beside;
  private final Timing timing = new Timing();
  private String namespace = "";
  private boolean ended;
  private volatile boolean typed;

  /**
   * @param settings with the flags of the shell as variables of the environment
   */
  Shell(Console console, Settings settings) {
    this(console, settings, ShellWords.NONE);
  }

  /**
   * @param settings with the flags of the shell as variables of the environment
   * @param beside what it takes besides
   */
  Shell(Console console, Settings settings, ShellWords beside) {
    this.console = console;
    this.settings = settings;
    this.beside = beside;
    this.commands = new ReadyCommands(settings, connections);
    this.root = Commands.commandLine(invocation(console)).getCommandSpec();
  }

  private Map<String, String> own() {
    LinkedHashMap<String, String> own = new LinkedHashMap<>(beside.words());
    own.put("use", "Keys without a slash are in this namespace");
    own.put("timing", "Tell how long commands take");
    own.put("exit", "Leave the shell");
    return own;
  }

  private Invocation invocation() {
    return invocation(console);
  }

  private Invocation invocation(Console of) {
    return new Invocation(of, settings, connections);
  }

  /** Whether it was told to end. */
  boolean ended() {
    return ended;
  }

  /** The one in use; empty: none. */
  String namespace() {
    return namespace;
  }

  /** The address that is asked now. */
  String server() {
    try (Client client = invocation(console).client()) {
      return client.address();
    }
  }

  /** How many connections were opened so far. */
  long connectionsOpened() {
    return connections.opened();
  }

  /**
   * Runs a line with a console of its own; answers the exit code. Never throws for what it says.
   */
  int run(Console of, String line) {
    typed = true;
    boolean timed = timing.on();
    long begun = System.nanoTime();
    int exitCode = command(of, line);
    of.out().flush();
    if (timed && timing.on()) {
      long nanos = System.nanoTime() - begun;
      timing.add(nanos);
      of.notice(Timing.text(nanos));
    }
    return exitCode;
  }

  private int command(Console of, String line) {
    List<String> words;
    try {
      words = new ArrayList<>(Words.of(line));
      if (!words.isEmpty() && words.getFirst().equals("kdelta")) words.removeFirst();
      if (words.isEmpty()) return ExitCode.DONE;
      if (obeyed(of, words)) return ExitCode.DONE;
    } catch (CliException e) {
      return new ErrorReport(invocation(of)).told(e);
    }
    Roles roles = Roles.of(root, words);
    String name = name(words, roles);
    int exitCode = run(of, name, qualified(words, roles));
    boolean changes = words.contains("set") || words.contains("unset") || words.contains("use");
    if (name.equals("config") && changes) {
      of.notice("this shell goes on with what it began with; a new one takes that");
    }
    if (words.size() == 1 && name.equals("help")) of.out().print(beside.help() + HELP);
    return exitCode;
  }

  private int run(Console of, String name, List<String> words) {
    if (needsAll(name)) return Commands.run(invocation(of), null, words);
    String context = Settings.contextFlag(words);
    if (context == null) return commands.run(of, name, words);
    Settings other;
    try {
      other = Settings.read(settings.environment(), context);
    } catch (CliException e) {
      return new ErrorReport(invocation(of)).told(e, words);
    }
    return Commands.run(new Invocation(of, other, connections), name, words);
  }

  /** Whether it was a word for the shell itself. */
  private boolean obeyed(Console of, List<String> words) {
    String more = words.size() > 1 ? words.get(1) : "";
    switch (words.getFirst()) {
      case "exit", "quit" -> ended = true;
      case "?" -> of.out().print(beside.help() + HELP);
      case "use" -> use(words, more);
      case "timing" -> {
        switch (more) {
          case "" -> of.out().println(timing.summary());
          case "on" -> timing.turn(true);
          case "off" -> timing.turn(false);
          default -> throw CliException.usage("timing " + more + ": on or off", null);
        }
      }
      default -> {
        if (beside.obeyed(of, words)) return true;
        if (!ELSEWHERE.contains(words.getFirst())) return false;
        throw CliException.usage(
            words.getFirst() + " runs in a terminal of its own", "kdelta " + words.getFirst());
      }
    }
    return true;
  }

  private void use(List<String> words, String named) {
    String bare = named.endsWith("/") ? named.substring(0, named.length() - 1) : named;
    if (words.size() > 2 || bare.indexOf('/') >= 0) {
      throw CliException.usage("use NAMESPACE: one name without a slash", "ls lists them");
    }
    namespace = bare;
  }

  /** The name in the overview of the command that the words begin with; empty: none. */
  private String name(List<String> words, Roles roles) {
    int at = roles.all().indexOf(new Roles.Role.Verb());
    CommandLine meant = at < 0 ? null : root.subcommands().get(words.get(at));
    if (meant == null) return "";
    String alias = words.get(at);
    for (Map.Entry<String, CommandLine> entry : root.subcommands().entrySet()) {
      if (entry.getValue().equals(meant) && Commands.ALL.contains(entry.getKey())) {
        return entry.getKey();
      }
    }
    throw new AssertionError(alias + " is no command of the overview");
  }

  /** What cannot be made without the others, because it tells of them. */
  private static boolean needsAll(String name) {
    return name.isEmpty() || name.equals("help") || name.equals("completion");
  }

  /** The words with the namespace in use where none is said. */
  private List<String> qualified(List<String> words, Roles roles) {
    if (namespace.isEmpty() || words.contains("--help") || words.contains("-h")) return words;
    List<String> full = new ArrayList<>(words.size() + 1);
    boolean argument = false;
    for (int i = 0; i < words.size(); i++) {
      String word = words.get(i);
      boolean names =
          roles.all().get(i) instanceof Roles.Role.Argument(var parameter)
              && parameter != null
              && (parameter.paramLabel().equals("NS/KEY")
                  || parameter.paramLabel().equals("NS[/PREFIX]"));
      argument |= roles.all().get(i) instanceof Roles.Role.Argument;
      full.add(names && word.indexOf('/') < 0 ? namespace + "/" + word : word);
    }
    if (!argument && namesOne(roles.command())) full.add(namespace);
    return full;
  }

  /** Whether the first argument is a namespace. */
  private static boolean namesOne(CommandSpec command) {
    List<PositionalParamSpec> parameters = command.positionalParameters();
    if (parameters.isEmpty()) return false;
    String label = parameters.getFirst().paramLabel();
    return label.equals("NS") || label.equals("NS[/PREFIX]");
  }

  /** What a word may become. */
  List<Completion.Proposal> proposals(List<String> before, String word) {
    List<String> words = new ArrayList<>(before);
    if (!words.isEmpty() && words.getFirst().equals("kdelta")) words.removeFirst();
    return new Completion(root, own(), names::namespaces, names::keys).of(words, word, namespace);
  }

  /** Does what the first commands need, until one is typed; how many reads it took. */
  int warm() {
    // Names of its own: those of the prompt are asked by the person's thread.
    NodeNames asked = new NodeNames(WHILE_TYPING, this::invocation);
    return new WarmUp(asked, commands, () -> typed).run(console);
  }

  @Override
  public void close() {
    connections.close();
  }
}
