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

  /** The rows of one group, in order of their suffix. */
  Cursor group(Bytes point);

  /** The rows from {@code from} (inclusive) to {@code to} (exclusive; null: to the end). */
  Cursor cursor(RowKey from, @Nullable RowKey to);
}
