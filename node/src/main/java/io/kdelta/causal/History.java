package io.kdelta.causal;

import io.kdelta.reconciliation.Digest;
import io.kdelta.storage.Cursor;
import io.kdelta.storage.RowKey;

/**
 * A walk over versions of one key, newest first.
 *
 * <p>Owner: the core thread. Pins the moment it was opened at, so close it. What it tells of a
 * version is read where it lies; only {@link #stored} copies.
 */
public final class History implements AutoCloseable {
  private final Cursor group;
  private final RowKey from;
  private final VersionView shown = new VersionView();
  private boolean started;

  /** Over the rows of one key, from {@code from} on. */
  History(Cursor group, RowKey from) {
    this.group = group;
    this.from = from;
  }

  /** Moves to the next older version; false at the end. */
  public boolean next() {
    boolean more = started ? group.next() : group.seek(from);
    started = true;
    if (more) shown.show(group.view());
    return more;
  }

  /** The id of the version it stands on. */
  public Digest id() {
    return shown.id();
  }

  /** When it was written. */
  public Timestamp time() {
    return shown.time();
  }

  /** Whether it took the value away. */
  public boolean deleted() {
    return shown.deleted();
  }

  /** How many versions it supersedes. */
  public int parentCount() {
    return shown.parentCount();
  }

  /** Size of its document; 0 for a delete. */
  public int documentBytes() {
    return shown.documentBytes();
  }

  /** The version it stands on, copied. */
  public Stored stored() {
    return shown.stored();
  }

  @Override
  public void close() {
    group.close();
  }
}
