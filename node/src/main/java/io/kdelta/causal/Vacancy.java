package io.kdelta.causal;

import io.kdelta.memory.Bytes;
import io.kdelta.storage.Cursor;
import io.kdelta.storage.RowKey;
import io.kdelta.storage.Rows;

/**
 * A stretch of keys of which the store holds nothing, so that what comes key by key, in order, is
 * not looked up key by key.
 *
 * <p>Owned by the store's memory, on the core thread. Invariant: no version whose group is in
 * {@code [from, to)} has a row; every commit that shows one says so.
 */
final class Vacancy {
  private Bytes from = Bytes.EMPTY;
  private Bytes to = Bytes.EMPTY;

  /** Whether all groups from the first to the last are known to be vacant. */
  boolean covers(Bytes first, Bytes last) {
    return from.compareTo(first) <= 0 && last.compareTo(to) < 0;
  }

  /** Finds out what is vacant from a group on: one seek, to the next group that is there. */
  void look(Rows rows, Bytes first) {
    Bytes next;
    try (Cursor cursor = rows.cursor(RowKey.first(first), Keyspace.VERSION.end())) {
      next = cursor.next() ? cursor.row().key().point() : Keyspace.VERSION.end().point();
    }
    from = first;
    to = next;
  }

  /** Nothing is known any more. */
  void forget() {
    from = Bytes.EMPTY;
    to = Bytes.EMPTY;
  }

  /** A version of that group was shown. */
  void taken(Bytes group) {
    if (from.compareTo(group) <= 0 && group.compareTo(to) < 0) to = group;
  }

  /** Versions of groups up to that one were shown. */
  void takenUpTo(Bytes last) {
    if (from.compareTo(last) <= 0) from = Keyspace.afterGroup(last).point();
  }
}
