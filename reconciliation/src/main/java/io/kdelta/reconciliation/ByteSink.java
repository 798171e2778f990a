package io.kdelta.reconciliation;

import java.util.Arrays;

/** A growing byte array to write a message into. Integers little-endian, varints LEB128. */
final class ByteSink {
  private byte[] bytes;
  private int size;

  ByteSink(int capacity) {
    bytes = new byte[capacity];
  }

  int size() {
    return size;
  }

  void u8(int value) {
    room(1);
    bytes[size++] = (byte) value;
  }

  void u16(int value) {
    u8(value);
    u8(value >>> 8);
  }

  void u32(int value) {
    u16(value);
    u16(value >>> 16);
  }

  void u64(long value) {
    u32((int) value);
    u32((int) (value >>> 32));
  }

  /** A big-endian word, as digests and names are written. */
  void word(long value) {
    u64(Long.reverseBytes(value));
  }

  /** A number from 0 to 2^63 - 1 in seven bits a byte, lowest first, the high bit = more. */
  void varint(long value) {
    if (value < 0) throw new IllegalArgumentException("a negative count: " + value);
    long rest = value;
    while (rest > 0x7f) {
      u8((int) (rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    u8((int) rest);
  }

  /** How many bytes {@link #varint} takes for a number. */
  static int sizeOf(long value) {
    return (Long.SIZE - Long.numberOfLeadingZeros(value | 1) + 6) / 7;
  }

  void digest(Digest digest) {
    room(Digest.SIZE);
    digest.writeTo(bytes, size);
    size += Digest.SIZE;
  }

  void octets(Octets octets) {
    room(octets.size());
    octets.copyTo(bytes, size);
    size += octets.size();
  }

  void append(ByteSink other) {
    room(other.size);
    System.arraycopy(other.bytes, 0, bytes, size, other.size);
    size += other.size;
  }

  byte[] toBytes() {
    return Arrays.copyOf(bytes, size);
  }

  private void room(int wanted) {
    if (bytes.length - size < wanted) {
      bytes = Arrays.copyOf(bytes, Math.max(bytes.length * 2, size + wanted));
    }
  }
}
