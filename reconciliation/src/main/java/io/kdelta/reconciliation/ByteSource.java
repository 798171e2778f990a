package io.kdelta.reconciliation;

/**
 * Reads a message that a peer sent. Everything is checked against the bytes that are left before it
 * is read or room is made for it; what does not fit throws {@link Malformed}.
 */
final class ByteSource {
  /** The bytes are no message. Never leaves this package. */
  static final class Malformed extends RuntimeException {
    Malformed(String reason) {
      super(reason, null, false, false);
    }
  }

  private final byte[] bytes;
  private int at;

  ByteSource(byte[] bytes) {
    this.bytes = bytes;
  }

  int left() {
    return bytes.length - at;
  }

  int u8() {
    need(1);
    return bytes[at++] & 0xff;
  }

  int u16() {
    int low = u8();
    return low | (u8() << 8);
  }

  int u32() {
    int low = u16();
    return low | (u16() << 16);
  }

  long u64() {
    long low = u32() & 0xffff_ffffL;
    return low | ((long) u32() << 32);
  }

  /** A big-endian word, as digests and names are written. */
  long word() {
    return Long.reverseBytes(u64());
  }

  /** A number from 0 to {@code max}, in its shortest form only. */
  long varint(long max) {
    long value = 0;
    for (int shift = 0; shift < 63; shift += 7) {
      int next = u8();
      value |= (long) (next & 0x7f) << shift;
      if (next < 0x80) {
        if (next == 0 && shift > 0) throw new Malformed("a number with empty bytes");
        if (value > max) throw new Malformed(value + " is more than " + max);
        return value;
      }
    }
    throw new Malformed("a number without end");
  }

  /** The length of a list whose entries take {@code sizeMin} bytes or more. */
  int count(int max, int sizeMin) {
    int count = (int) varint(max);
    need((long) count * sizeMin);
    return count;
  }

  Digest digest() {
    need(Digest.SIZE);
    Digest digest = Digest.fromBytes(bytes, at);
    at += Digest.SIZE;
    return digest;
  }

  Octets octets(int size) {
    need(size);
    Octets octets = Octets.copyOf(bytes, at, size);
    at += size;
    return octets;
  }

  void end() {
    if (left() != 0) throw new Malformed(left() + " bytes too many");
  }

  private void need(long wanted) {
    if (wanted > left()) throw new Malformed(wanted + " bytes wanted, " + left() + " left");
  }
}
