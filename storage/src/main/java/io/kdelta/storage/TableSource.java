package io.kdelta.storage;

import static io.kdelta.storage.SSTableFormat.CHUNK_BYTES;
import static io.kdelta.storage.SSTableFormat.U16;
import static io.kdelta.storage.SSTableFormat.U32;

import io.kdelta.error.KdeltaException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * The rows of one table. Through the mapping it belongs to the core thread, through the file to the
 * table thread. Block layout: {@link BlockWriter}.
 */
final class TableSource extends RowSource {
  private static final ValueLayout.OfByte U8 = ValueLayout.JAVA_BYTE;
  private static final int READ_AHEAD_CHUNKS = 16;

  private final SSTable table;
  private final boolean byFile;
  private final int readAheadChunks;
  private final PlainBlocks plainBlocks = new PlainBlocks();

  private int block = -1;
  private MemorySegment segment = MemorySegment.NULL;
  private long base;
  private long position;
  private long restarts;
  private int restartCount;
  private int prefix;
  private boolean steppedBack;

  /** Whether the present row is written whole; any other is of the group of the row before. */
  private boolean whole;

  private ByteBuffer window = ByteBuffer.allocate(0);
  private MemorySegment windowSegment = MemorySegment.NULL;
  private int windowChunk;
  private int windowEnd;

  TableSource(SSTable table, boolean byFile) {
    this(table, byFile, READ_AHEAD_CHUNKS);
  }

  private TableSource(SSTable table, boolean byFile, int readAheadChunks) {
    this.table = table;
    this.byFile = byFile;
    this.readAheadChunks = readAheadChunks;
  }

  /** By the file, and of it never more than {@link #enter} needs. */
  static TableSource blockByBlock(SSTable table) {
    return new TableSource(table, true, 0);
  }

  @Override
  boolean next() {
    if (steppedBack) {
      steppedBack = false;
      return true;
    }
    try {
      while (position == restarts) {
        if (block + 1 >= table.blocks()) return false;
        load(block + 1);
      }
      decode();
      return true;
    } catch (IndexOutOfBoundsException rotten) {
      throw noted(table.corrupt(0, "a row lies outside of its block: " + rotten.getMessage()));
    } catch (InternalError cut) {
      throw table.cut(cut);
    }
  }

  /** Moves before the first row of a block. Throws Corrupt when the block is not sound. */
  void enter(int target) {
    steppedBack = false;
    try {
      load(target);
    } catch (IndexOutOfBoundsException rotten) {
      throw noted(table.corrupt(0, "a row lies outside of its block: " + rotten.getMessage()));
    }
  }

  /** Moves to the next row of the block that was entered, if there is one. */
  boolean nextInBlock() {
    if (position == restarts) return false;
    decode();
    return true;
  }

  @Override
  boolean seek(RowKey target) {
    try {
      byte[] point = target.point().toArray();
      byte[] suffix = target.suffix().toArray();
      return seekFrom(0, point, 0, point.length, suffix, 0, suffix.length);
    } catch (IndexOutOfBoundsException rotten) {
      throw noted(table.corrupt(0, "a row lies outside of its block: " + rotten.getMessage()));
    } catch (InternalError cut) {
      throw table.cut(cut);
    }
  }

  @Override
  void bringValue() {
    if (!blob) return;
    if (valueSize != BlobFormat.REFERENCE_BYTES) {
      throw noted(
          table.corrupt(table.blockOffset(block), "a reference of " + valueSize + " bytes"));
    }
    BlobFile file = table.blobOf(BlobFormat.referenceNumber(valueSegment, valueOffset));
    int entry = BlobFormat.referenceEntry(valueSegment, valueOffset);
    int size = BlobFormat.referenceSize(valueSegment, valueOffset);
    int crc = BlobFormat.referenceCrc(valueSegment, valueOffset);
    try {
      valueOffset = file.valueOffset(entry, size, crc);
      valueSegment = file.map();
      valueSize = size;
      blob = false;
    } catch (KdeltaException.Corrupt found) {
      file.doubt();
      throw table.blobDamage(found);
    } catch (InternalError cut) {
      throw table.cut(cut);
    }
  }

  /** Moves to the whole row that lies at an offset of a block, if it is of this group. */
  boolean standAt(int target, int offset, byte[] point, int from, int size) {
    steppedBack = false;
    if (target >= table.blocks()) throw noted(table.corrupt(0, "a place that can not be"));
    if (block != target) load(target);
    position = base + offset;
    if (offset < BlockWriter.HEADER_BYTES || position >= restarts) {
      throw noted(table.corrupt(table.blockOffset(target), "a place that can not be"));
    }
    decode();
    return inGroup(point, from, size);
  }

