package io.kdelta.cli;

import java.util.ArrayList;
import java.util.List;

/** A typed line as words, by the rules of a shell for quotes and backslashes. Pure. */
final class Words {
  private Words() {}

  /** The words of a line; usage error when a quote is left open. Behind a bare # nothing counts. */
  static List<String> of(String line) {
    List<String> words = new ArrayList<>();
    StringBuilder word = new StringBuilder();
    boolean begun = false;
    char quote = 0;
    for (int i = 0; i < line.length(); i++) {
      char c = line.charAt(i);
      if (quote == '\'') {
        if (c == quote) quote = 0;
        else word.append(c);
      } else if (c == '\\' && i + 1 < line.length()) {
        char next = line.charAt(++i);
        // Between double quotes a backslash is itself, but before what it could quote.
        if (quote == '"' && next != '"' && next != '\\') word.append(c);
        word.append(next);
        begun = true;
      } else if (quote == '"') {
        if (c == quote) quote = 0;
        else word.append(c);
      } else if (c == '\'' || c == '"') {
        quote = c;
        begun = true;
      } else if (Character.isWhitespace(c)) {
        if (begun) words.add(word.toString());
        word.setLength(0);
        begun = false;
      } else if (c == '#' && !begun) {
        return words;
      } else {
        word.append(c);
        begun = true;
      }
    }
    if (quote != 0) throw CliException.usage("a " + quote + " is left open", null);
    if (begun) words.add(word.toString());
    return words;
  }
}
