package io.kdelta.bench;

import java.util.Locale;

/**
 * How much is done in each phase. Immutable.
 *
 * @param rows loaded and read
 * @param reads point reads a repetition
 * @param seconds how long durable puts run
 * @param logRows rows in the log that a killed process leaves: 360,000 one-row records fill 64 MB
 * @param overwrites puts over the loaded rows
 */
record Sizes(int rows, int reads, double seconds, int logRows, int overwrites) {
  private static final Sizes FULL = new Sizes(1_000_000, 200_000, 3, 360_000, 8_000_000);
  private static final Sizes QUICK = new Sizes(300_000, 100_000, 1, 360_000, 1_500_000);

  /** Those of a full run, or of a quick one with {@code -Dquick}. */
  static Sizes fromProperties() {
    Sizes usual = quick() ? QUICK : FULL;
    return new Sizes(
        Integer.getInteger("n", usual.rows),
        usual.reads,
        usual.seconds,
        usual.logRows,
        Integer.getInteger("overwrites", usual.overwrites));
  }

  /** Whether only a quick look was asked for. */
  static boolean quick() {
    String asked = System.getProperty("quick");
    return asked != null && !asked.equals("false");
  }

  @Override
  public String toString() {
    return String.format(
        Locale.ROOT,
        "Rows of %d + %d B: %,d loaded, %,d overwritten, %,d in the log of a killed process",
        Dataset.KEY_BYTES,
        Dataset.VALUE_BYTES,
        rows,
        overwrites,
        logRows);
  }
}
