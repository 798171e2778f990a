package io.kdelta.storage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.env.SimEntropy;
import io.kdelta.vfs.SimVfs;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/**
 * Goal: the options of an engine change how fast it answers and never what. Method: metamorphic:
 * the same seeded batches go to engines with very different {@link StorageLimits}, which do their
 * work at different moments; at the same LSNs all of them, their snapshots, and what is opened anew
 * answer as one model in every way in which a store can be asked.
 */
final class MetamorphicTest {
  private static final int BATCHES = 240;

  /** Tiny, even, and large where the others are small. */
  private static final List<StorageLimits> LIMITS =
      List.of(
          new StorageLimits(4096, 2, 4 << 20, 1 << 15, 64, 1024, 0),
          new StorageLimits(4096, 3, 4 << 20, 1 << 16, 4096, 1 << 20, 0, true),
          new StorageLimits(16 << 10, 4, 4 << 20, 1 << 15, 256, 8192, 0, true),
          new StorageLimits(64 << 10, 3, 4 << 20, 1 << 18, 1 << 14, 2 << 14, 0),
          new StorageLimits(4 << 20, 2, 16 << 20, 1 << 20, 1024, 1 << 20, 0));

  /** One engine of them, with the snapshots that it holds. */
  private static final class Twin {
    final StorageLimits limits;
    final SimVfs disk;
    final List<Snapshot> snapshots = new ArrayList<>();
    StorageEngine store;

    Twin(StorageLimits limits, long seed) {
      this.limits = limits;
      disk = new SimVfs(new SimEntropy(seed));
      store = StorageEngine.open(disk, new SimEntropy(seed), limits);
    }

    void reopen(boolean powerLoss, long seed) {
      snapshots.clear();
      store.close();
      if (powerLoss) disk.crash();
      else disk.kill();
      store = StorageEngine.open(disk, new SimEntropy(seed), limits);
    }
  }

  @Test
  void theSameBatchesUnderManyOptionsAnswerTheSame() {
    TreeSet<String> shapes = new TreeSet<>();
    for (int seed = 1; seed <= 3; seed++) {
      List<Twin> twins = new ArrayList<>();
      for (StorageLimits limits : LIMITS) twins.add(new Twin(limits, seed));
      List<StoreModel> held = new ArrayList<>();
      StoreModel model = new StoreModel();
      RandomRows random = new RandomRows(seed, 60, 20);
      SimEntropy dice = new SimEntropy(seed);
      for (int i = 1; i <= BATCHES; i++) {
        WriteBatch batch = model.change(random, 8);
        for (Twin twin : twins) {
          assertEquals(i, twin.store.apply(batch), "seed " + seed);
          // Each at moments of its own.
          twin.store.runInline();
          if (dice.nextInt(40) == 0) twin.store.compact();
        }
        if (i % 60 == 30) {
          held.add(model.copy());
          for (Twin twin : twins) twin.snapshots.add(twin.store.snapshot());
        }
        if (i % 40 == 0) same("seed " + seed + " at " + i, twins, model, held, seed);
        if (i % 120 == 0) {
          held.clear();
          for (Twin twin : twins) twin.reopen(i == BATCHES, i);
          same("seed " + seed + " opened at " + i, twins, model, held, seed);
        }
      }
      for (Twin twin : twins) {
        shapes.add(twin.store.stats().runs() + " runs, " + twin.store.stats().tables());
        twin.store.close();
      }
    }
    assertTrue(shapes.size() > 3, "all engines look the same inside: " + shapes);
  }

  private static void same(
      String where, List<Twin> twins, StoreModel model, List<StoreModel> held, long seed) {
    for (Twin twin : twins) {
      String what = where + " with " + twin.limits;
      model.same(what, twin.store);
      model.sampled(what, twin.store, new RandomRows(seed, 60));
      for (int i = 0; i < held.size(); i++) {
        held.get(i).same(what, twin.snapshots.get(i));
        held.get(i).sampled(what, twin.snapshots.get(i), new RandomRows(seed, 60));
      }
    }
  }
}
