package io.kdelta.reconciliation;

/**
 * How few bytes can tell two sets apart, whatever the protocol: what a session is measured against.
 * Stateless.
 */
public final class InformationBound {
  private static final double HALF_LOG_TWO_PI = StrictMath.log(2 * Math.PI) / 2;
  private static final double BITS = 1 / (Byte.SIZE * StrictMath.log(2));

  /** What the series is off by, and more. */
  private static final double ROUNDING = 0.001;

  private InformationBound() {}

  /**
   * Bytes that tell each side which ids of the {@code union} it lacks, {@code onlyOther} the one
   * and {@code onlyOne} the other: log2 of the ways to choose them.
   */
  public static long bytes(long union, long onlyOne, long onlyOther) {
    long all = Math.max(union, onlyOne + onlyOther);
    double nats = lnChoose(all, onlyOne) + lnChoose(all, onlyOther);
    return (long) Math.ceil(Math.max(0, nats * BITS - ROUNDING));
  }

  private static double lnChoose(long of, long chosen) {
    return lnFactorial(of) - lnFactorial(chosen) - lnFactorial(of - chosen);
  }

  /** Stirling's series, of which two terms are exact enough for whole bytes. */
  private static double lnFactorial(long n) {
    if (n < 2) return 0;
    double x = (double) n + 1;
    double series = 1 / (12 * x) - 1 / (360 * x * x * x);
    return (x - 0.5) * StrictMath.log(x) - x + HALF_LOG_TWO_PI + series;
  }
}
