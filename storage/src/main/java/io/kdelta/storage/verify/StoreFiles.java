package io.kdelta.storage.verify;

/** The names of a store's files: ten digits and a kind. */
final class StoreFiles {
  static final String MANIFEST = ".manifest";

  private static final int DIGITS = 10;

  private StoreFiles() {}

  static String manifest(long number) {
    return digits(number) + MANIFEST;
  }

  static String log(long number) {
    return digits(number) + ".log";
  }

  static String table(long number) {
    return digits(number) + ".table";
  }

  static String blob(long number) {
    return digits(number) + ".blob";
  }

  /** The number in a name; 0 if it has none. */
  static long number(String name) {
    if (name.length() <= DIGITS || name.charAt(DIGITS) != '.') return 0;
    for (int i = 0; i < DIGITS; i++) {
      if (name.charAt(i) < '0' || name.charAt(i) > '9') return 0;
    }
    return Long.parseLong(name, 0, DIGITS, 10);
  }

  private static String digits(long number) {
    String text = Long.toString(Math.max(0, number));
    return text.length() >= DIGITS ? text : "0".repeat(DIGITS - text.length()) + text;
  }
}
