package io.kdelta.cli;

import java.util.Map;

/** Whether what is written may have colours: for a person on a terminal who did not say no. */
final class Colours {
  private Colours() {}

  /** By the rule of no-color.org: NO_COLOR, not empty, says no. */
  static boolean wanted(Console console, Map<String, String> environment) {
    String none = environment.getOrDefault("NO_COLOR", "");
    return console.outIsTerminal()
        && none.isEmpty()
        && !environment.getOrDefault("TERM", "").equals("dumb");
  }
}
