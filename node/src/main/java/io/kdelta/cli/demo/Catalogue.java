package io.kdelta.cli.demo;

import java.util.Locale;

/** What the shop of the demo sells: documents of about a kilobyte, the same in every run. Pure. */
final class Catalogue {
  private static final String[] WORDS = {
    "oak", "steel", "linen", "amber", "round", "narrow", "folding", "quiet", "north", "glass",
    "paper", "brass", "woven", "plain", "heavy", "bright", "garden", "winter", "kitchen", "hand"
  };
  private static final int WORDS_EACH = 150;

  private Catalogue() {}

  /** Lines for an import. */
  static String lines(int count) {
    StringBuilder lines = new StringBuilder();
    for (int i = 0; i < count; i++) {
      lines.append(
          String.format(
              Locale.ROOT,
              "{\"key\":\"item-%04d\",\"value\":{\"name\":\"Item"
                  + " %d\",\"price\":%d,\"stock\":%d,\"text\":\"%s\"}}\n",
              i,
              i,
              5 + i * 7 % 190,
              i * 13 % 40,
              text(i)));
    }
    return lines.toString();
  }

  private static String text(int item) {
    StringBuilder text = new StringBuilder();
    long state = item;
    for (int i = 0; i < WORDS_EACH; i++) {
      // Knuth's MMIX generator: its upper bits are even enough to pick words.
      state = state * 6_364_136_223_846_793_005L + 1_442_695_040_888_963_407L;
      text.append(i == 0 ? "" : " ")
          .append(WORDS[(int) Long.remainderUnsigned(state >>> 33, WORDS.length)]);
    }
    return text.toString();
  }
}
