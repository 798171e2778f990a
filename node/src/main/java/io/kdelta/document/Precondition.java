package io.kdelta.document;

import io.kdelta.causal.Heads;
import io.kdelta.causal.Key;
import io.kdelta.error.KdeltaException;
import io.kdelta.reconciliation.Digest;
import org.jspecify.annotations.Nullable;

/**
 * What must hold for a write to happen; at most one of the two.
 *
 * @param state the state id that the key must have, or null
 * @param absent whether the key must have no value; one whose every head is a delete has none
 */
public record Precondition(@Nullable Digest state, boolean absent) {
  /** Nothing needs to hold. */
  public static final Precondition NONE = new Precondition(null, false);

  /** The key must have no value. */
  public static final Precondition IF_ABSENT = new Precondition(null, true);

  /** Invalid when both are asked for. */
  public Precondition {
    if (state != null && absent) {
      throw new KdeltaException.Invalid(
          "precondition", "if_state and if_absent exclude each other");
    }
  }

  /** The key must be in this state. */
  public static Precondition ifState(Digest state) {
    return new Precondition(state, false);
  }

  /** Whether nothing needs to hold. */
  boolean none() {
    return state == null && !absent;
  }

  /** Conflict when it does not hold for {@code heads}, the present heads of {@code key}. */
  void check(Key key, Heads heads) {
    if (absent && heads.live()) {
      throw new KdeltaException.Conflict(key.toString(), "no value", found(heads));
    }
    if (state != null && !state.equals(heads.stateId().orElse(null))) {
      throw new KdeltaException.Conflict(key.toString(), "state " + state.hex(), found(heads));
    }
  }

  private static String found(Heads heads) {
    return heads.stateId().map(id -> "state " + id.hex()).orElse("no version");
  }
}
