package io.kdelta.server.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.error.KdeltaException;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Goal: every text survives its escapes, and half of one is refused. Method: examples, seeds. */
final class PercentTextTest {
  private static final int SEEDS = 500;
  private static final int LENGTH_MAX = 40;

  @Test
  void whatWasEncodedIsDecoded() {
    for (int seed = 0; seed < SEEDS; seed++) {
      Random random = new Random(seed);
      StringBuilder text = new StringBuilder();
      int length = random.nextInt(LENGTH_MAX);
      while (text.length() < length) {
        int point = random.nextInt(random.nextBoolean() ? 128 : Character.MAX_CODE_POINT);
        boolean half = point >= Character.MIN_SURROGATE && point <= Character.MAX_SURROGATE;
        if (!half) text.appendCodePoint(point);
      }
      String encoded = PercentText.encode(text.toString());
      assertTrue(encoded.chars().allMatch(c -> c > ' ' && c < 127), "seed " + seed);
      assertEquals(text.toString(), PercentText.decode("key", encoded, false), "seed " + seed);
      assertEquals(text.toString(), PercentText.decode("key", encoded, true), "seed " + seed);
    }
  }

  @Test
  void bareBytesAndPluses() {
    assertEquals("a+b", PercentText.decode("key", "a+b", false));
    assertEquals("a b", PercentText.decode("note", "a+b", true));
    // As the JDK's server tells the bytes of an e with an accent that came without an escape.
    assertEquals("\u00e9", PercentText.decode("key", "\u00c3\u00a9", false));
  }

  @Test
  void whatIsNoText() {
    for (String raw : List.of("%", "%4", "%g0", "%0g", "a%", "%ff", "%c0%80", "\u0100", "\u00e9")) {
      assertThrows(KdeltaException.Invalid.class, () -> PercentText.decode("key", raw, false), raw);
    }
  }
}
