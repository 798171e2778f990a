package io.kdelta.causal;

/**
 * A walk over versions of one key, newest first.
 *
 * <p>Owner: the core thread. Pins the moment it was opened at, so close it.
 */
@SuppressWarnings("DoNotCallSuggester")
public final class History implements AutoCloseable {
  History() {}

  /** Moves to the next older version; false at the end. */
  public boolean next() {
    throw new UnsupportedOperationException();
  }

  /** The version it stands on. */
  public Stored stored() {
    throw new UnsupportedOperationException();
  }

  @Override
  public void close() {
    throw new UnsupportedOperationException();
  }
}
