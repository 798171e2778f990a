package io.kdelta.memory;

import io.kdelta.error.KdeltaException;

/**
 * Reads a {@link Bytes} front to back, little-endian, and trusts nothing in it: whatever would read
 * past the end is {@link KdeltaException.Invalid} and allocates nothing. Owned by one thread.
 */
public final class ByteReader {
  private final Bytes source;
  private final String what;
  private int position;

  /**
   * @param what names the message in the error, such as "frame"
   */
  public ByteReader(Bytes source, String what) {
    this.source = source;
    this.what = what;
  }

  public int position() {
    return position;
  }

  public int remaining() {
    return source.size() - position;
  }

  /** From 0 to 255. */
  public int readByte() {
    return source.unsignedAt(advance(1));
  }

  /** From 0 to 65,535. */
  public int readShort() {
    return source.unsignedShortAt(advance(2));
  }

  public int readInt() {
    return source.intAt(advance(4));
  }

  public long readLong() {
    return source.longAt(advance(8));
  }

  public long readBigEndianLong() {
    return source.bigEndianLongAt(advance(8));
  }

  /** The next bytes, sharing the source's array. */
  public Bytes read(int size) {
    int at = advance(size);
    return source.slice(at, at + size);
  }

  /** A 32-bit size and then that many bytes, at most {@code sizeMax}. */
  public Bytes readSized(int sizeMax) {
    int size = readInt();
    if (size < 0 || size > sizeMax) throw invalid("size " + (size & 0xFFFFFFFFL) + " is too large");
    return read(size);
  }

  /** A 32-bit count of things that take at least {@code bytesEach}: never more than fit. */
  public int readCount(int bytesEach) {
    int count = readInt();
    if (count < 0 || (long) count * bytesEach > remaining()) {
      throw invalid("count " + (count & 0xFFFFFFFFL) + " does not fit");
    }
    return count;
  }

  /** Checks that nothing is left over. */
  public void end() {
    if (remaining() != 0) throw invalid(remaining() + " bytes too many");
  }

  /** An error of this message at this place, for the caller to throw. */
  public KdeltaException.Invalid invalid(String reason) {
    return new KdeltaException.Invalid(what + " at byte " + position, reason);
  }

  private int advance(int count) {
    if (count < 0 || count > remaining()) throw invalid("ends early");
    int at = position;
    position += count;
    return at;
  }
}
