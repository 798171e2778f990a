package io.kdelta.causal;

import io.kdelta.env.Entropy;
import io.kdelta.error.KdeltaException;
import io.kdelta.memory.ByteReader;
import io.kdelta.memory.ByteWriter;
import java.util.HexFormat;

/**
 * The identity of a node: 16 random bytes made with its data directory, kept across restarts.
 *
 * <p>A value without owner or thread; ordered by its unsigned bytes.
 *
 * @param high bytes 0 to 7, big-endian
 * @param low bytes 8 to 15, big-endian
 */
public record NodeId(long high, long low) implements Comparable<NodeId> {
  /** Size in bytes. */
  public static final int SIZE = 16;

  /** Zero: the accepting node of an import, and "unknown". */
  public static final NodeId NONE = new NodeId(0, 0);

  /** Draws one at random, never zero. */
  public static NodeId draw(Entropy entropy) {
    while (true) {
      NodeId drawn = new NodeId(entropy.nextLong(), entropy.nextLong());
      if (drawn.high != 0 || drawn.low != 0) return drawn;
    }
  }

  /** Reads the {@link #SIZE} bytes. */
  public static NodeId read(ByteReader in) {
    return new NodeId(in.readBigEndianLong(), in.readBigEndianLong());
  }

  /** From 32 hexadecimal digits; anything else is Invalid. */
  public static NodeId fromHex(String hex) {
    if (hex.length() != 2 * SIZE || !hex.chars().allMatch(HexFormat::isHexDigit)) {
      throw new KdeltaException.Invalid("node", "is not 32 hexadecimal digits");
    }
    return new NodeId(
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
  public int compareTo(NodeId other) {
    int order = Long.compareUnsigned(high, other.high);
    return order != 0 ? order : Long.compareUnsigned(low, other.low);
  }

  @Override
  public String toString() {
    return hex();
  }
}
