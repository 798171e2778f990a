package io.kdelta.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Writes data to stdout in the format asked for: a table on a terminal and JSON lines in a pipe,
 * unless {@code -o} says otherwise.
 */
final class Output {
  private final Console console;
  private final Format format;

  Output(Console console, @Nullable Format asked) {
    this.console = console;
    this.format = Format.orUsual(asked, console.outIsTerminal());
  }

  Format format() {
    return format;
  }

  /** Writes many things. Line formats stream; the others hold what they print. */
  void list(Listing listing) {
    switch (format) {
      case TABLE -> table(listing);
      case JSON -> console.out().println(json(listing));
      case JSONL ->
          listing.items().forEach(item -> console.out().println(listing.json().apply(item)));
      case YAML -> console.out().print(Yaml.of(json(listing)));
      case CSV -> csv(listing);
      case RAW -> listing.items().forEach(item -> console.out().println(raw(listing, item)));
      case NAME ->
          listing.items().forEach(item -> console.out().println(listing.name().apply(item)));
    }
    console.out().flush();
  }

  /**
   * Writes one thing.
   *
   * @param human what a table says instead; null: the columns under each other
   */
  void item(ObjectNode item, List<Column> columns, String name, @Nullable String human) {
    switch (format) {
      case TABLE -> console.out().println(human != null ? human : card(item, columns));
      case JSON, JSONL -> console.out().println(Json.text(item));
      case YAML -> console.out().print(Yaml.of(Json.text(item)));
      case CSV, RAW -> list(new Listing("items", columns, i -> name, List.of(item)));
      case NAME -> console.out().println(name);
    }
    console.out().flush();
  }

  /** Writes a document: canonical JSON, indented for a person, byte for byte with {@code raw}. */
  void document(String json, String name) {
    DocumentText.print(console, format, json, name);
  }

  private static String json(Listing listing) {
    StringBuilder out = new StringBuilder("{\"").append(listing.plural()).append("\":[");
    String comma = "";
    for (ObjectNode item : listing.items()) {
      out.append(comma).append(listing.json().apply(item));
      comma = ",";
    }
    return out.append("]}").toString();
  }

  private void table(Listing listing) {
    List<List<String>> rows = new ArrayList<>();
    rows.add(listing.columns().stream().map(Column::header).toList());
    for (ObjectNode item : listing.items()) rows.add(pretty(item, listing.columns()));
    if (rows.size() == 1) {
      console.notice("no " + listing.plural());
      return;
    }
    int[] widths = new int[listing.columns().size()];
    for (List<String> row : rows) {
      for (int i = 0; i < widths.length; i++) {
        widths[i] = Math.max(widths[i], width(row.get(i)));
      }
    }
    for (List<String> row : rows) console.out().println(line(row, widths, listing.columns()));
  }

  private List<String> pretty(ObjectNode item, List<Column> columns) {
    return columns.stream()
        .map(column -> column.pretty(item, console.outIsTerminal(), console.now().get()))
        .map(Output::safe)
        .toList();
  }

  private static String line(List<String> row, int[] widths, List<Column> columns) {
    StringBuilder out = new StringBuilder();
    for (int i = 0; i < row.size(); i++) {
      String gap = " ".repeat(widths[i] - width(row.get(i)));
      out.append(columns.get(i).right() ? gap + row.get(i) : row.get(i) + gap).append("  ");
    }
    return out.toString().stripTrailing();
  }

  private String card(ObjectNode item, List<Column> columns) {
    int width = columns.stream().mapToInt(c -> c.header().length()).max().orElse(0);
    return columns.stream()
        .map(c ->
            c.header()
                + " ".repeat(width - c.header().length() + 2)
                + safe(c.pretty(item, console.outIsTerminal(), console.now().get())))
        .collect(Collectors.joining(System.lineSeparator()));
  }

  private void csv(Listing listing) {
    console
        .out()
        .println(listing.columns().stream().map(Column::field).collect(Collectors.joining(",")));
    for (ObjectNode item : listing.items()) {
      console
          .out()
          .println(
              listing.columns().stream()
                  .map(column -> quoted(column.plain(item)))
                  .collect(Collectors.joining(",")));
    }
  }

  private static String quoted(String cell) {
    boolean bare = cell.chars().noneMatch(c -> c == ',' || c == '"' || c == '\n' || c == '\r');
    return bare ? cell : '"' + cell.replace("\"", "\"\"") + '"';
  }

  private static String raw(Listing listing, ObjectNode item) {
    return listing.columns().stream()
        .map(column -> safe(column.plain(item)))
        .collect(Collectors.joining("\t"));
  }

  /** Nothing that a document says may move the cursor or break the columns. */
  static String safe(String text) {
    if (text.chars().noneMatch(Output::moves)) return text;
    StringBuilder out = new StringBuilder(text.length());
    text.codePoints().forEach(c -> out.appendCodePoint(moves(c) ? '\uFFFD' : c));
    return out.toString();
  }

  private static boolean moves(int c) {
    return Character.isISOControl(c) || Character.getType(c) == Character.FORMAT;
  }

  private static int width(String text) {
    return text.codePointCount(0, text.length());
  }
}
