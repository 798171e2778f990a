package io.kdelta.storage.verify;

import io.kdelta.error.KdeltaException;
import java.util.ArrayList;
import java.util.List;

/** What was noticed so far: all of it counted, the first {@value #KEPT_MAX} kept. One thread. */
public final class Findings {
  private static final int KEPT_MAX = 1_000;

  private final List<Finding> kept = new ArrayList<>();
  private long damage;
  private long notes;

  /** Data is not what was written. */
  public void damage(String file, long offset, String what) {
    damage++;
    keep(new Finding(Finding.Level.DAMAGE, file, offset, what));
  }

  /** The same, as a reader threw it. */
  void damage(KdeltaException.Corrupt found) {
    damage(found.file(), found.offset(), found.reason());
  }

  /** Worth knowing. */
  public void note(String file, long offset, String what) {
    notes++;
    keep(new Finding(Finding.Level.NOTE, file, offset, what));
  }

  /** How many places are damaged. */
  public long damage() {
    return damage;
  }

  /** How many notes there are. */
  public long notes() {
    return notes;
  }

  /** The first of them, in the order in which they were found. */
  public List<Finding> kept() {
    return List.copyOf(kept);
  }

  private void keep(Finding finding) {
    if (kept.size() < KEPT_MAX) kept.add(finding);
  }
}
