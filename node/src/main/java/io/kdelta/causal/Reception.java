package io.kdelta.causal;

import io.kdelta.reconciliation.Digest;

/** What became of a version that a peer sent. */
public sealed interface Reception {
  /** The version, as its bytes name it. */
  Digest id();

  /**
   * It and all its ancestors are here: it is part of the set now.
   *
   * @param id the version
   */
  record Visible(Digest id) implements Reception {}

  /**
   * It was visible already.
   *
   * @param id the version
   * @param dotAdded whether a dot of it was not known yet
   */
  record Duplicate(Digest id, boolean dotAdded) implements Reception {}

  /**
   * It waits for a parent.
   *
   * @param id the version
   * @param missingParent the first parent that is not here
   * @param durably whether it waits as a row, and so counts for a receipt
   */
  record Parked(Digest id, Digest missingParent, boolean durably) implements Reception {}

  /**
   * It breaks a rule and is not stored.
   *
   * @param id the version
   * @param reason which rule
   * @param forGood whether everything with this id is refused always: what breaks the rule is part
   *     of what the id names. If not, somebody else may bring it right.
   */
  record Refused(Digest id, String reason, boolean forGood) implements Reception {}
}
