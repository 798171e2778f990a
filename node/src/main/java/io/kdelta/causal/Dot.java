package io.kdelta.causal;

import io.kdelta.memory.ByteReader;
import io.kdelta.memory.ByteWriter;

/**
 * The place of a version in the log of the node that accepted it.
 *
 * <p>A value without owner or thread. No two different versions of honest nodes carry the same dot.
 *
 * @param incarnation the log
 * @param seq the position in it, dense from 1
 */
public record Dot(Incarnation incarnation, long seq) implements Comparable<Dot> {
  /** Size of an encoded dot in bytes. */
  public static final int SIZE = Incarnation.SIZE + Long.BYTES;

  /** The last position there can be: interval sets name the one behind it. */
  public static final long SEQ_MAX = Long.MAX_VALUE - 1;

  /** A position out of range is a bug of ours: what comes from outside is checked before. */
  public Dot {
    if (seq < 1 || seq > SEQ_MAX) throw new IllegalArgumentException("seq " + seq);
  }

  /** Reads 16 bytes of incarnation and a u64 seq; a seq out of range is Invalid. */
  public static Dot read(ByteReader in) {
    Incarnation incarnation = Incarnation.read(in);
    long seq = in.readLong();
    if (seq < 1 || seq > SEQ_MAX) throw in.invalid("a dot's position " + seq);
    return new Dot(incarnation, seq);
  }

  /** Writes 16 bytes of incarnation and a u64 seq. */
  public void write(ByteWriter out) {
    incarnation.write(out);
    out.writeLong(seq);
  }

  @Override
  public int compareTo(Dot other) {
    int order = incarnation.compareTo(other.incarnation);
    return order != 0 ? order : Long.compare(seq, other.seq);
  }

  @Override
  public String toString() {
    return incarnation.hex().substring(0, 8) + ":" + seq;
  }
}
