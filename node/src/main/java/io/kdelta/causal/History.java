package io.kdelta.causal;

import io.kdelta.storage.Cursor;

/**
 * A walk over versions of one key, newest first.
 *
 * <p>Owner: the core thread. Pins the moment it was opened at, so close it.
 */
public final class History implements AutoCloseable {
  private final Cursor cursor;

  History(Cursor cursor) {
    this.cursor = cursor;
  }

  /** Moves to the next older version; false at the end. */
  public boolean next() {
    return cursor.next();
  }

  /** The version it stands on. */
  public Stored stored() {
    return StoredRows.stored(cursor.row());
  }

  @Override
  public void close() {
    cursor.close();
  }
}
