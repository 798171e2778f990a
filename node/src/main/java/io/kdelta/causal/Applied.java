package io.kdelta.causal;

import io.kdelta.reconciliation.Digest;
import org.jspecify.annotations.Nullable;

/**
 * One version that became visible, as the apply stream tells it.
 *
 * @param position its place in the apply stream, from 1
 * @param version the version
 * @param winnerBefore what a read of the key answered before; null when it had no version
 * @param winnerAfter what it answers now; equal to the one before when a branch did not win
 */
public record Applied(
    long position, Version version, @Nullable Head winnerBefore, Head winnerAfter) {
  /** The version's id. */
  public Digest id() {
    return version.id();
  }

  /** Whether a read of the key answers something else now. */
  public boolean winnerChanged() {
    return !winnerAfter.equals(winnerBefore);
  }
}
