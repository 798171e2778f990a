package io.kdelta.storage;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * Builds one data block of a table. Owner: the {@link SSTableWriter} that made it.
 *
 * <p>Plain blocks (restart interval 1) hold every key whole; compressed ones (16) leave out the
 * bytes that a key shares with the one before, and start afresh every 16 rows so that a search can
 * jump.
 *
 * <pre>
 * offset  size  type   meaning (little-endian)
 * 0       4     u32    bytes of the whole block
 * 4       2     u16    rows, at least 1
 * 6       2     u16    restart interval: 1 or 16
 * 8       ...          rows
 * ...     4 x n u32    offset in the block of each restart row, n = rows / interval rounded up
 *
 * row: varint  leading bytes of point part + suffix shared with the row before, 0 at a restart
 *      varint  further bytes of point part + suffix
 *      varint  bytes of the point part
 *      varint  bytes of the value * 2, plus 1 for a delete (which has none)
 *      the further bytes, the value
 * varint: 7 bits a byte, lowest first, the high bit says that more follow; at most 5 bytes
 * </pre>
 */
final class BlockWriter {
  static final int HEADER_BYTES = 8;
  static final int ROWS_MAX = 65_535;
  static final int PLAIN = 1;
  static final int COMPRESSED = 16;

  private static final int VARINT_BYTES_MAX = 5;

  private final int interval;
  private byte[] block = new byte[8 << 10];
  private int size = HEADER_BYTES;
  private int rows;
  private int[] restarts = new int[64];
  private int restartCount;
  private byte[] lastKey = new byte[64];
  private int lastKeySize;

  BlockWriter(int interval) {
    this.interval = interval;
  }

  /** Bytes so far, the restart offsets included. */
  int size() {
    return size + 4 * restartCount;
  }

  int rows() {
    return rows;
  }

  /** Adds the row the source stands on; the caller keeps the order and {@link #ROWS_MAX}. */
  void add(RowSource row) {
    int shared = 0;
    if (rows % interval == 0) {
      if (restartCount == restarts.length) restarts = Arrays.copyOf(restarts, restartCount * 2);
      restarts[restartCount++] = size;
    } else {
      shared = Arrays.mismatch(lastKey, 0, lastKeySize, row.key, 0, row.keySize);
      if (shared < 0) shared = lastKeySize;
    }
    int fresh = row.keySize - shared;
    reserve(4 * VARINT_BYTES_MAX + fresh + row.valueSize);
    varint(shared);
    varint(fresh);
    varint(row.pointSize);
    varint(row.valueSize << 1 | (row.tombstone ? 1 : 0));
    System.arraycopy(row.key, shared, block, size, fresh);
    size += fresh;
    MemorySegment.copy(
        row.valueSegment, ValueLayout.JAVA_BYTE, row.valueOffset, block, size, row.valueSize);
    size += row.valueSize;
    rows++;
    if (lastKey.length < row.keySize) lastKey = new byte[row.keySize * 2];
    System.arraycopy(row.key, 0, lastKey, 0, row.keySize);
    lastKeySize = row.keySize;
  }

  /** Completes the block and answers its {@link #size} bytes, valid until {@link #clear}. */
  byte[] finish() {
    int at = size;
    reserve(4 * restartCount);
    ByteBuffer out = ByteBuffer.wrap(block).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < restartCount; i++, at += 4) {
      out.putInt(at, restarts[i]);
    }
    out.putInt(0, at).putShort(4, (short) rows).putShort(6, (short) interval);
    return block;
  }

  void clear() {
    size = HEADER_BYTES;
    rows = 0;
    restartCount = 0;
    lastKeySize = 0;
  }

  private void varint(int value) {
    int rest = value;
    while ((rest & ~0x7F) != 0) {
      block[size++] = (byte) ((rest & 0x7F) | 0x80);
      rest >>>= 7;
    }
    block[size++] = (byte) rest;
  }

  private void reserve(int more) {
    if (size + more > block.length) {
      block = Arrays.copyOf(block, Math.max(size + more, block.length * 2));
    }
  }
}
