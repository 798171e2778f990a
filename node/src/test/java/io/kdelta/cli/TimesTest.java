package io.kdelta.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.kdelta.proto.v1.At;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Goal: moments are read as experience.md says and printed with 6 digits. Method: examples. */
final class TimesTest {
  private static final Instant NOW = Instant.parse("2026-11-21T08:00:00Z");

  @Test
  void moments() {
    assertEquals(1, Times.at("-1").getStepsBack());
    assertEquals(12, Times.at("-12").getStepsBack());
    assertEquals("7f3a", Times.at("7F3A").getVersion());
    assertEquals(At.MomentCase.TIME, Times.at("2026-11-21").getMomentCase());
    assertEquals(
        Instant.parse("2026-11-21T07:00:01.123456Z"),
        Times.instant(Times.at("2026-11-21T08:00:01.123456+01:00").getTime()));
    assertEquals(NOW, Times.instant(Times.at("2026-11-21T08:00").getTime()));
  }

  @Test
  void whatIsNoMomentIsAUsageError() {
    for (String text : List.of("abc", "zzzz", "2026-13-01", "T", "-", "", "--1", "a".repeat(65))) {
      CliException error = assertThrows(CliException.class, () -> Times.at(text), text);
      assertEquals(ExitCode.USAGE, error.exitCode(), text);
    }
  }

  @Test
  void printed() {
    assertEquals("2026-11-21T08:00:00.000000Z", Times.full(NOW));
    assertEquals("now", Times.relative(NOW, NOW));
    assertEquals("90 s ago", Times.relative(NOW.minusSeconds(90), NOW));
    assertEquals("3 min ago", Times.relative(NOW.minusSeconds(200), NOW));
    assertEquals("5 h ago", Times.relative(NOW.minusSeconds(5 * 3600), NOW));
    assertEquals("2026-11-21T09:00:00.000000Z", Times.relative(NOW.plusSeconds(3600), NOW));
    assertEquals("08:00:00", Times.brief(NOW, NOW));
    assertEquals("2026-11-20 08:00", Times.brief(NOW.minusSeconds(86_400), NOW));
  }
}
