package io.kdelta.server;

import java.util.SequencedMap;
import java.util.function.Consumer;

/** Takes lines for the operator. Called on any thread. */
@FunctionalInterface
public interface Notices extends Consumer<String> {
  /**
   * Takes a line with fields, for programs that read logs.
   *
   * @param fields names and values, without spaces or control characters
   */
  default void accept(String what, SequencedMap<String, String> fields) {
    accept(line(what, fields));
  }

  /** The line as people read it: what, and then each field as {@code name=value}. */
  static String line(String what, SequencedMap<String, String> fields) {
    StringBuilder line = new StringBuilder(what);
    fields.forEach((name, value) -> line.append(' ').append(name).append('=').append(value));
    return line.toString();
  }
}
