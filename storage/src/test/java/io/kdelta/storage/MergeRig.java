package io.kdelta.storage;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.kdelta.env.SimEntropy;
import io.kdelta.memory.Bytes;
import io.kdelta.storage.verify.Findings;
import io.kdelta.storage.verify.StoreVerifier;
import io.kdelta.vfs.SimVfs;

/** Stores in which it is known what is to be merged next, to be copied and merged many times. */
final class MergeRig {
  static final StorageLimits LIMITS =
      new StorageLimits(8 << 10, 3, 1 << 20, 16 << 10, 256, 2 << 10, 0);

  private static final int ROW_BYTES = 200;

  private final StoreModel model = new StoreModel();
  private final SimVfs disk = new SimVfs(new SimEntropy(1));
  private final int rows;

  /** How many steps of merges there were of each kind. */
  static final class Steps {
    /** Above the bottom. */
    int above;

    /** Into the bottom, keeping the newer tables for the steps to come. */
    int keeping;

    /** Into the bottom, removing the newer tables. */
    int removing;

    void count(MergeJob.Step step) {
      int inputs = 0;
      for (Run run : step.inputs()) inputs += run.tables().size();
      if (!step.bottom()) above++;
      else if (step.replaced().size() < inputs) keeping++;
      else removing++;
    }

    void add(Steps more) {
      above += more.above;
      keeping += more.keeping;
      removing += more.removing;
    }

    @Override
    public String toString() {
      return "above %d, keeping %d, removing %d".formatted(above, keeping, removing);
    }
  }

  private MergeRig(int rows) {
    this.rows = rows;
  }

  /**
   * A bottom of many partitions below runs of a few rows at both ends and deletes between them,
   * each one table: they are merged with each other, and into the bottom partition by partition.
   */
  static MergeRig farApart() {
    MergeRig rig = new MergeRig(240);
    rig.writeBottom();
    for (int run = 1; run <= Compaction.TIER_RUNS; run++) {
      StorageEngine store = rig.open(rig.disk, run);
      store.apply(rig.put(0, run));
      store.apply(rig.put(rig.rows - 1, run));
      store.apply(rig.model.delete(key(40 * run)));
      store.apply(rig.put(40 * run + 20, run));
      store.shutDown();
    }
    return rig;
  }

  /**
   * A larger bottom below runs of rows from all over it, deletes among them, each of several
   * tables: they are merged with each other range by range.
   */
  static MergeRig inRanges() {
    MergeRig rig = new MergeRig(600);
    rig.writeBottom();
    for (int run = 1; run <= Compaction.TIER_RUNS; run++) {
      StorageEngine store = rig.open(rig.disk, run);
      for (int i = run; i < rig.rows; i += 12) {
        store.apply(i % 25 == 0 ? rig.model.delete(key(i)) : rig.put(i, run));
      }
      store.shutDown();
    }
    return rig;
  }

  /**
   * A bottom below runs whose rows follow those before, of one kind, and lie anywhere, of another.
   */
  static MergeRig inOrder() {
    MergeRig rig = new MergeRig(0);
    for (int run = 0; run < 3; run++) {
      StorageEngine store = rig.open(rig.disk, run + 1);
      for (int i = 0; i < 24; i++) {
        int row = 24 * run + i;
        store.apply(rig.model.put(key(row), value(row, ROW_BYTES)));
        RowKey other = RowKey.first(Bytes.of(8, row * 37 & 0xFF, row));
        store.apply(rig.model.put(other, value(row, 20)));
      }
      store.shutDown();
    }
    return rig;
  }

  /** The disk as it was left. */
  SimVfs copy(long seed) {
    return disk.copy(new SimEntropy(seed));
  }

  StorageEngine open(SimVfs of, long seed) {
    return StorageEngine.open(of, new SimEntropy(seed), LIMITS);
  }

  /** The store holds what was written to it. */
  void same(String where, StorageEngine store) {
    model.same(where, store);
  }

  /** The verifier, which reads in code of its own, finds no fault. */
  void verify(String where, SimVfs of) {
    Findings findings = new Findings();
    var _ = new StoreVerifier(of, findings, (_, _) -> {}).verify(null);
    assertEquals(0, findings.damage(), where + ": " + findings.kept());
  }

  private void writeBottom() {
    StorageEngine store = open(disk, 1);
    for (int i = 0; i < rows; i++) {
      store.apply(model.put(key(i), value(i, ROW_BYTES)));
      store.runInline();
    }
    store.compact();
    store.runInline();
    store.shutDown();
  }

  private WriteBatch put(int i, int run) {
    return model.put(key(i), value(run, 10));
  }

  private static RowKey key(int i) {
    return RowKey.first(Bytes.of(7, i >>> 8, i & 0xFF));
  }

  private static Bytes value(int i, int size) {
    byte[] value = new byte[size];
    new SimEntropy(i).fill(value);
    return Bytes.wrap(value);
  }
}
