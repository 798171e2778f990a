package io.kdelta.storage;

import io.kdelta.memory.Slab;
import org.jspecify.annotations.Nullable;

/**
 * The arenas of one engine: makes memtables and keeps one idle, because a shared arena costs far
 * more to open and close than to reset. Owner: the core thread.
 */
final class MemtablePool implements AutoCloseable {
  private final StorageLimits limits;
  private final long hashSeed;
  private @Nullable Memtable idle;
  private long bytes;

  MemtablePool(StorageLimits limits, long hashSeed) {
    this.limits = limits;
    this.hashSeed = hashSeed;
  }

  /** Bytes of all arenas given out or idle. */
  long bytes() {
    return bytes;
  }

  /** Whether a memtable for such a batch can be had within the limit. */
  boolean canTake(long encodedSize, long rows) {
    long capacity = capacity(encodedSize, rows);
    boolean reuse = idle != null && idle.capacity() >= capacity;
    return reuse || bytes + capacity <= limits.memtableBytesMax();
  }

  /** An empty memtable that such a batch fits; at recovery the limit does not count. */
  Memtable take(long encodedSize, long rows) {
    long capacity = capacity(encodedSize, rows);
    Memtable reused = idle;
    if (reused != null && reused.capacity() >= capacity) {
      idle = null;
      return reused;
    }
    bytes += capacity;
    return new Memtable(Slab.create(capacity), hashSeed);
  }

  /** Takes back a memtable that nobody reads any more. */
  void giveBack(Memtable memtable) {
    if (idle == null && memtable.capacity() == limits.memtableBytes()) {
      memtable.clear();
      idle = memtable;
    } else {
      bytes -= memtable.capacity();
      memtable.close();
    }
  }

  @Override
  public void close() {
    if (idle != null) idle.close();
    idle = null;
  }

  private long capacity(long encodedSize, long rows) {
    return Math.max(limits.memtableBytes(), Memtable.emptyBytesFor(encodedSize, rows));
  }
}
