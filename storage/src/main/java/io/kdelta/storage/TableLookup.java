package io.kdelta.storage;

import static io.kdelta.storage.SSTableFormat.U64;

import io.kdelta.error.KdeltaException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Point reads of one table through its mapping, without garbage. Core thread.
 *
 * <p>The hash column is uniform, so a directory of where each stretch of about {@value
 * #GROUPS_PER_BUCKET} hashes begins finds an entry in one step; the directory and what is known of
 * the blocks are small and stay in the processor's cache. A hit in a plain block waits for memory
 * three times: for the filter's line, the entry, the row. What is not the first row of its group,
 * or lies in a compressed block or a blob file, is read through a {@link TableSource} of its own.
 */
final class TableLookup {
  private static final int GROUPS_PER_BUCKET = 8;
  private static final int UNKNOWN = 0;
  private static final short PACKED = -1;

  private static final ValueLayout.OfByte U8 = ValueLayout.JAVA_BYTE;

  private final SSTable table;
  private final MemorySegment map;
  private final SSTableFormat.Header header;
  private final long groupsOffset;
  private final long filterOffset;
  private final int filterLines;
  private final int placeBits;
  private final String path;
  private final int bucketShift;
  private final int[] buckets;

  /** Of each block: one more than the bytes of its prefix, if it was looked at and is plain. */
  private final short[] prefixes;

  private @Nullable TableSource source;

  /** The first row of the group that was found last, unless the source stands on it. */
  private int block;

  private int offset;
  private int prefix;
  private int kind;
  private long suffixAt;
  private int rowSuffixSize;
  private int valueSize;
  private long position;

  TableLookup(SSTable table, MemorySegment map, SSTableFormat.Header header) {
    this.table = table;
    this.map = map;
    this.header = header;
    this.groupsOffset = header.groupsOffset();
    this.filterOffset = header.filterOffset();
    this.filterLines = header.filterLines();
    this.placeBits = header.placeBits();
    this.path = table.path();
    this.prefixes = new short[header.blocks()];
    int bits = 32 - Integer.numberOfLeadingZeros(header.groups() / GROUPS_PER_BUCKET);
    this.bucketShift = Long.SIZE - 1 - bits;
    this.buckets = new int[(1 << bits) + 1];
  }

  /** Makes the directory, once the hash column is verified and before anything is read. */
  void readDirectory() {
    int bucket = 0;
    for (int i = 0; i < header.groups(); i++) {
      int next = bucket(map.get(U64, groupsOffset + 8L * i));
      while (bucket < next) buckets[++bucket] = i;
    }
    while (bucket < buckets.length - 1) buckets[++bucket] = header.groups();
  }

  /** What the table holds under a key that it {@link #mayContain may contain}. */
  Found get(long hash, byte[] key, int from, int pointSize, int suffixSize, RowView into) {
    try {
      if (!find(hash, key, from, pointSize)) return Found.NOTHING;
      int suffixFrom = from + pointSize;
      if (prefix >= 0) {
        int order = KeyBytes.compare(map, suffixAt, rowSuffixSize, key, suffixFrom, suffixSize);
        if (order > 0) return Found.NOTHING;
        if (order == 0 && kind != BlockWriter.BLOB) return show(key, from, pointSize, into);
      }
      TableSource rows = ownSource();
      boolean here =
          seek(rows, key, from, pointSize, key, suffixFrom, suffixSize)
              && rows.compareSuffix(key, suffixFrom, suffixSize) == 0;
      return here ? show(rows, into) : Found.NOTHING;
    } catch (InternalError cut) {
      throw table.cut(cut);
    } catch (IndexOutOfBoundsException rotten) {
      throw damaged(offset, "a place outside the file: " + rotten.getMessage());
    }
  }

  /**
   * What it holds under the least key of a group, which it may contain, whose suffix is not before
   * the one given.
   */
  Found ceiling(
      long hash, byte[] key, int from, int pointSize, byte[] suffix, int suffixSize, RowView into) {
    try {
      if (!find(hash, key, from, pointSize)) return Found.NOTHING;
      if (prefix >= 0 && kind != BlockWriter.BLOB) {
        int order = KeyBytes.compare(map, suffixAt, rowSuffixSize, suffix, 0, suffixSize);
        if (order >= 0) return show(key, from, pointSize, into);
      }
      TableSource rows = ownSource();
      boolean here = seek(rows, key, from, pointSize, suffix, 0, suffixSize);
      return here ? show(rows, into) : Found.NOTHING;
    } catch (InternalError cut) {
      throw table.cut(cut);
    } catch (IndexOutOfBoundsException rotten) {
      throw damaged(offset, "a place outside the file: " + rotten.getMessage());
    }
  }

  /** A source of its own that stands before the first row of a group, or null. */
  @Nullable TableSource group(byte[] point) {
    try {
      long hash = PointHash.of(point, 0, point.length, header.seed());
      if (!mayContain(hash) || !find(hash, point, 0, point.length)) return null;
      TableSource rows = new TableSource(table, false);
      rows.standAt(block, offset, point, 0, point.length);
      rows.stepBack();
      return rows;
    } catch (InternalError cut) {
      throw table.cut(cut);
    } catch (IndexOutOfBoundsException rotten) {
      throw damaged(offset, "a place outside the file: " + rotten.getMessage());
    }
  }

  /** Whether the group may be in the table at all, by the filter. */
  boolean mayContain(long hash) {
    return TableFilter.mayContain(map, filterOffset, filterLines, hash);
  }

  /**
   * Reads the entries, then the rows, of some keys: in short loops, so that the processor waits for
   * many of them at the same time. What is not known to be sound is left to the get.
   */
  void readAhead(MultiGet keys, int from, int to) {
    try {
      for (int i = from; i < to; i++) keys.place(i, entryOf(keys.hash(i)));
      for (int i = from; i < to; i++) {
        int place = (int) keys.place(i);
        int number = place >>> placeBits;
        boolean plain = place != 0 && number < prefixes.length && prefixes[number] > UNKNOWN;
        if (!plain) continue;
        long row = table.blockOffset(number) + (place & ((1 << placeBits) - 1));
        keys.place(i, map.get(U64, row));
      }
    } catch (InternalError cut) {
      throw table.cut(cut);
    } catch (IndexOutOfBoundsException rotten) {
      throw damaged(groupsOffset, "a place outside the file: " + rotten.getMessage());
    }
  }

  /** The entry of a hash; 0, which is the place of none, when it is not here. */
  private long entryOf(long hash) {
    if (!mayContain(hash)) return 0;
    int bucket = bucket(hash);
    int end = buckets[bucket + 1];
    for (int i = buckets[bucket]; i < end; i++) {
      long entry = map.get(U64, groupsOffset + 8L * i);
      if ((entry ^ hash) >>> 32 == 0) return entry;
    }
    return 0;
  }

  /** Something was found wrong: no block counts as looked at any more. */
  void forget() {
    Arrays.fill(prefixes, (short) UNKNOWN);
    source = null;
  }

  private int bucket(long hash) {
    return (int) (hash >>> 1 >>> bucketShift);
  }

  private boolean find(long hash, byte[] key, int from, int pointSize) {
    int bucket = bucket(hash);
    int end = buckets[bucket + 1];
    for (int i = buckets[bucket]; i < end; i++) {
      long entry = map.get(U64, groupsOffset + 8L * i);
      if ((entry ^ hash) >>> 32 != 0) continue;
      int place = (int) entry;
      block = place >>> placeBits;
      offset = place & ((1 << placeBits) - 1);
      if (block >= prefixes.length) throw damaged(groupsOffset, "a place that can not be");
      prefix = prefixes[block] - 1;
      if (prefix < 0) lookAt(block);
      boolean here =
          prefix >= 0
              ? isFirstRow(key, from, pointSize)
              : ownSource().standAt(block, offset, key, from, pointSize);
      if (here) return true;
    }
    return false;
  }

  private void lookAt(int unknown) {
    if (prefixes[unknown] == UNKNOWN) {
      prefixes[unknown] =
          table.isCompressed(unknown) ? PACKED : (short) (table.verifiedPrefix(unknown) + 1);
    }
    prefix = prefixes[unknown] == PACKED ? -1 : prefixes[unknown] - 1;
  }

  /** Decodes the whole row at the place, if it is of this group. */
  private boolean isFirstRow(byte[] key, int from, int pointSize) {
    position = table.blockOffset(block) + offset;
    long end = table.blockOffset(block + 1);
    int keyWord = varint();
    rowSuffixSize = varint();
    int valueWord = varint();
    int rest = (keyWord >>> 1) - rowSuffixSize;
    valueSize = valueWord >>> 2;
    kind = valueWord & 3;
    suffixAt = position + rest;
    boolean sane =
        (keyWord & 1) != 0
            && rest >= 0
            && rowSuffixSize >= 0
            && kind != 0
            && suffixAt + rowSuffixSize + valueSize <= end;
    if (!sane) throw damaged(table.blockOffset(block), "a row of the block can not be");
    return prefix + rest == pointSize
        && KeyBytes.equal(map, position, key, from + prefix, rest)
        && (prefix == 0 || table.indexKeyStartsWith(block, key, from, prefix));
  }

  private int varint() {
    int value = map.get(U8, position++);
    if (value >= 0) return value;
    value &= 0x7F;
    for (int shift = 7; shift < 35; shift += 7) {
      byte part = map.get(U8, position++);
      value |= (part & 0x7F) << shift;
      if (part >= 0) return value;
    }
    throw damaged(table.blockOffset(block), "a number of the block does not end");
  }

  private KdeltaException.Corrupt damaged(long at, String reason) {
    KdeltaException.Corrupt found = table.corrupt(at, reason);
    table.damaged(found);
    return found;
  }

  private Found show(byte[] key, int from, int pointSize, RowView into) {
    into.copyPoint(key, from, pointSize);
    into.showSuffix(map, suffixAt, rowSuffixSize);
    if (kind == BlockWriter.DELETE) return Found.DELETE;
    into.showValue(map, suffixAt + rowSuffixSize, valueSize, 0, path);
    return Found.ROW;
  }

  /** The source's buffer is used again by the next read, so what lies in it is copied. */
  private Found show(TableSource rows, RowView into) {
    into.copyPoint(rows.key, 0, rows.pointSize);
    into.copySuffix(rows.key, rows.pointSize, rows.keySize - rows.pointSize);
    if (rows.tombstone) return Found.DELETE;
    boolean stays = rows.blob || !rows.isPacked();
    rows.bringValue();
    if (stays) {
      into.showValue(rows.valueSegment, rows.valueOffset, rows.valueSize, 0, path);
    } else {
      into.copyValue(rows.valueSegment, rows.valueOffset, rows.valueSize, 0);
    }
    return Found.ROW;
  }

  /** Moves the source to the first row at or after a suffix of the group that was found. */
  private boolean seek(
      TableSource rows,
      byte[] key,
      int from,
      int pointSize,
      byte[] suffix,
      int suffixFrom,
      int suffixSize) {
    if (prefix >= 0) {
      if (KeyBytes.compare(map, suffixAt, rowSuffixSize, suffix, suffixFrom, suffixSize) < 0) {
        return rows.seekBehind(block, key, from, pointSize, suffix, suffixFrom, suffixSize);
      }
      if (!rows.standAt(block, offset, key, from, pointSize)) {
        throw damaged(table.blockOffset(block), "the row at " + offset + " is another");
      }
    }
    return rows.seekInGroup(key, from, pointSize, suffix, suffixFrom, suffixSize);
  }

  private TableSource ownSource() {
    TableSource own = source;
    if (own == null) {
      own = new TableSource(table, false);
      source = own;
    }
    return own;
  }
}
