package io.kdelta.wire;

import com.google.protobuf.Timestamp;
import io.kdelta.error.KdeltaException;
import io.kdelta.proto.v1.At;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

/** Moments as people and programs write them. Everything is UTC, to the microsecond. Pure. */
public final class TimeText {
  private static final DateTimeFormatter RFC_3339 =
      DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSSSSS'Z'", Locale.ROOT)
          .withZone(ZoneOffset.UTC);
  private static final int VERSION_DIGITS_MIN = 4;
  private static final int VERSION_DIGITS_MAX = 64;
  private static final int STEPS_DIGITS_MAX = 9;

  /** What an error repeats of a text. */
  private static final int TEXT_LENGTH_MAX = 80;

  private TimeText() {}

  /** RFC 3339 in UTC with 6 digits. */
  public static String full(Instant time) {
    return RFC_3339.format(time);
  }

  /** The same. */
  public static String full(Timestamp time) {
    return full(Instant.ofEpochSecond(time.getSeconds(), time.getNanos()));
  }

  /**
   * A day, or a date and time with or without an offset (without: UTC); Invalid for any other text.
   */
  public static Timestamp time(String field, String text) {
    Instant time = instant(field, text);
    return Timestamp.newBuilder()
        .setSeconds(time.getEpochSecond())
        .setNanos(time.getNano())
        .build();
  }

  private static Instant instant(String field, String text) {
    try {
      if (!text.contains("T")) {
        return LocalDate.parse(text).atStartOfDay().toInstant(ZoneOffset.UTC);
      }
      int offset = Math.max(text.lastIndexOf('+'), text.lastIndexOf('-'));
      if (text.endsWith("Z") || offset > text.indexOf('T')) {
        return OffsetDateTime.parse(text).toInstant();
      }
      return LocalDateTime.parse(text).toInstant(ZoneOffset.UTC);
    } catch (DateTimeException _) {
      throw invalid(
          field,
          text,
          "is not a time: write 2026-11-21, 2026-11-21T08:00 or 2026-11-21T08:00:01.123456Z");
    }
  }

  /**
   * A moment of a key: {@code -N} (steps back), a time (it has a {@code -} or {@code T} in it), or
   * a version id of 4 or more digits; Invalid for any other text.
   */
  public static At at(String field, String text) {
    if (stepsBack(text)) {
      return At.newBuilder().setStepsBack(Integer.parseInt(text.substring(1))).build();
    }
    if (text.indexOf('-') >= 0 || text.indexOf('T') >= 0) {
      return At.newBuilder().setTime(time(field, text)).build();
    }
    String id = text.toLowerCase(Locale.ROOT);
    boolean digits = id.chars().allMatch(c -> c < 128 && Character.digit(c, 16) >= 0);
    if (!digits || id.length() < VERSION_DIGITS_MIN || id.length() > VERSION_DIGITS_MAX) {
      throw invalid(field, text, "is no moment: a time, a version id (4 digits or more) or -N");
    }
    return At.newBuilder().setVersion(id).build();
  }

  private static boolean stepsBack(String text) {
    int digits = text.length() - 1;
    return digits >= 1
        && digits <= STEPS_DIGITS_MAX
        && text.charAt(0) == '-'
        && text.chars().skip(1).allMatch(c -> c >= '0' && c <= '9');
  }

  private static KdeltaException.Invalid invalid(String field, String text, String what) {
    String brief =
        text.length() <= TEXT_LENGTH_MAX ? text : text.substring(0, TEXT_LENGTH_MAX) + "...";
    return new KdeltaException.Invalid(field, "'" + brief + "' " + what);
  }
}
