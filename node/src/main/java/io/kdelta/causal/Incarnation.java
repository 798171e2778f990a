package io.kdelta.causal;

import io.kdelta.env.Entropy;
import io.kdelta.error.KdeltaException;
import io.kdelta.memory.ByteReader;
import io.kdelta.memory.ByteWriter;
import java.util.HexFormat;

/**
 * The identity of one log: 16 random bytes drawn at the first write of every process start.
 *
 * <p>Drawn anew whatever happened to the disk, so no crash, copied directory or restored backup
 * ever issues a dot twice.
 *
 * <p>A value without owner or thread; ordered by its unsigned bytes.
 *
 * @param high bytes 0 to 7, big-endian
 * @param low bytes 8 to 15, big-endian
 */
public record Incarnation(long high, long low) implements Comparable<Incarnation> {
  /** Size in bytes. */
  public static final int SIZE = 16;

  /** Draws one at random, never zero. */
  public static Incarnation draw(Entropy entropy) {
    while (true) {
      Incarnation drawn = new Incarnation(entropy.nextLong(), entropy.nextLong());
      if (drawn.high != 0 || drawn.low != 0) return drawn;
    }
  }

  /** Reads the {@link #SIZE} bytes. */
  public static Incarnation read(ByteReader in) {
    return new Incarnation(in.readBigEndianLong(), in.readBigEndianLong());
  }

  /** From 32 hexadecimal digits; anything else is Invalid. */
  public static Incarnation fromHex(String hex) {
    if (hex.length() != 2 * SIZE || !hex.chars().allMatch(HexFormat::isHexDigit)) {
      throw new KdeltaException.Invalid("incarnation", "is not 32 hexadecimal digits");
    }
    return new Incarnation(
        HexFormat.fromHexDigitsToLong(hex, 0, SIZE),
        HexFormat.fromHexDigitsToLong(hex, SIZE, 2 * SIZE));
  }

  /** Writes the {@link #SIZE} bytes. */
  public void write(ByteWriter out) {
    out.writeBigEndianLong(high).writeBigEndianLong(low);
  }

  /** Thirty-two lower-case hexadecimal digits. */
  public String hex() {
    return HexFormat.of().toHexDigits(high) + HexFormat.of().toHexDigits(low);
  }

  @Override
  public int compareTo(Incarnation other) {
    int order = Long.compareUnsigned(high, other.high);
    return order != 0 ? order : Long.compareUnsigned(low, other.low);
  }

  @Override
  public String toString() {
    return hex();
  }
}
