package io.kdelta.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * One column of a table.
 *
 * @param header as it stands over the column
 * @param field the member of the item that it shows
 * @param kind how a person sees it; machines get the value itself
 */
record Column(String header, String field, Kind kind) {
  private static final int ID_DIGITS = 8;
  private static final int ROOT_DIGITS = 6;

  enum Kind {
    TEXT,
    /** An id: 8 digits on a terminal. */
    ID,
    /** A Merkle root: 6 digits on a terminal. */
    ROOT,
    /** A time: relative on a terminal. */
    TIME,
    /** A number, to the right, in groups of three digits. */
    COUNT,
    /** A size in bytes, with a unit. */
    BYTES
  }

  static Column text(String header, String field) {
    return new Column(header, field, Kind.TEXT);
  }

  static Column count(String header, String field) {
    return new Column(header, field, Kind.COUNT);
  }

  boolean right() {
    return kind == Kind.COUNT || kind == Kind.BYTES;
  }

  /** The bare value: strings without quotes, the rest as JSON; absent and null are empty. */
  String plain(JsonNode item) {
    JsonNode value = item.path(field);
    if (value.isMissingNode() || value.isNull()) return "";
    return value.isTextual() ? value.textValue() : Json.text(value);
  }

  /** The value for a person; {@code terminal} shortens ids and makes times relative. */
  String pretty(JsonNode item, boolean terminal, Instant now) {
    String plain = plain(item);
    if (plain.isEmpty()) return "-";
    return switch (kind) {
      case TEXT -> item.path(field).isArray() ? words(item.path(field)) : plain;
      case ID -> terminal ? head(plain, ID_DIGITS) : plain;
      case ROOT -> terminal ? head(plain, ROOT_DIGITS) : plain;
      case TIME -> terminal ? Times.relative(Instant.parse(plain), now) : plain;
      case COUNT -> grouped(Long.parseLong(plain));
      case BYTES -> bytes(Long.parseLong(plain));
    };
  }

  /** A list without the marks of JSON. */
  private static String words(JsonNode list) {
    List<String> words = new ArrayList<>();
    for (JsonNode word : list) words.add(word.isTextual() ? word.textValue() : Json.text(word));
    return words.isEmpty() ? "-" : String.join(", ", words);
  }

  static String head(String id, int digits) {
    return id.length() <= digits ? id : id.substring(0, digits);
  }

  static String grouped(long number) {
    return String.format(Locale.ROOT, "%,d", number);
  }

  /** Bytes in the largest binary unit that leaves at least one whole digit. */
  static String bytes(long bytes) {
    String[] units = {"B", "KiB", "MiB", "GiB", "TiB"};
    double size = bytes;
    int unit = 0;
    while (size >= 1024 && unit < units.length - 1) {
      size /= 1024;
      unit++;
    }
    String number =
        unit == 0 || size >= 10
            ? String.format(Locale.ROOT, "%.0f", size)
            : String.format(Locale.ROOT, "%.1f", size);
    return number + " " + units[unit];
  }
}
