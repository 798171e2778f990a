package io.kdelta.storage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.env.SimEntropy;
import io.kdelta.error.KdeltaException;
import io.kdelta.memory.Bytes;
import io.kdelta.vfs.SimVfs;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Goal: what the table thread is given keeps reads fast and writes flowing. Method: engines whose
 * pieces of work are counted and held back; a compressed bottom against the model; overwrites whose
 * cost in bytes is measured.
 */
final class TableWorksTest {
  private static final StorageLimits LIMITS =
      new StorageLimits(16 << 10, 3, 1 << 20, 64 << 10, 1024, 16 << 10, 0);

  /** Tables of several chunks. */
  private static final StorageLimits WIDE =
      new StorageLimits(64 << 10, 3, 1 << 20, 64 << 10, 1024, 1 << 20, 0);

  /** Tables so large that their headers do not count. */
  private static final StorageLimits SMOOTH =
      new StorageLimits(64 << 10, 3, 4 << 20, 256 << 10, 1024, 64 << 10, 0);

  private final SimVfs vfs = new SimVfs(new SimEntropy(1));
  private @Nullable StorageWork heldBack;

  @Test
  void readsOfWhatThisProcessWroteVerifyNothing() {
    StorageEngine engine = loaded(LIMITS, 2000);
    for (int i = 0; i < 2000; i++) assertNotNull(engine.get(key(i)));
    assertEquals(0, engine.stats().coreVerifications());
    engine.close();
  }

  @Test
  void afterAnOpenReadsVerifyOnlyWhatWasNotWarmed() {
    loaded(WIDE, 4000).close();
    StorageEngine cold = StorageEngine.open(vfs, new SimEntropy(3), WIDE);
    for (int i = 0; i < 4000; i++) assertNotNull(cold.get(key(i)));
    assertTrue(cold.stats().coreVerifications() > 4, cold.stats().toString());
    cold.close();
    StorageEngine warm = StorageEngine.open(vfs, new SimEntropy(4), WIDE);
    warm.runInline();
    for (int i = 0; i < 4000; i++) assertNotNull(warm.get(key(i)));
    assertEquals(0, warm.stats().coreVerifications());
    warm.close();
  }

  @Test
  void warmingFindsRotBeforeAReadDoes() {
    loaded(LIMITS, 2000).close();
    String table = "";
    for (String name : vfs.list("")) {
      if (name.endsWith(FileNames.TABLE)) table = name;
    }
    vfs.flip(table, 5000, 1);
    StorageEngine engine = StorageEngine.open(vfs, new SimEntropy(3), LIMITS);
    engine.runInline();
    assertEquals(1, engine.recovery().setAside().size());
    assertEquals(table, engine.recovery().setAside().getFirst().file());
    engine.close();
  }

  @Test
  void pressureGrowsSmoothlyRefusesAtTheEndAndHeals() {
    StorageEngine engine = StorageEngine.open(vfs, new SimEntropy(1), LIMITS);
    double last = engine.pressure();
    double largestStep = 0;
    boolean refused = false;
    for (int i = 0; i < 5000 && !refused; i++) {
      try {
        engine.apply(new WriteBatch().put(key(i), value(i)));
        assertTrue(engine.pressure() >= last);
        largestStep = Math.max(largestStep, engine.pressure() - last);
        last = engine.pressure();
      } catch (KdeltaException.Overloaded _) {
        refused = true;
      }
      for (StorageWork work : engine.takeWork()) {
        if (work.kind() == StorageWork.Kind.TABLE && !(work instanceof TableWork.Segment)) {
          heldBack = work;
        } else {
          work.run();
          engine.workDone(work);
        }
      }
    }
    assertTrue(refused);
    assertTrue(last > 0.95, "" + last);
    assertTrue(largestStep < 0.05, "" + largestStep);
    StorageWork held = heldBack;
    assertNotNull(held);
    held.run();
    engine.workDone(held);
    engine.runInline();
    assertTrue(engine.pressure() < 0.4, "" + engine.pressure());
    engine.apply(new WriteBatch().put(key(1), value(1)));
    engine.close();
  }

