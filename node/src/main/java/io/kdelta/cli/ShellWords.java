package io.kdelta.cli;

import java.util.List;
import java.util.Map;

/**
 * What a shell takes beside the commands of kdelta and words of its own: what whoever has opened it
 * can do for the person. Called by the thread that runs the line.
 */
interface ShellWords {
  /** Nothing beside. */
  ShellWords NONE =
      new ShellWords() {
        @Override
        public Map<String, String> words() {
          return Map.of();
        }

        @Override
        public String help() {
          return "";
        }

        @Override
        public boolean obeyed(Console of, List<String> words) {
          return false;
        }
      };

  /** Each first word with what it does, in the order in which Tab shows them. */
  Map<String, String> words();

  /** Lines for who asks for help, or nothing. */
  String help();

  /** Whether it was one of these words; throws {@link CliException} for a wrong use of one. */
  boolean obeyed(Console of, List<String> words);
}
