package io.kdelta.storage;

import io.kdelta.memory.Slab;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The arenas of one engine: makes memtables and keeps some idle, because an arena costs far more to
 * open, touch for the first time and close than to reset. Whoever holds a memtable, the pool gives
 * its memory back, in the end that of all. Owner: the core thread.
 */
final class MemtablePool implements AutoCloseable {
  private static final long POPULATED_BYTES_MIN = 4 << 20;
  private static final int FRACTION_OF_USE = 64;

  private final StorageLimits limits;
  private final long hashSeed;
  private final ArrayDeque<Memtable> idle = new ArrayDeque<>();

  /** All that are open, given out or idle: few. */
  private final List<Memtable> open = new ArrayList<>();

  private long bytes;

  /** Made last and never used before. */
  private @Nullable Memtable fresh;

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
    long held = bytes - idle.size() * limits.memtableBytes();
    return reusable(capacity) || held + capacity <= limits.memtableBytesMax();
  }

  /** An empty memtable that such a batch fits; at recovery the limit does not count. */
  Memtable take(long encodedSize, long rows) {
    long capacity = capacity(encodedSize, rows);
    if (reusable(capacity)) return idle.removeLast();
    while (!idle.isEmpty() && bytes + capacity > limits.memtableBytesMax()) {
      close(idle.removeFirst());
    }
    bytes += capacity;
    Memtable made = new Memtable(Slab.create(capacity), hashSeed);
    open.add(made);
    if (capacity >= POPULATED_BYTES_MIN) fresh = made;
    return made;
  }

  /**
   * The memtable that was made last, once, when its memory should be made present: where it is
   * large, and somebody writes.
   *
   * @param busy whether a memtable was filled already; if not, this one must be in some use
   */
  @Nullable Memtable takeFresh(boolean busy) {
    Memtable made = fresh;
    if (made == null || (!busy && made.used() < made.capacity() / FRACTION_OF_USE)) return null;
    fresh = null;
    return made;
  }

  /** Takes back a memtable that nobody reads any more. */
  void giveBack(Memtable memtable) {
    if (memtable == fresh) fresh = null;
    boolean keep = idle.size() < limits.unflushedMemtablesMax() - 1;
    if (keep && memtable.capacity() == limits.memtableBytes()) {
      memtable.clear();
      idle.addLast(memtable);
    } else {
      close(memtable);
    }
  }

  /** Closes all memtables: nobody reads any more, in whatever view. */
  @Override
  public void close() {
    for (Memtable memtable : open) memtable.close();
    open.clear();
    idle.clear();
    bytes = 0;
  }

  private void close(Memtable memtable) {
    bytes -= memtable.capacity();
    open.remove(memtable);
    memtable.close();
  }

  private boolean reusable(long capacity) {
    return !idle.isEmpty() && capacity == limits.memtableBytes();
  }

  private long capacity(long encodedSize, long rows) {
    return Math.max(limits.memtableBytes(), Memtable.emptyBytesFor(encodedSize, rows));
  }
}
