package io.kdelta.causal;

import io.kdelta.storage.Cursor;
import io.kdelta.storage.RowKey;

/**
 * A walk over versions of one key, newest first.
 *
 * <p>Owner: the core thread. Pins the moment it was opened at, so close it.
 */
public final class History implements AutoCloseable {
  private final Cursor group;
  private final RowKey from;
  private boolean started;

  /** Over the rows of one key, from {@code from} on. */
  History(Cursor group, RowKey from) {
    this.group = group;
    this.from = from;
  }

  /** Moves to the next older version; false at the end. */
  public boolean next() {
    if (started) return group.next();
    started = true;
    return group.seek(from);
  }

  /** The version it stands on. */
  public Stored stored() {
    return StoredRows.stored(group.row());
  }

  @Override
  public void close() {
    group.close();
  }
}
