package io.kdelta.cli;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.regex.Pattern;

/**
 * JSON text as a YAML 1.2 block document. Strings stay in JSON's double quotes, which YAML reads
 * the same way; numbers stay as written.
 */
final class Yaml {
  private static final JsonFactory FACTORY = new JsonFactory();
  private static final Pattern PLAIN_NAME = Pattern.compile("[A-Za-z][A-Za-z0-9_]*");
  private static final Pattern RESERVED = Pattern.compile("(?i)y|n|yes|no|on|off|true|false|null");

  private Yaml() {}

  static String of(String json) {
    StringBuilder out = new StringBuilder();
    try (JsonParser parser = FACTORY.createParser(json)) {
      parser.nextToken();
      value(parser, out, 0, "");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return out.toString();
  }

  /** Writes the value at the parser; {@code lead} stands between what is before it and a scalar. */
  private static void value(JsonParser parser, StringBuilder out, int depth, String lead)
      throws IOException {
    JsonToken token = parser.currentToken();
    switch (token) {
      case START_OBJECT -> object(parser, out, depth, lead);
      case START_ARRAY -> array(parser, out, depth, lead);
      case VALUE_STRING -> out.append(lead).append(quoted(parser.getText())).append('\n');
      default -> out.append(lead).append(parser.getText()).append('\n');
    }
  }

  private static void object(JsonParser parser, StringBuilder out, int depth, String lead)
      throws IOException {
    boolean first = true;
    while (parser.nextToken() != JsonToken.END_OBJECT) {
      if (first) startBlock(out, lead);
      if (!first || !endsWithDash(out)) indent(out, depth);
      first = false;
      String name = parser.getText();
      boolean plain = PLAIN_NAME.matcher(name).matches() && !RESERVED.matcher(name).matches();
      out.append(plain ? name : quoted(name)).append(':');
      parser.nextToken();
      value(parser, out, depth + 1, " ");
    }
    if (first) out.append(lead).append("{}\n");
  }

  private static void array(JsonParser parser, StringBuilder out, int depth, String lead)
      throws IOException {
    boolean first = true;
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      if (first) startBlock(out, lead);
      if (!first || !endsWithDash(out)) indent(out, depth);
      first = false;
      out.append('-');
      value(parser, out, depth + 1, " ");
    }
    if (first) out.append(lead).append("[]\n");
  }

  /** After a name a block starts on the next line; after a dash it goes on on the same one. */
  private static void startBlock(StringBuilder out, String lead) {
    if (lead.isEmpty()) return;
    if (out.charAt(out.length() - 1) == '-') {
      out.append(' ');
    } else {
      out.append('\n');
    }
  }

  private static boolean endsWithDash(StringBuilder out) {
    int size = out.length();
    return size >= 2 && out.charAt(size - 1) == ' ' && out.charAt(size - 2) == '-';
  }

  private static void indent(StringBuilder out, int depth) {
    out.repeat("  ", depth);
  }

  private static String quoted(String text) {
    return '"'
        + new String(
            com.fasterxml.jackson.core.io.JsonStringEncoder.getInstance().quoteAsString(text))
        + '"';
  }
}
