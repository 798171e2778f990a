package io.kdelta.memory;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;

/**
 * An immutable string of bytes on the heap: the only form in which bytes cross threads or live in a
 * record. Equal by content, ordered as unsigned bytes, printable.
 *
 * <p>Invariant: nothing writes to the array behind it after construction; {@link #wrap} takes over
 * an array that the caller gives up. A slice shares its parent's array.
 */
public final class Bytes implements Comparable<Bytes> {
  public static final Bytes EMPTY = new Bytes(new byte[0], 0, 0);

  private static final int PRINTED_BYTES_MAX = 40;
  private static final VarHandle SHORT =
      MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle LONG_BIG_ENDIAN =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

  private final byte[] array;
  private final int start;
  private final int size;

  private Bytes(byte[] array, int start, int size) {
    this.array = array;
    this.start = start;
    this.size = size;
  }

  /** The array itself, which the caller gives up: it must not be written to again. */
  public static Bytes wrap(byte[] owned) {
    return owned.length == 0 ? EMPTY : new Bytes(owned, 0, owned.length);
  }

  /** A part of an array that the caller gives up: it must not be written to again. */
  public static Bytes wrap(byte[] owned, int from, int size) {
    checkRange(from, size, owned.length);
    return size == 0 ? EMPTY : new Bytes(owned, from, size);
  }

  public static Bytes copyOf(byte[] source) {
    return wrap(source.clone());
  }

  public static Bytes copyOf(byte[] source, int from, int size) {
    checkRange(from, size, source.length);
    return wrap(Arrays.copyOfRange(source, from, from + size));
  }

  /** Copies {@code size} bytes of off-heap memory. */
  public static Bytes copyOf(MemorySegment source, long from, int size) {
    byte[] copy = new byte[size];
    MemorySegment.copy(source, ValueLayout.JAVA_BYTE, from, copy, 0, size);
    return wrap(copy);
  }

  /** Copies what remains in the buffer and consumes it. */
  public static Bytes copyOf(ByteBuffer source) {
    byte[] copy = new byte[source.remaining()];
    source.get(copy);
    return wrap(copy);
  }

  public static Bytes utf8(String text) {
    return wrap(text.getBytes(StandardCharsets.UTF_8));
  }

  /** One byte, given as a value from 0 to 255. */
  public static Bytes of(int... unsignedBytes) {
    byte[] array = new byte[unsignedBytes.length];
    for (int i = 0; i < array.length; i++) array[i] = (byte) unsignedBytes[i];
    return wrap(array);
  }

  /**
   * The bytes that the digits spell.
   *
   * @throws IllegalArgumentException if the text is not an even number of hexadecimal digits
   */
  public static Bytes ofHex(String hex) {
    return wrap(HexFormat.of().parseHex(hex));
  }

  public static Bytes concat(Bytes... parts) {
    long total = 0;
    for (Bytes part : parts) total += part.size;
    byte[] joined = new byte[Math.toIntExact(total)];
    int at = 0;
    for (Bytes part : parts) {
      part.copyTo(joined, at);
      at += part.size;
    }
    return wrap(joined);
  }

  public int size() {
    return size;
  }

  public boolean isEmpty() {
    return size == 0;
  }

  public byte at(int index) {
    return array[start + check(index, 1)];
  }

  /** The byte at the index as a value from 0 to 255. */
  public int unsignedAt(int index) {
    return at(index) & 0xFF;
  }

  /** The little-endian unsigned 16-bit value that starts at the index. */
  public int unsignedShortAt(int index) {
    return (short) SHORT.get(array, start + check(index, 2)) & 0xFFFF;
  }

  /** The little-endian 32-bit value that starts at the index. */
  public int intAt(int index) {
    return (int) INT.get(array, start + check(index, 4));
  }

  /** The little-endian 64-bit value that starts at the index. */
  public long longAt(int index) {
    return (long) LONG.get(array, start + check(index, 8));
  }

  /** The big-endian 64-bit value that starts at the index: the order in which keys sort. */
  public long bigEndianLongAt(int index) {
    return (long) LONG_BIG_ENDIAN.get(array, start + check(index, 8));
  }

  /** The bytes in {@code [from, to)}, sharing this array. */
  public Bytes slice(int from, int to) {
    if (from > to) throw new IndexOutOfBoundsException("slice " + from + " to " + to);
    check(from, to - from);
    return from == to ? EMPTY : new Bytes(array, start + from, to - from);
  }

  /** The bytes from the index on, sharing this array. */
  public Bytes slice(int from) {
    return slice(from, size);
  }

  public boolean startsWith(Bytes prefix) {
    return prefix.size <= size
        && Arrays.equals(
            array,
            start,
            start + prefix.size,
            prefix.array,
            prefix.start,
            prefix.start + prefix.size);
  }

  public byte[] toArray() {
    return Arrays.copyOfRange(array, start, start + size);
  }

  public void copyTo(byte[] target, int targetIndex) {
    System.arraycopy(array, start, target, targetIndex, size);
  }

  public void copyTo(MemorySegment target, long targetOffset) {
    MemorySegment.copy(array, start, target, ValueLayout.JAVA_BYTE, targetOffset, size);
  }

  /** A read-only little-endian view for channels, checksums and digests; it shares this array. */
  public ByteBuffer buffer() {
    return ByteBuffer.wrap(array, start, size)
        .slice()
        .asReadOnlyBuffer()
        .order(ByteOrder.LITTLE_ENDIAN);
  }

  /** Feeds the bytes to anything that takes an array and a range, without a copy. */
  public void feed(Sink sink) {
    sink.accept(array, start, size);
  }

  /** The text, with each malformed sequence replaced by U+FFFD. */
  public String utf8() {
    return new String(array, start, size, StandardCharsets.UTF_8);
  }

  public String hex() {
    return HexFormat.of().formatHex(array, start, start + size);
  }

  @Override
  public int compareTo(Bytes other) {
    return Arrays.compareUnsigned(
        array, start, start + size, other.array, other.start, other.start + other.size);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Bytes bytes
        && Arrays.equals(
            array, start, start + size, bytes.array, bytes.start, bytes.start + bytes.size);
  }

  @Override
  public int hashCode() {
    int hash = 1;
    for (int i = start; i < start + size; i++) hash = 31 * hash + array[i];
    return hash;
  }

  @Override
  public String toString() {
    return size <= PRINTED_BYTES_MAX
        ? hex()
        : slice(0, PRINTED_BYTES_MAX).hex() + "... (" + size + " bytes)";
  }

  private int check(int index, int count) {
    checkRange(index, count, size);
    return index;
  }

  private static void checkRange(int index, int count, int size) {
    if (index < 0 || count < 0 || index > size - count) {
      throw new IndexOutOfBoundsException(count + " bytes at " + index + " of " + size);
    }
  }

  /** A taker of ranges that must not write to the array, such as a checksum. */
  @FunctionalInterface
  public interface Sink {
    void accept(byte[] array, int from, int size);
  }
}
