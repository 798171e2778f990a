package io.kdelta.storage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.env.SimEntropy;
import io.kdelta.memory.Bytes;
import io.kdelta.vfs.SimVfs;
import io.kdelta.vfs.Vfs;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.junit.jupiter.api.Test;

/**
 * Goal: what an earlier use of a segment left behind costs one pass over it, not a checksum over
 * megabytes at every place. Method: words that could be headers but for their LSN, all over a file;
 * calls to the disk are counted.
 */
final class RecordScanTest {
  private static final int FILE_BYTES = 1 << 20;
  private static final int STEP = 32;
  private static final long SALT = 77;

  @Test
  void whatIsNoHeaderIsNotReadAsFarAsItsLengthSays() {
    SimVfs disk = new SimVfs(new SimEntropy(1));
    ByteBuffer words = ByteBuffer.allocate(FILE_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    for (int at = 0; at + STEP <= FILE_BYTES; at += STEP) {
      words.putInt(at, FILE_BYTES / 2).putLong(at + 8, 0x6b64656c74612d4cL).putLong(at + 16, 5);
    }
    WalFormat format = new WalFormat();
    int record = FILE_BYTES - 64;
    format.encode(SALT, 9, 8, 1, Bytes.utf8("the only one"), words.array(), record);
    try (Vfs.File file = disk.create("log")) {
      file.writeAt(0, words);
      long before = disk.calls();
      RecordScan scan = RecordScan.of(format, FileWindow.of(file), 0, FILE_BYTES, SALT, 0);
      assertEquals(1, scan.count());
      assertEquals(record, scan.offset(0));
      assertEquals(9, scan.lsn(0));
      long calls = disk.calls() - before;
      assertTrue(calls <= 8, calls + " calls");
    }
  }
}
