package io.kdelta.causal;

import io.kdelta.error.KdeltaException;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;

/**
 * A time of the hybrid logical clock: 52 bits of microseconds since 1970 and 12 bits of counter.
 *
 * <p>A value without owner or thread, ordered as the unsigned number it is packed into. Source:
 * Kulkarni, Demirbas et al., "Logical Physical Clocks" (2014).
 *
 * @param packed microseconds since 1970 times 4,096, plus the counter
 */
public record Timestamp(long packed) implements Comparable<Timestamp> {
  /** How many bits the counter has. */
  public static final int COUNTER_BITS = 12;

  /** The smallest time. */
  public static final Timestamp ZERO = new Timestamp(0);

  /** 2^64 - 2^52: later times are valid only exactly one step above the latest parent. */
  public static final Timestamp MAX = new Timestamp(-(1L << 52));

  /** The largest microsecond that a fresh time may name, in the year 2112. */
  public static final long MICROS_MAX = MAX.micros();

  private static final DateTimeFormatter TEXT =
      DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSSSSS'Z'").withZone(ZoneOffset.UTC);

  /** The first time within a microsecond; one beyond the range is clamped to its end. */
  public static Timestamp ofMicros(long micros) {
    return new Timestamp(Math.clamp(micros, 0, MICROS_MAX) << COUNTER_BITS);
  }

  /**
   * From RFC 3339 with any offset; digits behind the sixth are cut. Text that is no time, or lies
   * outside 1970 to 2112, is Invalid.
   */
  public static Timestamp parse(String text) {
    try {
      Instant instant = OffsetDateTime.parse(text).toInstant();
      long micros = ChronoUnit.MICROS.between(Instant.EPOCH, instant);
      if (instant.isBefore(Instant.EPOCH) || micros > MICROS_MAX) {
        throw new KdeltaException.Invalid("time", "'" + text + "' is not within 1970 to 2112");
      }
      return ofMicros(micros);
    } catch (DateTimeException | ArithmeticException e) {
      throw new KdeltaException.Invalid(
          "time", "'" + text + "' is not a time such as 2026-11-21T08:00:01.123456Z");
    }
  }

  /** Microseconds since 1970. */
  public long micros() {
    return packed >>> COUNTER_BITS;
  }

  /** The counter within the microsecond, 0 to 4,095. */
  public int counter() {
    return (int) packed & ((1 << COUNTER_BITS) - 1);
  }

  /** The time one step later. The last of all has none: nobody can climb 2^52 steps to it. */
  public Timestamp next() {
    if (packed == -1) throw new AssertionError("no time is later than the last one");
    return new Timestamp(packed + 1);
  }

  /** The last time within this microsecond: what {@code --at} includes. */
  public Timestamp endOfMicros() {
    return new Timestamp(packed | ((1L << COUNTER_BITS) - 1));
  }

  /** Whether this time is later than {@code other}. */
  public boolean after(Timestamp other) {
    return compareTo(other) > 0;
  }

  /** The later of two times. */
  public static Timestamp later(Timestamp a, Timestamp b) {
    return a.after(b) ? a : b;
  }

  /** RFC 3339 in UTC with 6 digits. */
  public String text() {
    return TEXT.format(Instant.EPOCH.plus(micros(), ChronoUnit.MICROS));
  }

  @Override
  public int compareTo(Timestamp other) {
    return Long.compareUnsigned(packed, other.packed);
  }

  @Override
  public String toString() {
    return text() + "+" + counter();
  }
}
