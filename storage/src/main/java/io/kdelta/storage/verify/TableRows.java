package io.kdelta.storage.verify;

import io.kdelta.error.KdeltaException;
import io.kdelta.vfs.Vfs;
import java.util.Arrays;

/**
 * The rows of one table in order, block by block. Layout: the engine's BlockWriter and its LZ4
 * form. One thread; whatever does not decode is Corrupt.
 */
final class TableRows implements AutoCloseable {
  static final int KEY_BYTES_MAX = 4096;
  static final int PUT = 1;
  static final int DELETE = 2;
  static final int BLOB = 3;

  private static final int BLOCK_BYTES_MAX = 64 << 20;
  private static final int RESTART_ROWS = 16;

  private final Vfs.File file;
  private final TableShape shape;
  private final Image offsets;
  private int block = -1;
  private Image plain;
  private int at;
  private int row;
  private int rowsOfBlock;
  private int rowsEnd;

  /** The row it stands on. */
  final byte[] key = new byte[KEY_BYTES_MAX];

  int pointSize;
  int keySize;
  int kind;
  int valueAt;
  int valueSize;

  /** Whether the row is written whole: it begins a group or is a restart. */
  boolean whole;

  TableRows(Vfs.File file, TableShape shape) {
    this.file = file;
    this.shape = shape;
    this.offsets = Image.read(file, shape.indexAt(), 8L * (shape.blocks() + 1L));
    this.plain = new Image(file.path(), 0, new byte[0]);
  }

  /** Goes to the next row. */
  boolean next() {
    while (row == rowsOfBlock) {
      if (block >= 0 && at != rowsEnd) throw plain.corrupt(at, "bytes behind the last row");
      if (block + 1 >= shape.blocks()) return false;
      load(block + 1);
    }
    parse();
    row++;
    return true;
  }

  /** The block that the row lies in. */
  int block() {
    return block;
  }

  /** Where in the plain block the row begins. */
  int place() {
    return place;
  }

  /** The bytes that {@link #valueAt} counts in. */
  Image image() {
    return plain;
  }

  private int place;

  /** Where a block begins in the file. */
  long blockAt(int number) {
    return offsets.i64(8 * number) & Long.MAX_VALUE;
  }

  @Override
  public void close() {
    file.close();
  }

  private void load(int number) {
    long from = blockAt(number);
    long end = blockAt(number + 1);
    boolean sane =
        (number == 0 ? from == TableShape.HEADER_BYTES : from >= TableShape.HEADER_BYTES)
            && end > from
            && end <= shape.groupsAt();
    if (!sane || end - from > BLOCK_BYTES_MAX) {
      throw offsets.corrupt(8 * number, "block " + number + " can not be there");
    }
    Image stored = Image.read(file, from, end - from);
    plain = offsets.i64(8 * number) < 0 ? decompressed(stored) : stored;
    if (plain.size() < 8 || plain.i32(0) != plain.size()) {
      throw plain.corrupt(0, "block " + number + " has another size than it says");
    }
    rowsOfBlock = plain.u16(4);
    int prefix = plain.u16(6);
    int restarts = (rowsOfBlock + RESTART_ROWS - 1) / RESTART_ROWS;
    rowsEnd = plain.size() - 4 * restarts;
    at = 8 + prefix;
    if (rowsOfBlock == 0 || prefix > KEY_BYTES_MAX || at > rowsEnd) {
      throw plain.corrupt(4, "the head of block " + number + " can not be");
    }
    block = number;
    row = 0;
  }

