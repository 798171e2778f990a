package io.kdelta.reconciliation;

/**
 * A node's place in the trie: the first {@code depth} nibbles that all its digests share.
 *
 * <p>A value without owner or thread. Invariant: the bits behind {@code depth} nibbles are zero, so
 * equal places are equal records and {@code bits} is the smallest digest of the place.
 *
 * @param bits the nibbles, then zeros
 * @param depth how many nibbles count, 0 (the whole space) to 64 (one digest)
 */
public record Prefix(Digest bits, int depth) implements Comparable<Prefix> {
  /** The whole space. */
  public static final Prefix ALL = new Prefix(Digest.ZERO, 0);

  /** Checks the range of the depth and cuts the bits to it. */
  public Prefix {
    if (depth < 0 || depth > Digest.NIBBLES) throw new IllegalArgumentException("depth " + depth);
    bits =
        new Digest(
            bits.first() & mask(depth),
            bits.second() & mask(depth - 16),
            bits.third() & mask(depth - 32),
            bits.fourth() & mask(depth - 48));
  }

  /** Whether {@code digest} begins with these nibbles. */
  public boolean holds(Digest digest) {
    return ((digest.first() ^ bits.first()) & mask(depth)) == 0
        && ((digest.second() ^ bits.second()) & mask(depth - 16)) == 0
        && ((digest.third() ^ bits.third()) & mask(depth - 32)) == 0
        && ((digest.fourth() ^ bits.fourth()) & mask(depth - 48)) == 0;
  }

  /** Whether every digest of {@code inner} is one of this place. */
  public boolean holds(Prefix inner) {
    return inner.depth >= depth && holds(inner.bits);
  }

  /** The place one nibble deeper. */
  public Prefix child(int nibble) {
    if (depth == Digest.NIBBLES) throw new IllegalStateException("a digest has no deeper place");
    long bit = (long) nibble << (60 - 4 * (depth & 15));
    int word = depth >>> 4;
    return new Prefix(
        new Digest(
            bits.first() | (word == 0 ? bit : 0),
            bits.second() | (word == 1 ? bit : 0),
            bits.third() | (word == 2 ? bit : 0),
            bits.fourth() | (word == 3 ? bit : 0)),
        depth + 1);
  }

  @Override
  public int compareTo(Prefix other) {
    int order = bits.compareTo(other.bits);
    return order != 0 ? order : Integer.compare(depth, other.depth);
  }

  /** The nibbles, as hexadecimal digits. */
  @Override
  public String toString() {
    return bits.hex().substring(0, depth);
  }

  private static long mask(int nibbles) {
    if (nibbles <= 0) return 0;
    return nibbles >= 16 ? -1L : -1L << (64 - 4 * nibbles);
  }
}
