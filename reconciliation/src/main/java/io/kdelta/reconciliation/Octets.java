package io.kdelta.reconciliation;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * An immutable byte string: what a message carries that is neither a digest nor a number.
 *
 * <p>A value without owner or thread; equal by content.
 */
public final class Octets {
  /** No bytes. */
  public static final Octets EMPTY = new Octets(new byte[0]);

  private final byte[] bytes;

  private Octets(byte[] bytes) {
    this.bytes = bytes;
  }

  /** A byte string of its own, of {@code size} bytes from {@code offset} on. */
  public static Octets copyOf(byte[] bytes, int offset, int size) {
    return size == 0 ? EMPTY : new Octets(Arrays.copyOfRange(bytes, offset, offset + size));
  }

  /** Wraps {@code bytes}, which the caller never changes again. */
  static Octets wrap(byte[] bytes) {
    return new Octets(bytes);
  }

  /** Size in bytes. */
  public int size() {
    return bytes.length;
  }

  /** The byte at {@code index}, 0 to 255. */
  public int at(int index) {
    return bytes[index] & 0xff;
  }

  /** Copies all bytes into {@code target} from {@code offset} on. */
  public void copyTo(byte[] target, int offset) {
    System.arraycopy(bytes, 0, target, offset, bytes.length);
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof Octets octets && Arrays.equals(bytes, octets.bytes);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(bytes);
  }

  @Override
  public String toString() {
    return bytes.length + " bytes";
  }
}
