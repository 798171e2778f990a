package io.kdelta.cli;

import java.util.ArrayList;
import java.util.List;

/** A typed line as words, by the rules of a shell for quotes and backslashes. Pure. */
final class Words {
  /** What has a meaning of its own outside of quotes. */
  private static final String MEANS = " \t\n\r'\"\\#";

  private Words() {}

  /**
   * A word and where it stands.
   *
   * @param text without its quotes
   * @param begin index of its first character in the line, a quote perhaps
   * @param end index behind its last one
   */
  record Word(String text, int begin, int end) {}

  /**
   * A line, read.
   *
   * @param open the quote that has no end; 0: none
   */
  record Line(List<Word> words, char open) {}

  /** The words of a line; usage error when a quote is left open. Behind a bare # nothing counts. */
  static List<String> of(String line) {
    Line read = read(line);
    if (read.open() != 0) {
      throw CliException.usage(
          "a " + read.open() + " is left open", "'...' or \"...\" around it, or \\ before it");
    }
    return read.words().stream().map(Word::text).toList();
  }

  /** The same of a line that may not be complete: a quote left open goes to its end. */
  static Line read(String line) {
    List<Word> words = new ArrayList<>();
    StringBuilder word = new StringBuilder();
    int begin = -1;
    char quote = 0;
    for (int i = 0; i < line.length(); i++) {
      char c = line.charAt(i);
      boolean space = quote == 0 && Character.isWhitespace(c);
      if (c == '#' && quote == 0 && begin < 0) return new Line(words, quote);
      if (space && begin >= 0) {
        words.add(new Word(word.toString(), begin, i));
        word.setLength(0);
        begin = -1;
      }
      if (space) continue;
      if (begin < 0) begin = i;
      if (quote == 0 && (c == '\'' || c == '"')) {
        quote = c;
      } else if (quote != 0 && c == quote) {
        quote = 0;
      } else if (quote != '\'' && c == '\\' && i + 1 < line.length()) {
        char next = line.charAt(++i);
        // Between double quotes a backslash is itself, but before what it could quote.
        if (quote == '"' && next != '"' && next != '\\') word.append(c);
        word.append(next);
      } else {
        word.append(c);
      }
    }
    if (begin >= 0) words.add(new Word(word.toString(), begin, line.length()));
    return new Line(words, quote);
  }

  /** The lines of a text that was pasted: a quote goes on over their ends. */
  static List<String> lines(String text) {
    List<String> lines = new ArrayList<>();
    StringBuilder line = new StringBuilder();
    for (String part : text.split("\\R", -1)) {
      line.append(line.isEmpty() ? "" : "\n").append(part);
      if (read(line.toString()).open() != 0) continue;
      lines.add(line.toString());
      line.setLength(0);
    }
    if (!line.isEmpty()) lines.add(line.toString());
    return lines;
  }

  /** A word such that {@link #of} reads it as it is. */
  static String quoted(String word) {
    StringBuilder out = new StringBuilder(word.length());
    for (int i = 0; i < word.length(); i++) {
      char c = word.charAt(i);
      if (MEANS.indexOf(c) >= 0 && (c != '#' || i == 0)) out.append('\\');
      out.append(c);
    }
    return out.toString();
  }
}
