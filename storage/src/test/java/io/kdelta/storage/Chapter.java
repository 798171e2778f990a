package io.kdelta.storage;

import io.kdelta.env.SimEntropy;
import io.kdelta.memory.Bytes;
import io.kdelta.vfs.SimVfs;
import java.util.ArrayList;
import java.util.List;

/**
 * A part of a store's history, short enough to be lived again for every call that it makes: it
 * begins with opening the store that the chapters before it have left.
 *
 * @param index from 0
 * @param disk the store before it; only to be copied
 * @param model what that store holds
 * @param lsn its last LSN
 */
record Chapter(int index, SimVfs disk, StoreModel model, long lsn) {
  /** As small as values that go to blob files allow: every chapter does some of everything. */
  static final StorageLimits LIMITS =
      new StorageLimits(16 << 10, 3, 1 << 20, 32 << 10, 256, 20 << 10, 0);

  static final int ROWS_MAX = 4;
  private static final int COUNT = 5;

  /** So much lies at the bottom before the first chapter that merges take a part of it. */
  private static final int ROWS_BEFORE = 200;

  private static final int ROW_BYTES_BEFORE = 300;

  /** What the chapters of a history did, all together. */
  static final class Deeds {
    long flushes;
    long bottomSteps;
    long blobRewrites;
    long blobsRemoved;
    long manifestsRewritten;
    long segments;
    long calls;

    @Override
    public String toString() {
      return "flushes %d, bottom %d, blob rewrites %d, removed %d, manifests %d,"
              .formatted(flushes, bottomSteps, blobRewrites, blobsRemoved, manifestsRewritten)
          + " segments %d, calls %d".formatted(segments, calls);
    }
  }

  /** A history without faults. */
  static List<Chapter> history(long seed, Deeds deeds) {
    List<Chapter> chapters = new ArrayList<>();
    SimVfs disk = new SimVfs(new SimEntropy(seed));
    Chapter next = beginning(disk);
    for (int i = 1; i <= COUNT; i++) {
      chapters.add(next);
      ChapterLife life = new ChapterLife(next, seed + i);
      life.countInto(deeds);
      life.live();
      life.end(i % 2 == 0);
      next = new Chapter(i, life.vfs(), life.latest(), life.lastLsn());
    }
    return chapters;
  }

  private static Chapter beginning(SimVfs disk) {
    StoreModel model = new StoreModel();
    try (StorageEngine store = StorageEngine.open(disk, new SimEntropy(1), LIMITS)) {
      for (int i = 0; i < ROWS_BEFORE; i++) {
        byte[] value = new byte[ROW_BYTES_BEFORE];
        new SimEntropy(i).fill(value);
        store.apply(model.put(RowKey.first(Bytes.of('z', i)), Bytes.wrap(value)));
        store.runInline();
      }
      store.compact();
      store.runInline();
    }
    return new Chapter(0, disk, model, ROWS_BEFORE);
  }

  /** Whether everything is merged after so many batches because somebody asks for that. */
  boolean mergedAt(int batch) {
    return index >= 3 && batch % 6 == 5;
  }

  /** How many batches are written in it: one is so long that a manifest grows too large. */
  int batches() {
    return index == 4 ? 24 : 10;
  }

  /** The rows that are written in it. */
  RandomRows rows() {
    return new RandomRows(100 + index, 9, 4);
  }
}
