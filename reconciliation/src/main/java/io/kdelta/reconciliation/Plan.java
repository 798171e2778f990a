package io.kdelta.reconciliation;

/**
 * Chooses the cheaper rung for an estimated difference. Stateless; bytes are what it counts.
 *
 * <p>A filter over n ids at rate f costs n log2(1/f) / ln 2 bits and leaves f of the other side's
 * ids behind, which the cells then have to find at about C bytes each; the sum is least at f* =
 * 0.26 n / (others C). A filter at a rate near 1 is none: so one side's filter is told where the
 * other side lacks more than about a twentieth of it, and where neither does, the maintained cells,
 * which take no pass over the data, are cheaper than everything else.
 *
 * @param mine ids that the initiator holds
 * @param theirs ids that the responder holds
 * @param onlyMine of them, ids that the responder lacks
 * @param onlyTheirs of them, ids that the initiator lacks
 */
record Plan(double mine, double theirs, double onlyMine, double onlyTheirs) {
  private static final double FILTER_BYTES_AN_ITEM = 0.2602; // 1 / (8 ln^2 2), times ln(1/f)
  private static final double CELL_BYTES = 8;
  private static final double WANT_BYTES = 2.7;

  /** What an id that a filter left behind costs: 1.4 cells, and half of them are asked for. */
  private static final double BYTES_A_DIFFERENCE = 12.5;

  private static final double RATE_MIN = 1.0 / (1 << 20);

  /** Estimates are off by a tenth. */
  private static final double MARGIN = 1.12;

  /** A pass over the data has to save this much. */
  private static final double WORTHWHILE = 0.9;

  private static final double ONE_SIDED = 0.2;
  private static final int FEW = 64;
  private static final double DEVIATIONS = 2.5;

  /** The plan for two sets of these sizes that differ in about {@code differences} ids. */
  static Plan of(double mine, double theirs, double differences) {
    double onlyMine = Math.clamp((differences + mine - theirs) / 2, 0.0, differences);
    return new Plan(mine, theirs, onlyMine, differences - onlyMine);
  }

  /** How many ids both differ in. */
  double differences() {
    return onlyMine + onlyTheirs;
  }

  /** How many maintained cells it takes. */
  double cells() {
    return CellPeeler.cellsFor(differences() * MARGIN);
  }

  /** Whether the side that holds much more should peel: it can push at once. */
  boolean initiatorPeels() {
    return mine - theirs > ONE_SIDED * differences() && differences() > FEW;
  }

  /** The rate of the filter that the initiator sends; 1 = none. */
  double rateOfInitiator() {
    return rate(mine, onlyTheirs);
  }

  /** Whether filters, and cells over what passes them, are the cheaper first rung. */
  boolean filtersPay() {
    double first = told(rateOfInitiator());
    double survivors = mine - onlyMine + onlyTheirs * first;
    double second = told(rate(survivors, onlyMine));
    if (first >= 1 && second >= 1) return false;
    double left = onlyTheirs * first + onlyMine * second;
    double bytes = filterBytes(mine, first) + filterBytes(survivors, second);
    bytes += CELL_BYTES * CellPeeler.cellsFor(left) + WANT_BYTES * onlyTheirs * first;
    return bytes < WORTHWHILE * (CELL_BYTES * cells() + WANT_BYTES * onlyTheirs);
  }

  /**
   * The responder's answer in a scope.
   *
   * @param rate of its filter; 1 = none
   * @param cells how many it tells
   */
  record Answer(double rate, double cells) {
    /** Where the initiator sent no filter: all that is known is its estimate. */
    static Answer estimated(long items, long held, double differences) {
      Plan plan = of((double) items, (double) held, differences);
      double rate = Plan.rate(plan.theirs, plan.onlyMine);
      double left = plan.onlyTheirs + plan.onlyMine * told(rate);
      return new Answer(rate, CellPeeler.cellsFor(left * MARGIN + 2));
    }

    /** Where a filter of so many hashes over {@code items} ids was failed and passed by so many. */
    static Answer counted(long items, int hashes, long failed, long passed) {
      double denied = 1 - StrictMath.pow(2, -hashes);
      double onlyTheirs = (double) failed / denied;
      double hidden = Math.min((double) passed, onlyTheirs - failed);
      double onlyMine = Math.max(0, items - (passed - hidden));
      double rate = Plan.rate((double) passed, onlyMine);
      double left = hidden + onlyMine * told(rate);
      double sure = left + DEVIATIONS * Math.sqrt(left) + 2;
      return new Answer(rate, CellPeeler.cellsFor(sure));
    }
  }

  /** The rate that a filter of whole hashes has. */
  private static double told(double rate) {
    return StrictMath.pow(2, -BloomFilter.hashesFor(rate));
  }

  private static double filterBytes(double items, double rate) {
    return rate >= 1 ? 0 : FILTER_BYTES_AN_ITEM * items * -StrictMath.log(rate);
  }

  /** The best rate of a filter over {@code items} that {@code others} are tested with. */
  private static double rate(double items, double others) {
    if (others < 1) return 1;
    double best = FILTER_BYTES_AN_ITEM * items / (others * BYTES_A_DIFFERENCE);
    return Math.clamp(best, RATE_MIN, 1);
  }
}
