package io.kdelta.storage;

import io.kdelta.error.KdeltaException;
import io.kdelta.memory.Bytes;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * The rows of one memtable, table or run in key order, deletes included, each key once.
 *
 * <p>It shows the row it stands on through its fields, which change with the next move: the key is
 * copied into a reused array, the value stays where it lies. Owner: one thread, whichever made it.
 */
abstract class RowSource {
  /** Point part and suffix, one after the other: the first {@link #keySize} bytes. */
  byte[] key = new byte[64];

  int pointSize;
  int keySize;
  boolean tombstone;

  /**
   * Whether the value lies in a blob file: until {@link #bringValue} the value fields show the
   * reference to it ({@link BlobFormat}).
   */
  boolean blob;

  long lsn;
  MemorySegment valueSegment = MemorySegment.NULL;
  long valueOffset;
  int valueSize;

  private byte[] wrapped = new byte[0];
  private MemorySegment wrapper = MemorySegment.NULL;

  /** Moves to the next row; the first call moves to the first row. */
  abstract boolean next();

  /** Moves to the first row at or after a key, wherever it stood before. */
  abstract boolean seek(RowKey target);

  /**
   * Makes the value fields of the present row show the value itself, wherever it lies; whoever
   * reads them for more than carrying the row on calls it first. Core thread.
   */
  void bringValue() {}

  /** Shows the row that another stands on, where it lies, until that one moves. */
  final void showRowOf(RowSource other) {
    key = other.key;
    pointSize = other.pointSize;
    keySize = other.keySize;
    tombstone = other.tombstone;
    blob = other.blob;
    lsn = other.lsn;
    valueSegment = other.valueSegment;
    valueOffset = other.valueOffset;
    valueSize = other.valueSize;
  }

  /** Orders the rows two sources stand on. */
  final int compareKeys(RowSource other) {
    int byPoint = Arrays.compareUnsigned(key, 0, pointSize, other.key, 0, other.pointSize);
    if (byPoint != 0) return byPoint;
    return Arrays.compareUnsigned(
        key, pointSize, keySize, other.key, other.pointSize, other.keySize);
  }

  /** Orders the present row against a key given as its bytes. */
  final int compareKey(byte[] point, byte[] suffix) {
    return compareKey(point, 0, point.length, suffix, 0, suffix.length);
  }

  /** Orders the present row against a key given as parts of arrays. */
  final int compareKey(
      byte[] point, int from, int pointBytes, byte[] suffix, int suffixFrom, int suffixBytes) {
    int byPoint = comparePoint(point, from, pointBytes);
    return byPoint != 0 ? byPoint : compareSuffix(suffix, suffixFrom, suffixBytes);
  }

  /** Orders the point part of the present row. */
  final int comparePoint(byte[] point, int from, int size) {
    return Arrays.compareUnsigned(key, 0, pointSize, point, from, from + size);
  }

  /** Orders the suffix of the present row. */
  final int compareSuffix(byte[] suffix, int from, int size) {
    return Arrays.compareUnsigned(key, pointSize, keySize, suffix, from, from + size);
  }

  /** Whether the present row lies in the group of this point part. */
  final boolean inGroup(byte[] point) {
    return inGroup(point, 0, point.length);
  }

  /** Whether the present row lies in the group of a point part given as a part of an array. */
  final boolean inGroup(byte[] point, int from, int size) {
    return Arrays.equals(key, 0, pointSize, point, from, from + size);
  }

  /** The array of the key as a segment, made again only when the array is another one. */
  @SuppressWarnings("ReferenceEquality") // The same array is meant, not the same bytes.
  final MemorySegment keySegment() {
    if (wrapped != key) {
      wrapped = key;
      wrapper = MemorySegment.ofArray(key);
    }
    return wrapper;
  }

  /** The key of the present row, copied. */
  final RowKey rowKey() {
    return rowKey(key, pointSize, keySize);
  }

  /** A key given as the bytes of both parts, copied. */
  static RowKey rowKey(byte[] key, int pointSize, int keySize) {
    Bytes whole = Bytes.copyOf(key, 0, keySize);
    return new RowKey(whole.slice(0, pointSize), whole.slice(pointSize));
  }

  /** The present row, copied; it must not be a delete. */
  final Row row() {
    return new Row(rowKey(), value(), lsn);
  }

  /** The value of the present row, copied. */
  final Bytes value() {
    try {
      bringValue();
      return Bytes.copyOf(valueSegment, valueOffset, valueSize);
    } catch (InternalError cut) {
      throw new KdeltaException.Corrupt(place(), 0, "the mapped file was cut: " + cut.getMessage());
    }
  }

  /** The file the rows come from, for messages. */
  abstract String place();

  /** Makes room for a key of this many bytes. */
  final void reserveKey(int size) {
    if (key.length < size) key = Arrays.copyOf(key, Math.max(size, key.length * 2));
  }
}
