package io.kdelta.storage;

import io.kdelta.memory.Slab;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The hash index of a memtable: open addressing with linear probing in memory of its own, at most
 * half full. Owner: the core thread.
 *
 * <p>The place of a hash is given by its highest bits, so that a larger index has its slots in the
 * same order and growing is one pass from front to back. A slot is taken when it carries the
 * present generation, so that {@link #clear} touches none; what an index has grown to it keeps.
 *
 * <pre>
 * slot, 16 bytes, four in a cache line:
 * offset size  type   meaning
 * 0      4     u32    tag: upper half of the point hash
 * 4      4     u32    generation
 * 8      4     u32    group
 * 12     4     u32    first row of the group
 * </pre>
 */
final class MemtableIndex implements AutoCloseable {
  private static final int SLOT_SHIFT = 4;
  private static final int GROUP = 8;
  private static final int FIRST_ROW = 12;
  private static final int BITS_MIN = 6;
  private static final int BITS_MAX = 24;

  private static final ValueLayout.OfInt U32 = SSTableFormat.U32;
  private static final ValueLayout.OfLong U64 = SSTableFormat.U64;

  private Slab slab;
  private MemorySegment slots;
  private int bits;
  private long generation = 1;
  private int count;

  /**
   * @param groupsExpected grows beyond half as many slots only in one long pass, which a core with
   *     clients should not have to make; slots never touched take no memory
   */
  MemtableIndex(long groupsExpected) {
    bits = Math.clamp(Long.SIZE - Long.numberOfLeadingZeros(groupsExpected), BITS_MIN, BITS_MAX);
    slab = Slab.createScattered(1L << (bits + SLOT_SHIFT));
    slots = slab.segment();
  }

  /** Groups in it. */
  int count() {
    return count;
  }

  /** What has the memory that it has now made present; see {@link Slab#populate}. */
  Runnable populating() {
    return slab::populate;
  }

  /** Bytes of its memory. */
  long bytes() {
    return slots.byteSize();
  }

  /** Where the search for a hash begins. */
  long home(long hash) {
    return hash >>> -bits << SLOT_SHIFT;
  }

  /** The slot to look at after one that is of another group. */
  long after(long slot) {
    return slot + (1 << SLOT_SHIFT) & slots.byteSize() - 1;
  }

  /** The tag and generation that a slot of this hash has. */
  long mark(long hash) {
    return generation << 32 | hash >>> 32;
  }

  /** The tag and generation of a slot. */
  long markAt(long slot) {
    return slots.get(U64, slot);
  }

  /** Whether a slot with this mark is free. */
  boolean isFree(long markAt) {
    return markAt >>> 32 != generation;
  }

  int group(long slot) {
    return slots.get(U32, slot + GROUP);
  }

  int firstRow(long slot) {
    return slots.get(U32, slot + FIRST_ROW);
  }

  void firstRow(long slot, int row) {
    slots.set(U32, slot + FIRST_ROW, row);
  }

  /** Whether it must {@link #grow} before it takes another group. */
  boolean isFull() {
    return count >= 1 << (bits - 1);
  }

  /** Takes a free slot. */
  void take(long slot, long hash, int group, int firstRow) {
    slots.set(U64, slot, mark(hash));
    slots.set(U32, slot + GROUP, group);
    slots.set(U32, slot + FIRST_ROW, firstRow);
    count++;
  }

  /** Doubles the slots; all slots move. */
  void grow() {
    Slab oldSlab = slab;
    MemorySegment old = slots;
    bits++;
    slab = Slab.createScattered(1L << (bits + SLOT_SHIFT));
    slots = slab.segment();
    for (long from = 0; from < old.byteSize(); from += 1 << SLOT_SHIFT) {
      long mark = old.get(U64, from);
      if (isFree(mark)) continue;
      long slot = home(mark << 32);
      while (!isFree(markAt(slot))) slot = after(slot);
      slots.set(U64, slot, mark);
      slots.set(U64, slot + GROUP, old.get(U64, from + GROUP));
    }
    oldSlab.close();
  }

  /** Frees all slots, in O(1) but once in 2^32 times. */
  void clear() {
    count = 0;
    generation = generation + 1 & 0xFFFFFFFFL;
    if (generation != 0) return;
    slots.fill((byte) 0);
    generation = 1;
  }

  @Override
  public void close() {
    slab.close();
  }
}
