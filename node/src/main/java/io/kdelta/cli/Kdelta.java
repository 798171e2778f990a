package io.kdelta.cli;

import java.time.Duration;
import java.util.List;
import java.util.Map;

/**
 * Where the process begins. It names nothing of {@link Commands} before those are needed: a class
 * that the JVM looks for when it checks this one is looked for in every jar.
 */
public final class Kdelta {
  private Kdelta() {}

  /** Runs one command and ends the process with its exit code. */
  public static void main(String[] arguments) {
    Console console = Console.ofProcess();
    List<String> words = List.of(arguments);
    // Done without a failure: the process ends by itself, without what exit() says to loggers.
    long begun = System.nanoTime();
    if (QuickGet.done(console, System.getenv(), words)) return;
    Duration spent = Duration.ofNanos(System.nanoTime() - begun);
    LogLines.installForCommand(console.err(), words.contains("--debug"));
    System.exit(Commands.run(console, System.getenv(), words, spent));
  }

  /** Runs one command and answers its exit code. */
  static int run(Console console, Map<String, String> environment, List<String> arguments) {
    return Commands.run(console, environment, arguments, Duration.ZERO);
  }
}
