package io.kdelta.storage;

import io.kdelta.error.KdeltaException;
import io.kdelta.memory.Bytes;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

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

  private MemorySegment pointSegment = MemorySegment.NULL;
  private long pointOffset;
  private int pointSize;
  private MemorySegment suffixSegment = MemorySegment.NULL;
  private long suffixOffset;
  private int suffixSize;
  private MemorySegment valueSegment = MemorySegment.NULL;
  private long valueOffset;
  private int valueSize;
  private long lsn;
  private String place = "";
  private ReadEpoch epoch = FOR_EVER;
  private long shownIn = -1;

  private boolean ownsPoint;
  private boolean ownsSuffix;
  private boolean ownsValue;

  /** Memory of the view's own, for what lies in no one place or will not stay where it lies. */
  private byte[] ownPoint = new byte[0];

  private byte[] ownSuffix = new byte[0];
  private byte[] ownValue = new byte[0];
  private MemorySegment ownPointSegment = MemorySegment.NULL;
  private MemorySegment ownSuffixSegment = MemorySegment.NULL;
  private MemorySegment ownValueSegment = MemorySegment.NULL;

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
    return pointSegment.get(U8, pointOffset + index);
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
    return suffixSegment.get(U8, suffixOffset + index);
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
      MemorySegment.copy(pointSegment, U8, pointOffset, target, at, pointSize);
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
    row.key().point().feed(this::copyPoint);
    row.key().suffix().feed(this::copySuffix);
    reserveValue(row.value().size());
    row.value().copyTo(ownValue, 0);
    showValue(ownValueSegment, 0, row.value().size(), row.lsn(), "");
    validFor(FOR_EVER);
  }

  /** Shows nothing any more. */
  public void clear() {
    shownIn = -1;
  }

  /** Where the point part lies. */
  void showPoint(MemorySegment segment, long offset, int size) {
    pointSegment = segment;
    pointOffset = offset;
    pointSize = size;
    ownsPoint = false;
  }

  /** Where the suffix lies. */
  void showSuffix(MemorySegment segment, long offset, int size) {
    suffixSegment = segment;
    suffixOffset = offset;
    suffixSize = size;
    ownsSuffix = false;
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
    ownsValue = false;
  }

  /** Copies a point part that lies in no one place. */
  void copyPoint(byte[] key, int from, int size) {
    if (ownPoint.length < size) {
      ownPoint = new byte[Math.max(64, size * 2)];
      ownPointSegment = MemorySegment.ofArray(ownPoint);
    }
    System.arraycopy(key, from, ownPoint, 0, size);
    showPoint(ownPointSegment, 0, size);
    ownsPoint = true;
  }

  /** Copies a suffix that lies in no one place. */
  void copySuffix(byte[] key, int from, int size) {
    if (ownSuffix.length < size) {
      ownSuffix = new byte[Math.max(64, size * 2)];
      ownSuffixSegment = MemorySegment.ofArray(ownSuffix);
    }
    System.arraycopy(key, from, ownSuffix, 0, size);
    showSuffix(ownSuffixSegment, 0, size);
    ownsSuffix = true;
  }

  /** Copies a value that will not stay where it lies. */
  void copyValue(MemorySegment segment, long offset, int size, long rowLsn) {
    reserveValue(size);
    MemorySegment.copy(segment, U8, offset, ownValue, 0, size);
    showValue(ownValueSegment, 0, size, rowLsn, "");
    ownsValue = true;
  }

  /** All that was shown is valid until this epoch ends. */
  void validFor(ReadEpoch readEpoch) {
    epoch = readEpoch;
    shownIn = readEpoch.number();
  }

  /** Shows what another view was filled with, which may then be filled again. */
  void showSame(RowView other) {
    if (other.ownsPoint) {
      copyPoint(other.ownPoint, 0, other.pointSize);
    } else {
      showPoint(other.pointSegment, other.pointOffset, other.pointSize);
    }
    if (other.ownsSuffix) {
      copySuffix(other.ownSuffix, 0, other.suffixSize);
    } else {
      showSuffix(other.suffixSegment, other.suffixOffset, other.suffixSize);
    }
    if (other.ownsValue) {
      copyValue(other.valueSegment, 0, other.valueSize, other.lsn);
    } else {
      showValue(other.valueSegment, other.valueOffset, other.valueSize, other.lsn, other.place);
    }
  }

  /** As {@link #suffixSize}, while the view is being filled in. */
  int shownSuffixSize() {
    return suffixSize;
  }

  /** As {@link #suffix}, while the view is being filled in. */
  void copyShownSuffix(byte[] target) {
    copySuffix(target, 0);
  }

  /** Orders two views that are being filled in by their suffixes. */
  int compareShownSuffix(RowView other) {
    int size = Math.min(suffixSize, other.suffixSize);
    for (int i = 0; i < size; i++) {
      byte mine = suffixSegment.get(U8, suffixOffset + i);
      byte theirs = other.suffixSegment.get(U8, other.suffixOffset + i);
      if (mine != theirs) return Byte.compareUnsigned(mine, theirs);
    }
    return suffixSize - other.suffixSize;
  }

  private void copySuffix(byte[] target, int at) {
    try {
      MemorySegment.copy(suffixSegment, U8, suffixOffset, target, at, suffixSize);
    } catch (InternalError cut) {
      throw corrupt(cut);
    }
  }

  private void reserveValue(int size) {
    if (ownValue.length >= size) return;
    ownValue = new byte[Math.max(64, size * 2)];
    ownValueSegment = MemorySegment.ofArray(ownValue);
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