  private void parse() {
    place = at;
    boolean restart = row % RESTART_ROWS == 0;
    if (restart && plain.i32(rowsEnd + 4 * (row / RESTART_ROWS)) != at) {
      throw plain.corrupt(at, "a restart of the block names another place");
    }
    long shapeOfKey = varint();
    long second = varint();
    long shapeOfValue = varint();
    whole = (shapeOfKey & 1) == 1;
    long kept = shapeOfKey >>> 1;
    if (restart && !whole) throw plain.corrupt(place, "a restart leaves bytes out");
    kind = (int) (shapeOfValue & 3);
    long size = shapeOfValue >>> 2;
    boolean fits =
        kept <= KEY_BYTES_MAX
            && second <= KEY_BYTES_MAX
            && size <= rowsEnd - at
            && kept <= rowsEnd - at - size;
    if (!fits) throw plain.corrupt(place, "a row reaches beyond its block");
    if (whole) {
      int prefix = plain.u16(6);
      long total = prefix + kept;
      if (total > KEY_BYTES_MAX || second > kept) throw plain.corrupt(place, "a key too long");
      System.arraycopy(plain.bytes, 8, key, 0, prefix);
      System.arraycopy(plain.bytes, at, key, prefix, (int) kept);
      keySize = (int) total;
      pointSize = (int) (total - second);
    } else {
      long total = pointSize + second + kept;
      if (total > KEY_BYTES_MAX || pointSize + second > keySize) {
        throw plain.corrupt(place, "a suffix shares more than there is");
      }
      System.arraycopy(plain.bytes, at, key, (int) (pointSize + second), (int) kept);
      keySize = (int) total;
    }
    valueAt = at + (int) kept;
    valueSize = (int) size;
    at = valueAt + valueSize;
    boolean value =
        switch (kind) {
          case PUT -> true;
          case DELETE -> valueSize == 0;
          case BLOB -> valueSize == BlobCheck.REFERENCE_BYTES;
          default -> false;
        };
    if (!value || pointSize < 1) throw plain.corrupt(place, "a row of a kind that can not be");
  }

  private long varint() {
    long value = 0;
    for (int i = 0; i < 5; i++) {
      if (at >= rowsEnd) throw plain.corrupt(at, "a number ends early");
      int next = plain.u8(at++);
      value |= (long) (next & 0x7F) << (7 * i);
      if (next < 0x80) return value & 0xFFFFFFFFL;
    }
    throw plain.corrupt(at, "a number without an end");
  }

  /** u32 plain size, then LZ4 sequences (lz4_Block_format.md). */
  private Image decompressed(Image stored) {
    long size = stored.u32(0);
    // A sequence byte stands for at most 255 bytes of its output.
    if (size > BLOCK_BYTES_MAX || size > 255L * stored.size()) {
      throw stored.corrupt(0, "a compressed block that would grow to " + size + " bytes");
    }
    byte[] out = new byte[(int) size];
    int from = 4;
    int to = 0;
    while (from < stored.size()) {
      int token = stored.u8(from++);
      int literals = token >>> 4;
      if (literals == 15) {
        int more;
        do {
          more = stored.u8(from++);
          literals += more;
        } while (more == 255 && literals <= out.length);
      }
      if (literals > out.length - to || literals > stored.size() - from) {
        throw stored.corrupt(from, "a compressed block does not decode");
      }
      System.arraycopy(stored.bytes, from, out, to, literals);
      from += literals;
      to += literals;
      if (from == stored.size()) break;
      int distance = stored.u16(from);
      from += 2;
      int length = token & 15;
      if (length == 15) {
        int more;
        do {
          more = stored.u8(from++);
          length += more;
        } while (more == 255 && length <= out.length);
      }
      length += 4;
      if (distance == 0 || distance > to || length > out.length - to) {
        throw stored.corrupt(from, "a compressed block does not decode");
      }
      for (int i = 0; i < length; i++, to++) out[to] = out[to - distance];
    }
    if (to != out.length) throw stored.corrupt(0, "a compressed block decodes to too little");
    return new Image(stored.file, stored.offset, out);
  }

  /** Orders the row it stands on against a key. */
  int compare(byte[] other, int otherPoint, int otherSize) {
    int byPoint = Arrays.compareUnsigned(key, 0, pointSize, other, 0, otherPoint);
    if (byPoint != 0) return byPoint;
    return Arrays.compareUnsigned(key, pointSize, keySize, other, otherPoint, otherSize);
  }

  KdeltaException.Corrupt corrupt(String what) {
    return new KdeltaException.Corrupt(plain.file, blockAt(Math.max(0, block)), what);
  }
}
