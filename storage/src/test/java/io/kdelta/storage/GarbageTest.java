package io.kdelta.storage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import io.kdelta.env.SimEntropy;
import io.kdelta.memory.Bytes;
import io.kdelta.vfs.SimVfs;
import java.lang.management.ManagementFactory;
import java.util.function.IntPredicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Goal: reads and writes on the core thread leave nothing to the garbage collector: exactly 0
 * bytes. Method: the bytes that the JVM counts for this thread over 100,000 calls, after as many
 * that let buffers reach their size, on a store with rows in a memtable and in tables. Log work and
 * the change of memtables lie between the measured stretches: they make a few objects each.
 */
final class GarbageTest {
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
  private static final int CALLS = 100_000;
  private static final int KEYS = 20_000;
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
