package io.kdelta.document;

import io.kdelta.env.Entropy;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** Random documents, and random ways to write the same document. */
final class RandomJson {
  private static final List<String> TEXTS =
      List.of(
          "",
          "a",
          "b",
          "Ünï",
          "€",
          "\uD83D\uDE00",
          "\u0001\u001f",
          "\"\\/",
          "\n\t",
          "~/",
          "\u007f");

  private final Entropy entropy;

  RandomJson(Entropy entropy) {
    this.entropy = entropy;
  }

  /** A document of at most four levels. */
  Json document() {
    return value(4);
  }

  /** A scalar, or an array or object of at most {@code depth} levels. */
  Json value(int depth) {
    return switch (entropy.nextInt(depth == 0 ? 5 : 9)) {
      case 0 -> new Json.Null();
      case 1 -> new Json.Truth(entropy.nextInt(2) == 0);
      case 2, 3 -> new Json.Numeral(numeral());
      case 4 -> new Json.Text(text());
      case 5, 6 -> items(depth - 1);
      default -> members(depth - 1);
    };
  }

  /** An object with members named from a few letters, so that two of them have much in common. */
  Json.Members members(int depth) {
    TreeMap<String, Json> members = new TreeMap<>();
    for (int i = entropy.nextInt(5); i > 0; i--) members.put(text(), value(depth));
    return new Json.Members(members);
  }

  /** The text of {@code document} with chance in white space, escapes and member order. */
  String sloppily(Json document) {
    StringBuilder text = new StringBuilder();
    write(document, text);
    return text.toString();
  }

  private Json items(int depth) {
    List<Json> items = new ArrayList<>();
    for (int i = entropy.nextInt(5); i > 0; i--) items.add(value(depth));
    return new Json.Items(items);
  }

  private String text() {
    String text = TEXTS.get(entropy.nextInt(TEXTS.size()));
    return entropy.nextInt(4) == 0 ? text + TEXTS.get(entropy.nextInt(TEXTS.size())) : text;
  }

  private String numeral() {
    return switch (entropy.nextInt(3)) {
      case 0 -> Integer.toString(entropy.nextInt(100));
      case 1 -> Long.toString(entropy.nextLong());
      default -> {
        double value = Double.longBitsToDouble(entropy.nextLong());
        yield Double.isFinite(value) ? NumberForm.ofDouble(value) : "0.5";
      }
    };
  }

  private void write(Json value, StringBuilder text) {
    space(text);
    switch (value) {
      case Json.Null _, Json.Truth _, Json.Numeral _ -> JsonWriter.write(value, text);
      case Json.Text(String characters) -> quote(characters, text);
      case Json.Items(var items) -> {
        text.append('[');
        for (int i = 0; i < items.size(); i++) {
          if (i > 0) text.append(',');
          write(items.get(i), text);
        }
        text.append(']');
      }
      case Json.Members(var members) -> {
        List<Map.Entry<String, Json>> shuffled = new ArrayList<>(members.entrySet());
        for (int i = shuffled.size() - 1; i > 0; i--) {
          Collections.swap(shuffled, i, entropy.nextInt(i + 1));
        }
        text.append('{');
        for (int i = 0; i < shuffled.size(); i++) {
          if (i > 0) text.append(',');
          space(text);
          quote(shuffled.get(i).getKey(), text);
          space(text);
          text.append(':');
          write(shuffled.get(i).getValue(), text);
        }
        text.append('}');
      }
    }
    space(text);
  }

  private void quote(String characters, StringBuilder text) {
    text.append('"');
    for (int point : characters.codePoints().toArray()) {
      if (point < ' ' || point == '"' || point == '\\' || entropy.nextInt(3) == 0) {
        for (char half : Character.toChars(point)) {
          String digits = String.format(Locale.ROOT, "%04x", (int) half);
          boolean small = entropy.nextInt(2) == 0;
          text.append("\\u").append(small ? digits : digits.toUpperCase(Locale.ROOT));
        }
      } else {
        text.appendCodePoint(point);
      }
    }
    text.append('"');
  }

  private void space(StringBuilder text) {
    if (entropy.nextInt(3) == 0) text.append(" \t\r\n".charAt(entropy.nextInt(4)));
  }
}
