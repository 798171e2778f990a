package io.kdelta.reconciliation;

/**
 * Estimates how many ids two sets differ in, from two bits each of some sampled nodes.
 *
 * <p>Stateless. At each level of the tree, from 2 to the first with four nodes an id, {@value
 * #NODES_A_LEVEL} evenly spaced places are sampled, at other offsets on each level so that a
 * sampled node is not below another. With d differences spread by SHA-256, a place at level l is
 * touched with probability 1 - exp(-d / 16^l) and a touched one shows it in three of four cases.
 * Two bits of four nodes tell 1.5 to 2.8 times as much as one byte of one node (Fisher information
 * of log d, over the touched parts that occur), so 64 bytes a level give an estimate that is off by
 * a tenth, not by a sixth. The estimate is the d of maximum likelihood, on a grid of 1/16 octave;
 * but where that is hardly more than the counts differ by, one side most likely lacks nothing, and
 * the difference of the counts is exact.
 *
 * <p>Bytes: level by level; node i of a level in bits 2 (i mod 4) and 2 (i mod 4) + 1 of byte i /
 * 4: the first two bits of its hash, 0 for a place that holds nothing.
 */
final class DifferenceEstimator {
  /** Places sampled a level; level 2 has so many. */
  static final int NODES_A_LEVEL = 256;

  private static final int BYTES_A_LEVEL = NODES_A_LEVEL / 4;
  private static final double SHOWN = 3.0 / 4;
  private static final double GRID = 1.0442737824274138; // 2^(1/16)

  private static final double ONE_SIDED = 1.2;
  private static final int LEVEL_FIRST = 2;
  private static final int LEVEL_LAST = 13; // 16^12 = 2^48 nodes, the most that a count says

  private DifferenceEstimator() {}

  /** How many bytes the samples of a set of {@code count} ids take. */
  static int samples(long count) {
    return BYTES_A_LEVEL * (levelLast(count) - LEVEL_FIRST + 1);
  }

  /** The samples of {@code set}, for as many levels as a set of {@code count} ids has. */
  static Octets sample(MerkleTree set, long count) {
    byte[] samples = new byte[samples(count)];
    int at = 0;
    for (int level = LEVEL_FIRST; level <= levelLast(count); level++) {
      for (int i = 0; i < NODES_A_LEVEL; i++) {
        Digest hash = set.hash(place(level, i));
        int bits = hash == null ? 0 : (int) (hash.first() >>> 62);
        samples[at >>> 2] |= (byte) (bits << (2 * (at & 3)));
        at++;
      }
    }
    return Octets.wrap(samples);
  }

  /** How many ids {@code set} and the set of {@code count} ids that was sampled differ in. */
  static double estimate(MerkleTree set, long count, Octets samples) {
    Octets mine = sample(set, count);
    int[] touched = new int[samples.size() / BYTES_A_LEVEL];
    for (int i = 0; i < samples.size(); i++) {
      int unlike = mine.at(i) ^ samples.at(i);
      touched[i / BYTES_A_LEVEL] += Integer.bitCount((unlike | (unlike >>> 1)) & 0x55);
    }
    double low = Math.max(1, Math.abs(set.count() - count));
    double high = Math.max(low, (double) (set.count() + count));
    double best = low;
    double bestLikelihood = Double.NEGATIVE_INFINITY;
    for (double d = low; ; d = Math.min(high, d * GRID)) {
      double likelihood = likelihood(touched, d);
      if (likelihood > bestLikelihood) {
        best = d;
        bestLikelihood = likelihood;
      }
      if (d >= high) return best < ONE_SIDED * low ? low : best;
    }
  }

  private static double likelihood(int[] touched, double differences) {
    double sum = 0;
    for (int i = 0; i < touched.length; i++) {
      double nodes = Math.scalb(1.0, 4 * (LEVEL_FIRST + i));
      double shown = -StrictMath.expm1(-differences / nodes) * SHOWN;
      double shownSafely = Math.clamp(shown, 1e-12, 1 - 1e-12);
      sum += touched[i] * StrictMath.log(shownSafely);
      sum += (NODES_A_LEVEL - touched[i]) * StrictMath.log(1 - shownSafely);
    }
    return sum;
  }

  private static int levelLast(long count) {
    int level = LEVEL_FIRST;
    while (level < LEVEL_LAST && 1L << (4 * level) < 4 * count) level++;
    return level;
  }

  /** Sampled place {@code index} of {@code level}. */
  private static Prefix place(int level, int index) {
    long stride = (1L << (4 * level)) / NODES_A_LEVEL;
    long offset = stride * ((level * 5 + 1) % 8) / 8;
    long node = index * stride + offset;
    return new Prefix(new Digest(node << (64 - 4 * level), 0, 0, 0), level);
  }
}
