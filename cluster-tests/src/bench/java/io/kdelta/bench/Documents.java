package io.kdelta.bench;

import io.kdelta.causal.Key;
import io.kdelta.document.CanonicalJson;
import io.kdelta.document.Write;
import io.kdelta.memory.Bytes;
import java.util.Locale;

/** The documents of the benchmark: canonical JSON of 128 bytes. */
final class Documents {
  static final int SIZE = 128;

  private Documents() {}

  /** Spreads {@code index} over {@code count} keys, each met once in {@code count} indexes. */
  static Key key(int index, int count) {
    long spread = (index * 7_919L + 13) % count;
    return new Key("bench", String.format(Locale.ROOT, "key-%010d", spread));
  }

  /** A put of document {@code number}. */
  static Write put(Key key, int number) {
    return Write.put(key, Bytes.utf8(text(number)), CanonicalJson.STANDARD);
  }

  /** JSON text of document {@code number}. */
  static String text(int number) {
    String text =
        String.format(
            Locale.ROOT,
            "{\"age\":%d,\"city\":\"Reykjavik\",\"mail\":\"user%08d@example.org\",\"name\":\"user"
                + " %08d\",\"tags\":[\"a\",\"b\"],\"text\":\"\"}",
            10 + number % 90,
            number,
            number);
    String padding = "x".repeat(SIZE - text.length());
    return text.substring(0, text.length() - 2) + padding + "\"}";
  }
}
