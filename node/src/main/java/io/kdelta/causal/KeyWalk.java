package io.kdelta.causal;

import io.kdelta.storage.Cursor;
import io.kdelta.storage.Row;
import org.jspecify.annotations.Nullable;

/**
 * A walk over the keys of a namespace in order, each with its heads.
 *
 * <p>Owner: the core thread. Pins the moment it was opened at, so close it.
 */
public final class KeyWalk implements AutoCloseable {
  private final Cursor cursor;
  private @Nullable Row first;

  KeyWalk(Cursor cursor) {
    this.cursor = cursor;
  }

  /** Moves to the next key; false at the end. */
  public boolean next() {
    Row before = first;
    boolean more =
        before == null ? cursor.next() : cursor.seek(Keyspace.afterGroup(before.key().point()));
    if (more) first = cursor.row();
    return more;
  }

  /** The key it stands on and its heads. */
  public Heads heads() {
    Row row = first;
    if (row == null) throw new IllegalStateException("the walk stands on no key");
    return CausalGraph.headsOf(Keyspace.keyOf(row.key().point()), row);
  }

  @Override
  public void close() {
    cursor.close();
  }
}
