package io.kdelta.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/**
 * Goal: a header is taken exactly when the standard says so. Method: one that is right, and each of
 * the ways to be wrong.
 */
final class TraceParentTest {
  private static final String TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
  private static final String SPAN = "00f067aa0ba902b7";
  private static final String RIGHT = "00-" + TRACE + "-" + SPAN + "-01";

  @Test
  void whatIsSampledIsTaken() {
    Optional<TraceParent> taken = Optional.of(new TraceParent(TRACE, SPAN));
    assertEquals(taken, TraceParent.sampled(RIGHT));
    assertEquals(taken, TraceParent.sampled(List.of(RIGHT)));
    assertEquals(taken, TraceParent.sampled(RIGHT.replaceAll("01$", "ff")));
    assertEquals(taken, TraceParent.sampled("cc" + RIGHT.substring(2)));
    assertEquals(taken, TraceParent.sampled("cc" + RIGHT.substring(2) + "-more"));
    assertEquals(RIGHT, taken.orElseThrow().text());
  }

  @Test
  void whatIsWrongIsAsIfThereWasNone() {
    for (String wrong :
        List.of(
            "",
            "00",
            RIGHT.replaceAll("01$", "00"),
            RIGHT.replaceAll("01$", "02"),
            RIGHT + "-more",
            RIGHT + " ",
            " " + RIGHT,
            RIGHT.replace("-", "_"),
            "ff" + RIGHT.substring(2),
            "0x" + RIGHT.substring(2),
            "cc" + RIGHT.substring(2) + "more",
            "cc" + RIGHT.substring(2) + "-" + "a".repeat(1_000),
            RIGHT.replace("f", "F"),
            RIGHT.replace("4bf", "4b\u0661"),
            RIGHT.replace("4bf", "4bg"),
            RIGHT.replace(TRACE, "0".repeat(32)),
            RIGHT.replace(SPAN, "0".repeat(16)),
            RIGHT.substring(0, RIGHT.length() - 1),
            RIGHT.replace(TRACE, TRACE + "ab").replace(SPAN, SPAN.substring(2)))) {
      assertEquals(Optional.empty(), TraceParent.sampled(wrong), wrong);
    }
    assertEquals(Optional.empty(), TraceParent.sampled(List.of()));
    assertEquals(Optional.empty(), TraceParent.sampled(List.of(RIGHT, RIGHT)));
  }
}
