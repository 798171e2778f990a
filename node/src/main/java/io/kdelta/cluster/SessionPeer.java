package io.kdelta.cluster;

import io.kdelta.reconciliation.Digest;
import org.jspecify.annotations.Nullable;

/** What {@link Reconciler} knows of a linked node. Owned by it, on the core thread. */
final class SessionPeer {
  boolean met;
  @Nullable Digest root;

  /** Of how many versions it told that root. */
  long versions;

  long changedAt;
  long equalAt;
  long endedAt;
  long notBefore;
  int failures;

  /** When a session is to be opened, whatever the roots. */
  long dueAt = Long.MAX_VALUE;

  /** Roots that differ by refused versions only; theirs is noted once it was told again. */
  @Nullable Digest restMine;

  @Nullable Digest restTheirs;
  long restedAt;

  /** How many versions both ends held when the latest session brought a share. */
  private long heldTogether = -1;

  /**
   * Whether either end holds more than when this was asked last. If not, what was pushed is refused
   * or waits for parents, and the next share would be the same again.
   *
   * @param held versions that this node holds
   */
  boolean hasGrown(long held) {
    boolean grown = held + versions != heldTogether;
    heldTogether = held + versions;
    return grown;
  }
}
