package io.kdelta.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code kdelta config contexts}: which there are, and which one is in use. */
@Command(name = "contexts", description = "List the contexts that have a file.")
final class ContextsCommand implements Callable<Integer> {
  private static final List<Column> COLUMNS =
      List.of(
          Column.text("NAME", "name"),
          Column.text("IN USE", "inUse"),
          Column.text("SERVER", "server"),
          Column.text("FILE", "file"));

  private final Invocation invocation;

  ContextsCommand(Invocation invocation) {
    this.invocation = invocation;
  }

  @Override
  public Integer call() {
    Path home = ConfigCommand.home(invocation);
    String used =
        Settings.read(invocation.settings().environment(), invocation.context()).context();
    List<ObjectNode> items = new ArrayList<>();
    for (String name : names(home)) {
      SettingsFile file = Settings.context(home, name);
      items.add(
          Json.object()
              .put("name", name)
              .put("inUse", name.equals(used))
              .put("server", file.read().get("server"))
              .put("file", file.path().toString()));
    }
    invocation
        .output()
        .list(new Listing("contexts", COLUMNS, item -> item.path("name").textValue(), items));
    return ExitCode.DONE;
  }

  static SortedSet<String> names(Path home) {
    TreeSet<String> names = new TreeSet<>();
    Path folder = Settings.contexts(home);
    if (!Files.isDirectory(folder)) return names;
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
      for (Path file : files) {
        String name = String.valueOf(file.getFileName());
        if (Settings.isName(name) && Files.isRegularFile(file)) names.add(name);
      }
    } catch (IOException e) {
      throw new CliException(
          ExitCode.UNEXPECTED, "IO", "cannot read " + folder + ": " + e.getMessage(), null, e);
    }
    return names;
  }

  /** {@code config use NAME}: for commands that name no context. */
  @Command(
      name = "use",
      description = {
        "Use a context from now on, where neither --context nor KDELTA_CONTEXT names another; none:"
            + " no longer one."
      })
  static final class Use implements Callable<Integer> {
    private static final String NONE = "none";

    private final Invocation invocation;

    @Parameters(index = "0", paramLabel = "NAME", description = "Which, or none.")
    private String name = "";

    Use(Invocation invocation) {
      this.invocation = invocation;
    }

    @Override
    public Integer call() {
      Path home = ConfigCommand.home(invocation);
      SortedSet<String> known = names(home);
      boolean none = name.equals(NONE);
      if (!none && !known.contains(name)) {
        throw new CliException(
            ExitCode.NOT_FOUND,
            "NOT_FOUND",
            "no context '"
                + name
                + "'"
                + (known.isEmpty() ? "" : "; there are " + String.join(", ", known)),
            "kdelta config set server HOST:PORT --context " + name);
      }
      SettingsFile file = Settings.config(home);
      var _ = file.read();
      boolean changed = file.set(Settings.CONTEXT, none ? "" : name);
      invocation.notice(changed ? "set in " + file.path() : "it was so already");
      Settings now = Settings.read(invocation.settings().environment(), null);
      if (!now.context().equals(none ? "" : name)) {
        invocation.notice("but KDELTA_CONTEXT wins, and says " + now.context());
      }
      return ExitCode.DONE;
    }
  }
}
