package io.kdelta.cli;

import com.google.protobuf.Timestamp;
import io.kdelta.error.KdeltaException;
import io.kdelta.proto.v1.At;
import io.kdelta.wire.TimeText;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.function.BiFunction;

/** Times as people write and read them. Everything is UTC, to the microsecond. */
final class Times {
  private static final DateTimeFormatter CLOCK =
      DateTimeFormatter.ofPattern("HH:mm:ss", Locale.ROOT).withZone(ZoneOffset.UTC);
  private static final DateTimeFormatter DAY =
      DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm", Locale.ROOT).withZone(ZoneOffset.UTC);

  private Times() {}

  static Instant instant(Timestamp time) {
    return Instant.ofEpochSecond(time.getSeconds(), time.getNanos());
  }

  /** RFC 3339 in UTC with 6 digits. */
  static String full(Instant time) {
    return TimeText.full(time);
  }

  static String full(Timestamp time) {
    return TimeText.full(time);
  }

  /** How long ago, in the largest unit that fits. */
  static String relative(Instant time, Instant now) {
    Duration ago = Duration.between(time, now);
    if (ago.isNegative()) return full(time);
    long seconds = ago.toSeconds();
    if (seconds < 1) return "now";
    if (seconds < 120) return seconds + " s ago";
    if (seconds < 2 * 3600) return seconds / 60 + " min ago";
    if (seconds < 2 * 86_400) return seconds / 3600 + " h ago";
    if (seconds < 730 * 86_400L) return seconds / 86_400 + " d ago";
    return seconds / (365 * 86_400L) + " y ago";
  }

  /** The clock within today, else the day too. */
  static String brief(Instant time, Instant now) {
    boolean today =
        LocalDate.ofInstant(time, ZoneOffset.UTC).equals(LocalDate.ofInstant(now, ZoneOffset.UTC));
    return today ? CLOCK.format(time) : DAY.format(time);
  }

  /** A day, or a date and time with or without an offset (without: UTC). */
  static Timestamp timestamp(String text) {
    return read(text, TimeText::time, "write 2026-11-21 or 2026-11-21T08:00:01.123456Z");
  }

  /**
   * A moment of a key: {@code -N} (steps back), a time (it has a {@code -} or {@code T} in it), or
   * a version id of 4 or more digits.
   */
  static At at(String text) {
    return read(text, TimeText::at, "kdelta log NS/KEY shows versions and times");
  }

  private static <T> T read(String text, BiFunction<String, String, T> reading, String hint) {
    try {
      return reading.apply("moment", text);
    } catch (KdeltaException.Invalid e) {
      throw new CliException(ExitCode.USAGE, "INVALID_ARGUMENT", e.reason(), hint, e);
    }
  }
}
