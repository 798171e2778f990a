package io.kdelta.storage;

import io.kdelta.error.KdeltaException;
import io.kdelta.memory.Bytes;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * One live row, shown where it lies: what a read without garbage fills in. Make one and use it for
 * all reads; every read replaces what it showed before.
 *
 * <p>Owner: its caller, on the core thread. Validity: after {@link Rows#get} and {@link Rows#first}
 * until the next call of apply, takeWork, workDone or close of the engine, a snapshot or a cursor;
 * after {@link Cursor#view} until that cursor moves or is closed. From then on the bytes may be
 * anything, and under {@code -ea} every method says so. What must live longer is copied: {@link
 * #value}, {@link #suffix}, {@link #row}. The segment must not leave the method that asked for it.
 */
public final class RowView {
  private static final ValueLayout.OfByte U8 = ValueLayout.JAVA_BYTE;
  private static final ReadEpoch FOR_EVER = new ReadEpoch();

  private MemorySegment keySegment = MemorySegment.NULL;
  private long pointOffset;
  private int pointSize;
  private long suffixOffset;
  private int suffixSize;
  private MemorySegment valueSegment = MemorySegment.NULL;
  private long valueOffset;
  private int valueSize;
  private long lsn;
  private String place = "";
  private ReadEpoch epoch = FOR_EVER;
  private long shownIn = -1;

  private byte[] own = new byte[0];
  private MemorySegment ownSegment = MemorySegment.NULL;

  /** Shows nothing yet. */
  public RowView() {}

  /** The LSN of the batch that wrote the row while it is in a memtable; 0 from a table. */
  public long lsn() {
    assert valid();
    return lsn;
  }

  /** Bytes of the point part. */
  public int pointSize() {
    assert valid();
    return pointSize;
  }

  /** A byte of the point part. */
  public byte pointAt(int index) {
    assert valid();
    if (index < 0 || index >= pointSize) throw new IndexOutOfBoundsException(index);
    return keySegment.get(U8, pointOffset + index);
  }

  /** Bytes of the suffix. */
  public int suffixSize() {
    assert valid();
    return suffixSize;
  }

  /** A byte of the suffix. */
  public byte suffixAt(int index) {
    assert valid();
    if (index < 0 || index >= suffixSize) throw new IndexOutOfBoundsException(index);
    return keySegment.get(U8, suffixOffset + index);
  }

  /** The suffix, copied. */
  public Bytes suffix() {
    assert valid();
    byte[] copy = new byte[suffixSize];
    copySuffix(copy, 0);
    return Bytes.wrap(copy);
  }

  /** The key, copied. */
  public RowKey key() {
    byte[] copy = new byte[pointSize + suffixSize];
    copyKeyTo(copy, 0);
    return RowSource.rowKey(copy, pointSize, copy.length);
  }

  /** Copies point part and suffix, one after the other, and answers how many bytes they are. */
  public int copyKeyTo(byte[] target, int at) {
    assert valid();
    try {
      MemorySegment.copy(keySegment, U8, pointOffset, target, at, pointSize);
    } catch (InternalError cut) {
      throw corrupt(cut);
    }
    copySuffix(target, at + pointSize);
    return pointSize + suffixSize;
  }

  /** Where the value lies; only from {@link #valueOffset}, only {@link #valueSize} bytes. */
  public MemorySegment valueSegment() {
    assert valid();
    return valueSegment;
  }

  /** Offset of the first byte of the value in {@link #valueSegment}. */
  public long valueOffset() {
    assert valid();
    return valueOffset;
  }

  /** Bytes of the value. */
  public int valueSize() {
    assert valid();
    return valueSize;
  }

  /** The value, copied. */
  public Bytes value() {
    byte[] copy = new byte[valueSize];
    copyValueTo(copy, 0);
    return Bytes.wrap(copy);
  }

  /** Copies the value, {@link #valueSize} bytes. Throws Corrupt when its file was cut. */
  public void copyValueTo(byte[] target, int at) {
    assert valid();
    try {
      MemorySegment.copy(valueSegment, U8, valueOffset, target, at, valueSize);
    } catch (InternalError cut) {
      throw corrupt(cut);
    }
  }

  /** The row, copied. */
  public Row row() {
    return new Row(key(), value(), lsn);
  }

  /**
   * Shows a copy of this row, kept in memory of the view's own and valid until the next read: for
   * implementations of {@link Rows} and {@link Cursor} that have their rows on the heap.
   */
  public void show(Row row) {
    int keySize = row.key().size();
    reserveOwn(keySize + row.value().size());
    int points = row.key().point().size();
    row.key().point().copyTo(own, 0);
    row.key().suffix().copyTo(own, points);
    row.value().copyTo(own, keySize);
    showKey(ownSegment, 0, points, points, keySize - points);
    showValue(ownSegment, keySize, row.value().size(), row.lsn(), "");
    validFor(FOR_EVER);
  }

  /** Shows nothing any more. */
  public void clear() {
    shownIn = -1;
  }

  /** Where the key lies: both parts in one segment. */
  void showKey(
      MemorySegment segment,
      long newPointOffset,
      int newPointSize,
      long newSuffixOffset,
      int size) {
    keySegment = segment;
    pointOffset = newPointOffset;
    pointSize = newPointSize;
    suffixOffset = newSuffixOffset;
    suffixSize = size;
  }

  /** Copies the key into memory of the view's own, for keys that lie in no one place. */
  void copyKey(byte[] key, int from, int points, int suffixes) {
    reserveOwn(points + suffixes);
    System.arraycopy(key, from, own, 0, points + suffixes);
    showKey(ownSegment, 0, points, points, suffixes);
  }

  /**
   * Where the value lies.
   *
   * @param file for messages
   */
  void showValue(MemorySegment segment, long offset, int size, long rowLsn, String file) {
    valueSegment = segment;
    valueOffset = offset;
    valueSize = size;
    lsn = rowLsn;
    place = file;
  }

  /** All that was shown is valid until this epoch ends. */
  void validFor(ReadEpoch readEpoch) {
    epoch = readEpoch;
    shownIn = readEpoch.number();
  }

  private void copySuffix(byte[] target, int at) {
    try {
      MemorySegment.copy(keySegment, U8, suffixOffset, target, at, suffixSize);
    } catch (InternalError cut) {
      throw corrupt(cut);
    }
  }

  private void reserveOwn(int size) {
    if (own.length >= size && size > 0) return;
    own = Arrays.copyOf(own, Math.max(64, Math.max(size, own.length * 2)));
    ownSegment = MemorySegment.ofArray(own);
  }

  private KdeltaException.Corrupt corrupt(InternalError cut) {
    return new KdeltaException.Corrupt(place, 0, "the mapped file was cut: " + cut.getMessage());
  }

  private boolean valid() {
    if (shownIn < 0) throw new AssertionError("the view shows no row");
    if (shownIn != epoch.number()) throw new AssertionError("the view outlived what it shows");
    return true;
  }
}
