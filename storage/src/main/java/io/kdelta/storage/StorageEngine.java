package io.kdelta.storage;

import io.kdelta.env.Entropy;
import io.kdelta.memory.Bytes;
import io.kdelta.vfs.Vfs;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The store: ordered byte keys to byte values, atomic batches, snapshots and cursors over a log,
 * memtables and tables.
 *
 * <p>Owner: the core thread, which makes no blocking call: what blocks is handed out as {@link
 * StorageWork}. Order, always: log, then memtable; a memtable becomes a table only when its last
 * LSN is durable; outputs are durable before the manifest names them, and the manifest is durable
 * before what they replace is removed.
 *
 * <p>A batch may be acknowledged when {@link #durableLsn} has passed its LSN, never earlier; it is
 * readable at once, so a reply that shows {@link Row#lsn} must wait the same way.
 */
@SuppressWarnings("DoNotCallSuggester")
public final class StorageEngine implements Rows, AutoCloseable {
  private StorageEngine() {}

  /**
   * Opens the store in the root of {@code vfs}, creating it when there is none. Reads and syncs in
   * place, so it is called before the first turn.
   */
  public static StorageEngine open(Vfs vfs, Entropy entropy, StorageLimits limits) {
    throw new UnsupportedOperationException();
  }

  /**
   * Appends a batch to the log buffer and the memtable and answers its LSN. Throws Invalid (larger
   * than a segment holds), ReadOnly (fenced, or no room on disk) or Overloaded (flushing is too far
   * behind), each before anything is appended.
   */
  public long apply(WriteBatch batch) {
    throw new UnsupportedOperationException();
  }

  /** The LSN of the newest batch applied; 0 in an empty store. */
  public long lastLsn() {
    throw new UnsupportedOperationException();
  }

  /**
   * Every batch up to this LSN survives a power loss. Never goes back; stands still when fenced.
   */
  public long durableLsn() {
    throw new UnsupportedOperationException();
  }

  @Override
  public @Nullable Row get(RowKey key) {
    throw new UnsupportedOperationException();
  }

  @Override
  public Cursor group(Bytes point) {
    throw new UnsupportedOperationException();
  }

  @Override
  public Cursor cursor(RowKey from, @Nullable RowKey to) {
    throw new UnsupportedOperationException();
  }

  /** The store as it is now, to be closed by the caller. */
  public Snapshot snapshot() {
    throw new UnsupportedOperationException();
  }

  /**
   * New work to run off the core: at most one piece of each kind is out at any time. Call it after
   * a turn that applied something, after every {@link #workDone}, and now and then while {@link
   * #readOnlyReason} is present, which is how the store finds out that there is room again.
   */
  public List<StorageWork> takeWork() {
    throw new UnsupportedOperationException();
  }

  /** Takes a finished piece back, on the core. */
  public void workDone(StorageWork work) {
    throw new UnsupportedOperationException();
  }

  /** Does all work that is due in place: for tests, tools and the embedded store. */
  public void runInline() {
    throw new UnsupportedOperationException();
  }

  /** Whether a log write or sync has failed: nothing more is acknowledged in this process. */
  public boolean fenced() {
    throw new UnsupportedOperationException();
  }

  /** Why writes are refused now, if they are. A full disk heals by itself, a fence does not. */
  public Optional<String> readOnlyReason() {
    throw new UnsupportedOperationException();
  }

  /** What opening found, and what was set aside since. */
  public Recovery recovery() {
    throw new UnsupportedOperationException();
  }

  /** Counters. */
  public StorageStats stats() {
    throw new UnsupportedOperationException();
  }

  /**
   * Gives back memory, files and the directory lock. Writes nothing: whoever cares ran its work.
   */
  @Override
  public void close() {
    throw new UnsupportedOperationException();
  }
}
