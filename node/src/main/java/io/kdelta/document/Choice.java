package io.kdelta.document;

import io.kdelta.memory.Bytes;

/** How the one head that a resolve writes gets its value. Immutable values. */
public sealed interface Choice {
  /**
   * What one of the heads says, be it a value or a delete.
   *
   * @param prefix its id, or the first digits of it that no other head has
   */
  record Take(String prefix) implements Choice {}

  /**
   * A value of the client's own.
   *
   * @param document canonical JSON
   */
  record Value(Bytes document) implements Choice {
    /** Invalid for anything but canonical JSON. */
    public Value {
      Write.requireCanonical(document);
    }
  }

  /** Field by field against what the heads have in common, see {@link FieldMerge}. */
  record Merge() implements Choice {}
}
