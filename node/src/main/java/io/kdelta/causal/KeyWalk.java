package io.kdelta.causal;

/**
 * A walk over the keys of a namespace in order, each with its heads.
 *
 * <p>Owner: the core thread. Pins the moment it was opened at, so close it.
 */
@SuppressWarnings("DoNotCallSuggester")
public final class KeyWalk implements AutoCloseable {
  KeyWalk() {}

  /** Moves to the next key; false at the end. */
  public boolean next() {
    throw new UnsupportedOperationException();
  }

  /** The key it stands on and its heads. */
  public Heads heads() {
    throw new UnsupportedOperationException();
  }

  @Override
  public void close() {
    throw new UnsupportedOperationException();
  }
}
