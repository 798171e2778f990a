package io.kdelta.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.protobuf.ByteString;
import io.kdelta.wire.JsonShapes;

/**
 * JSON as the command line writes it. Documents are embedded as the text the node sent, never
 * parsed and printed again, so that no number changes on its way.
 */
final class Json {
  private Json() {}

  static ObjectNode object() {
    return JsonShapes.object();
  }

  /** JSON text as a node; empty text is null. */
  static JsonNode raw(ByteString text) {
    return JsonShapes.raw(text);
  }

  /** One line. */
  static String text(JsonNode node) {
    return JsonShapes.text(node);
  }

  /** Indents compact JSON; every token stays as it is. */
  static String pretty(String compact) {
    StringBuilder out = new StringBuilder(compact.length() * 2);
    int depth = 0;
    for (int i = 0; i < compact.length(); i++) {
      char c = compact.charAt(i);
      switch (c) {
        case '"' -> {
          int end = stringEnd(compact, i);
          out.append(compact, i, end);
          i = end - 1;
        }
        case '{', '[' -> {
          char closing = c == '{' ? '}' : ']';
          if (compact.charAt(i + 1) == closing) {
            out.append(c).append(closing);
            i++;
          } else {
            out.append(c);
            newLine(out, ++depth);
          }
        }
        case '}', ']' -> {
          newLine(out, --depth);
          out.append(c);
        }
        case ',' -> {
          out.append(c);
          newLine(out, depth);
        }
        case ':' -> out.append(": ");
        default -> out.append(c);
      }
    }
    return out.toString();
  }

  private static int stringEnd(String text, int start) {
    int i = start + 1;
    while (text.charAt(i) != '"') i += text.charAt(i) == '\\' ? 2 : 1;
    return i + 1;
  }

  private static void newLine(StringBuilder out, int depth) {
    out.append('\n').repeat("  ", depth);
  }
}
