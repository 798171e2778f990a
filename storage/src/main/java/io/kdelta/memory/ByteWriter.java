package io.kdelta.memory;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * Builds a {@link Bytes} piece by piece, little-endian, growing as needed. Owned by one thread.
 *
 * <p>{@link #toBytes} copies; {@link #clear} keeps the memory for the next message.
 */
public final class ByteWriter {
  private static final VarHandle SHORT =
      MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle LONG_BIG_ENDIAN =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

  private byte[] array;
  private int size;

  public ByteWriter() {
    this(64);
  }

  public ByteWriter(int sizeExpected) {
    array = new byte[Math.max(8, sizeExpected)];
  }

  public int size() {
    return size;
  }

  /** Writes the low 8 bits. */
  public ByteWriter writeByte(int value) {
    int at = room(1);
    array[at] = (byte) value;
    return this;
  }

  /** Writes the low 16 bits. */
  public ByteWriter writeShort(int value) {
    int at = room(2);
    SHORT.set(array, at, (short) value);
    return this;
  }

  public ByteWriter writeInt(int value) {
    int at = room(4);
    INT.set(array, at, value);
    return this;
  }

  public ByteWriter writeLong(long value) {
    int at = room(8);
    LONG.set(array, at, value);
    return this;
  }

  /** For keys, whose bytes must sort as the values do. */
  public ByteWriter writeBigEndianLong(long value) {
    int at = room(8);
    LONG_BIG_ENDIAN.set(array, at, value);
    return this;
  }

  public ByteWriter write(Bytes bytes) {
    int at = room(bytes.size());
    bytes.copyTo(array, at);
    return this;
  }

  public ByteWriter write(byte[] bytes) {
    int at = room(bytes.length);
    System.arraycopy(bytes, 0, array, at, bytes.length);
    return this;
  }

  /** Writes a 32-bit size and then the bytes; {@link ByteReader#readSized} reads them. */
  public ByteWriter writeSized(Bytes bytes) {
    return writeInt(bytes.size()).write(bytes);
  }

  /** Replaces the 32-bit value at the index, such as a count known only at the end. */
  public ByteWriter setInt(int index, int value) {
    if (index < 0 || index > size - 4) throw new IndexOutOfBoundsException(index);
    INT.set(array, index, value);
    return this;
  }

  /** What was written so far, as a copy. */
  public Bytes toBytes() {
    return Bytes.copyOf(array, 0, size);
  }

  /** What was written so far, without a copy: the writer is empty and has no memory any more. */
  public Bytes handOver() {
    Bytes written = Bytes.wrap(array, 0, size);
    array = new byte[0];
    size = 0;
    return written;
  }

  public void clear() {
    size = 0;
  }

  /** Where the next bytes go. It may replace the array, so call it before naming the array. */
  private int room(int count) {
    int at = size;
    int needed = Math.addExact(at, count);
    if (needed > array.length) {
      long doubled = Math.min(Integer.MAX_VALUE - 8L, 2L * array.length);
      array = Arrays.copyOf(array, (int) Math.max(needed, doubled));
    }
    size = needed;
    return at;
  }
}
