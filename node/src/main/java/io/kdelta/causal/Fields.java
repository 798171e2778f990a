package io.kdelta.causal;

import io.kdelta.memory.ByteReader;
import io.kdelta.memory.ByteWriter;
import io.kdelta.memory.Bytes;
import io.kdelta.reconciliation.Digest;

/**
 * The fields that several byte tables share: digests, and short bytes behind a short length.
 *
 * <p>Pure functions. What is read is a stranger's: too short is {@link
 * io.kdelta.error.KdeltaException.Invalid}.
 */
public final class Fields {
  private Fields() {}

  /** Writes 32 bytes. */
  public static void writeDigest(ByteWriter out, Digest digest) {
    out.writeBigEndianLong(digest.first()).writeBigEndianLong(digest.second());
    out.writeBigEndianLong(digest.third()).writeBigEndianLong(digest.fourth());
  }

  /** Reads 32 bytes. */
  public static Digest readDigest(ByteReader in) {
    return digestAt(in.read(Digest.SIZE), 0);
  }

  /** The digest in the 32 bytes from {@code at} on. */
  static Digest digestAt(Bytes bytes, int at) {
    return new Digest(
        bytes.bigEndianLongAt(at),
        bytes.bigEndianLongAt(at + 8),
        bytes.bigEndianLongAt(at + 16),
        bytes.bigEndianLongAt(at + 24));
  }

  /** Writes bytes behind a u8 length; more than 255 is a bug of ours. */
  public static void writeShortest(ByteWriter out, Bytes bytes) {
    if (bytes.size() > 0xff) throw new AssertionError(bytes.size() + " bytes behind one byte");
    out.writeByte(bytes.size()).write(bytes);
  }

  /** Reads bytes behind a u8 length. */
  public static Bytes readShortest(ByteReader in) {
    return in.read(in.readByte());
  }

  /** Writes bytes behind a u16 length; more than 65,535 is a bug of ours. */
  public static void writeShort(ByteWriter out, Bytes bytes) {
    if (bytes.size() > 0xffff) throw new AssertionError(bytes.size() + " bytes behind two");
    out.writeShort(bytes.size()).write(bytes);
  }

  /** Reads bytes behind a u16 length. */
  public static Bytes readShort(ByteReader in) {
    return in.read(in.readShort());
  }
}
