package io.kdelta.document;

import java.util.HexFormat;
import java.util.Map;

/** Writes a value in the form of RFC 8785 section 3.2: no white space, fewest escapes. Pure. */
final class JsonWriter {
  private JsonWriter() {}

  /** Appends the canonical text of {@code value} to {@code target}. */
  static void write(Json value, StringBuilder target) {
    switch (value) {
      case Json.Null() -> target.append("null");
      case Json.Truth(boolean truth) -> target.append(truth);
      case Json.Numeral(String text) -> target.append(text);
      case Json.Text(String text) -> quote(text, target);
      case Json.Items(var items) -> {
        String separator = "[";
        for (Json item : items) {
          target.append(separator);
          write(item, target);
          separator = ",";
        }
        target.append(items.isEmpty() ? "[]" : "]");
      }
      case Json.Members(var members) -> {
        String separator = "{";
        for (Map.Entry<String, Json> member : members.entrySet()) {
          target.append(separator);
          quote(member.getKey(), target);
          target.append(':');
          write(member.getValue(), target);
          separator = ",";
        }
        target.append(members.isEmpty() ? "{}" : "}");
      }
    }
  }

  private static void quote(String text, StringBuilder target) {
    target.append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '"' -> target.append("\\\"");
        case '\\' -> target.append("\\\\");
        case '\b' -> target.append("\\b");
        case '\t' -> target.append("\\t");
        case '\n' -> target.append("\\n");
        case '\f' -> target.append("\\f");
        case '\r' -> target.append("\\r");
        default -> {
          if (c < ' ') {
            target.append("\\u").append(HexFormat.of().toHexDigits(c));
          } else {
            target.append(c);
          }
        }
      }
    }
    target.append('"');
  }
}
