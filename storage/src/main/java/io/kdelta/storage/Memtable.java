package io.kdelta.storage;

import io.kdelta.memory.Slab;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The newest rows, in an arena: a hash index finds the group of a point part in one step, a skip
 * list in it orders the rows of the group, and the groups themselves are put in order only when
 * somebody walks.
 *
 * <p>Owner: the core thread. Once {@link #freeze frozen} nothing in it changes, and the table
 * thread may {@link #sorted walk} it at the same time. Nothing is ever removed: a newer row of a
 * key stands before the older ones, so a walk at an LSN sees what was there then, however much
 * comes after.
 *
 * <p>All references are arena offsets divided by 8; 0 is none. Index slot: four ints: upper half of
 * the point hash, generation of the memtable (so that a reset clears nothing), group, first row.
 *
 * <pre>
 * group: 0 u64 point hash | 8 u32 first row | 12 u32 heads of the levels above 0 (11 x u32)
 *        16 u32 levels | 20 u32 rows | 24 u32 bytes of the point part | 28 point part
 * row:   0 u64 LSN | 8 u32 next row | 12 u16 bytes of the suffix | 14 u8 kind | 15 u8 levels above 0
 *        16 u32 bytes of the value | 20 u32 next row for each of these levels | suffix | value
 * </pre>
 *
 * Rows of a group are in order of suffix, then newest first. A row reaches level n with probability
 * 4^-n (Pugh, Skip Lists, 1990), but never more levels than the group's size asks for.
 */
final class Memtable implements WriteBatch.RowSink, AutoCloseable {
  private static final int GROUP_FIRST = 8;
  private static final int GROUP_HEADS = 12;
  private static final int GROUP_LEVELS = 16;
  private static final int GROUP_ROWS = 20;
  private static final int GROUP_POINT_SIZE = 24;
  private static final int GROUP_POINT = 28;
  private static final int ROW_NEXT = 8;
  private static final int ROW_SUFFIX_SIZE = 12;
  private static final int ROW_KIND = 14;
  private static final int ROW_LEVELS = 15;
  private static final int ROW_VALUE_SIZE = 16;
  private static final int ROW_LINKS = 20;

  private static final int LEVELS_MAX = 12;
  private static final int HEADS_BYTES = 4 * (LEVELS_MAX - 1);
  private static final int REFERENCE_SHIFT = 3;
  private static final int ALIGNMENT = 1 << REFERENCE_SHIFT;
  private static final int SLOT_INTS = 4;
  private static final int SLOTS_MIN = 64;

  /** More than the arena spends on any row beyond the bytes of its key and value. */
  private static final int ROW_OVERHEAD_BYTES =
      GROUP_POINT + HEADS_BYTES + ROW_LINKS + HEADS_BYTES + 3 * ALIGNMENT;

  private static final ValueLayout.OfInt U32 = SSTableFormat.U32;
  private static final ValueLayout.OfLong U64 = SSTableFormat.U64;
  private static final ValueLayout.OfShort U16 = SSTableFormat.U16;
  private static final ValueLayout.OfByte U8 = ValueLayout.JAVA_BYTE;
  private static final ValueLayout.OfLong SORTED_U64 =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
  private static final VarHandle SORTED_ARRAY_U64 =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

  /** The first view of the engine that shows it; the engine's own note. */
  long shownSince;

  private final Slab slab;
  private final MemorySegment memory;
  private final long seed;
  private final int[] path = new int[LEVELS_MAX];
  private int[] slots = new int[SLOTS_MIN * SLOT_INTS];
  private int generation = 1;
  private int[] groups = new int[SLOTS_MIN / 2];
  private int groupCount;
  private final List<int[]> orders = new ArrayList<>();
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
    int slot = slot(hash, array, at, pointSize);
    if (slots[slot + 1] != generation) slot = addGroup(slot, hash, array, at, pointSize);
    int group = slots[slot + 2];
    insert(group, kind, array, at + pointSize, suffixSize, valueSize);
    slots[slot + 3] = memory.get(U32, offset(group) + GROUP_FIRST);
    rows++;
  }

  /** No more writes; from here on other threads may read. */
  void freeze() {
    frozen = true;
  }

  /** The row of this key that was newest at an LSN, deletes included; null when there is none. */
  @Nullable Walk find(byte[] point, byte[] suffix, long lsnMax) {
    int group = group(point);
    if (group == 0) return null;
    int row = lowerBound(group, suffix, 0, suffix.length, lsnMax);
    if (row == 0 || compareSuffix(row, suffix, 0, suffix.length) != 0) return null;
    Walk walk = new Walk(List.of(), lsnMax);
    walk.stand(group, row);
    return walk;
  }

  /** A walk over one group at an LSN, or null when there is no such group. */
  @Nullable RowSource group(byte[] point, long lsnMax) {
    int group = group(point);
    return group == 0 ? null : new Walk(List.of(new int[] {group}), lsnMax);
  }

  /** A walk over everything at an LSN. */
  RowSource walk(long lsnMax) {
    order();
    return new Walk(orders, lsnMax);
  }

  /**
   * A walk over everything in a frozen memtable, for any thread: it shares no order with others.
   */
  RowSource sorted() {
    if (!frozen) throw new AssertionError("only a frozen memtable is for other threads");
    return new Walk(List.of(sortedGroups(0, groupCount)), Long.MAX_VALUE);
  }

  /** Empties it for its next use, in O(1). Walks made before are dead and say so under -ea. */
  void clear() {
    slab.reset();
    slab.allocate(ALIGNMENT, ALIGNMENT);
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

  private int group(byte[] point) {
    int slot = slot(PointHash.of(point, 0, point.length, seed), point, 0, point.length);
    return slots[slot + 1] == generation ? slots[slot + 2] : 0;
  }

  /** The slot of the group, or the free one where it belongs. */
  private int slot(long hash, byte[] array, int at, int size) {
    int mask = slots.length / SLOT_INTS - 1;
    int upper = (int) (hash >>> 32);
    for (int i = (int) hash & mask; ; i = (i + 1) & mask) {
      int slot = i * SLOT_INTS;
      if (slots[slot + 1] != generation) return slot;
      if (slots[slot] == upper && isPoint(slots[slot + 2], array, at, size)) return slot;
    }
  }

  private boolean isPoint(int group, byte[] array, int at, int size) {
    long base = offset(group);
    return memory.get(U32, base + GROUP_POINT_SIZE) == size
        && compare(base + GROUP_POINT, size, array, at, size) == 0;
  }

  private int addGroup(int freeSlot, long hash, byte[] array, int at, int pointSize) {
    int slot = freeSlot;
    if ((groupCount + 1) * 2 > slots.length / SLOT_INTS) {
      grow();
      slot = slot(hash, array, at, pointSize);
    }
    int group = allocate(GROUP_POINT + pointSize);
    long base = offset(group);
    memory.set(U64, base, hash);
    memory.set(U32, base + GROUP_FIRST, 0);
    memory.set(U32, base + GROUP_HEADS, 0);
    memory.set(U32, base + GROUP_LEVELS, 1);
    memory.set(U32, base + GROUP_ROWS, 0);
    memory.set(U32, base + GROUP_POINT_SIZE, pointSize);
    MemorySegment.copy(array, at, memory, U8, base + GROUP_POINT, pointSize);
    slots[slot] = (int) (hash >>> 32);
    slots[slot + 1] = generation;
    slots[slot + 2] = group;
    if (groupCount == groups.length) groups = Arrays.copyOf(groups, groupCount * 2);
    groups[groupCount++] = group;
    return slot;
  }

  private void grow() {
    int[] old = slots;
    slots = new int[old.length * 2];
    int mask = slots.length / SLOT_INTS - 1;
    for (int from = 0; from < old.length; from += SLOT_INTS) {
      if (old[from + 1] != generation) continue;
      int i = (int) memory.get(U64, offset(old[from + 2])) & mask;
      while (slots[i * SLOT_INTS + 1] == generation) i = (i + 1) & mask;
      System.arraycopy(old, from, slots, i * SLOT_INTS, SLOT_INTS);
    }
  }

  private void insert(
      int group, byte kind, byte[] array, int suffixAt, int suffixSize, int valueSize) {
    long base = offset(group);
    int count = memory.get(U32, base + GROUP_ROWS) + 1;
    memory.set(U32, base + GROUP_ROWS, count);
    int levels = levels(count);
    int present = memory.get(U32, base + GROUP_LEVELS);
    if (levels > present) {
      if (present == 1) addHeads(base);
      memory.set(U32, base + GROUP_LEVELS, levels);
    }
    int before = 0;
    for (int level = Math.max(levels, present) - 1; level >= 0; level--) {
      before = lastBefore(group, before, level, array, suffixAt, suffixSize, lastLsn);
      path[level] = before;
    }
    int row = allocate(ROW_LINKS + 4 * (levels - 1) + suffixSize + valueSize);
    long at = offset(row);
    memory.set(U64, at, lastLsn);
    memory.set(U16, at + ROW_SUFFIX_SIZE, (short) suffixSize);
    memory.set(U8, at + ROW_KIND, kind);
    memory.set(U8, at + ROW_LEVELS, (byte) (levels - 1));
    memory.set(U32, at + ROW_VALUE_SIZE, valueSize);
    MemorySegment.copy(array, suffixAt, memory, U8, suffixOffset(at), suffixSize + valueSize);
    for (int level = 0; level < levels; level++) {
      long link = link(group, path[level], level);
      memory.set(U32, link(group, row, level), memory.get(U32, link));
      memory.set(U32, link, row);
    }
  }

  /** How high the n-th row of a group reaches: the same at every replay, but not to be foreseen. */
  private int levels(int count) {
    int useful = 1 + (31 - Integer.numberOfLeadingZeros(count)) / 2;
    long mixed = (seed ^ lastLsn + count) * 0x9E3779B97F4A7C15L;
    int chance = 1 + Long.numberOfLeadingZeros(mixed) / 2;
    return Math.min(LEVELS_MAX, Math.min(useful, chance));
  }

  private void addHeads(long groupBase) {
    int heads = allocate(HEADS_BYTES);
    memory.asSlice(offset(heads), HEADS_BYTES).fill((byte) 0);
    memory.set(U32, groupBase + GROUP_HEADS, heads);
  }

  /** The first row whose suffix is at or after this one and that was there at the LSN, or 0. */
  private int lowerBound(int group, byte[] suffix, int from, int size, long lsnMax) {
    int before = 0;
    for (int level = memory.get(U32, offset(group) + GROUP_LEVELS) - 1; level >= 0; level--) {
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

  private int visible(int start, long lsnMax) {
    int row = start;
    while (row != 0 && memory.get(U64, offset(row)) > lsnMax) {
      row = memory.get(U32, offset(row) + ROW_NEXT);
    }
    return row;
  }

  private int next(int group, int row) {
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

  private int compareSuffix(int row, byte[] suffix, int from, int size) {
    long at = offset(row);
    return compare(suffixOffset(at), suffixSize(at), suffix, from, size);
  }

  private int suffixSize(long rowBase) {
    return Short.toUnsignedInt(memory.get(U16, rowBase + ROW_SUFFIX_SIZE));
  }

  private long suffixOffset(long rowBase) {
    return rowBase + ROW_LINKS + 4L * memory.get(U8, rowBase + ROW_LEVELS);
  }

  /** Unsigned order of bytes in the arena and bytes in an array. */
  private int compare(long at, int size, byte[] array, int from, int arraySize) {
    int common = Math.min(size, arraySize);
    int i = 0;
    for (; i + 8 <= common; i += 8) {
      long left = memory.get(SORTED_U64, at + i);
      long right = (long) SORTED_ARRAY_U64.get(array, from + i);
      if (left != right) return Long.compareUnsigned(left, right);
    }
    for (; i < common; i++) {
      int order = Byte.compareUnsigned(memory.get(U8, at + i), array[from + i]);
      if (order != 0) return order;
    }
    return size - arraySize;
  }

  /** Brings the list of sorted runs up to date: each run is at least twice as long as the next. */
  private void order() {
    if (ordered == groupCount) return;
    int[] newest = sortedGroups(ordered, groupCount);
    ordered = groupCount;
    while (!orders.isEmpty() && orders.getLast().length < 2 * newest.length) {
      newest = merged(orders.removeLast(), newest);
    }
    orders.add(newest);
  }

  private int[] sortedGroups(int from, int to) {
    int[] sorted = Arrays.copyOfRange(groups, from, to);
    int[] target = new int[sorted.length];
    for (int width = 1; width < sorted.length; width *= 2) {
      for (int i = 0; i < sorted.length; i += 2 * width) {
        int middle = Math.min(i + width, sorted.length);
        merge(sorted, i, middle, Math.min(i + 2 * width, sorted.length), target);
      }
      int[] swap = sorted;
      sorted = target;
      target = swap;
    }
    return sorted;
  }

  private void merge(int[] source, int from, int middle, int to, int[] target) {
    int left = from;
    int right = middle;
    for (int i = from; i < to; i++) {
      boolean takeLeft =
          right == to || (left < middle && compareGroups(source[left], source[right]) < 0);
      target[i] = takeLeft ? source[left++] : source[right++];
    }
  }

  private int[] merged(int[] one, int[] other) {
    int[] both = Arrays.copyOf(one, one.length + other.length);
    System.arraycopy(other, 0, both, one.length, other.length);
    int[] result = new int[both.length];
    merge(both, 0, one.length, both.length, result);
    return result;
  }

  private int compareGroups(int one, int other) {
    long a = offset(one);
    long b = offset(other);
    int aSize = memory.get(U32, a + GROUP_POINT_SIZE);
    int bSize = memory.get(U32, b + GROUP_POINT_SIZE);
    long at =
        MemorySegment.mismatch(
            memory,
            a + GROUP_POINT,
            a + GROUP_POINT + aSize,
            memory,
            b + GROUP_POINT,
            b + GROUP_POINT + bSize);
    if (at < 0 || at == Math.min(aSize, bSize)) return aSize - bSize;
    return Byte.compareUnsigned(
        memory.get(U8, a + GROUP_POINT + at), memory.get(U8, b + GROUP_POINT + at));
  }

  private int allocate(long bytes) {
    long reference = slab.allocate(bytes, ALIGNMENT);
    if (reference == Slab.FULL) throw new AssertionError("a batch did not fit its reservation");
    return (int) (slab.offset(reference) >>> REFERENCE_SHIFT);
  }

  private static long offset(int reference) {
    return Integer.toUnsignedLong(reference) << REFERENCE_SHIFT;
  }

  /** A walk over some groups, at an LSN. */
  final class Walk extends RowSource {
    private final int[][] runs;
    private final int[] at;
    private final long lsnMax;
    private final int born = generation;
    private int group;
    private int row;

    private Walk(List<int[]> orders, long lsnMax) {
      this.runs = orders.toArray(new int[0][]);
      this.at = new int[runs.length];
      this.lsnMax = lsnMax;
    }

    @Override
    boolean next() {
      assert born == generation : "a walk outlived its memtable";
      int candidate = row == 0 ? 0 : successor();
      while (candidate == 0) {
        group = nextGroup();
        if (group == 0) {
          row = 0;
          return false;
        }
        candidate = visible(Memtable.this.next(group, 0), lsnMax);
      }
      stand(group, candidate);
      return true;
    }

    @Override
    boolean seek(RowKey target) {
      assert born == generation : "a walk outlived its memtable";
      byte[] point = target.point().toArray();
      for (int i = 0; i < runs.length; i++) at[i] = firstAtOrAfter(runs[i], point);
      row = 0;
      group = nextGroup();
      if (group == 0) return false;
      if (!isPoint(group, point, 0, point.length)) {
        int first = visible(Memtable.this.next(group, 0), lsnMax);
        if (first == 0) return next();
        stand(group, first);
        return true;
      }
      byte[] suffix = target.suffix().toArray();
      int first = lowerBound(group, suffix, 0, suffix.length, lsnMax);
      if (first == 0) return next();
      stand(group, first);
      return true;
    }

    @Override
    String place() {
      return "memtable";
    }

    /** The next row of the group that was there and is not an older one of the same key. */
    private int successor() {
      int candidate = visible(Memtable.this.next(group, row), lsnMax);
      while (candidate != 0 && compareSuffix(candidate, key, pointSize, keySize - pointSize) == 0) {
        candidate = visible(Memtable.this.next(group, candidate), lsnMax);
      }
      return candidate;
    }

    private int nextGroup() {
      int best = -1;
      for (int i = 0; i < runs.length; i++) {
        if (at[i] == runs[i].length) continue;
        if (best < 0 || compareGroups(runs[i][at[i]], runs[best][at[best]]) < 0) best = i;
      }
      return best < 0 ? 0 : runs[best][at[best]++];
    }

    private int firstAtOrAfter(int[] sorted, byte[] point) {
      int low = 0;
      int high = sorted.length;
      while (low < high) {
        int middle = (low + high) >>> 1;
        long base = offset(sorted[middle]);
        int size = memory.get(U32, base + GROUP_POINT_SIZE);
        if (compare(base + GROUP_POINT, size, point, 0, point.length) < 0) {
          low = middle + 1;
        } else {
          high = middle;
        }
      }
      return low;
    }

    private void stand(int standingGroup, int standingRow) {
      group = standingGroup;
      row = standingRow;
      long groupBase = offset(standingGroup);
      long base = offset(standingRow);
      int suffix = suffixSize(base);
      pointSize = memory.get(U32, groupBase + GROUP_POINT_SIZE);
      keySize = pointSize + suffix;
      reserveKey(keySize);
      MemorySegment.copy(memory, U8, groupBase + GROUP_POINT, key, 0, pointSize);
      long suffixAt = suffixOffset(base);
      MemorySegment.copy(memory, U8, suffixAt, key, pointSize, suffix);
      tombstone = memory.get(U8, base + ROW_KIND) == WriteBatch.DELETE;
      lsn = memory.get(U64, base);
      valueSegment = memory;
      valueOffset = suffixAt + suffix;
      valueSize = memory.get(U32, base + ROW_VALUE_SIZE);
    }
  }
}
