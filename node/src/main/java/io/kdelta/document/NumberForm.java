package io.kdelta.document;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Optional;

/**
 * The canonical form of a JSON number.
 *
 * <p>Pure. An integer literal of up to {@link #DIGITS_KEPT} digits is kept as it stands, because
 * people store 64-bit ids; everything else is the nearest double in the form of ECMAScript's
 * Number::toString (RFC 8785 section 3.2.2.3): the fewest digits that read back as the same double,
 * among those the closest to it.
 */
final class NumberForm {
  /** Integers of up to this many digits are kept exactly. */
  static final int DIGITS_KEPT = 64;

  /** ECMAScript writes numbers below 10^21 without an exponent. */
  private static final int POINT_MAX = 21;

  /** ECMAScript writes numbers from 10^-6 up without an exponent. */
  private static final int POINT_MIN = -6;

  private NumberForm() {}

  /**
   * The canonical form of a number of the JSON grammar, or nothing when it overflows a double.
   *
   * @param literal text that the JSON grammar allows
   */
  static Optional<String> ofLiteral(String literal) {
    if (isKeptInteger(literal)) return Optional.of(literal.equals("-0") ? "0" : literal);
    double value = Double.parseDouble(literal);
    return Double.isInfinite(value) ? Optional.empty() : Optional.of(ofDouble(value));
  }

  /** The ECMAScript form of a finite double. */
  static String ofDouble(double value) {
    if (!Double.isFinite(value)) throw new IllegalArgumentException("not a JSON number: " + value);
    if (value == 0) return "0";
    BigDecimal shortest = shortest(Math.abs(value));
    String digits = shortest.unscaledValue().toString();
    String sign = value < 0 ? "-" : "";
    return sign + point(digits, digits.length() - shortest.scale());
  }

  private static boolean isKeptInteger(String literal) {
    int start = literal.startsWith("-") ? 1 : 0;
    if (literal.length() - start > DIGITS_KEPT) return false;
    for (int i = start; i < literal.length(); i++) {
      char c = literal.charAt(i);
      if (c < '0' || c > '9') return false;
    }
    return true;
  }

  /**
   * The shortest decimal that reads back as {@code value}, without trailing zeros.
   *
   * <p>Double.toString answers it but for one exception of its contract: where two digits come
   * closer to the double than one does, it prefers two. ECMAScript asks for the one.
   */
  private static BigDecimal shortest(double value) {
    BigDecimal decimal = new BigDecimal(Double.toString(value)).stripTrailingZeros();
    if (decimal.precision() != 2) return decimal;
    BigInteger tens = decimal.unscaledValue().divide(BigInteger.TEN);
    BigDecimal exact = new BigDecimal(value);
    BigDecimal below = new BigDecimal(tens, decimal.scale() - 1);
    BigDecimal above = new BigDecimal(tens.add(BigInteger.ONE), decimal.scale() - 1);
    boolean belowReads = Double.parseDouble(below.toString()) == value;
    boolean aboveReads = Double.parseDouble(above.toString()) == value;
    if (belowReads && aboveReads) {
      boolean nearer = exact.subtract(below).compareTo(above.subtract(exact)) <= 0;
      return (nearer ? below : above).stripTrailingZeros();
    }
    if (belowReads) return below.stripTrailingZeros();
    return aboveReads ? above.stripTrailingZeros() : decimal;
  }

  /**
   * Places the decimal point as Number::toString does.
   *
   * @param digits the significant digits
   * @param exponent the value is 0.digits times ten to the power of it
   */
  private static String point(String digits, int exponent) {
    int count = digits.length();
    if (count <= exponent && exponent <= POINT_MAX) return digits + "0".repeat(exponent - count);
    if (0 < exponent && exponent <= POINT_MAX) {
      return digits.substring(0, exponent) + "." + digits.substring(exponent);
    }
    if (POINT_MIN < exponent && exponent <= 0) return "0." + "0".repeat(-exponent) + digits;
    String fraction = count == 1 ? "" : "." + digits.substring(1);
    int shown = exponent - 1;
    return digits.charAt(0) + fraction + "e" + (shown < 0 ? "-" : "+") + Math.abs(shown);
  }
}
