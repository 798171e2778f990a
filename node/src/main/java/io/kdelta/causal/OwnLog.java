package io.kdelta.causal;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The log that this process writes.
 *
 * @param incarnation its name; null before the first write
 * @param seq position of the last version written to it
 */
record OwnLog(@Nullable Incarnation incarnation, long seq) {
  static final OwnLog NONE = new OwnLog(null, 0);

  boolean writes(Incarnation other) {
    return Objects.equals(incarnation, other);
  }
}
