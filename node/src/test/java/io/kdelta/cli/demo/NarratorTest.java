package io.kdelta.cli.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Goal: what is shown can be typed, and waits for nobody who is not there. Method: examples. */
final class NarratorTest {
  private static String told(String input, boolean colour) throws Exception {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    Narrator narrator =
        new Narrator(
            new PrintStream(out, true, StandardCharsets.UTF_8),
            new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8)),
            Narrator.Pace.STEPS,
            colour,
            "./kdelta");
    narrator.chapter("Begin");
    narrator.command(List.of("put", "a/b", "{\"it's\":1}"));
    narrator.chapter("End");
    narrator.chapter("Behind the end of the input");
    return out.toString(StandardCharsets.UTF_8);
  }

  @Test
  void commandsAreQuotedAsAShellWantsThem() throws Exception {
    assertTrue(told("\n\n", false).contains("\n$ ./kdelta put a/b '{\"it'\\''s\":1}'\n"));
    assertEquals("''", Narrator.quoted(""));
    assertEquals("2026-11-21T08:00:01.5Z", Narrator.quoted("2026-11-21T08:00:01.5Z"));
    assertEquals("'two words'", Narrator.quoted("two words"));
    assertEquals("'$HOME'", Narrator.quoted("$HOME"));
  }

  @Test
  void itGoesOnAtTheEndOfTheInput() throws Exception {
    assertTrue(told("", false).contains("3. Behind the end of the input"));
  }

  @Test
  void coloursOnlyWhereTheyAreWanted() throws Exception {
    assertFalse(told("", false).contains("\u001b"));
    assertTrue(told("", true).contains("\u001b[1m1. Begin\u001b[0m"));
  }
}
