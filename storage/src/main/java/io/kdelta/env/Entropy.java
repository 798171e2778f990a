package io.kdelta.env;

/**
 * Chance as a port.
 *
 * <p>On a host every bit comes from the operating system, never from a 64-bit seed: incarnations,
 * node ids, salts and nonces must never repeat. In the simulator every bit comes from one seed, and
 * {@link #split} gives each purpose a stream of its own, so that one draw more or less in one
 * subsystem does not reshuffle the others: that is what makes shrinking a failure work.
 */
public interface Entropy {
  /** 64 uniform bits. */
  long nextLong();

  /**
   * Uniform in {@code [0, bound)}.
   *
   * @param bound greater than 0
   */
  int nextInt(int bound);

  /** Fills the whole array with uniform bytes. */
  void fill(byte[] target);

  /**
   * The stream of that name. Streams of different names are independent; asking twice for one name
   * gives two streams that draw the same.
   */
  Entropy split(String purpose);
}
