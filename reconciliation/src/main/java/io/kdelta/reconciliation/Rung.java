package io.kdelta.reconciliation;

import java.util.Locale;

/** A step of the ladder, from the cheapest on; what a session used is told in its record. */
public enum Rung {
  /** Roots compared. */
  ROOT,
  /** Positions compared, where both know the writers. */
  DOTS,
  /** Maintained cells, for differences that are a small part of the sets. */
  CELLS,
  /** Cells under the session's key, scope by scope, behind filters where one side lacks much. */
  BLOOM,
  /** Merkle drill-down, which always ends. */
  MERKLE;

  /** The name in logs and answers. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
