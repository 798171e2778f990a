package io.kdelta.reconciliation;

import java.util.Locale;

/** A step of the ladder, from the cheapest on; what a session used is told in its record. */
public enum Rung {
  /** Roots compared. */
  ROOT,
  /** Bloom filters, for differences that are a large part of the sets. */
  BLOOM,
  /** Merkle drill-down, which always ends. */
  MERKLE;

  /** The name in logs and answers. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
