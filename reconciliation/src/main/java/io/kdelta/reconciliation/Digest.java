package io.kdelta.reconciliation;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * Thirty-two bytes, nearly always a SHA-256: the name of a version, of a content, of a chain value.
 *
 * <p>A value without owner or thread. Invariant: the four words are the bytes in big-endian order,
 * so comparing the words unsigned from the first to the last is comparing the bytes.
 *
 * @param first bytes 0 to 7
 * @param second bytes 8 to 15
 * @param third bytes 16 to 23
 * @param fourth bytes 24 to 31
 */
public record Digest(long first, long second, long third, long fourth)
    implements Comparable<Digest> {
  /** Size in bytes. */
  public static final int SIZE = 32;

  /** How many nibbles a digest has. */
  public static final int NIBBLES = 64;

  /** Thirty-two zero bytes: the smallest digest, and "none" in formats of fixed width. */
  public static final Digest ZERO = new Digest(0, 0, 0, 0);

  /** Cloned for each use: asking the providers for one takes longer than to hash a block. */
  private static final MessageDigest HASHER = newHasher();

  private static final VarHandle WORD =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

  /** The digest in exactly {@link #SIZE} bytes; any other length is an IllegalArgumentException. */
  public static Digest fromBytes(byte[] bytes) {
    if (bytes.length != SIZE) throw new IllegalArgumentException(bytes.length + " bytes, not 32");
    return fromBytes(bytes, 0);
  }

  /** The digest in the {@link #SIZE} bytes from {@code offset} on. */
  public static Digest fromBytes(byte[] bytes, int offset) {
    return new Digest(
        (long) WORD.get(bytes, offset),
        (long) WORD.get(bytes, offset + 8),
        (long) WORD.get(bytes, offset + 16),
        (long) WORD.get(bytes, offset + 24));
  }

  /** The digest written as 64 hexadecimal digits; anything else is an IllegalArgumentException. */
  public static Digest fromHex(String hex) {
    return fromBytes(HexFormat.of().parseHex(hex));
  }

  /** The SHA-256 of all of {@code bytes}. */
  public static Digest sha256(byte[] bytes) {
    return fromBytes(hasher().digest(bytes));
  }

  /** The SHA-256 of {@code length} bytes from {@code offset} on. */
  public static Digest sha256(byte[] bytes, int offset, int length) {
    MessageDigest hasher = hasher();
    hasher.update(bytes, offset, length);
    return fromBytes(hasher.digest());
  }

  /** A fresh SHA-256. */
  public static MessageDigest hasher() {
    try {
      return (MessageDigest) HASHER.clone();
    } catch (CloneNotSupportedException e) {
      return newHasher();
    }
  }

  /** Every Java runtime has to have it. */
  private static MessageDigest newHasher() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("a Java runtime without SHA-256", e);
    }
  }

  /** Nibble {@code index} of the digest, 0 to 15; index 0 is the high half of the first byte. */
  public int nibble(int index) {
    long word =
        switch (index >>> 4) {
          case 0 -> first;
          case 1 -> second;
          case 2 -> third;
          case 3 -> fourth;
          default -> throw new IndexOutOfBoundsException(index);
        };
    return (int) (word >>> (60 - 4 * (index & 15))) & 15;
  }

  /** A fresh array of the {@link #SIZE} bytes. */
  public byte[] toBytes() {
    byte[] bytes = new byte[SIZE];
    writeTo(bytes, 0);
    return bytes;
  }

  /** Writes the {@link #SIZE} bytes into {@code target} from {@code offset} on. */
  public void writeTo(byte[] target, int offset) {
    WORD.set(target, offset, first);
    WORD.set(target, offset + 8, second);
    WORD.set(target, offset + 16, third);
    WORD.set(target, offset + 24, fourth);
  }

  /** Sixty-four lower-case hexadecimal digits. */
  public String hex() {
    return HexFormat.of().formatHex(toBytes());
  }

  @Override
  public int compareTo(Digest other) {
    int order = Long.compareUnsigned(first, other.first);
    if (order != 0) return order;
    order = Long.compareUnsigned(second, other.second);
    if (order != 0) return order;
    order = Long.compareUnsigned(third, other.third);
    return order != 0 ? order : Long.compareUnsigned(fourth, other.fourth);
  }

  @Override
  public String toString() {
    return hex();
  }
}
