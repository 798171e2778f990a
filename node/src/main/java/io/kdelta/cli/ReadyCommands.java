package io.kdelta.cli;

import java.util.List;
import java.util.concurrent.ConcurrentSkipListMap;
import picocli.CommandLine;

/**
 * The commands of a shell: each is read from its annotations when it is typed first, and run again
 * and again from then on. To read one takes longer than to run it.
 *
 * <p>Any thread. One that still runs is not given to a second thread, which a terminal starts when
 * a person has given the first one up: it gets another.
 */
final class ReadyCommands {
  private record Ready(Invocation invocation, CommandLine line) {}

  private final Settings settings;
  private final Connections connections;
  private final ConcurrentSkipListMap<String, Ready> idle = new ConcurrentSkipListMap<>();

  ReadyCommands(Settings settings, Connections connections) {
    this.settings = settings;
    this.connections = connections;
  }

  /**
   * Runs one and answers its exit code.
   *
   * @param name in the overview
   */
  int run(Console console, String name, List<String> words) {
    Ready ready = idle.remove(name);
    if (ready == null) {
      Invocation invocation = new Invocation(console, settings, connections);
      ready = new Ready(invocation, Commands.commandLine(invocation, name));
    } else {
      ready.invocation.speakTo(console);
      Commands.speakTo(console, ready.line);
    }
    int exitCode = Commands.execute(ready.line, console, words);
    idle.put(name, ready);
    return exitCode;
  }
}
