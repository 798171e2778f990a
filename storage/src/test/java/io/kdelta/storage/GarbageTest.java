package io.kdelta.storage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import io.kdelta.env.SimEntropy;
import io.kdelta.memory.Bytes;
import io.kdelta.vfs.HostVfs;
import io.kdelta.vfs.SimVfs;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.List;
import java.util.function.IntPredicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: reads and writes on the core thread leave nothing to the garbage collector: exactly 0
 * bytes. What a whole turn leaves, its work handed out and taken back, does not depend on how many
 * puts are in it; and a table is built without an array as large as itself. Method: the bytes that
 * the JVM counts for this thread over 100,000 calls, after as many that let buffers reach their
 * size, on a store with rows in a memtable and in tables. For calls, log work and the change of
 * memtables lie between the measured stretches.
 */
final class GarbageTest {
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
  private static final int CALLS = 100_000;
  private static final int KEYS = 20_000;
  private static final int TURNS = 2_000;

  /** The piece of log work, and the lists that are looked at to find no other. */
  private static final long TURN_BYTES_MAX = 1_024;

  /** Buffers of one block and one chunk, and the directory of the open table. */
  private static final long FLUSH_BYTES_MAX = 400_000;

  private static final int POINT_SIZE = 12;
  private static final int SUFFIX_SIZE = 4;
  private static final StorageLimits LIMITS =
      new StorageLimits(1 << 20, 3, 64 << 20, 4 << 20, 16 << 10, 1 << 20, 0);

  private final byte[] key = new byte[POINT_SIZE + SUFFIX_SIZE];
  private final byte[] value = new byte[128];
  private final WriteBatch batch = new WriteBatch();
  private final RowView view = new RowView();
  private StorageEngine engine;

  @BeforeEach
  void fill() {
    engine = StorageEngine.open(new SimVfs(new SimEntropy(1)), new SimEntropy(1), LIMITS);
    for (int i = 0; i < KEYS; i++) put(i);
    assertTrue(engine.stats().runs() > 0, "no table");
    assertTrue(engine.stats().memtableBytes() > 100_000, "nothing in the memtable");
  }

  @AfterEach
  void close() {
    engine.close();
  }

  @Test
  void aGetMakesNone() {
    assertEquals(0, garbage(i -> get(i % KEYS)), "hits");
    assertEquals(0, garbage(i -> !get(KEYS + i)), "misses");
  }

  @Test
  void theFirstRowOfAGroupMakesNone() {
    assertEquals(0, garbage(i -> first(i % KEYS)), "hits");
    assertEquals(0, garbage(i -> !first(KEYS + i)), "misses");
  }

  @Test
  void aSeekInAGroupThatLiesInTablesAndMemtableMakesNone() {
    int rows = 10_000;
    // Rows of one group, the later the closer to its beginning; only the odd ones are there.
    for (int i = 0; i < rows; i++) {
      putOnly(KEYS, 2 * (rows - i) - 1);
      if (i % 50 == 0) engine.runInline();
    }
    assertTrue(engine.stats().runs() > 0 && engine.stats().memtableBytes() > 1_000);
    IntPredicate seek =
        i -> {
          int suffix = i % (2 * rows);
          key(KEYS, suffix);
          if (!engine.ceiling(key, 0, POINT_SIZE, SUFFIX_SIZE, view)) return false;
          return view.suffixAt(SUFFIX_SIZE - 1) == (byte) (suffix | 1)
              && view.suffixAt(SUFFIX_SIZE - 2) == (byte) (suffix >>> 8);
        };
    assertEquals(0, garbage(seek));
  }

  @Test
  void readingWhatAViewShowsMakesNone() {
    byte[] target = new byte[value.length];
    byte[] keyTarget = new byte[key.length];
    IntPredicate read =
        i -> {
          if (!get(i % KEYS)) return false;
          view.copyValueTo(target, 0);
          view.copyKeyTo(keyTarget, 0);
          return view.suffixAt(SUFFIX_SIZE - 1) == 1 && target[0] == (byte) (i % KEYS);
        };
    assertEquals(0, garbage(read));
  }

  @Test
  void manyKeysTogetherMakeNone() {
    MultiGet keys = new MultiGet();
    IntPredicate together =
        i -> {
          keys.clear();
          for (int j = 0; j < 16; j++) {
            key((i + j * 1009) % KEYS);
            keys.add(key, 0, POINT_SIZE, SUFFIX_SIZE);
          }
          return engine.get(keys) == 16;
        };
    assertEquals(0, garbage(together));
  }

  @Test
  void aPutMakesNone() {
    // A memtable takes about 4,000 of these rows; each stretch begins with an empty one.
    long bytes = 0;
    int calls = 0;
    for (int stretch = 0; calls < 2 * CALLS; stretch++) {
      flush(stretch);
      int from = stretch * 1000 % KEYS;
      long before = THREADS.getCurrentThreadAllocatedBytes();
      for (int i = from; i < from + 1000; i++) putOnly(i);
      long made = THREADS.getCurrentThreadAllocatedBytes() - before;
      calls += 1000;
      if (calls > CALLS) bytes += made;
    }
    assertEquals(0, bytes);
  }

