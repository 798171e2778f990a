package io.kdelta.cli;

import com.google.protobuf.Timestamp;
import io.kdelta.proto.v1.At;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

/** Times as people write and read them. Everything is UTC, to the microsecond. */
final class Times {
  private static final DateTimeFormatter RFC_3339 =
      DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSSSSS'Z'", Locale.ROOT)
          .withZone(ZoneOffset.UTC);
  private static final DateTimeFormatter CLOCK =
      DateTimeFormatter.ofPattern("HH:mm:ss", Locale.ROOT).withZone(ZoneOffset.UTC);
  private static final DateTimeFormatter DAY =
      DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm", Locale.ROOT).withZone(ZoneOffset.UTC);
  private static final int VERSION_DIGITS_MIN = 4;
  private static final int VERSION_DIGITS_MAX = 64;

  private Times() {}

  static Instant instant(Timestamp time) {
    return Instant.ofEpochSecond(time.getSeconds(), time.getNanos());
  }

  /** RFC 3339 in UTC with 6 digits. */
  static String full(Instant time) {
    return RFC_3339.format(time);
  }

  static String full(Timestamp time) {
    return full(instant(time));
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
  static Instant parse(String text) {
    try {
      if (!text.contains("T"))
        return LocalDate.parse(text).atStartOfDay().toInstant(ZoneOffset.UTC);
      int offset = Math.max(text.lastIndexOf('+'), text.lastIndexOf('-'));
      if (text.endsWith("Z") || offset > text.indexOf('T')) {
        return OffsetDateTime.parse(text).toInstant();
      }
      return LocalDateTime.parse(text).toInstant(ZoneOffset.UTC);
    } catch (DateTimeException e) {
      throw new CliException(
          ExitCode.USAGE,
          "INVALID_ARGUMENT",
          "'" + text + "' is not a time",
          "write 2026-11-21, 2026-11-21T08:00 or 2026-11-21T08:00:01.123456Z",
          e);
    }
  }

  static Timestamp timestamp(Instant time) {
    return Timestamp.newBuilder()
        .setSeconds(time.getEpochSecond())
        .setNanos(time.getNano())
        .build();
  }

  /**
   * A moment of a key: {@code -N} (steps back), a time (it has a {@code -} or {@code T} in it), or
   * a version id of 4 or more digits.
   */
  static At at(String text) {
    if (text.matches("-[0-9]{1,9}")) {
      int steps = Integer.parseInt(text.substring(1));
      return At.newBuilder().setStepsBack(steps).build();
    }
    if (text.indexOf('-') >= 0 || text.indexOf('T') >= 0) {
      return At.newBuilder().setTime(timestamp(parse(text))).build();
    }
    String id = text.toLowerCase(Locale.ROOT);
    boolean digits = id.chars().allMatch(c -> Character.digit(c, 16) >= 0);
    if (!digits || id.length() < VERSION_DIGITS_MIN || id.length() > VERSION_DIGITS_MAX) {
      throw CliException.usage(
          "'" + text + "' is no moment: a time, a version id (4 digits or more) or -N",
          "kdelta log NS/KEY shows versions and times");
    }
    return At.newBuilder().setVersion(id).build();
  }
}
