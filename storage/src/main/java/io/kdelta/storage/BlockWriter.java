package io.kdelta.storage;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * Builds one data block of a table. Owner: the {@link SSTableWriter} that made it.
 *
 * <p>The bytes that the point parts of all rows share are kept once. A row that begins a group is
 * whole, so that its offset is all it takes to read it; a further row of the group leaves out what
 * its suffix shares with that of the row before. Every 16th row is whole too, so that a search can
 * jump.
 *
 * <pre>
 * offset  size  type   meaning (little-endian)
 * 0       4     u32    bytes of the whole block
 * 4       2     u16    rows, at least 1
 * 6       2     u16    bytes of the prefix: P
 * 8       P            prefix: the first bytes of the point part of every row
 * 8 + P   ...          rows
 * ...     4 x n u32    offset in the block of the rows 0, 16, 32...; n = rows / 16 rounded up
 *
 * whole row:  varint  bytes of the point part beyond the prefix, plus those of the suffix; times 2,
 *                     plus 1
 *             varint  bytes of the suffix
 *             varint  bytes of the value * 4, plus the kind
 *             rest of the point part, suffix, value
 * other row:  varint  bytes of the suffix that the row before does not share; times 2
 *             varint  leading bytes of the suffix shared with the row before, of the same group
 *             varint  bytes of the value * 4, plus the kind
 *             rest of the suffix, value
 * kind:       1 put, 2 delete (no value), 3 put whose value is a reference to a blob file, see
 *             {@link BlobFormat}
 * varint:     7 bits a byte, lowest first, the high bit says that more follow; at most 5 bytes
 * </pre>
 */
final class BlockWriter {
  static final int HEADER_BYTES = 8;
  static final int ROWS_MAX = 65_535;
  static final int RESTART_ROWS = 16;
  static final int PUT = 1;
  static final int DELETE = 2;
  static final int BLOB = 3;

  private static final int VARINT_BYTES_MAX = 5;
  private static final int ROW_BYTES_USUAL = 4;

  /** What of each row is kept, and its value: the block as it will be, without the row headers. */
  private byte[] text = new byte[32 << 10];

  private int textSize;
  private int rows;

  /** Four numbers a row: bytes of key kept times 2 plus whole, suffix or shared, value, text. */
  private int[] shapes = new int[1024];

  private int[] offsets = new int[256];
  private byte[] block = new byte[32 << 10];
  private int size;
  private byte[] lastKey = new byte[64];
  private int lastPointSize;
  private int lastKeySize;
  private int firstPointSize;

  /** Bytes so far, about. */
  int size() {
    return HEADER_BYTES + textSize + rows * ROW_BYTES_USUAL + 4 * (rows / RESTART_ROWS + 1);
  }

  int rows() {
    return rows;
  }

  /**
   * Adds a row; the caller keeps the order and {@link #ROWS_MAX}.
   *
   * @param beginsGroup whether its point part differs from that of the row before
   * @param kind one of the three
   */
  void add(
      RowSource row, boolean beginsGroup, int kind, MemorySegment value, long at, int valueSize) {
    boolean whole = beginsGroup || rows % RESTART_ROWS == 0;
    int suffixSize = row.keySize - row.pointSize;
    int kept = 0;
    int third = suffixSize;
    if (!whole) {
      int shared =
          Arrays.mismatch(lastKey, lastPointSize, lastKeySize, row.key, row.pointSize, row.keySize);
      third = shared < 0 ? suffixSize : shared;
      kept = row.pointSize + third;
    }
    int keySize = row.keySize - kept;
    reserveText(keySize + valueSize);
    if (rows * 4 == shapes.length) shapes = Arrays.copyOf(shapes, rows * 8);
    shapes[rows * 4] = (keySize << 1) | (whole ? 1 : 0);
    shapes[rows * 4 + 1] = third;
    shapes[rows * 4 + 2] = (valueSize << 2) | kind;
    shapes[rows * 4 + 3] = textSize;
    System.arraycopy(row.key, kept, text, textSize, keySize);
    textSize += keySize;
    MemorySegment.copy(value, ValueLayout.JAVA_BYTE, at, text, textSize, valueSize);
    textSize += valueSize;
    if (rows == 0) firstPointSize = row.pointSize;
    rows++;
    if (lastKey.length < row.keySize) lastKey = new byte[row.keySize * 2];
    System.arraycopy(row.key, 0, lastKey, 0, row.keySize);
    lastPointSize = row.pointSize;
    lastKeySize = row.keySize;
  }

  /** Completes the block and answers its bytes, valid until {@link #clear}. */
  byte[] finish() {
    int prefix = prefix();
    int restarts = (rows + RESTART_ROWS - 1) / RESTART_ROWS;
    int bytesMax = HEADER_BYTES + prefix + rows * 3 * VARINT_BYTES_MAX + textSize + 4 * restarts;
    if (block.length < bytesMax) block = new byte[bytesMax * 2];
    if (offsets.length < rows) offsets = new int[rows * 2];
    System.arraycopy(text, 0, block, HEADER_BYTES, prefix);
    size = HEADER_BYTES + prefix;
    for (int row = 0; row < rows; row++) emit(row, prefix);
    ByteBuffer out = ByteBuffer.wrap(block).order(ByteOrder.LITTLE_ENDIAN);
    for (int row = 0; row < rows; row += RESTART_ROWS, size += 4) out.putInt(size, offsets[row]);
    out.putInt(0, size).putShort(4, (short) rows).putShort(6, (short) prefix);
    return block;
  }

  /** Bytes of the finished block. */
  int finishedSize() {
    return size;
  }

  /** Where a row of the finished block begins. */
  int offset(int row) {
    return offsets[row];
  }

  void clear() {
    textSize = 0;
    rows = 0;
    lastKeySize = 0;
    lastPointSize = 0;
  }

  /** Keys are in order, so what the first and the last point part share, all do. */
  private int prefix() {
    int shared = Arrays.mismatch(text, 0, firstPointSize, lastKey, 0, lastPointSize);
    return shared < 0 ? firstPointSize : shared;
  }

  private void emit(int row, int prefix) {
    int shape = row * 4;
    int keyWord = shapes[shape];
    int valueWord = shapes[shape + 2];
    int from = shapes[shape + 3];
    int keySize = keyWord >>> 1;
    int end = from + keySize + (valueWord >>> 2);
    if ((keyWord & 1) != 0) {
      from += prefix;
      keyWord -= prefix << 1;
    }
    offsets[row] = size;
    varint(keyWord);
    varint(shapes[shape + 1]);
    varint(valueWord);
    System.arraycopy(text, from, block, size, end - from);
    size += end - from;
  }

  private void varint(int value) {
    int rest = value;
    while ((rest & ~0x7F) != 0) {
      block[size++] = (byte) ((rest & 0x7F) | 0x80);
      rest >>>= 7;
    }
    block[size++] = (byte) rest;
  }

  private void reserveText(int more) {
    if (textSize + more > text.length) {
      text = Arrays.copyOf(text, Math.max(textSize + more, text.length * 2));
    }
  }
}
