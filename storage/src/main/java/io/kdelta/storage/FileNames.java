package io.kdelta.storage;

/**
 * The names of the files of a store. All are numbered; a number is never given twice, so an old
 * file can never be taken for a new one.
 *
 * <pre>
 *   CURRENT               which manifest counts
 *   0000000001.manifest   the edits that say which files live
 *   0000000002.log        a segment of the log
 *   0000000003.table      a sorted table
 *   0000000004.blob       large values
 *   lost/                 files that no manifest named at the last open
 * </pre>
 */
final class FileNames {
  static final String CURRENT = "CURRENT";
  static final String LOST = "lost";
  static final String MANIFEST = ".manifest";
  static final String LOG = ".log";
  static final String TABLE = ".table";
  static final String BLOB = ".blob";

  private static final int DIGITS = 10;

  private FileNames() {}

  static String manifest(long number) {
    return numbered(number) + MANIFEST;
  }

  static String log(long number) {
    return numbered(number) + LOG;
  }

  static String table(long number) {
    return numbered(number) + TABLE;
  }

  static String blob(long number) {
    return numbered(number) + BLOB;
  }

  /**
   * The number in a name of ours.
   *
   * @return 0 if the name is not a numbered file of the store, with or without a further suffix
   */
  static long number(String name) {
    if (name.length() <= DIGITS || name.charAt(DIGITS) != '.') return 0;
    long number = 0;
    for (int i = 0; i < DIGITS; i++) {
      char c = name.charAt(i);
      if (c < '0' || c > '9') return 0;
      number = number * 10 + (c - '0');
    }
    return number;
  }

  /** Whether a name of ours is that of a table. */
  static boolean isTable(String name) {
    return name.length() == DIGITS + TABLE.length() && name.endsWith(TABLE);
  }

  /** Whether a name of ours is that of a blob file. */
  static boolean isBlob(String name) {
    return name.length() == DIGITS + BLOB.length() && name.endsWith(BLOB);
  }

  private static String numbered(long number) {
    String digits = Long.toString(number);
    if (number <= 0 || digits.length() > DIGITS) throw new AssertionError("file number " + number);
    return "0".repeat(DIGITS - digits.length()) + digits;
  }
}
