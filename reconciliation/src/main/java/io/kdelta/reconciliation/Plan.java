package io.kdelta.reconciliation;

/**
 * Chooses the cheaper rung for an estimated difference. Stateless; bytes are what it counts.
 *
 * <p>A filter over n ids at rate f costs n log2(1/f) / ln 2 bits and leaves f of the other side's
 * ids behind, which the drill-down then has to find at C bytes each; the sum is least at f = 0.26 n
 * / (others C). The drill-down reads the inner places above every differing leaf, and the leaves.
 *
 * @param mine ids that the initiator holds
 * @param theirs ids that the responder holds
 * @param onlyMine of them, ids that the responder lacks
 * @param onlyTheirs of them, ids that the initiator lacks
 */
record Plan(double mine, double theirs, double onlyMine, double onlyTheirs) {
  private static final double FILTER_BYTES_AN_ITEM = 0.2602; // 1 / (8 ln^2 2), times ln(1/f)
  private static final int NODE_BYTES = 8 + 16 * Message.Tree.SHORT;
  private static final int BUCKET_BYTES = 8;
  private static final double RATE_MIN = 1.0 / (1 << 20);

  /** The plan for two sets of these sizes that differ in about {@code differences} ids. */
  static Plan of(long mine, long theirs, double differences) {
    double onlyMine = Math.clamp((differences + mine - theirs) / 2, 0.0, differences);
    return new Plan((double) mine, (double) theirs, onlyMine, differences - onlyMine);
  }

  /**
   * The rate of the filter that the responder sends over {@code survivors}, its ids that passed the
   * initiator's filter over {@code items}; 1 = none.
   */
  static double rateOfResponder(long survivors, long items) {
    return rate((double) survivors, (double) Math.max(0, items - survivors));
  }

  /** The rate of the filter that the initiator sends; 1 = none. */
  double rateOfInitiator() {
    return rate(mine, onlyTheirs);
  }

  /** Whether filters are the cheaper first rung. */
  boolean filtersPay() {
    double filters =
        filterBytes(mine, onlyTheirs) + filterBytes(Math.max(0, mine - onlyMine), onlyMine);
    return filters < drillBytes(Math.min(mine, theirs), onlyMine + onlyTheirs);
  }

  /** What a filter costs, with the drill-down for those of {@code others} that it passes. */
  private static double filterBytes(double items, double others) {
    double rate = rate(items, others);
    double filter = rate >= 1 ? 0 : FILTER_BYTES_AN_ITEM * items * -StrictMath.log(rate);
    return filter + drillBytes(items, others * rate);
  }

  /** The best rate of a filter over {@code items} that {@code others} are tested with. */
  private static double rate(double items, double others) {
    if (others < 1) return 1;
    double each = Math.max(1, drillBytes(items, 1));
    return Math.clamp(FILTER_BYTES_AN_ITEM * items / (others * each), RATE_MIN, 1);
  }

  /** What a drill-down costs when the smaller set has {@code count} ids. */
  private static double drillBytes(double count, double differences) {
    double places = 1;
    double bytes = 0;
    while (count / places > MerkleTree.LEAF_MAX) {
      bytes += touched(places, differences) * NODE_BYTES;
      places *= 16;
    }
    return bytes + touched(places, differences) * (Digest.SIZE * count / places + BUCKET_BYTES);
  }

  /** How many of {@code places} hold at least one of so many differences. */
  private static double touched(double places, double differences) {
    return places * -StrictMath.expm1(-differences / places);
  }
}
