package io.kdelta.storage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.env.SimEntropy;
import io.kdelta.error.KdeltaException;
import io.kdelta.memory.Bytes;
import io.kdelta.vfs.SimVfs;
import java.util.List;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/**
 * Goal: an engine that ends gives back all its memory, whatever its table thread was about. Method:
 * one story of writes, whose engine ends at each piece of table work in turn: not begun, done and
 * not taken back, or stopped half way by the disk; then opens that are stopped at each of their
 * calls. What counts is kept by the owners of the memory: mappings by the disk, arenas by the pool.
 */
final class EngineMemoryTest {
  private static final StorageLimits LIMITS =
      new StorageLimits(24 << 10, 3, 1 << 20, 64 << 10, 1024, 16 << 10, 0);

  /** Tables of several chunks. */
  private static final StorageLimits WIDE =
      new StorageLimits(512 << 10, 3, 4 << 20, 1 << 20, 1024, 1 << 20, 0);

  private static final int ROWS = 800;
  private static final int WRITES = 200;
  private static final int KEYS = 40;

  /** Where a piece of work stands when its engine ends. */
  private enum End {
    NOT_BEGUN,
    NOT_TAKEN_BACK,
    WITHOUT_POWER
  }

  private final TreeSet<String> met = new TreeSet<>();

  @Test
  void anEngineThatEndsLeavesNothingWhateverIsOut() {
    int ends = 0;
    for (int nth = 1; endsAt(nth, End.NOT_BEGUN, 0); nth++) ends++;
    for (int nth = 1; nth <= ends; nth++) assertTrue(endsAt(nth, End.NOT_TAKEN_BACK, 0));
    for (int nth = 1; nth <= ends; nth++) {
      for (int call = 1; endsAt(nth, End.WITHOUT_POWER, call); call += 1 + call / 2) ends++;
    }
    assertTrue(
        met.containsAll(List.of("Flush", "Merge", "Reclaim", "BlobRewrite", "Segment")),
        met::toString);
  }

  @Test
  void anOpenThatIsStoppedLeavesNothing() {
    SimVfs whole = new SimVfs(new SimEntropy(1));
    StorageEngine engine = StorageEngine.open(whole, new SimEntropy(1), LIMITS);
    for (int i = 0; i < WRITES; i++) {
      engine.apply(new WriteBatch().put(key(i), value(i)));
      if (i < WRITES * 3 / 4 || i % 10 == 0) engine.runInline();
    }
    engine.close();
    boolean stopped = true;
    int most = 0;
    for (int call = 1; stopped; call++) {
      SimVfs disk = whole.copy(new SimEntropy(call));
      disk.failCall(call, SimVfs.Fault.POWER_LOSS);
      try (StorageEngine opened = StorageEngine.open(disk, new SimEntropy(2), LIMITS)) {
        most = disk.mappings();
        stopped = false;
      } catch (SimVfs.PowerLoss expected) {
        stopped = true;
      }
      assertEquals(0, disk.mappings(), "stopped at call " + call);
    }
    assertTrue(most > 3, most + " files mapped");
  }

  @Test
  void whatWasBeingSavedOfADamagedTableIsGivenBackToo() {
    SimVfs whole = new SimVfs(new SimEntropy(1));
    StorageEngine engine = StorageEngine.open(whole, new SimEntropy(1), WIDE);
    for (int i = 0; i < ROWS; i++) {
      engine.apply(new WriteBatch().put(row(i), value(KEYS)));
      engine.runInline();
    }
    engine.shutDown();
    for (String name : whole.list("")) {
      if (name.endsWith(FileNames.TABLE)) whole.flip(name, SSTableFormat.HEADER_BYTES + 40, 1);
    }
    boolean stopped = true;
    int stops = 0;
    for (int call = 1; stopped; call++) {
      SimVfs disk = whole.copy(new SimEntropy(call));
      try (StorageEngine opened = StorageEngine.open(disk, new SimEntropy(2), WIDE)) {
        touch(opened);
        disk.failCall(call, SimVfs.Fault.POWER_LOSS);
        assertTrue(opened.setDamagedAside());
        assertFalse(opened.recovery().setAside().isEmpty());
        stopped = false;
      } catch (SimVfs.PowerLoss expected) {
        stops++;
      }
      assertEquals(0, disk.mappings(), "stopped at call " + call);
    }
    assertTrue(stops > 5, stops + " calls");
  }

  private static void touch(StorageEngine engine) {
    for (int i = 0; i < ROWS; i++) {
      try {
        engine.get(row(i));
      } catch (KdeltaException.Corrupt found) {
        // From now on its table is known to be damaged.
      }
    }
  }

  private static RowKey row(int i) {
    return RowKey.first(Bytes.of(2, i >> 8, i & 255));
  }

  /**
   * Ends the engine of a story at a piece of its table work; false if the story has fewer, or if
   * the piece makes fewer calls.
   */
  private boolean endsAt(int nth, End end, int call) {
    SimVfs disk = new SimVfs(new SimEntropy(nth));
    StorageEngine engine = StorageEngine.open(disk, new SimEntropy(1), LIMITS);
    int pieces = 0;
    for (int i = 0; i < WRITES; i++) {
      engine.apply(new WriteBatch().put(key(i), value(i)));
      for (List<StorageWork> due = engine.takeWork(); !due.isEmpty(); due = engine.takeWork()) {
        for (StorageWork work : due) {
          if (work.kind() == StorageWork.Kind.TABLE && ++pieces == nth) {
            return ends(engine, disk, work, end, call);
          }
          work.run();
          engine.workDone(work);
        }
      }
    }
    engine.close();
    assertEquals(0, disk.mappings());
    return false;
  }

  private boolean ends(StorageEngine engine, SimVfs disk, StorageWork work, End end, int call) {
    met.add(work.getClass().getSimpleName());
    boolean stopped = end != End.WITHOUT_POWER;
    switch (end) {
      case NOT_BEGUN -> {}
      case NOT_TAKEN_BACK -> work.run();
      case WITHOUT_POWER -> {
        disk.failCall(call, SimVfs.Fault.POWER_LOSS);
        try {
          work.run();
        } catch (SimVfs.PowerLoss expected) {
          stopped = true;
        }
      }
    }
    assertTrue(engine.stats().arenaBytes() > 0);
    engine.close();
    String what = end + " of piece " + work.getClass().getSimpleName() + " at call " + call;
    assertEquals(0, disk.mappings(), what);
    assertEquals(0, engine.stats().arenaBytes(), what);
    if (work instanceof TableWork.Flush flush) {
      assertFalse(flush.memtable.memory().scope().isAlive(), what);
      assertThrows(
          IllegalStateException.class, () -> flush.memtable.memory().get(SSTableFormat.U32, 0));
    }
    return stopped;
  }

  /** At first each key in turn; then each but those of one large value in two. */
  private static RowKey key(int i) {
    int turn = i % KEYS;
    return RowKey.first(Bytes.of(1, i >= KEYS && turn % 8 == 0 ? turn + 1 : turn));
  }

  /** At first one in four goes to a blob file, so that later half of such a file is dead. */
  private static Bytes value(int i) {
    byte[] value = new byte[i < KEYS && i % 4 == 0 ? BlobFormat.VALUE_BYTES_MIN : 300];
    new SimEntropy(i).fill(value);
    return Bytes.wrap(value);
  }
}
