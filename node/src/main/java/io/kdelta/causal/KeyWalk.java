package io.kdelta.causal;

import io.kdelta.memory.Bytes;
import io.kdelta.storage.Cursor;

/**
 * A walk over the keys of a namespace in order, each with its heads.
 *
 * <p>Owner: the core thread. Pins the moment it was opened at, so close it.
 */
public final class KeyWalk implements AutoCloseable {
  private final Cursor cursor;
  private final VersionView shown = new VersionView();
  private Bytes group = Bytes.EMPTY;

  KeyWalk(Cursor cursor) {
    this.cursor = cursor;
  }

  /** Moves to the next key; false at the end. */
  public boolean next() {
    boolean more = group.isEmpty() ? cursor.next() : cursor.seek(Keyspace.afterGroup(group));
    if (!more) return false;
    shown.show(cursor.view());
    group = shown.group();
    return true;
  }

  /** The key it stands on and its heads. */
  public Heads heads() {
    if (group.isEmpty()) throw new IllegalStateException("the walk stands on no key");
    return CausalGraph.headsOf(Keyspace.keyOf(group), cursor.view(), shown);
  }

  @Override
  public void close() {
    cursor.close();
  }
}
