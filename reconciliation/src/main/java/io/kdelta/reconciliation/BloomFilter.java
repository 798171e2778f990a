package io.kdelta.reconciliation;

/**
 * A keyed Bloom filter over digests: what it denies is surely absent, what it passes may be absent.
 *
 * <p>Owned by one session, on its thread. Invariant: {@link #passes} is true for everything added.
 * A filter of no hashes passes everything (there is no probe to fail); it stands for "no filter".
 * The key is one session's, so a digest passed by mistake is not passed again by the next one.
 *
 * <p>Size: n items at k hashes take n k / ln 2 bits for a false positive rate of 2^-k (Bloom 1970).
 * Probes: h1 + i h2 + (i^3 - i) / 6 over two SipHash-1-3 values (Kirsch and Mitzenmacher, "Less
 * hashing, same performance", 2006; Dillinger and Manolios 2004 for the cubic term), each scaled to
 * the bits by the high half of a product.
 *
 * <p>Bytes: bit i is bit (i mod 8), counted from the lowest, of byte (i / 8).
 */
public final class BloomFilter {
  /** More hashes than this buy nothing: 2^-30 is below every rate that is asked for. */
  public static final int HASHES_MAX = 30;

  private static final int WORD_SIZE = 8;
  private static final double BITS_AN_ITEM_AND_HASH = 1.4426950408889634; // 1 / ln 2

  private final Digest key;
  private final int hashes;
  private final byte[] bits;

  private BloomFilter(Digest key, int hashes, byte[] bits) {
    this.key = key;
    this.hashes = hashes;
    this.bits = bits;
  }

  /**
   * An empty filter for {@code items} digests that passes about {@code rate} of all others, of at
   * most {@code bytesMax} bytes (where that is too small, the rate is worse). A rate nearer to 1
   * than to 1/2 is no filter.
   */
  public static BloomFilter sized(Digest key, long items, double rate, int bytesMax) {
    int hashes = hashesFor(rate);
    if (hashes == 0) return new BloomFilter(key, 0, new byte[0]);
    double bitsMax = 8.0 * bytesMax;
    if (items * hashes * BITS_AN_ITEM_AND_HASH > bitsMax) {
      hashes = Math.max(1, (int) (bitsMax / (items * BITS_AN_ITEM_AND_HASH)));
    }
    double bits = Math.min(bitsMax, items * hashes * BITS_AN_ITEM_AND_HASH);
    long words = Math.max(1, (long) Math.ceil(bits / (8 * WORD_SIZE)));
    int bytes = (int) Math.min(words, bytesMax / WORD_SIZE) * WORD_SIZE;
    return new BloomFilter(key, hashes, new byte[bytes]);
  }

  /** The filter whose bytes a peer sent. */
  public static BloomFilter of(Digest key, int hashes, Octets octets) {
    if (!isValid(hashes, octets.size())) throw new IllegalArgumentException("no such filter");
    byte[] bits = new byte[octets.size()];
    octets.copyTo(bits, 0);
    return new BloomFilter(key, hashes, bits);
  }

  /** Whether a filter of so many hashes and bytes exists. */
  public static boolean isValid(int hashes, long bytes) {
    if (hashes == 0) return bytes == 0;
    return hashes > 0 && hashes <= HASHES_MAX && bytes > 0 && bytes % WORD_SIZE == 0;
  }

  /** How many hashes make a false positive rate of about {@code rate}. */
  public static int hashesFor(double rate) {
    if (rate >= 1) return 0;
    double exact = -StrictMath.log(Math.max(rate, 1e-9)) * BITS_AN_ITEM_AND_HASH;
    return Math.min(HASHES_MAX, (int) Math.round(exact));
  }

  /** How many probes each digest takes. */
  public int hashes() {
    return hashes;
  }

  /** Size in bytes. */
  public int size() {
    return bits.length;
  }

  /** Makes the filter pass {@code digest}. */
  public void add(Digest digest) {
    long step = step(digest);
    long probe = start(digest);
    for (int i = 1; i <= hashes; i++) {
      long bit = bit(probe);
      bits[(int) (bit >>> 3)] |= (byte) (1 << (bit & 7));
      probe += step;
      step += i;
    }
  }

  /** Whether {@code digest} was added, or is taken for one that was. */
  public boolean passes(Digest digest) {
    long step = step(digest);
    long probe = start(digest);
    for (int i = 1; i <= hashes; i++) {
      long bit = bit(probe);
      if ((bits[(int) (bit >>> 3)] & (1 << (bit & 7))) == 0) return false;
      probe += step;
      step += i;
    }
    return true;
  }

  /** The bits as they are sent: {@code size} bytes from {@code offset} on. */
  public Octets octets(int offset, int size) {
    return Octets.copyOf(bits, offset, size);
  }

  private long start(Digest digest) {
    return SipHash.hash(key.first(), key.second(), digest);
  }

  private long step(Digest digest) {
    return SipHash.hash(key.third(), key.fourth(), digest) | 1;
  }

  private long bit(long probe) {
    return Math.unsignedMultiplyHigh(probe, 8L * bits.length);
  }
}
