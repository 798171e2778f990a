package io.kdelta.storage;

import java.lang.foreign.MemorySegment;

/**
 * The rows of some groups of a memtable at an LSN, in key order: the groups are given as sorted
 * runs. Owner: the thread that made it. Under {@code -ea} it notices when its memtable was emptied.
 */
final class MemtableWalk extends RowSource {
  static final String PLACE = "memtable";

  /** Rows lie in the order they came, so each is waited for: this many are asked for at once. */
  private static final int AHEAD = 16;

  private final Memtable memtable;
  private final MemorySegment memory;
  private final int born;
  private final int[][] runs;
  private final int[] sizes;
  private final int[] at;
  private final long lsnMax;
  private int leader = -1;
  private int challenger;
  private final int[] firstRows = new int[AHEAD];
  private int lookedAt = -1;
  private int lookedFrom;
  private int lookedTo;
  private int group;
  private int firstRow;
  private int row;

  /**
   * @param runs sorted references of groups
   * @param sizes how many of each run count
   */
  MemtableWalk(Memtable memtable, int[][] runs, int[] sizes, long lsnMax) {
    this.memtable = memtable;
    this.memory = memtable.memory();
    this.born = memtable.generation();
    this.runs = runs;
    this.sizes = sizes;
    this.at = new int[runs.length];
    this.lsnMax = lsnMax;
  }

  @Override
  boolean next() {
    assert alive();
    int candidate = row == 0 ? 0 : successor();
    while (candidate == 0) {
      group = nextGroup();
      if (group == 0) {
        row = 0;
        return false;
      }
      candidate = memtable.visible(firstRow, lsnMax);
    }
    stand(candidate);
    return true;
  }

  @Override
  boolean seek(RowKey target) {
    assert alive();
    byte[] point = target.point().toArray();
    for (int i = 0; i < runs.length; i++) at[i] = firstAtOrAfter(runs[i], sizes[i], point);
    leader = -1;
    row = 0;
    group = nextGroup();
    if (group == 0) return false;
    int first;
    if (memtable.isPoint(group, point, 0, point.length)) {
      byte[] suffix = target.suffix().toArray();
      first = memtable.lowerBound(group, suffix, 0, suffix.length, lsnMax);
    } else {
      first = memtable.visible(firstRow, lsnMax);
    }
    if (first == 0) return next();
    stand(first);
    return true;
  }

  @Override
  String place() {
    return PLACE;
  }

  /** The next row of the group that was there and is not an older one of the same key. */
  private int successor() {
    int candidate = memtable.visible(memtable.next(group, row), lsnMax);
    while (candidate != 0
        && memtable.compareSuffix(candidate, key, pointSize, keySize - pointSize) == 0) {
      candidate = memtable.visible(memtable.next(group, candidate), lsnMax);
    }
    return candidate;
  }

  /** The run that had the last group goes on as long as it stays before all the others. */
  private int nextGroup() {
    if (leader < 0 || at[leader] == sizes[leader] || challenged()) elect();
    if (leader < 0) return 0;
    int[] run = runs[leader];
    int index = at[leader]++;
    boolean looked = lookedAt == leader && index >= lookedFrom && index < lookedTo;
    if (!looked) lookAhead(run, index);
    firstRow = firstRows[index - lookedFrom];
    return run[index];
  }

  private boolean challenged() {
    return challenger != 0
        && Memtable.compareGroups(memory, runs[leader][at[leader]], challenger) > 0;
  }

  /** Finds the run whose next group is the first of all, and the next group of the others. */
  private void elect() {
    leader = -1;
    challenger = 0;
    for (int i = 0; i < runs.length; i++) {
      if (at[i] == sizes[i]) continue;
      int head = runs[i][at[i]];
      if (leader < 0) {
        leader = i;
        continue;
      }
      int best = runs[leader][at[leader]];
      boolean leads = Memtable.compareGroups(memory, head, best) < 0;
      int behind = leads ? best : head;
      if (leads) leader = i;
      if (challenger == 0 || Memtable.compareGroups(memory, behind, challenger) < 0) {
        challenger = behind;
      }
    }
  }

  /**
   * Finds the first rows of the next groups: the processor waits for all of them together. What is
   * put before such a row later is newer than this walk.
   */
  private void lookAhead(int[] run, int from) {
    lookedAt = leader;
    lookedFrom = from;
    lookedTo = Math.min(sizes[leader], from + AHEAD);
    for (int i = from; i < lookedTo; i++) firstRows[i - from] = memtable.next(run[i], 0);
  }

  private int firstAtOrAfter(int[] sorted, int size, byte[] point) {
    int low = 0;
    int high = size;
    while (low < high) {
      int middle = (low + high) >>> 1;
      int pointBytes = Memtable.pointSize(memory, sorted[middle]);
      long pointAt = Memtable.pointOffset(sorted[middle]);
      if (memtable.compare(pointAt, pointBytes, point, 0, point.length) < 0) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  private void stand(int standingRow) {
    row = standingRow;
    long base = Memtable.offset(standingRow);
    int suffix = memtable.suffixSize(base);
    pointSize = Memtable.pointSize(memory, group);
    keySize = pointSize + suffix;
    reserveKey(keySize);
    KeyBytes.copy(memory, Memtable.pointOffset(group), key, 0, pointSize);
    long suffixAt = memtable.suffixOffset(base);
    KeyBytes.copy(memory, suffixAt, key, pointSize, suffix);
    tombstone = memtable.kind(base) == WriteBatch.DELETE;
    lsn = memtable.lsn(base);
    valueSegment = memory;
    valueOffset = suffixAt + suffix;
    valueSize = memtable.valueSize(base);
  }

  private boolean alive() {
    if (born != memtable.generation()) throw new AssertionError("a walk outlived its memtable");
    return true;
  }
}