  /** From the first row of a group moves to its first row at or after a suffix, if there is one. */
  boolean seekInGroup(
      byte[] point, int from, int pointBytes, byte[] suffix, int suffixFrom, int suffixBytes) {
    if (compareSuffix(suffix, suffixFrom, suffixBytes) >= 0) return true;
    return seekBehind(block, point, from, pointBytes, suffix, suffixFrom, suffixBytes);
  }

  /**
   * Moves to the first row of a group at or after a suffix, if there is one, wherever it stands;
   * the group begins in the first block with a row before that.
   */
  boolean seekBehind(
      int firstBlock,
      byte[] point,
      int from,
      int pointBytes,
      byte[] suffix,
      int suffixFrom,
      int suffixBytes) {
    return seekFrom(firstBlock, point, from, pointBytes, suffix, suffixFrom, suffixBytes)
        && inGroup(point, from, pointBytes);
  }

  /** As seek, when the target is known to lie in or behind a block. */
  private boolean seekFrom(
      int firstBlock,
      byte[] point,
      int from,
      int pointBytes,
      byte[] suffix,
      int suffixFrom,
      int suffixBytes) {
    steppedBack = false;
    int target =
        lastBlockAtOrBefore(firstBlock, point, from, pointBytes, suffix, suffixFrom, suffixBytes);
    if (block != target) load(target);
    int low = 0;
    int high = restartCount;
    while (high - low > 1) {
      int middle = (low + high) >>> 1;
      restart(middle);
      if (compareWhole(point, from, pointBytes, suffix, suffixFrom, suffixBytes) <= 0) {
        low = middle;
      } else {
        high = middle;
      }
    }
    restart(low);
    boolean within = false;
    while (next()) {
      if (whole) {
        int byPoint = comparePoint(point, from, pointBytes);
        if (byPoint > 0) return true;
        within = byPoint == 0;
      }
      if (!within) continue;
      if (compareSuffix(suffix, suffixFrom, suffixBytes) >= 0) return true;
      pass(suffix, suffixFrom, suffixBytes);
    }
    return false;
  }

  /**
   * From a row before a suffix moves behind those that follow it, up to the next whole one, and are
   * before the suffix as well. How much a row shares with the row before tells most of them without
   * a look at their keys: more than the suffix does, and it is before the suffix as that one is;
   * less, and it is behind. So what the first row that is not passed shares with the row before is
   * a part of the suffix.
   */
  private void pass(byte[] suffix, int from, int size) {
    int matched = Arrays.mismatch(key, pointSize, keySize, suffix, from, from + size);
    while (position < restarts) {
      long row = position;
      int keyWord = varint();
      int shared = varint();
      int valueWord = varint();
      int fresh = keyWord >>> 1;
      long next = position + fresh + (valueWord >>> 2);
      boolean passed = (keyWord & 1) == 0 && shared >= matched && next <= restarts;
      if (passed && shared == matched) {
        int left = size - matched;
        int more = KeyBytes.common(segment, position, fresh, suffix, from + matched, left);
        passed =
            more < left
                && (more == fresh
                    || Byte.compareUnsigned(
                            segment.get(U8, position + more), suffix[from + matched + more])
                        < 0);
        if (passed) matched += more;
      }
      if (!passed) {
        position = row;
        break;
      }
      position = next;
    }
    reserveKey(pointSize + matched);
    System.arraycopy(suffix, from, key, pointSize, matched);
  }

  /** Whether the present row lies in memory that the next block will take. */
  boolean isPacked() {
    return table.isCompressed(block);
  }

