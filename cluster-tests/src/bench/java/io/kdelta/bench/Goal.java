package io.kdelta.bench;

import java.util.Map;
import java.util.function.ToDoubleFunction;

/**
 * A row of the table: a figure, how it compares to peers, and what the machine allows.
 *
 * @param title what is measured
 * @param figure name of the figure that every engine reports
 * @param unit of the value
 * @param higherIsBetter whether more is better
 * @param ratios the goal for our value divided by the peer's, by engine; engines that are not named
 *     are shown without a goal
 * @param limitText what bounds it
 * @param limit the bound in the unit of the row, from the figures of the machine; NaN if none
 */
record Goal(
    String title,
    String figure,
    Unit unit,
    boolean higherIsBetter,
    Map<String, Double> ratios,
    String limitText,
    ToDoubleFunction<Figures> limit) {

  /** How a value is written. */
  enum Unit {
    RATE,
    MILLIS,
    MICROS,
    MEGABYTES,
    BYTES,
    TIMES
  }

  boolean met(double ours, double bound) {
    return higherIsBetter ? ours >= bound : ours <= bound;
  }
}
