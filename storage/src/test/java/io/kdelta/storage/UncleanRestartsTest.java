package io.kdelta.storage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.env.SimEntropy;
import io.kdelta.memory.Bytes;
import io.kdelta.vfs.SimVfs;
import org.junit.jupiter.api.Test;

/**
 * Goal: a process that is killed again and again after little work does not fill its disk with
 * segments of the log. Method: many lives of one batch each, killed without a goodbye; log files
 * are counted and every batch is read.
 */
final class UncleanRestartsTest {
  private static final int LIVES = 40;
  private static final int LOGS_MAX = 6;

  @Test
  void segmentsDoNotPileUp() {
    SimVfs vfs = new SimVfs(new SimEntropy(1));
    StorageLimits limits = StorageLimits.small();
    for (int life = 1; life <= LIVES; life++) {
      try (StorageEngine engine = StorageEngine.open(vfs, new SimEntropy(life), limits)) {
        WriteBatch batch = new WriteBatch();
        batch.put(key(life), Bytes.utf8("value " + life));
        assertEquals(life, engine.apply(batch));
        engine.runInline();
        assertEquals(life, engine.durableLsn());
      }
      vfs.crash();
      long logs = vfs.list("").stream().filter(name -> name.endsWith(".log")).count();
      assertTrue(logs <= LOGS_MAX, logs + " log files after " + life + " lives");
    }
    try (StorageEngine engine = StorageEngine.open(vfs, new SimEntropy(0), limits)) {
      for (int life = 1; life <= LIVES; life++) assertNotNull(engine.get(key(life)));
    }
  }

  private static RowKey key(int life) {
    return RowKey.first(Bytes.utf8("key " + life));
  }
}
