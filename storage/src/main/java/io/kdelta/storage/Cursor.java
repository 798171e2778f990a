package io.kdelta.storage;

/**
 * A walk over live rows in key order at one moment of the store, which does not move while the
 * cursor is open.
 *
 * <p>Stands before the first row when made. Owner: the core thread. Pins what it reads until it is
 * closed, so close it: a leaked pin shows in {@link StorageStats#pins}.
 */
public interface Cursor extends AutoCloseable {
  /** Moves to the next row; false at the end, and from then on. */
  boolean next();

  /**
   * Moves forward to the first row at or after {@code key}; false when there is none. It never
   * moves back: a key at or before the present row moves to the next row.
   */
  boolean seek(RowKey key);

  /** The row it stands on. It is an error of the caller to ask before next() or after the end. */
  Row row();

  /**
   * The row it stands on without a copy: one object for the whole walk, which shows the row until
   * the cursor moves or is closed. The same errors as {@link #row}.
   */
  RowView view();

  @Override
  void close();
}
