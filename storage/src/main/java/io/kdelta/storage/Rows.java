package io.kdelta.storage;

import io.kdelta.memory.Bytes;
import org.jspecify.annotations.Nullable;

/**
 * Reads, of the newest state ({@link StorageEngine}) or of one moment ({@link Snapshot}).
 *
 * <p>Owner: the core thread. A row whose newest write is a delete is not there. Every method throws
 * Corrupt when a table that may hold the answer does not pass its checks: such a read is never
 * answered from what happens to be left.
 */
public interface Rows {
  /** The row under exactly this key, or null. */
  @Nullable Row get(RowKey key);

  /**
   * Shows the row under exactly this key without a copy and without garbage.
   *
   * @param key holds the point part and, right behind it, the suffix
   * @param from where the point part begins
   * @param into shows the row as long as {@link RowView} says; nothing when there is none
   * @return whether there is one
   */
  default boolean get(byte[] key, int from, int pointSize, int suffixSize, RowView into) {
    into.clear();
    Bytes whole = Bytes.copyOf(key, from, pointSize + suffixSize);
    Row row = get(new RowKey(whole.slice(0, pointSize), whole.slice(pointSize)));
    if (row != null) into.show(row);
    return row != null;
  }

  /**
   * Shows the first row of a group, that with the least suffix, without a copy and without garbage.
   *
   * @param point holds the point part
   * @param from where it begins
   * @param into shows the row as long as {@link RowView} says; nothing when there is none
   * @return whether there is one
   */
  default boolean first(byte[] point, int from, int pointSize, RowView into) {
    return ceiling(point, from, pointSize, 0, into);
  }

  /**
   * Shows the first row of a group whose suffix is not before one given, without a copy and without
   * garbage: what a walk over the group that seeks it would find.
   *
   * @param key holds the point part and, right behind it, the suffix
   * @param from where the point part begins
   * @param into shows the row as long as {@link RowView} says; nothing when there is none
   * @return whether there is one
   */
  default boolean ceiling(byte[] key, int from, int pointSize, int suffixSize, RowView into) {
    into.clear();
    Bytes whole = Bytes.copyOf(key, from, pointSize + suffixSize);
    Bytes point = whole.slice(0, pointSize);
    try (Cursor group = group(point)) {
      if (!group.seek(new RowKey(point, whole.slice(pointSize)))) return false;
      into.show(group.row());
      return true;
    }
  }

  /**
   * Shows the rows under many keys, in the order they were added; answers how many there are. It
   * costs less than as many single reads, because it waits for memory only once for several keys.
   */
  default int get(MultiGet keys) {
    int count = 0;
    for (int i = 0; i < keys.size(); i++) {
      boolean found =
          get(keys.keys(), keys.from(i), keys.pointSize(i), keys.suffixSize(i), keys.view(i));
      keys.found(i, found);
      if (found) count++;
    }
    return count;
  }

  /** The rows of one group, in order of their suffix. */
  Cursor group(Bytes point);

  /** The rows from {@code from} (inclusive) to {@code to} (exclusive; null: to the end). */
  Cursor cursor(RowKey from, @Nullable RowKey to);
}
