package io.kdelta.cli;

/**
 * A document as text, as every format shows it. Needs nothing that reads JSON, for {@link
 * QuickGet}.
 */
final class DocumentText {
  private DocumentText() {}

  /** Writes a document: canonical JSON, indented for a person, byte for byte with {@code raw}. */
  static void print(Console console, Format format, String json, String name) {
    if (format == Format.TABLE) console.out().println(pretty(json));
    else if (format == Format.YAML) console.out().print(Yaml.of(json));
    else if (format == Format.RAW) console.out().print(json);
    else console.out().println(format == Format.NAME ? name : json);
    console.out().flush();
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
