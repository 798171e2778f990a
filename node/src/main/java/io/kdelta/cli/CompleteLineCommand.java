package io.kdelta.cli;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/**
 * {@code kdelta complete-line SHELL LINE}: what the last word of a line may become, one a line with
 * its description behind a tab, for the scripts of {@code kdelta completion}. The server is that of
 * the line.
 */
@Command(
    name = "complete-line",
    hidden = true,
    description = "Tell what the last word of a line may become; for kdelta completion.")
final class CompleteLineCommand implements Callable<Integer> {
  /** With the classes of gRPC to load, where there is no HTTP port. */
  private static final Duration AT_MOST = Duration.ofSeconds(2);

  private final Invocation invocation;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(index = "0", paramLabel = "SHELL", description = "fish quotes what it is told.")
  private String shell = "";

  @Parameters(index = "1", paramLabel = "LINE", description = "Up to the cursor.")
  private String line = "";

  CompleteLineCommand(Invocation invocation) {
    this.invocation = invocation;
  }

  @Override
  public Integer call() {
    List<Words.Word> read = Words.read(line).words();
    boolean within = !read.isEmpty() && read.getLast().end() == line.length();
    List<String> words = new ArrayList<>(read.stream().map(Words.Word::text).toList());
    String word = within ? words.removeLast() : "";
    // The name of the program.
    if (words.isEmpty()) return ExitCode.DONE;
    words.removeFirst();
    CommandSpec root = spec.root();
    Map<String, String> environment = environment(root, words);
    NodeNames names =
        new NodeNames(AT_MOST, () -> new Invocation(invocation.console(), environment));
    Completion completion = new Completion(root, Map.of(), names::namespaces, names::keys);
    for (Completion.Proposal proposal : completion.of(words, word, "")) {
      String text = shell.equals("fish") ? proposal.text() : Words.quoted(proposal.text());
      invocation.console().out().println(text + "\t" + proposal.description());
    }
    return ExitCode.DONE;
  }

  /** With the server or the context that the line names. */
  private Map<String, String> environment(CommandSpec root, List<String> words) {
    Settings settings =
        Settings.read(invocation.settings().environment(), Settings.contextFlag(words));
    TreeMap<String, String> environment = new TreeMap<>(settings.variables());
    List<Roles.Role> roles = Roles.of(root, words).all();
    for (int i = 0; i < words.size(); i++) {
      boolean server =
          roles.get(i) instanceof Roles.Role.Value(var option)
              && option.longestName().equals("--server");
      if (server) environment.put("KDELTA_SERVER", words.get(i));
    }
    return environment;
  }
}
