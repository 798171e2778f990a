package io.kdelta.storage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.env.SimEntropy;
import io.kdelta.error.KdeltaException;
import io.kdelta.memory.Bytes;
import io.kdelta.storage.verify.Findings;
import io.kdelta.storage.verify.StoreVerifier;
import io.kdelta.vfs.SimVfs;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Goal: overwrites that come faster than they can be merged take no more room than the design says,
 * wait no longer than merges can be done, and lose nothing. Method: engines whose table thread is
 * far slower than their core, with even overwrites whose room is measured, with damage in the midst
 * of a debt, and with seeded changes in many small partitions against a model and the verifier.
 */
final class SpaceTest {
  private static final StorageLimits LIMITS =
      new StorageLimits(64 << 10, 3, 4 << 20, 256 << 10, 1024, 16 << 10, 0);

  private static final StorageLimits TINY =
      new StorageLimits(8 << 10, 3, 1 << 20, 32 << 10, 256, 2 << 10, 0);

  private static final int ROWS = 1600;
  private static final String DEBT = "merges have not given back enough room yet";

  private SimVfs vfs = new SimVfs(new SimEntropy(1));
  private StorageEngine engine = StorageEngine.open(vfs, new SimEntropy(1), LIMITS);
  private final SimEntropy entropy = new SimEntropy(7);
  private @Nullable StorageWork tableWork;
  private int refused;
  private int refusedByDebt;

  @Test
  void roomIsBoundedWhileTheTableThreadIsTheSlowest() {
    load();
    StorageStats before = engine.stats();
    double sum = 0;
    double most = 0;
    int samples = 0;
    int put = 0;
    for (int turn = 0; turn < 12_000 && put < 16 * ROWS; turn++) {
      for (int i = 0; i < 8 && offered(entropy.nextInt(ROWS)); i++) put++;
      work(turn % 4 == 0);
      double space = (double) engine.stats().tableBytes() / before.tableBytes();
      assertTrue(engine.pressure() <= 1);
      most = Math.max(most, space);
      sum += space;
      samples++;
    }
    assertTrue(refusedByDebt > 100, refused + " refused, by debt " + refusedByDebt);
    assertTrue(put > 8 * ROWS, "put: " + put);
    assertTrue(sum / samples < 1.2, "space on average: " + sum / samples);
    assertTrue(most < 1.5, "the most space: " + most);
    StorageStats after = engine.stats();
    double written = after.flushedBytes() + after.mergedBytes();
    written -= before.flushedBytes() + before.mergedBytes();
    assertTrue(written / (put * 103.0) < 5.5, "written: " + written / (put * 103.0));
    drain();
    assertTrue(engine.pressure() < 0.4, "" + engine.pressure());
    for (int i = 0; i < ROWS; i++) assertNotNull(engine.get(key(i)));
    engine.close();
  }

  @Test
  void nobodyWaitsForAMergeThatCanNotBeDone() {
    load();
    while (refusedByDebt == 0) {
      while (offered(entropy.nextInt(ROWS))) {}
      work(true);
    }
    for (String name : vfs.list("")) {
      if (name.endsWith(FileNames.TABLE)) vfs.flip(name, 300, 1);
    }
    int put = 0;
    for (int turn = 0; turn < 2_000 && put < 2 * ROWS; turn++) {
      while (offered(entropy.nextInt(ROWS))) put++;
      work(true);
    }
    assertTrue(put >= 2 * ROWS, "put: " + put);
    assertTrue(engine.recovery().setAside().size() > 0);
    engine.close();
  }

  @Test
  void manySmallPartitionsHoldWhatTheModelHolds() {
    int steps = 0;
    int keeping = 0;
    for (int seed = 1; seed <= 4; seed++) {
      engine.close();
      vfs = new SimVfs(new SimEntropy(seed));
      engine = StorageEngine.open(vfs, new SimEntropy(seed), TINY);
      tableWork = null;
      StoreModel model = new StoreModel();
      RandomRows random = new RandomRows(seed, 400, 60);
      Snapshot held = engine.snapshot();
      StoreModel then = model.copy();
      for (int i = 1; i <= 900; i++) {
        String where = "seed " + seed + " at " + i;
        WriteBatch batch = model.change(random, 10);
        while (!applied(batch)) work(true);
        for (int piece = entropy.nextInt(3); piece > 0; piece--) {
          if (tableWork instanceof TableWork.Merge merge && merge.step.bottom()) {
            steps++;
            int inputs = 0;
            for (Run run : merge.step.inputs()) inputs += run.tables().size();
            if (merge.step.replaced().size() < inputs) keeping++;
          }
          work(true);
        }
        if (i % 60 == 0) model.sampled(where, engine, random);
        if (i % 150 == 0) {
          model.same(where, engine);
          then.same(where, held);
          held.close();
          if (i % 450 == 0) reopen(seed);
          model.same(where, engine);
          held = engine.snapshot();
          then = model.copy();
        }
      }
      engine.close();
      Findings findings = new Findings();
      var _ = new StoreVerifier(vfs, findings, (_, _) -> {}).verify(null);
      assertEquals(0, findings.damage(), "seed " + seed + ": " + findings.kept());
      engine = StorageEngine.open(vfs, new SimEntropy(seed), TINY);
      model.same("seed " + seed, engine);
    }
    engine.close();
    assertTrue(steps > 200, "steps into the bottom: " + steps);
    assertTrue(keeping > 10, "steps that keep newer tables: " + keeping);
  }

  private void reopen(int seed) {
    drain();
    engine.close();
    tableWork = null;
    vfs.crash();
    engine = StorageEngine.open(vfs, new SimEntropy(seed), TINY);
  }

  private void load() {
    for (int i = 0; i < ROWS; i++) {
      engine.apply(new WriteBatch().put(key(i), value(i)));
      engine.runInline();
    }
    Errand errand = engine.compact();
    engine.runInline();
    assertTrue(errand.done());
  }

  private boolean offered(int row) {
    return applied(new WriteBatch().put(key(row), value(row)));
  }

  private boolean applied(WriteBatch batch) {
    try {
      engine.apply(batch);
      return true;
    } catch (KdeltaException.Overloaded e) {
      refused++;
      if (String.valueOf(e.getMessage()).contains(DEBT)) refusedByDebt++;
      return false;
    } catch (KdeltaException.ReadOnly _) {
      // A piece of work has just failed, and memtables are full.
      return false;
    }
  }

  /** Writes the log, and does the piece of table work that is out if it is time for it. */
  private void work(boolean tables) {
    StorageWork out = tableWork;
    if (out != null && tables) {
      out.run();
      tableWork = null;
      engine.workDone(out);
    }
    for (StorageWork work : engine.takeWork()) {
      if (work.kind() == StorageWork.Kind.TABLE) {
        tableWork = work;
      } else {
        work.run();
        engine.workDone(work);
      }
    }
  }

  private void drain() {
    for (int i = 0; i < 1_000 && (i == 0 || tableWork != null); i++) work(true);
    engine.runInline();
  }

  private static RowKey key(int i) {
    return RowKey.first(Bytes.of(1, i >> 8, i & 255));
  }

  private static Bytes value(int i) {
    byte[] value = new byte[100];
    new SimEntropy(i).fill(value);
    return Bytes.wrap(value);
  }
}
