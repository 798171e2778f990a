package io.kdelta.storage;

import io.kdelta.memory.Slab;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The newest rows, in an arena: a {@link MemtableIndex} finds the group of a point part in one
 * step, a skip list in it orders the rows of the group, and the groups themselves are put in order
 * ({@link MemtableOrder}) only when somebody walks ({@link MemtableWalk}).
 *
 * <p>Owner: the core thread. Once {@link #freeze frozen} nothing in it changes, and the table
 * thread may {@link #sorted walk} it at the same time. Nothing is ever removed: a newer row of a
 * key stands before the older ones, so a walk at an LSN sees what was there then, however much
 * comes after. A put and a get make no garbage.
 *
 * <p>All references are arena offsets divided by 8; 0 is none.
 *
 * <pre>
 * group: 0 u32 first row | 4 u32 heads | 8 u32 rows
 *        12 u16 bytes of the point part | 14 u8 levels | 15 zero | 16 point part
 * heads: 11 x u32 first row of each level above 0 | 44 u32 last row; none while there is one level
 * row:   0 u64 LSN | 8 u32 next row | 12 u16 bytes of the suffix | 14 u8 kind | 15 u8 levels above 0
 *        16 u32 bytes of the value | 20 u32 next row for each of these levels | suffix | value
 * </pre>
 *
 * A group and its first row are written one after the other, so that a get of a key that was put
 * once waits for memory twice: for the slot, and for where both lie. Rows of a group are in order
 * of suffix, then newest first. A row reaches level n with probability 4^-n (Pugh, Skip Lists,
 * 1990), but never more levels than the group's size asks for.
 */
final class Memtable implements WriteBatch.RowSink, AutoCloseable {
  private static final int GROUP_FIRST = 0;
  private static final int GROUP_HEADS = 4;
  private static final int GROUP_ROWS = 8;
  private static final int GROUP_POINT_SIZE = 12;
  private static final int GROUP_LEVELS = 14;
  private static final int GROUP_POINT = 16;
  private static final int ROW_NEXT = 8;
  private static final int ROW_SUFFIX_SIZE = 12;
  private static final int ROW_KIND = 14;
  private static final int ROW_LEVELS = 15;
  private static final int ROW_VALUE_SIZE = 16;
  private static final int ROW_LINKS = 20;

  private static final int LEVELS_MAX = 12;
  private static final int HEADS_LAST = 4 * (LEVELS_MAX - 1);
  private static final int HEADS_BYTES = HEADS_LAST + 4;
  private static final int REFERENCE_SHIFT = 3;
  private static final int ALIGNMENT = 1 << REFERENCE_SHIFT;
  private static final int GROUPS_MIN = 64;

  /** A group with one row of a short key and a short value takes about this much of the arena. */
  private static final int GROUP_BYTES_EXPECTED = 160;

  /** More than the arena spends on any row beyond the bytes of its key and value. */
  private static final int ROW_OVERHEAD_BYTES =
      GROUP_POINT + HEADS_BYTES + ROW_LINKS + HEADS_BYTES + 3 * ALIGNMENT;

  private static final ValueLayout.OfInt U32 = SSTableFormat.U32;
  private static final ValueLayout.OfLong U64 = SSTableFormat.U64;
  private static final ValueLayout.OfShort U16 = SSTableFormat.U16;
  private static final ValueLayout.OfByte U8 = ValueLayout.JAVA_BYTE;
  private static final ValueLayout.OfLong SORTED_U64 =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

  /** The first view of the engine that shows it; the engine's own note. */
  long shownSince;

  private final Slab slab;
  private final MemorySegment memory;
  private final MemtableIndex index;
  private final long seed;
  private final int[] path = new int[LEVELS_MAX];
  private int generation;
  private int[] groups = new int[GROUPS_MIN];
  private int groupCount;
  private final List<int[]> orders = new ArrayList<>();

  /** The order in which it becomes a table: the table thread's, kept for the next time. */
  private int[] flushOrder = new int[0];

  private int ordered;
  private long firstLsn;
  private long lastLsn;
  private int rows;
  private boolean frozen;

  /**
   * @param slab all of it is the memtable's from now on
   * @param seed of the point hashes
   */
  Memtable(Slab slab, long seed) {
    this.slab = slab;
    this.memory = slab.segment();
    this.index = new MemtableIndex(memory.byteSize() / GROUP_BYTES_EXPECTED);
    this.seed = seed;
    clear();
  }

  /** Arena bytes that surely hold a batch on top of what a memtable has. */
  private static long bytesFor(long encodedSize, long rows) {
    return encodedSize + rows * ROW_OVERHEAD_BYTES + ALIGNMENT;
  }

  /** Arena bytes of an empty memtable that surely holds a batch. */
  static long emptyBytesFor(long encodedSize, long rows) {
    return bytesFor(encodedSize, rows) + ALIGNMENT;
  }

  /** Whether the batch fits; asked once for all its rows, before it goes to the log. */
  boolean fits(WriteBatch batch) {
    return fits(batch.encodedSize(), batch.rows());
  }

  boolean fits(long encodedSize, long batchRows) {
    return bytesFor(encodedSize, batchRows) <= slab.remaining();
  }

  /** Adds the rows of an encoded batch that {@link #fits}. LSNs only grow. */
  void apply(long lsn, byte[] encoded, int from, int size) {
    if (frozen) throw new AssertionError("a frozen memtable was written to");
    if (lsn <= lastLsn) throw new AssertionError("LSN " + lsn + " after " + lastLsn);
    lastLsn = lsn;
    if (firstLsn == 0) firstLsn = lsn;
    WriteBatch.forEachRow(encoded, from, size, this);
  }

  @Override
  public void row(byte kind, byte[] array, int at, int pointSize, int suffixSize, int valueSize) {
    long hash = PointHash.of(array, at, pointSize, seed);
    long slot = slot(hash, array, at, pointSize);
    if (index.isFree(index.markAt(slot))) {
      int group = addGroup(array, at, pointSize);
      int row = addFirstRow(group, kind, array, at + pointSize, suffixSize, valueSize);
      if (index.isFull()) {
        index.grow();
        slot = slot(hash, array, at, pointSize);
      }
      index.take(slot, hash, group, row);
    } else {
      int group = index.group(slot);
      insert(group, kind, array, at + pointSize, suffixSize, valueSize);
      index.firstRow(slot, memory.get(U32, offset(group) + GROUP_FIRST));
    }
    rows++;
  }

  /** What has its memory made present, on the table thread, while the core writes to it. */
  Runnable populating() {
    Runnable indexMemory = index.populating();
    return () -> {
      slab.populate();
      indexMemory.run();
    };
  }

  /** No more writes; from here on other threads may read. */
  void freeze() {
    frozen = true;
  }

  /** The seed of the point hashes it wants. */
  long seed() {
    return seed;
  }

  /**
   * What is newest under a key at an LSN, shown without a copy.
   *
   * @param hash of the point part
   */
  Found get(
      long hash, byte[] key, int from, int pointSize, int suffixSize, long lsnMax, RowView into) {
    if (rows == 0) return Found.NOTHING;
    long slot = slot(hash, key, from, pointSize);
    if (index.isFree(index.markAt(slot))) return Found.NOTHING;
    int suffix = from + pointSize;
    int row = index.firstRow(slot);
    boolean newest =
        memory.get(U64, offset(row)) <= lsnMax && compareSuffix(row, key, suffix, suffixSize) == 0;
    if (!newest) {
      row = lowerBound(index.group(slot), key, suffix, suffixSize, lsnMax);
      if (row == 0 || compareSuffix(row, key, suffix, suffixSize) != 0) return Found.NOTHING;
    }
    return show(index.group(slot), row, into);
  }

  /**
   * Reads the slots, then the groups, of some keys: in short loops without a branch on what was
   * read, so that the processor waits for many of them at the same time.
   */
  void readAhead(MultiGet keys, int from, int to) {
    if (rows == 0) return;
    for (int i = from; i < to; i++) keys.place(i, index.group(index.home(keys.hash(i))));
    for (int i = from; i < to; i++) {
      long base = offset((int) keys.place(i));
      // What an older use of the slot has left may point anywhere in the arena, never beyond it.
      keys.place(i, memory.get(U64, base));
    }
  }

  /**
   * What is newest under the least key of a group from a suffix on, at an LSN, shown without a
   * copy.
   *
   * @param hash of the point part
   * @param suffix holds the least suffix in its first {@code suffixSize} bytes
   */
  Found ceiling(
      long hash,
      byte[] point,
      int from,
      int pointSize,
      byte[] suffix,
      int suffixSize,
      long lsnMax,
      RowView into) {
    if (rows == 0) return Found.NOTHING;
    long slot = slot(hash, point, from, pointSize);
    if (index.isFree(index.markAt(slot))) return Found.NOTHING;
    int row =
        suffixSize == 0
            ? visible(index.firstRow(slot), lsnMax)
            : lowerBound(index.group(slot), suffix, 0, suffixSize, lsnMax);
    return row == 0 ? Found.NOTHING : show(index.group(slot), row, into);
  }

  /** A walk over one group at an LSN, or null when there is no such group. */
  @Nullable RowSource group(byte[] point, long lsnMax) {
    int group = groupOf(point);
    if (group == 0) return null;
    return new MemtableWalk(this, new int[][] {{group}}, new int[] {1}, lsnMax);
  }

  /** A walk over everything at an LSN. */
  RowSource walk(long lsnMax) {
    order();
    int[][] runs = orders.toArray(new int[0][]);
    int[] sizes = new int[runs.length];
    for (int i = 0; i < runs.length; i++) sizes[i] = runs[i].length;
    return new MemtableWalk(this, runs, sizes, lsnMax);
  }

  /**
   * The walk over everything in a frozen memtable, for the one other thread that makes a table of
   * it; each such walk ends the one before.
   */
  RowSource sorted(Scratch scratch) {
    if (!frozen) throw new AssertionError("only a frozen memtable is for other threads");
    if (flushOrder.length < groupCount) flushOrder = new int[groups.length];
    System.arraycopy(groups, 0, flushOrder, 0, groupCount);
    new MemtableOrder(memory, scratch).sort(flushOrder, groupCount);
    return new MemtableWalk(this, new int[][] {flushOrder}, new int[] {groupCount}, Long.MAX_VALUE);
  }

  /** Empties it for its next use, in O(1). Walks made before are dead and say so under -ea. */
  void clear() {
    slab.reset();
    slab.allocate(ALIGNMENT, ALIGNMENT);
    index.clear();
    generation++;
    groupCount = 0;
    orders.clear();
    ordered = 0;
    firstLsn = 0;
    lastLsn = 0;
    rows = 0;
    shownSince = 0;
    frozen = false;
  }

  @Override
  public void close() {
    index.close();
    slab.close();
  }

  int rows() {
    return rows;
  }

  long firstLsn() {
    return firstLsn;
  }

  long lastLsn() {
    return lastLsn;
  }

  long used() {
    return slab.used();
  }

  long capacity() {
    return memory.byteSize();
  }

  /** Counts its uses. */
  int generation() {
    return generation;
  }

  /** The arena: where groups and rows lie. */
  MemorySegment memory() {
    return memory;
  }

  int groupOf(byte[] point) {
    long slot = slot(PointHash.of(point, 0, point.length, seed), point, 0, point.length);
    return index.isFree(index.markAt(slot)) ? 0 : index.group(slot);
  }

  /** The slot of the group, or the free one where it belongs. */
  private long slot(long hash, byte[] array, int at, int size) {
    long mark = index.mark(hash);
    for (long slot = index.home(hash); ; slot = index.after(slot)) {
      long there = index.markAt(slot);
      if (index.isFree(there)) return slot;
      if (there == mark && isPoint(index.group(slot), array, at, size)) return slot;
    }
  }

  boolean isPoint(int group, byte[] array, int at, int size) {
    return pointSize(memory, group) == size
        && compare(pointOffset(group), size, array, at, size) == 0;
  }

  private int addGroup(byte[] array, int at, int pointSize) {
    int group = allocate(GROUP_POINT + pointSize);
    long base = offset(group);
    memory.set(U32, base + GROUP_HEADS, 0);
    memory.set(U32, base + GROUP_ROWS, 1);
    memory.set(U16, base + GROUP_POINT_SIZE, (short) pointSize);
    memory.set(U16, base + GROUP_LEVELS, (short) 1);
    MemorySegment.copy(array, at, memory, U8, base + GROUP_POINT, pointSize);
    if (groupCount == groups.length) groups = Arrays.copyOf(groups, groupCount * 2);
    groups[groupCount++] = group;
    return group;
  }

  private int addFirstRow(
      int group, byte kind, byte[] array, int suffixAt, int suffixSize, int valueSize) {
    int row = addRow(1, kind, array, suffixAt, suffixSize, valueSize);
    memory.set(U32, offset(row) + ROW_NEXT, 0);
    memory.set(U32, offset(group) + GROUP_FIRST, row);
    return row;
  }

  private int addRow(
      int levels, byte kind, byte[] array, int suffixAt, int suffixSize, int valueSize) {
    int row = allocate(ROW_LINKS + 4 * (levels - 1) + suffixSize + valueSize);
    long at = offset(row);
    memory.set(U64, at, lastLsn);
    memory.set(U16, at + ROW_SUFFIX_SIZE, (short) suffixSize);
    memory.set(U8, at + ROW_KIND, kind);
    memory.set(U8, at + ROW_LEVELS, (byte) (levels - 1));
    memory.set(U32, at + ROW_VALUE_SIZE, valueSize);
    MemorySegment.copy(array, suffixAt, memory, U8, suffixOffset(at), suffixSize + valueSize);
    return row;
  }

  private void insert(
      int group, byte kind, byte[] array, int suffixAt, int suffixSize, int valueSize) {
    long base = offset(group);
    int count = memory.get(U32, base + GROUP_ROWS) + 1;
    memory.set(U32, base + GROUP_ROWS, count);
    int levels = levels(count);
    int present = memory.get(U8, base + GROUP_LEVELS);
    if (levels > present) {
      if (present == 1) addHeads(group);
      memory.set(U8, base + GROUP_LEVELS, (byte) levels);
    }
    int before = 0;
    for (int level = Math.max(levels, present) - 1; level >= 0; level--) {
      before = lastBefore(group, before, level, array, suffixAt, suffixSize, lastLsn);
      path[level] = before;
    }
    int row = addRow(levels, kind, array, suffixAt, suffixSize, valueSize);
    for (int level = 0; level < levels; level++) {
      long link = link(group, path[level], level);
      memory.set(U32, link(group, row, level), memory.get(U32, link));
      memory.set(U32, link, row);
    }
    int heads = memory.get(U32, base + GROUP_HEADS);
    if (heads != 0 && next(group, row) == 0) memory.set(U32, offset(heads) + HEADS_LAST, row);
  }

  /** How high the n-th row of a group reaches: the same at every replay, but not to be foreseen. */
  private int levels(int count) {
    int useful = 1 + (31 - Integer.numberOfLeadingZeros(count)) / 2;
    long mixed = (seed ^ lastLsn + count) * 0x9E3779B97F4A7C15L;
    int chance = 1 + Long.numberOfLeadingZeros(mixed) / 2;
    return Math.min(LEVELS_MAX, Math.min(useful, chance));
  }

  private void addHeads(int group) {
    int heads = allocate(HEADS_BYTES);
    memory.asSlice(offset(heads), HEADS_BYTES).fill((byte) 0);
    memory.set(U32, offset(group) + GROUP_HEADS, heads);
    int last = next(group, 0);
    for (int row = last; row != 0; row = next(group, row)) last = row;
    memory.set(U32, offset(heads) + HEADS_LAST, last);
  }

  /**
   * The first row whose suffix is at or after this one and that was there at the LSN, or 0. What is
   * sought among the older rows of a large group is often behind all the newer ones that are here.
   */
  int lowerBound(int group, byte[] suffix, int from, int size, long lsnMax) {
    int heads = memory.get(U32, offset(group) + GROUP_HEADS);
    if (heads != 0) {
      int last = memory.get(U32, offset(heads) + HEADS_LAST);
      if (compareSuffix(last, suffix, from, size) < 0) return 0;
    }
    int before = 0;
    for (int level = memory.get(U8, offset(group) + GROUP_LEVELS) - 1; level >= 0; level--) {
      before = lastBefore(group, before, level, suffix, from, size, lsnMax);
    }
    return visible(next(group, before), lsnMax);
  }

  /** Along one level, the last row before (suffix, LSN), starting from one that is; 0: the head. */
  private int lastBefore(
      int group, int start, int level, byte[] suffix, int from, int size, long searchLsn) {
    int before = start;
    while (true) {
      int row = memory.get(U32, link(group, before, level));
      if (row == 0) return before;
      int order = compareSuffix(row, suffix, from, size);
      if (order > 0 || (order == 0 && memory.get(U64, offset(row)) <= searchLsn)) return before;
      before = row;
    }
  }

  int visible(int start, long lsnMax) {
    int row = start;
    while (row != 0 && memory.get(U64, offset(row)) > lsnMax) {
      row = memory.get(U32, offset(row) + ROW_NEXT);
    }
    return row;
  }

  int next(int group, int row) {
    return memory.get(U32, link(group, row, 0));
  }

  /** Where the reference to the row after this one on a level is kept; row 0 is the head. */
  private long link(int group, int row, int level) {
    if (row == 0) {
      long base = offset(group);
      if (level == 0) return base + GROUP_FIRST;
      return offset(memory.get(U32, base + GROUP_HEADS)) + 4L * (level - 1);
    }
    return offset(row) + (level == 0 ? ROW_NEXT : ROW_LINKS + 4L * (level - 1));
  }

  int compareSuffix(int row, byte[] suffix, int from, int size) {
    long at = offset(row);
    return compare(suffixOffset(at), suffixSize(at), suffix, from, size);
  }

  int suffixSize(long rowBase) {
    return memory.get(U16, rowBase + ROW_SUFFIX_SIZE);
  }

  long suffixOffset(long rowBase) {
    return rowBase + ROW_LINKS + 4L * memory.get(U8, rowBase + ROW_LEVELS);
  }

  /** Unsigned order of bytes in the arena and bytes in an array. */
  int compare(long at, int size, byte[] array, int from, int arraySize) {
    return KeyBytes.compare(memory, at, size, array, from, arraySize);
  }

  /** Shows a row of a group. */
  private Found show(int group, int row, RowView into) {
    long base = offset(row);
    long suffix = suffixOffset(base);
    int suffixSize = suffixSize(base);
    into.showPoint(memory, pointOffset(group), pointSize(memory, group));
    into.showSuffix(memory, suffix, suffixSize);
    if (kind(base) == WriteBatch.DELETE) return Found.DELETE;
    into.showValue(
        memory,
        suffix + suffixSize,
        memory.get(U32, base + ROW_VALUE_SIZE),
        memory.get(U64, base),
        MemtableWalk.PLACE);
    return Found.ROW;
  }

  byte kind(long rowBase) {
    return memory.get(U8, rowBase + ROW_KIND);
  }

  long lsn(long rowBase) {
    return memory.get(U64, rowBase);
  }

  int valueSize(long rowBase) {
    return memory.get(U32, rowBase + ROW_VALUE_SIZE);
  }

  static int pointSize(MemorySegment memory, int group) {
    return memory.get(U16, offset(group) + GROUP_POINT_SIZE);
  }

  static long pointOffset(int group) {
    return offset(group) + GROUP_POINT;
  }

  /** Orders two groups by their point parts. */
  static int compareGroups(MemorySegment memory, int one, int other) {
    int oneSize = pointSize(memory, one);
    int otherSize = pointSize(memory, other);
    int size = Math.min(oneSize, otherSize);
    int at = commonPoint(memory, one, other, 0, size);
    if (at == size) return oneSize - otherSize;
    return Byte.compareUnsigned(
        memory.get(U8, pointOffset(one) + at), memory.get(U8, pointOffset(other) + at));
  }

  /** How many leading bytes two point parts share, known to be from {@code from} to {@code to}. */
  static int commonPoint(MemorySegment memory, int one, int other, int from, int to) {
    long a = pointOffset(one);
    long b = pointOffset(other);
    int end = Math.min(to, pointSize(memory, other));
    int i = from;
    for (; i + 8 <= end; i += 8) {
      long differing = memory.get(SORTED_U64, a + i) ^ memory.get(SORTED_U64, b + i);
      if (differing != 0) return i + Long.numberOfLeadingZeros(differing) / 8;
    }
    while (i < end && memory.get(U8, a + i) == memory.get(U8, b + i)) i++;
    return i;
  }

  /** Brings the list of sorted runs up to date: each run is at least twice as long as the next. */
  private void order() {
    if (ordered == groupCount) return;
    int from = ordered;
    while (!orders.isEmpty() && orders.getLast().length < 2 * (groupCount - from)) {
      from -= orders.removeLast().length;
    }
    orders.add(sortedGroups(from, groupCount));
    ordered = groupCount;
  }

  private int[] sortedGroups(int from, int to) {
    int[] sorted = Arrays.copyOfRange(groups, from, to);
    new MemtableOrder(memory, new Scratch()).sort(sorted, sorted.length);
    return sorted;
  }

  private int allocate(long bytes) {
    long reference = slab.allocate(bytes, ALIGNMENT);
    if (reference == Slab.FULL) throw new AssertionError("a batch did not fit its reservation");
    return (int) (slab.offset(reference) >>> REFERENCE_SHIFT);
  }

  static long offset(int reference) {
    return Integer.toUnsignedLong(reference) << REFERENCE_SHIFT;
  }
}
