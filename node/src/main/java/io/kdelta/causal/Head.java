package io.kdelta.causal;

import io.kdelta.reconciliation.Digest;
import java.util.Comparator;

/**
 * A version that no other version of its key supersedes.
 *
 * <p>A value without owner or thread.
 *
 * @param id the version
 * @param time its time
 * @param deleted whether it took the value away
 */
public record Head(Digest id, Timestamp time, boolean deleted) {
  /**
   * The winner first: live before deleted, then the later, then the greater id. The same on every
   * node.
   */
  public static final Comparator<Head> WINNER_FIRST =
      Comparator.comparing(Head::deleted)
          .thenComparing(Head::time, Comparator.reverseOrder())
          .thenComparing(Head::id, Comparator.reverseOrder());

  /** The head that {@code version} is while nothing supersedes it. */
  public static Head of(Version version) {
    return new Head(version.id(), version.time(), version.deleted());
  }
}