  /** What the core finds wrong behind a first touch has rotted since: the table is damaged. */
  private KdeltaException.Corrupt noted(KdeltaException.Corrupt found) {
    if (!byFile && found.file().equals(table.path())) table.damaged(found);
    return found;
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
  private int lastBlockAtOrBefore(
      int firstBlock,
      byte[] point,
      int from,
      int pointBytes,
      byte[] suffix,
      int suffixFrom,
      int suffixBytes) {
    int low = firstBlock;
    int high = table.blocks();
    for (int step = 1; high - low > 1; ) {
      // Small steps first: what is sought lies near, if it is known to lie behind a block at all.
      int middle = firstBlock > 0 && low + step < high ? low + step : (low + high) >>> 1;
      int order =
          table.compareIndexKey(middle, point, from, pointBytes, suffix, suffixFrom, suffixBytes);
      if (order <= 0) {
        low = middle;
        step *= 2;
      } else {
        high = middle;
        step = high;
      }
    }
    return low;
  }

  private void load(int target) {
    long from = table.blockOffset(target);
    long to = table.blockOffset(target + 1);
    long size = to - from;
    block = -1;
    if (byFile) {
      read(from, to);
      segment = windowSegment;
      base = from - (long) windowChunk * CHUNK_BYTES;
    } else {
      segment = table.verifiedBlock(target);
      base = from;
    }
    if (table.isCompressed(target)) {
      segment = plainBlocks.plain(table, target, segment, base, base + size);
      base = 0;
      size = segment.get(U32, 0);
    }
    int rows = Short.toUnsignedInt(segment.get(U16, base + 4));
    prefix = Short.toUnsignedInt(segment.get(U16, base + 6));
    restartCount = (rows + BlockWriter.RESTART_ROWS - 1) / BlockWriter.RESTART_ROWS;
    restarts = base + size - 4L * restartCount;
    position = base + BlockWriter.HEADER_BYTES + prefix;
    boolean sane =
        segment.get(U32, base) == size
            && rows > 0
            && prefix <= RowKey.BYTES_MAX
            && position < restarts;
    if (!sane) throw noted(table.corrupt(from, "not a block"));
    block = target;
    reserveKey(prefix);
    MemorySegment.copy(segment, U8, base + BlockWriter.HEADER_BYTES, key, 0, prefix);
  }

  /** Brings the chunks of a block into the window, with some of those behind. */
  private void read(long from, long to) {
    int first = (int) (from / CHUNK_BYTES);
    int end = (int) ((to + CHUNK_BYTES - 1) / CHUNK_BYTES);
    if (first >= windowChunk && end <= windowEnd) return;
    windowEnd = 0;
    int last = Math.min(Math.max(end, first + readAheadChunks), table.header().chunks());
    int size = (last - first) * CHUNK_BYTES;
    if (window.capacity() < size) {
      windowSegment = Arena.ofAuto().allocate(size, 8);
      window = windowSegment.asByteBuffer();
    }
    table.readChunks(first, last, window);
    windowEnd = last;
    windowChunk = first;
  }

  private void restart(int index) {
    long offset = Integer.toUnsignedLong(segment.get(U32, restarts + 4L * index));
    position = base + offset;
    if (offset < BlockWriter.HEADER_BYTES || position >= restarts) {
      throw noted(table.corrupt(table.blockOffset(block), "a restart that can not be"));
    }
  }

  private void decode() {
    int keyWord = varint();
    int third = varint();
    int valueWord = varint();
    int fresh = keyWord >>> 1;
    int kind = valueWord & 3;
    int kept;
    whole = (keyWord & 1) != 0;
    if (whole) {
      kept = prefix;
      keySize = prefix + fresh;
      pointSize = keySize - third;
    } else {
      kept = pointSize + third;
      keySize = kept + fresh;
    }
    valueSize = valueWord >>> 2;
    boolean sane =
        keySize <= RowKey.BYTES_MAX
            && fresh >= 0
            && third >= 0
            && pointSize >= prefix
            && kind != 0
            && position + fresh + valueSize <= restarts;
    if (!sane)
      throw noted(table.corrupt(table.blockOffset(block), "a row of the block can not be"));
    tombstone = kind == BlockWriter.DELETE;
    blob = kind == BlockWriter.BLOB;
    reserveKey(keySize);
    KeyBytes.copy(segment, position, key, kept, fresh);
    valueSegment = segment;
    valueOffset = position + fresh;
    position = valueOffset + valueSize;
  }

  /** Orders the whole row at the position against a key, where it lies. */
  private int compareWhole(
      byte[] point, int from, int pointBytes, byte[] suffix, int suffixFrom, int suffixBytes) {
    int keyWord = varint();
    int suffixSize = varint();
    varint();
    int rest = (keyWord >>> 1) - suffixSize;
    boolean sane =
        (keyWord & 1) != 0
            && suffixSize >= 0
            && rest >= 0
            && position + rest + suffixSize <= restarts;
    if (!sane) throw noted(table.corrupt(table.blockOffset(block), "a restart that can not be"));
    int common = Math.min(prefix, pointBytes);
    int order = Arrays.compareUnsigned(key, 0, prefix, point, from, from + common);
    if (order != 0) return order;
    order = KeyBytes.compare(segment, position, rest, point, from + prefix, pointBytes - prefix);
    if (order != 0) return order;
    return KeyBytes.compare(segment, position + rest, suffixSize, suffix, suffixFrom, suffixBytes);
  }

  private int varint() {
    int value = segment.get(U8, position++);
    if (value >= 0) return value;
    value &= 0x7F;
    for (int shift = 7; shift < 35; shift += 7) {
      byte part = segment.get(U8, position++);
      value |= (part & 0x7F) << shift;
      if (part >= 0) return value;
    }
    throw noted(table.corrupt(table.blockOffset(block), "a number of the block does not end"));
  }
}
