package io.kdelta.env;

/**
 * Chance as a pure function of a 64-bit seed: xoshiro256** (Blackman, Vigna 2018), its state filled
 * by SplitMix64 (Steele, Lea, Flood 2014), the same on every machine. Owned by one thread.
 *
 * <p>Invariant: {@link #split} depends on the seed and the name alone, never on what was drawn.
 */
public final class SimEntropy implements Entropy {
  private static final long GOLDEN_GAMMA = 0x9E3779B97F4A7C15L;
  private static final long FNV_OFFSET = 0xCBF29CE484222325L;
  private static final long FNV_PRIME = 0x100000001B3L;

  private final long seed;
  private long s0;
  private long s1;
  private long s2;
  private long s3;

  public SimEntropy(long seed) {
    this.seed = seed;
    long filler = seed + GOLDEN_GAMMA;
    s0 = mix(filler);
    filler += GOLDEN_GAMMA;
    s1 = mix(filler);
    filler += GOLDEN_GAMMA;
    s2 = mix(filler);
    filler += GOLDEN_GAMMA;
    s3 = mix(filler);
  }

  @Override
  public long nextLong() {
    long result = Long.rotateLeft(s1 * 5, 7) * 9;
    long t = s1 << 17;
    s2 ^= s0;
    s3 ^= s1;
    s1 ^= s2;
    s0 ^= s3;
    s2 ^= t;
    s3 = Long.rotateLeft(s3, 45);
    return result;
  }

  @Override
  public int nextInt(int bound) {
    if (bound <= 0) throw new AssertionError("bound " + bound);
    // Lemire 2019: multiply, and redraw the few values that would favour small results.
    long product = (nextLong() >>> 32) * bound;
    if ((product & 0xFFFFFFFFL) < bound) {
      long unfair = (1L << 32) % bound;
      while ((product & 0xFFFFFFFFL) < unfair) {
        product = (nextLong() >>> 32) * bound;
      }
    }
    return (int) (product >>> 32);
  }

  @Override
  public void fill(byte[] target) {
    long bits = 0;
    for (int i = 0; i < target.length; i++) {
      if ((i & 7) == 0) bits = nextLong();
      target[i] = (byte) bits;
      bits >>>= 8;
    }
  }

  @Override
  public SimEntropy split(String purpose) {
    long hash = FNV_OFFSET;
    for (int i = 0; i < purpose.length(); i++) {
      hash = (hash ^ purpose.charAt(i)) * FNV_PRIME;
    }
    return new SimEntropy(mix(seed ^ mix(hash + GOLDEN_GAMMA)));
  }

  private static long mix(long z) {
    long a = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    long b = (a ^ (a >>> 27)) * 0x94D049BB133111EBL;
    return b ^ (b >>> 31);
  }
}
