package io.kdelta.cli;

import java.util.ArrayList;
import java.util.List;
import org.jline.reader.CompletingParsedLine;
import org.jline.reader.EOFError;
import org.jline.reader.ParsedLine;
import org.jline.reader.Parser;

/** Reads lines for JLine by the rules of {@link Words}. Pure. */
final class ShellParser implements Parser {
  @Override
  public ParsedLine parse(String line, int cursor, ParseContext context) {
    if (context == ParseContext.COMPLETE) return typed(line, cursor);
    Words.Line read = Words.read(line);
    if (read.open() != 0 && context == ParseContext.ACCEPT_LINE) {
      throw new EOFError(-1, -1, "a quote is left open", "quote");
    }
    return typed(line, cursor);
  }

  /** The words up to the cursor, of which the last one is being typed. */
  private static Typed typed(String line, int cursor) {
    List<Words.Word> read = Words.read(line.substring(0, cursor)).words();
    boolean within = !read.isEmpty() && read.getLast().end() == cursor;
    List<String> words = new ArrayList<>(read.stream().map(Words.Word::text).toList());
    if (!within) words.add("");
    int begin = within ? read.getLast().begin() : cursor;
    return new Typed(line, cursor, words, begin);
  }

  /**
   * A line with its cursor.
   *
   * @param begin where the word at the cursor begins in the line
   */
  private record Typed(String line, int cursor, List<String> words, int begin)
      implements CompletingParsedLine {
    @Override
    public String word() {
      return words.getLast();
    }

    @Override
    public int wordCursor() {
      return word().length();
    }

    @Override
    public int wordIndex() {
      return words.size() - 1;
    }

    @Override
    public CharSequence escape(CharSequence candidate, boolean complete) {
      return Words.quoted(candidate.toString());
    }

    @Override
    public int rawWordCursor() {
      return cursor - begin;
    }

    @Override
    public int rawWordLength() {
      return cursor - begin;
    }
  }
}
