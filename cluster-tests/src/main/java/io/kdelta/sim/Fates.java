package io.kdelta.sim;

import io.kdelta.env.Entropy;
import io.kdelta.env.SimEntropy;

/**
 * What is rare in a run, drawn by its seed from a stream of its own, so that a seed without any of
 * it runs as if it did not exist.
 *
 * @param later nodes that are not there at first and join in the middle of the faults
 * @param turnover whether nodes leave, are removed, or are replaced with an empty disk
 * @param lullNanos how long nobody asks anything in the middle, while some are off; 0 for not at
 *     all
 * @param liar whether a peer is among them that speaks the protocol and lies
 * @param twins whether a disk is copied and runs twice for a while
 * @param beyond whether disks are struck although nobody else holds what they do
 * @param drains whether nodes are asked to stop in good order, and started again
 */
record Fates(
    int later,
    boolean turnover,
    long lullNanos,
    boolean liar,
    boolean twins,
    boolean beyond,
    boolean drains) {
  /** Nothing of it. */
  static final Fates NONE = new Fates(0, false, 0, false, false, false, false);

  /** Most nodes that a cluster grows to. */
  static final int NODES_MAX = 9;

  private static final int GROWS_ONE_IN = 12;
  private static final int TURNOVER_ONE_IN = 8;
  private static final int LULL_ONE_IN = 25;
  private static final int LIAR_ONE_IN = 12;
  private static final int TWINS_ONE_IN = 10;
  private static final int BEYOND_ONE_IN = 10;
  private static final int DRAINS_ONE_IN = 4;
  private static final long LULL_SECONDS_MIN = 30;
  private static final long LULL_SECONDS_MAX = 3_600;

  /** Of a seed whose cluster begins with so many nodes. */
  static Fates of(long seed, int nodes) {
    Entropy dice = new SimEntropy(seed).split("fates");
    boolean grows = dice.nextInt(GROWS_ONE_IN) == 0;
    int later = 1 + dice.nextInt(1 + dice.nextInt(NODES_MAX - nodes));
    boolean turnover = dice.nextInt(TURNOVER_ONE_IN) == 0;
    boolean lulled = dice.nextInt(LULL_ONE_IN) == 0;
    long seconds = Math.min(LULL_SECONDS_MAX, LULL_SECONDS_MIN << dice.nextInt(8));
    boolean liar = dice.nextInt(LIAR_ONE_IN) == 0;
    boolean twins = dice.nextInt(TWINS_ONE_IN) == 0;
    boolean beyond = dice.nextInt(BEYOND_ONE_IN) == 0;
    boolean drains = dice.nextInt(DRAINS_ONE_IN) == 0;
    return new Fates(
        grows ? later : 0,
        turnover && nodes > 1,
        lulled ? seconds * 1_000_000_000L : 0,
        liar,
        twins && nodes > 2,
        beyond,
        drains);
  }
}
