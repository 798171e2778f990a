package io.kdelta.cli;

import io.kdelta.document.CanonicalJson;
import io.kdelta.error.KdeltaException;
import io.kdelta.memory.Bytes;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A file of comma separated values as lines {@code {"key","value"}}: the first record names the
 * columns, every other one is a document with a member for each of its cells. One thread.
 *
 * <p>Outside quotes a number, {@code true} and {@code false} are what they look like, as long as
 * that loses nothing; an empty cell is no member. Everything else is text.
 */
final class CsvLines implements DocumentLines {
  private static final int BUFFER_BYTES = 1 << 16;
  private static final int NUMBER_LENGTH_MAX = 400;
  private static final Pattern NUMBER =
      Pattern.compile("-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][-+]?[0-9]+)?");

  private final String source;
  private final InputStream in;
  private final CsvReader reader;
  private final List<String> columns;
  private final int key;
  private final boolean strings;
  private final long sizeBytes;

  private CsvLines(
      String source, InputStream in, long sizeBytes, @Nullable String key, boolean strings)
      throws IOException {
    this.source = source;
    this.in = in;
    this.sizeBytes = sizeBytes;
    this.strings = strings;
    this.reader = new CsvReader(in, source);
    this.columns = columns(reader.next());
    this.key = key(key == null ? "key" : key, key != null);
  }

  /**
   * Opens a file and reads the names of its columns.
   *
   * @param name of the file for messages
   * @param key the column of the key; null: the one of that name
   * @param strings whether every cell is text
   */
  static CsvLines open(Path file, String name, @Nullable String key, boolean strings) {
    try {
      long size = Files.isRegularFile(file) ? Files.size(file) : -1;
      InputStream in = new BufferedInputStream(Files.newInputStream(file), BUFFER_BYTES);
      try {
        return new CsvLines(name, in, size, key, strings);
      } catch (IOException | RuntimeException e) {
        in.close();
        throw e;
      }
    } catch (NoSuchFileException e) {
      throw new CliException(ExitCode.USAGE, "INVALID_ARGUMENT", "no file " + file, null, e);
    } catch (IOException e) {
      throw unread(file.toString(), e);
    }
  }

  private List<String> columns(CsvReader.@Nullable Row header) {
    if (header == null) {
      throw CliException.usage(source + " is empty: its first line names the columns", null);
    }
    TreeMap<String, Integer> seen = new TreeMap<>();
    List<String> names = new ArrayList<>();
    for (CsvReader.Cell cell : header.cells()) {
      String name = cell.text();
      int number = names.size() + 1;
      if (name.isEmpty()) {
        throw CliException.usage(source + ", line 1: column " + number + " has no name", null);
      }
      Integer before = seen.put(name, number);
      if (before != null) {
        throw CliException.usage(
            source + ", line 1: columns " + before + " and " + number + " are both '" + name + "'",
            "a document has each member once: give one of them another name");
      }
      names.add(name);
    }
    return names;
  }

  private int key(String name, boolean given) {
    int index = columns.indexOf(name);
    if (index >= 0) return index;
    throw CliException.usage(
        source
            + " has no column '"
            + name
            + "'"
            + (given ? "" : ", and no --key names another")
            + "; it has "
            + String.join(", ", columns),
        columns.size() == 1
                && (columns.getFirst().contains(";") || columns.getFirst().contains("\t"))
            ? "columns are separated by commas here"
            : "kdelta import FILE --format csv --key COLUMN takes the keys from that column");
  }

  @Override
  public Lines.@Nullable Line next() {
    try {
      CsvReader.Row row = reader.next();
      return row == null ? null : line(row);
    } catch (IOException e) {
      throw unread(source, e);
    }
  }

  private Lines.Line line(CsvReader.Row row) {
    if (row.cells().size() != columns.size()) {
      throw CliException.usage(
          source
              + ", line "
              + row.line()
              + " has "
              + row.cells().size()
              + " cells where the first line names "
              + columns.size()
              + " columns",
          "a cell with a comma in it stands in quotes");
    }
    if (row.cells().get(key).text().isEmpty()) {
      throw CliException.usage(
          source + ", line " + row.line() + ": the key is empty (column " + columns.get(key) + ")",
          null);
    }
    StringBuilder json = new StringBuilder("{\"key\":");
    json.append(text(row.cells().get(key).text())).append(",\"value\":{");
    String comma = "";
    for (int i = 0; i < columns.size(); i++) {
      String value = value(row.cells().get(i));
      if (value.isEmpty()) continue;
      json.append(comma).append(text(columns.get(i))).append(':').append(value);
      comma = ",";
    }
    byte[] line = json.append("}}").toString().getBytes(StandardCharsets.UTF_8);
    return new Lines.Line(source, row.line(), Bytes.wrap(line));
  }

  /** As JSON; empty for no value. */
  private String value(CsvReader.Cell cell) {
    String text = cell.text();
    if (strings || cell.quoted()) return text(text);
    boolean literal = text.isEmpty() || text.equals("true") || text.equals("false");
    return literal || exact(text) ? text : text(text);
  }

  /** Whether it is a number that is kept as it is. */
  private static boolean exact(String text) {
    boolean number = text.length() <= NUMBER_LENGTH_MAX && NUMBER.matcher(text).matches();
    if (!number) return false;
    try {
      Bytes literal = Bytes.wrap(text.getBytes(StandardCharsets.ISO_8859_1));
      BigDecimal kept =
          CanonicalJson.WIDEST.read(literal) instanceof io.kdelta.document.Json.Numeral(var form)
              ? new BigDecimal(form)
              : null;
      boolean negativeZero = text.startsWith("-") && kept != null && kept.signum() == 0;
      return kept != null && !negativeZero && kept.compareTo(new BigDecimal(text)) == 0;
    } catch (KdeltaException.Invalid | NumberFormatException e) {
      return false;
    }
  }

  private static String text(String text) {
    return Json.text(com.fasterxml.jackson.databind.node.TextNode.valueOf(text));
  }

  private static CliException unread(String source, IOException e) {
    return new CliException(
        ExitCode.UNEXPECTED, "UNEXPECTED", "cannot read " + source + ": " + e, null, e);
  }

  @Override
  public long readBytes() {
    return reader.readBytes();
  }

  @Override
  public long sizeBytes() {
    return sizeBytes;
  }

  @Override
  public void close() {
    try {
      in.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