  @Test
  void noPieceIsMuchLargerThanAPartitionAndFlushesGoOnBetweenSteps() {
    StorageEngine engine = loaded(LIMITS, 6000);
    boolean flushedDuringMerge = false;
    boolean merging = false;
    for (int i = 0; i < 12_000; i++) {
      engine.apply(new WriteBatch().put(key(i * 7 % 6000), value(i)));
      for (StorageWork work : engine.takeWork()) {
        work.run();
        if (work instanceof TableWork.Merge merge) {
          merging = true;
          long bytes = 0;
          for (SSTable table : merge.opened()) bytes += table.bytes();
          assertTrue(bytes < 8 * LIMITS.partitionBytes(), "a step wrote " + bytes);
        }
        flushedDuringMerge |= merging && work instanceof TableWork.Flush;
        engine.workDone(work);
      }
    }
    assertTrue(flushedDuringMerge);
    engine.close();
  }

  @Test
  void overwritesCostWhatTheDesignSays() {
    StorageEngine engine = loaded(SMOOTH, 4000);
    StorageStats before = engine.stats();
    double spaceSum = 0;
    int samples = 0;
    SimEntropy entropy = new SimEntropy(5);
    for (int i = 0; i < 32_000; i++) {
      engine.apply(new WriteBatch().put(key(entropy.nextInt(4000)), value(i)));
      engine.runInline();
      if (i % 100 == 0) {
        spaceSum += (double) engine.stats().tableBytes() / before.tableBytes();
        samples++;
      }
    }
    StorageStats after = engine.stats();
    double written = after.flushedBytes() + after.mergedBytes();
    written -= before.flushedBytes() + before.mergedBytes();
    double amplification = written / (32_000.0 * (3 + 100));
    assertTrue(amplification < 5.5, "table bytes written per byte put: " + amplification);
    assertTrue(spaceSum / samples < 1.2, "space: " + spaceSum / samples);
    engine.close();
  }

  @Test
  void aCompressedBottomAnswersLikeAPlainOneAndIsSmaller() {
    StorageEngine plain = loaded(LIMITS, 3000);
    long plainBytes = compacted(plain);
    plain.close();
    SimVfs other = new SimVfs(new SimEntropy(2));
    StorageEngine packed = StorageEngine.open(other, new SimEntropy(1), LIMITS.compressed());
    load(packed, 3000);
    long packedBytes = compacted(packed);
    assertTrue(packedBytes * 3 < plainBytes * 2, packedBytes + " of " + plainBytes);
    for (int i = 0; i < 3000; i++) {
      Row row = packed.get(key(i));
      assertTrue(row != null && row.value().equals(value(i)), "key " + i);
    }
    try (Cursor cursor = packed.cursor(RowKey.first(Bytes.of(0)), null)) {
      for (int i = 0; i < 3000; i++) {
        assertTrue(cursor.next());
        assertEquals(new Row(key(i), value(i), 0), cursor.row());
      }
      assertFalse(cursor.next());
    }
    packed.close();
    for (int seed = 1; seed <= 2; seed++) {
      RandomRows random = new RandomRows(seed, 30, 20);
      StoreModel model = new StoreModel();
      StorageEngine engine =
          StorageEngine.open(
              new SimVfs(new SimEntropy(seed)), new SimEntropy(seed), LIMITS.compressed());
      for (int i = 0; i < 600; i++) {
        engine.apply(model.change(random, 8));
        engine.runInline();
        if (i % 100 == 99) model.sampled("seed " + seed, engine, random);
      }
      model.same("seed " + seed, engine);
      engine.close();
    }
  }

  private StorageEngine loaded(StorageLimits limits, int rows) {
    StorageEngine engine = StorageEngine.open(vfs, new SimEntropy(1), limits);
    load(engine, rows);
    return engine;
  }

  private static void load(StorageEngine engine, int rows) {
    for (int i = 0; i < rows; i++) {
      engine.apply(new WriteBatch().put(key(i), value(i)));
      engine.runInline();
    }
    compacted(engine);
  }

  private static long compacted(StorageEngine engine) {
    Errand errand = engine.compact();
    engine.runInline();
    assertTrue(errand.done());
    assertEquals(List.of(), errand.failure().stream().toList());
    return engine.stats().tableBytes();
  }

  private static RowKey key(int i) {
    return RowKey.first(Bytes.of(1, i >> 8, i & 255));
  }

  /** Half of it says nothing new. */
  private static Bytes value(int i) {
    byte[] value = new byte[100];
    new SimEntropy(i).fill(value);
    String text = "{\"name\":\"a member like any other\"";
    for (int at = 0; at < 60; at++) value[at] = (byte) text.charAt(at % text.length());
    return Bytes.wrap(value);
  }
}
