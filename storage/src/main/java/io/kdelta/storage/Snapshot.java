package io.kdelta.storage;

/**
 * The store as it was when the snapshot was taken: exactly the batches up to {@link #lsn}.
 *
 * <p>Owner: the core thread. Cheap to take; holds memory and files until closed.
 */
public interface Snapshot extends Rows, AutoCloseable {
  /** The LSN of the newest batch it shows. */
  long lsn();

  /** Lets go of what it holds. Reads after it are an error of the caller. Closing twice is not. */
  @Override
  void close();
}
