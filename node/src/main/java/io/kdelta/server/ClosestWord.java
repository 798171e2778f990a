package io.kdelta.server;

import java.util.Comparator;
import java.util.List;

/** The word that somebody may have meant. Pure. */
public final class ClosestWord {
  private ClosestWord() {}

  /** The one of {@code known}, of which there is one at least, that takes the fewest edits. */
  public static String of(String word, List<String> known) {
    return known.stream().min(Comparator.comparingInt(each -> distance(word, each))).orElseThrow();
  }

  /** Edits from one word to the other (Levenshtein). */
  private static int distance(String a, String b) {
    int[] row = new int[b.length() + 1];
    for (int j = 0; j <= b.length(); j++) row[j] = j;
    for (int i = 1; i <= a.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j <= b.length(); j++) {
        int replaced = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(replaced, 1 + Math.min(row[j], row[j - 1]));
      }
    }
    return row[b.length()];
  }
}
