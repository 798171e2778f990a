package io.kdelta.storage;

import static io.kdelta.storage.SSTableFormat.CHUNK_BYTES;
import static io.kdelta.storage.SSTableFormat.U16;
import static io.kdelta.storage.SSTableFormat.U32;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The rows of one table. Through the mapping it belongs to the core thread, through the file to the
 * table thread. Block layout: {@link BlockWriter}.
 */
final class TableSource extends RowSource {
  private static final ValueLayout.OfByte U8 = ValueLayout.JAVA_BYTE;
  private static final int READ_AHEAD_CHUNKS = 16;

  private final SSTable table;
  private final boolean byFile;

  private int block = -1;
  private MemorySegment segment = MemorySegment.NULL;
  private long base;
  private long position;
  private long restarts;
  private int rows;
  private int row;
  private int interval;
  private boolean steppedBack;

  private byte[] window = new byte[0];
  private int windowChunk;
  private int windowEnd;

  TableSource(SSTable table, boolean byFile) {
    this.table = table;
    this.byFile = byFile;
  }

  @Override
  boolean next() {
    if (steppedBack) {
      steppedBack = false;
      return true;
    }
    try {
      while (row == rows) {
        if (block + 1 >= table.blocks()) return false;
        load(block + 1);
      }
      decode();
      return true;
    } catch (InternalError cut) {
      throw table.cut(cut);
    }
  }

  @Override
  boolean seek(RowKey target) {
    try {
      return seekFrom(0, target.point().toArray(), target.suffix().toArray());
    } catch (InternalError cut) {
      throw table.cut(cut);
    }
  }

  /** As seek, when the target is known to lie in or behind a block. */
  boolean seekFrom(int firstBlock, byte[] point, byte[] suffix) {
    steppedBack = false;
    load(lastBlockAtOrBefore(firstBlock, point, suffix));
    int low = 0;
    int high = (rows + interval - 1) / interval;
    while (high - low > 1) {
      int middle = (low + high) >>> 1;
      restart(middle);
      decode();
      if (compareKey(point, suffix) <= 0) {
        low = middle;
      } else {
        high = middle;
      }
    }
    restart(low);
    do {
      if (!next()) return false;
    } while (compareKey(point, suffix) < 0);
    return true;
  }

  /** Makes the next call of {@link #next} answer the row it stands on. */
  void stepBack() {
    steppedBack = true;
  }

  @Override
  String place() {
    return table.path();
  }

  /** The only block, not before the first, that can hold the key or the one right after it. */
  private int lastBlockAtOrBefore(int firstBlock, byte[] point, byte[] suffix) {
    int low = firstBlock;
    int high = table.blocks();
    if (low + 1 < high && table.compareIndexKey(low + 1, point, suffix) > 0) return low;
    while (high - low > 1) {
      int middle = (low + high) >>> 1;
      if (table.compareIndexKey(middle, point, suffix) <= 0) {
        low = middle;
      } else {
        high = middle;
      }
    }
    return low;
  }

  private void load(int target) {
    long from = table.blockOffset(target);
    long to = table.blockOffset(target + 1);
    if (byFile) {
      read(from, to);
      segment = MemorySegment.ofArray(window);
      base = from - (long) windowChunk * CHUNK_BYTES;
    } else {
      segment = table.verifiedBlock(target);
      base = from;
    }
    block = target;
    rows = Short.toUnsignedInt(segment.get(U16, base + 4));
    interval = Short.toUnsignedInt(segment.get(U16, base + 6));
    boolean sane =
        segment.get(U32, base) == to - from
            && rows > 0
            && (interval == BlockWriter.PLAIN || interval == BlockWriter.COMPRESSED);
    if (!sane) throw table.corrupt(from, "not a block");
    restarts = base + (to - from) - 4L * ((rows + interval - 1) / interval);
    row = 0;
    position = base + BlockWriter.HEADER_BYTES;
  }

  /** Brings the chunks of a block into the window, with some of those behind. */
  private void read(long from, long to) {
    int first = (int) (from / CHUNK_BYTES);
    int end = (int) ((to + CHUNK_BYTES - 1) / CHUNK_BYTES);
    if (first >= windowChunk && end <= windowEnd) return;
    windowEnd = Math.min(Math.max(end, first + READ_AHEAD_CHUNKS), table.header().chunks());
    window = table.readChunks(first, windowEnd);
    windowChunk = first;
  }

  private void restart(int index) {
    row = index * interval;
    position = base + segment.get(U32, restarts + 4L * index);
  }

  private void decode() {
    int shared = varint();
    int fresh = varint();
    pointSize = varint();
    int valueWord = varint();
    keySize = shared + fresh;
    valueSize = valueWord >>> 1;
    tombstone = (valueWord & 1) != 0;
    boolean sane =
        keySize <= RowKey.BYTES_MAX
            && pointSize <= keySize
            && position + fresh + valueSize <= restarts;
    if (!sane) throw table.corrupt(table.blockOffset(block), "a row of the block can not be");
    reserveKey(keySize);
    MemorySegment.copy(segment, U8, position, key, shared, fresh);
    valueSegment = segment;
    valueOffset = position + fresh;
    position = valueOffset + valueSize;
    row++;
  }

  private int varint() {
    int value = 0;
    for (int shift = 0; shift < 35; shift += 7) {
      byte part = segment.get(U8, position++);
      value |= (part & 0x7F) << shift;
      if (part >= 0) return value;
    }
    throw table.corrupt(table.blockOffset(block), "a number of the block does not end");
  }
}
