package io.kdelta.storage.verify;

/**
 * Something that verifying noticed. Immutable.
 *
 * @param level how bad it is
 * @param file its name in the directory; empty for the store as a whole
 * @param offset where in the file, in bytes
 * @param what a clause for a person
 */
public record Finding(Level level, String file, long offset, String what) {
  /** How bad a finding is. */
  public enum Level {
    /** Data is not what was written. */
    DAMAGE,
    /** Worth knowing, and as it may be: a torn tail, a file left over. */
    NOTE
  }

  @Override
  public String toString() {
    return file.isEmpty() ? what : file + " at byte " + offset + ": " + what;
  }
}
