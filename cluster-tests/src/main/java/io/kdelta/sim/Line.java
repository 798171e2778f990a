package io.kdelta.sim;

import io.kdelta.cluster.AckLevel;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * One line of a scenario, read word by word. Words are separated by blanks; {@code 'a word with
 * blanks'} stands in quotes, a quote in it twice, {@code <x*4000>} is 4,000 times x, {@code <<} is
 * one {@code <}. What looks like {@code name=value} is an option and may stand anywhere; {@code #}
 * begins a comment.
 */
final class Line {
  private record Word(String text, int column, boolean quoted) {}

  private static final Pattern OPTION = Pattern.compile("([a-z]+)=(.*)", Pattern.DOTALL);
  private static final Pattern TIME = Pattern.compile("(-?\\d+(?:\\.\\d+)?)(ns|us|ms|s|m|h|d)");
  private static final Pattern SIZE = Pattern.compile("(\\d+)(B|KiB|MiB)?");
  private static final Pattern NODE = Pattern.compile("node-(\\d+)");
  private static final Pattern PATH = Pattern.compile("[^/]+/.+");
  private static final Pattern RUN = Pattern.compile("(.)\\1{15,}");

  private final String source;
  private final int number;
  private final int length;
  private final int nodes;
  private final List<Word> words = new ArrayList<>();
  private final LinkedHashMap<String, Word> options = new LinkedHashMap<>();
  private int at;

  /**
   * @param nodes how many nodes there are to be named
   */
  Line(String source, int number, String text, int nodes) {
    this.source = source;
    this.number = number;
    this.length = text.length();
    this.nodes = nodes;
    int position = 0;
    while (true) {
      while (position < text.length() && Character.isWhitespace(text.charAt(position))) position++;
      if (position == text.length() || text.charAt(position) == '#') return;
      position = word(text, position);
    }
  }

  private int word(String text, int start) {
    StringBuilder word = new StringBuilder();
    boolean quoted = false;
    int position = start;
    while (position < text.length()) {
      char c = text.charAt(position);
      if (c == '\'') {
        boolean twice = quoted && text.startsWith("''", position);
        if (twice) word.append(c);
        else quoted = !quoted;
        position += twice ? 2 : 1;
      } else if (quoted && c == '<') {
        int end = text.indexOf('>', position);
        boolean twice = text.startsWith("<<", position);
        boolean run = !twice && end > position + 3 && text.charAt(position + 2) == '*';
        if (!twice && !run) throw error(position + 1, "<< or a run such as <x*4000>", "<");
        word.append(twice ? "<" : run(text.substring(position + 1, end), position + 1));
        position = twice ? position + 2 : end + 1;
      } else if (!quoted && Character.isWhitespace(c)) {
        break;
      } else {
        word.append(c);
        position++;
      }
    }
    if (quoted) throw error(text.length() + 1, "the quote that ends the text", "the end");
    Word read = new Word(word.toString(), start + 1, text.charAt(start) == '\'');
    Matcher option = OPTION.matcher(read.text);
    if (!read.quoted && option.matches()) {
      Word value = new Word(option.group(2), start + 2 + option.group(1).length(), false);
      if (options.put(option.group(1), value) != null) {
        throw error(start + 1, option.group(1) + " only once", "it again");
      }
    } else {
      words.add(read);
    }
    return position;
  }

  private String run(String text, int column) {
    try {
      return text.substring(0, 1).repeat(Integer.parseInt(text.substring(2)));
    } catch (NumberFormatException e) {
      throw error(column + 1, "a run such as <x*4000>", text);
    }
  }

  int number() {
    return number;
  }

  /** Whether nothing is left, options aside. */
  boolean atEnd() {
    return at == words.size();
  }

  /** Whether there is nothing on the line at all. */
  boolean blank() {
    return words.isEmpty() && options.isEmpty();
  }

  /** The next word. */
  String word(String expected) {
    if (atEnd()) throw error(length + 1, expected, "the end of the line");
    return words.get(at++).text;
  }

  /** Whether the next word is this one, which is then passed. */
  boolean takes(String word) {
    if (atEnd() || words.get(at).quoted || !words.get(at).text.equals(word)) return false;
    at++;
    return true;
  }

  /** The next word, which stays there. */
  String next() {
    return words.get(at).text;
  }

  /** The word before. */
  String passed() {
    return words.get(at - 1).text;
  }

  /** The next word must be this one. */
  void must(String word) {
    if (!takes(word)) throw expected(word);
  }

  /** The next word is not what it should be. */
  ScriptError expected(String what) {
    if (atEnd()) return error(length + 1, what, "the end of the line");
    return error(words.get(at).column, what, words.get(at).text);
  }

  /** The word before is not what it should be. */
  ScriptError notThat(String expected) {
    Word last = words.get(at - 1);
    return error(last.column, expected, last.text);
  }

  private ScriptError error(int column, String expected, String found) {
    return new ScriptError(source, number, column, expected, found);
  }

  /** Nothing may be left. */
  void end() {
    if (!atEnd()) throw expected("the end of the line");
    for (Map.Entry<String, Word> left : options.entrySet()) {
      int column = left.getValue().column - left.getKey().length() - 1;
      throw error(column, "no option " + left.getKey() + " here", left.getValue().text);
    }
  }

  /** One node. */
  int node() {
    String name = word("a node such as node-0");
    Matcher matcher = NODE.matcher(name);
    if (matcher.matches() && Integer.parseInt(matcher.group(1)) < nodes) {
      return Integer.parseInt(matcher.group(1));
    }
    throw notThat(nodes == 1 ? "node-0" : "a node, node-0 to node-" + (nodes - 1));
  }

  /** {@code all}, or nodes with commas between. */
  List<Integer> someNodes() {
    List<Integer> all = new ArrayList<>();
    for (int i = 0; i < nodes; i++) all.add(i);
    if (takes("all")) return all;
    String names = word("nodes such as node-0,node-1, or all");
    List<Integer> some = new ArrayList<>();
    for (String name : names.split(",", -1)) {
      int index = all.stream().map(World::name).toList().indexOf(name);
      if (index < 0) throw notThat("nodes such as node-0,node-1, or all");
      some.add(index);
    }
    return some;
  }

  /** A key as namespace/key. */
  String path() {
    String path = word("a key such as t/a");
    if (!PATH.matcher(path).matches()) throw notThat("a key such as t/a");
    return path;
  }

  int count() {
    String text = word("a number");
    try {
      return Integer.parseInt(text);
    } catch (NumberFormatException e) {
      throw notThat("a number");
    }
  }

  /** A number of 64 bits. */
  long whole() {
    String text = word("a number");
    try {
      return Long.parseLong(text);
    } catch (NumberFormatException e) {
      throw notThat("a number");
    }
  }

  /** A time such as 3s, 250ms, 8.213457s or -365d, in nanoseconds. */
  long time() {
    String text = word("a time such as 3s");
    Matcher matcher = TIME.matcher(text);
    if (!matcher.matches()) throw notThat("a time such as 3s");
    return nanos(matcher);
  }

  private static long nanos(Matcher time) {
    BigDecimal unit = BigDecimal.valueOf(nanosOf(time.group(2)));
    return new BigDecimal(time.group(1)).multiply(unit).longValue();
  }

  boolean has(String option) {
    return options.containsKey(option);
  }

  /** The text of an option, which is then passed. */
  String option(String name) {
    Word value = options.remove(name);
    if (value == null) throw error(length + 1, "an option " + name + "=", "the end of the line");
    return value.text;
  }

  String option(String name, String otherwise) {
    return has(name) ? option(name) : otherwise;
  }

  long number(String name) {
    return parse(name, "a number", text -> text.matches("-?\\d{1,18}") ? Long.valueOf(text) : null);
  }

  long size(String name) {
    return parse(name, "a size such as 64KiB", Line::sizeOrNull);
  }

  /** A size such as 64KiB, in bytes. */
  long size() {
    Long size = sizeOrNull(word("a size such as 64KiB"));
    if (size == null) throw notThat("a size such as 64KiB");
    return size;
  }

  private static @Nullable Long sizeOrNull(String text) {
    Matcher matcher = SIZE.matcher(text);
    if (!matcher.matches()) return null;
    long number = Long.parseLong(matcher.group(1));
    if ("KiB".equals(matcher.group(2))) return number << 10;
    return "MiB".equals(matcher.group(2)) ? number << 20 : number;
  }

  long time(String name) {
    return parse(name, "a time such as 3s", Line::timeOrNull);
  }

  private static @Nullable Long timeOrNull(String text) {
    Matcher matcher = TIME.matcher(text);
    return matcher.matches() ? nanos(matcher) : null;
  }

  /** Two times such as 100us..3ms; the first one. */
  long timeFrom(String name) {
    return parse(name, "times such as 100us..3ms", text -> half(text, 0));
  }

  /** Two times such as 100us..3ms, of which {@link #timeFrom} was the first; leaves it there. */
  long timeTo(String name) {
    Word both = options.get(name);
    if (both == null) throw error(length + 1, "an option " + name + "=", "the end of the line");
    Long last = half(both.text, 1);
    if (last == null) throw error(both.column, "times such as 100us..3ms", both.text);
    return last;
  }

  private static @Nullable Long half(String text, int which) {
    String[] both = text.split("\\.\\.", 2);
    return both.length == 2 ? timeOrNull(both[which]) : null;
  }

  /** One of the names of an enum, in lower case with hyphens. */
  <E extends Enum<E>> E one(String name, Class<E> of) {
    List<String> names = new ArrayList<>();
    for (E constant : of.getEnumConstants()) names.add(spelled(constant));
    return parse(
        name,
        "one of " + names,
        text -> names.contains(text) ? of.getEnumConstants()[names.indexOf(text)] : null);
  }

  /** The level of a write; null for the rule of the node. */
  @Nullable AckLevel level() {
    return has("ack") ? one("ack", AckLevel.class) : null;
  }

  /** Whether {@code if=seen} stands there. */
  boolean seen() {
    return has("if") && parse("if", "seen", text -> text.equals("seen") ? true : null);
  }

  private interface Parser<T> {
    @Nullable T parse(String text);
  }

  private <T> T parse(String name, String expected, Parser<T> parser) {
    Word value = options.get(name);
    String text = option(name);
    T parsed = parser.parse(text);
    if (parsed == null) {
      throw error(value == null ? length + 1 : value.column, name + "= " + expected, text);
    }
    return parsed;
  }

  // How words are written.

  static String spelled(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** The shortest exact way to write a time. */
  static String time(long nanos) {
    if (nanos % 1_000_000_000L == 0) return nanos / 1_000_000_000L + "s";
    if (nanos % 1_000_000L == 0) return nanos / 1_000_000L + "ms";
    if (nanos % 1_000L == 0) return nanos / 1_000L + "us";
    return nanos + "ns";
  }

  /** The shortest exact way to write a size. */
  static String size(long bytes) {
    if (bytes % (1 << 20) == 0) return (bytes >> 20) + "MiB";
    return bytes % (1 << 10) == 0 ? (bytes >> 10) + "KiB" : bytes + "B";
  }

  /** In seconds, exactly. */
  static String seconds(long nanos) {
    return BigDecimal.valueOf(nanos, 9).stripTrailingZeros().toPlainString() + "s";
  }

  /** In quotes, long runs of one character shortened. */
  static String quoted(String text) {
    StringBuilder out = new StringBuilder("'");
    Matcher runs = RUN.matcher(text);
    int from = 0;
    while (runs.find()) {
      if ("<'>".contains(runs.group(1))) continue;
      out.append(escaped(text.substring(from, runs.start())));
      out.append('<').append(runs.group(1)).append('*').append(runs.group().length()).append('>');
      from = runs.end();
    }
    return out.append(escaped(text.substring(from))).append('\'').toString();
  }

  private static String escaped(String text) {
    return text.replace("'", "''").replace("<", "<<");
  }

  /** As it is if that is one plain word, else in quotes. */
  static String plain(String text) {
    return text.matches("[A-Za-z0-9_./#-]+") ? text : quoted(text);
  }

  private static long nanosOf(String unit) {
    return switch (unit) {
      case "us" -> 1_000L;
      case "ms" -> 1_000_000L;
      case "s" -> 1_000_000_000L;
      case "m" -> 60_000_000_000L;
      case "h" -> 3_600_000_000_000L;
      case "d" -> 86_400_000_000_000L;
      default -> 1L;
    };
  }
}
