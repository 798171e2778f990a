package io.kdelta.storage;

import io.kdelta.error.KdeltaException;
import io.kdelta.memory.Bytes;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * Puts and deletes that happen together or not at all: one log record, one LSN.
 *
 * <p>It is built straight into its encoding, which is the payload of the log record. When a key is
 * written twice the later one counts. Owner: whoever builds it, then the engine.
 *
 * <pre>
 * offset size  type   meaning (little-endian)
 * 0      4     u32    number of rows, then for each row
 *   0    1     u8     kind: 1 put, 2 delete
 *   1    2     u16    bytes of the point part, at least 1
 *   3    2     u16    bytes of the suffix; both together at most 4096
 *   5    4     u32    bytes of the value, 0 for a delete
 *   9    ...          point part, suffix, value
 * </pre>
 */
public final class WriteBatch {
  /** The largest value, in bytes (storage.md section 1). */
  public static final int VALUE_BYTES_MAX = 16 << 20;

  private static final byte PUT = 1;
  static final byte DELETE = 2;
  private static final int ROWS_BYTES = 4;
  private static final int ROW_HEADER_BYTES = 9;

  private static final int BYTES_MAX = 1 << 30;
  private static final VarHandle U16 =
      MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle U32 =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

  private byte[] encoded;
  private int size = ROWS_BYTES;
  private int rows;

  /** An empty batch. */
  public WriteBatch() {
    this(256);
  }

  /** An empty batch with room for about so many bytes. */
  public WriteBatch(int bytesExpected) {
    encoded = new byte[Math.max(ROWS_BYTES, bytesExpected)];
  }

  /** Sets a row. Throws Invalid when the value is over the limit. */
  public WriteBatch put(RowKey key, Bytes value) {
    requireValue(value.size());
    append(PUT, key, value);
    return this;
  }

  /** Removes a row, whether it is there or not. */
  public WriteBatch delete(RowKey key) {
    append(DELETE, key, Bytes.EMPTY);
    return this;
  }

  /**
   * Sets a row from bytes that are copied. Throws Invalid when key or value are over their limit.
   *
   * @param key holds the point part and, right behind it, the suffix
   * @param keyFrom where the point part begins
   */
  public WriteBatch put(
      byte[] key,
      int keyFrom,
      int pointSize,
      int suffixSize,
      byte[] value,
      int valueFrom,
      int valueSize) {
    requireKey(pointSize, suffixSize);
    requireValue(valueSize);
    int at = appendHeader(PUT, pointSize, suffixSize, valueSize);
    System.arraycopy(key, keyFrom, encoded, at, pointSize + suffixSize);
    System.arraycopy(value, valueFrom, encoded, at + pointSize + suffixSize, valueSize);
    return this;
  }

  /** Removes a row given as {@link #put(byte[], int, int, int, byte[], int, int)} says. */
  public WriteBatch delete(byte[] key, int keyFrom, int pointSize, int suffixSize) {
    requireKey(pointSize, suffixSize);
    int at = appendHeader(DELETE, pointSize, suffixSize, 0);
    System.arraycopy(key, keyFrom, encoded, at, pointSize + suffixSize);
    return this;
  }

  /** Everything that another batch does, behind what this one does. */
  public WriteBatch append(WriteBatch other) {
    int more = other.size - ROWS_BYTES;
    reserve(more);
    System.arraycopy(other.encoded, ROWS_BYTES, encoded, size, more);
    size += more;
    rows += other.rows;
    return this;
  }

  /** Forgets all rows and keeps the memory, for the next batch. */
  public WriteBatch clear() {
    size = ROWS_BYTES;
    rows = 0;
    return this;
  }

  /** Puts and deletes in it. */
  public int rows() {
    return rows;
  }

  /** Bytes of its encoding: what it takes in the log besides the record header. */
  public int encodedSize() {
    return size;
  }

  /** The encoding, copied. */
  public Bytes encoded() {
    return Bytes.copyOf(array(), 0, size);
  }