  @Test
  void aTurnMakesAFewObjectsHoweverManyPutsItHas() {
    for (int puts : new int[] {1, 16, 256}) {
      long bytes = garbageOfATurn(puts);
      assertTrue(bytes <= TURN_BYTES_MAX, bytes + " bytes in a turn of " + puts);
    }
  }

  @Test
  void aFlushMakesNothingAsLargeAsItsTable(@TempDir Path directory) {
    WriteBatch rows = new WriteBatch();
    long bytes = 0;
    long flushes = 0;
    long all = 0;
    try (StorageEngine files =
        StorageEngine.open(new HostVfs(directory), new SimEntropy(2), LIMITS)) {
      // Short rows, so that a memtable has many groups: some 15,000.
      for (int i = 0; flushes < 10; i++) {
        key(i);
        files.apply(rows.clear().put(key, 0, POINT_SIZE, SUFFIX_SIZE, value, 0, 1));
        if (i % 500 != 0) continue;
        long before = THREADS.getCurrentThreadAllocatedBytes();
        long merges = files.stats().merges();
        files.runInline();
        long made = THREADS.getCurrentThreadAllocatedBytes() - before;
        boolean flushed = files.stats().flushes() > all;
        all = files.stats().flushes();
        if (!flushed || all <= 10 || files.stats().merges() > merges) continue;
        bytes += made;
        flushes++;
      }
    }
    assertTrue(bytes / flushes < FLUSH_BYTES_MAX, bytes / flushes + " bytes a flush");
  }

  /** What the core makes in a turn of so many puts, without what its work makes when it runs. */
  private long garbageOfATurn(int puts) {
    long bytes = 0;
    int turns = 0;
    for (int round = 0; turns < 2 * TURNS; round++) {
      flush(round);
      engine.runInline();
      // So many that the memtable is not full yet.
      for (int turn = 0; turn < 3000 / puts; turn++) {
        long before = THREADS.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < puts; i++) putOnly((turn * puts + i) % KEYS);
        List<StorageWork> work = engine.takeWork();
        long made = THREADS.getCurrentThreadAllocatedBytes() - before;
        // Now and then the log wants another segment.
        boolean usual = work.size() == 1;
        for (StorageWork one : work) {
          one.run();
          before = THREADS.getCurrentThreadAllocatedBytes();
          engine.workDone(one);
          made += THREADS.getCurrentThreadAllocatedBytes() - before;
        }
        engine.runInline();
        if (usual && ++turns > TURNS) bytes += made;
      }
    }
    return bytes / (turns - TURNS);
  }

  private static long garbage(IntPredicate call) {
    long before = 0;
    for (int i = 0; i < 2 * CALLS; i++) {
      if (i == CALLS) before = THREADS.getCurrentThreadAllocatedBytes();
      if (!call.test(i)) throw new AssertionError("call " + i);
    }
    return THREADS.getCurrentThreadAllocatedBytes() - before;
  }

  private boolean get(int i) {
    key(i);
    return engine.get(key, 0, POINT_SIZE, SUFFIX_SIZE, view);
  }

  private boolean first(int i) {
    key(i);
    return engine.first(key, 0, POINT_SIZE, view);
  }

  private void put(int i) {
    putOnly(i);
    if (i % 50 == 0) engine.runInline();
  }

  private void putOnly(int i) {
    putOnly(i, 1);
  }

  private void putOnly(int i, int suffix) {
    key(i, suffix);
    value[0] = (byte) i;
    batch.clear().put(key, 0, POINT_SIZE, SUFFIX_SIZE, value, 0, value.length);
    engine.apply(batch);
  }

  /** Fills memtables until a fresh one takes the writes, and does all work. */
  private void flush(int round) {
    long flushes = engine.stats().flushes();
    RowKey filler = RowKey.first(Bytes.utf8("filler"));
    while (engine.stats().flushes() == flushes) {
      engine.apply(new WriteBatch().put(filler, Bytes.wrap(new byte[64 << 10])));
      engine.runInline();
    }
    assertTrue(engine.stats().memtableBytes() < 200_000, "round " + round);
  }

  private void key(int i) {
    key(i, 1);
  }

  private void key(int i, int suffix) {
    key[POINT_SIZE - 1] = (byte) i;
    key[POINT_SIZE - 2] = (byte) (i >>> 8);
    key[POINT_SIZE - 3] = (byte) (i >>> 16);
    key[POINT_SIZE + SUFFIX_SIZE - 1] = (byte) suffix;
    key[POINT_SIZE + SUFFIX_SIZE - 2] = (byte) (suffix >>> 8);
    key[POINT_SIZE + SUFFIX_SIZE - 3] = (byte) (suffix >>> 16);
  }
}
