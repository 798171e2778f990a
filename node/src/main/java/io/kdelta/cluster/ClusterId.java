package io.kdelta.cluster;

import io.kdelta.causal.Distinction;
import io.kdelta.env.Entropy;
import io.kdelta.memory.ByteReader;
import io.kdelta.memory.ByteWriter;
import io.kdelta.memory.Bytes;
import io.kdelta.reconciliation.Digest;
import java.util.HexFormat;

/**
 * The identity of a cluster: 16 bytes, derived from its name when one was given, else random.
 *
 * <p>A value without owner or thread; ordered by its unsigned bytes.
 *
 * @param high bytes 0 to 7, big-endian
 * @param low bytes 8 to 15, big-endian
 */
public record ClusterId(long high, long low) implements Comparable<ClusterId> {
  /** Size in bytes. */
  public static final int SIZE = 16;

  /** The id of the cluster of that name: the same on every node that is given the name. */
  public static ClusterId named(String name) {
    Digest digest = Distinction.of(Distinction.Domain.CLUSTER, Bytes.utf8(name));
    return new ClusterId(digest.first(), digest.second());
  }

  /** One at random. */
  public static ClusterId draw(Entropy entropy) {
    return new ClusterId(entropy.nextLong(), entropy.nextLong());
  }

  /** Reads the 16 bytes. */
  public static ClusterId read(ByteReader in) {
    return new ClusterId(in.readBigEndianLong(), in.readBigEndianLong());
  }

  /** Writes the 16 bytes. */
  public void write(ByteWriter out) {
    out.writeBigEndianLong(high).writeBigEndianLong(low);
  }

  /** Thirty-two lower-case hexadecimal digits. */
  public String hex() {
    return HexFormat.of().toHexDigits(high) + HexFormat.of().toHexDigits(low);
  }

  @Override
  public int compareTo(ClusterId other) {
    int order = Long.compareUnsigned(high, other.high);
    return order != 0 ? order : Long.compareUnsigned(low, other.low);
  }

  @Override
  public String toString() {
    return hex();
  }
}
