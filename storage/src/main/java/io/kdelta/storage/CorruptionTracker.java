package io.kdelta.storage;

/**
 * Tells damage here and there, which is set aside and healed, from damage everywhere, which means
 * the file or the disk is not to be read any further. Owned by one thread.
 *
 * <p>Systematic is: more than {@value #IN_A_ROW_MAX} bad reads in a row, or more than {@value
 * #BAD_IN_WINDOW_MAX} among the last {@value #WINDOW}. A row ends with a good read at the place
 * where it was expected; a record that was only found by searching after a bad one does not end it.
 */
final class CorruptionTracker {
  static final int IN_A_ROW_MAX = 3;
  static final int WINDOW = 100;
  static final int BAD_IN_WINDOW_MAX = 5;

  /** A ring of the last reads, true where bad. */
  private final boolean[] window = new boolean[WINDOW];

  private long reads;
  private int badInWindow;
  private int badInARow;

  /** A read that was good, at the place where it was expected. */
  void good() {
    read(false);
    badInARow = 0;
  }

  /** A read that was bad. */
  void bad() {
    read(true);
    badInARow++;
  }

  /** Whether reading on would be wrong. */
  boolean systematic() {
    return badInARow > IN_A_ROW_MAX || (reads >= WINDOW && badInWindow > BAD_IN_WINDOW_MAX);
  }

  private void read(boolean bad) {
    int slot = (int) (reads % WINDOW);
    if (window[slot]) badInWindow--;
    window[slot] = bad;
    if (bad) badInWindow++;
    reads++;
  }
}
