package io.kdelta.cli.demo;

import java.util.List;

/** Runs the commands of {@code kdelta}, for the story to show. */
public interface Commands {
  /**
   * Runs one, as on a terminal.
   *
   * @param words behind the name of the program
   */
  Result run(List<String> words);

  /** Runs one for its data alone, as in a pipe. */
  Result read(List<String> words);

  /**
   * What a command came to.
   *
   * @param exitCode as the process would have
   * @param said stdout; of {@link #run} what it wrote to stderr too, in order
   */
  record Result(int exitCode, String said) {}
}