  /** The encoding in place: the first {@link #encodedSize} bytes, valid until the next change. */
  byte[] array() {
    U32.set(encoded, 0, rows);
    return encoded;
  }

  /**
   * Hands each row of an encoded batch to the sink. A batch that does not decode is a bug of ours:
   * its checksum was right.
   */
  static void forEachRow(byte[] array, int from, int size, RowSink sink) {
    int end = from + size;
    if (size < ROWS_BYTES) throw new AssertionError("a batch of " + size + " bytes");
    int rows = (int) U32.get(array, from);
    int at = from + ROWS_BYTES;
    for (int i = 0; i < rows; i++) {
      if (end - at < ROW_HEADER_BYTES) throw new AssertionError("row " + i + " is cut");
      byte kind = array[at];
      int pointSize = (short) U16.get(array, at + 1) & 0xFFFF;
      int suffixSize = (short) U16.get(array, at + 3) & 0xFFFF;
      int valueSize = (int) U32.get(array, at + 5);
      at += ROW_HEADER_BYTES;
      boolean sane =
          (kind == PUT || (kind == DELETE && valueSize == 0))
              && pointSize > 0
              && pointSize + suffixSize <= RowKey.BYTES_MAX
              && valueSize >= 0
              && valueSize <= end - at - pointSize - suffixSize;
      if (!sane) throw new AssertionError("row " + i + " can not be");
      sink.row(kind, array, at, pointSize, suffixSize, valueSize);
      at += pointSize + suffixSize + valueSize;
    }
    if (at != end) throw new AssertionError(end - at + " bytes after the last row");
  }

  /** Rows in an encoded batch. */
  static int rowsOf(byte[] array, int from) {
    return (int) U32.get(array, from);
  }

  private void append(byte kind, RowKey key, Bytes value) {
    int pointSize = key.point().size();
    int suffixSize = key.suffix().size();
    int at = appendHeader(kind, pointSize, suffixSize, value.size());
    key.point().copyTo(encoded, at);
    key.suffix().copyTo(encoded, at + pointSize);
    value.copyTo(encoded, at + pointSize + suffixSize);
  }

  /** Makes room for a row, writes all but its bytes and answers where these go. */
  private int appendHeader(byte kind, int pointSize, int suffixSize, int valueSize) {
    int bytes = ROW_HEADER_BYTES + pointSize + suffixSize + valueSize;
    reserve(bytes);
    int at = size;
    encoded[at] = kind;
    U16.set(encoded, at + 1, (short) pointSize);
    U16.set(encoded, at + 3, (short) suffixSize);
    U32.set(encoded, at + 5, valueSize);
    size = at + bytes;
    rows++;
    return at + ROW_HEADER_BYTES;
  }

  private static void requireKey(int pointSize, int suffixSize) {
    if (pointSize <= 0 || suffixSize < 0 || pointSize > RowKey.BYTES_MAX - suffixSize) {
      throw new KdeltaException.Invalid(
          "row key", "of " + pointSize + " and " + suffixSize + " bytes");
    }
  }

  private static void requireValue(int size) {
    if (size < 0 || size > VALUE_BYTES_MAX) {
      throw new KdeltaException.Invalid("value", "longer than " + VALUE_BYTES_MAX + " bytes");
    }
  }

  private void reserve(int more) {
    long needed = (long) size + more;
    if (needed > BYTES_MAX) {
      throw new KdeltaException.Invalid("batch", "longer than " + BYTES_MAX + " bytes");
    }
    if (needed > encoded.length) {
      encoded = Arrays.copyOf(encoded, (int) Math.min(BYTES_MAX, Math.max(needed, size * 2L)));
    }
  }

  /** Takes rows where they lie: point part, suffix and value one after the other. */
  interface RowSink {
    void row(byte kind, byte[] array, int at, int pointSize, int suffixSize, int valueSize);
  }
}
