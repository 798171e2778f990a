package io.kdelta.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.junit.jupiter.api.Test;

/** Goal: a line is cut into words as a shell does it. Method: examples. */
final class WordsTest {
  @Test
  void wordsAndQuotes() {
    assertEquals(List.of(), Words.of("  \t "));
    assertEquals(List.of("get", "a/b"), Words.of(" get   a/b "));
    assertEquals(List.of("put", "a/b", "{\"x\": 1}"), Words.of("put a/b '{\"x\": 1}'"));
    assertEquals(List.of("{\"x\":\"\\n\"}"), Words.of("\"{\\\"x\\\":\\\"\\n\\\"}\""));
    assertEquals(List.of("a b", ""), Words.of("a\\ b ''"));
    assertEquals(List.of("it's"), Words.of("it\\'s # behind this nothing counts"));
    assertEquals(List.of("a#b"), Words.of("a#b"));
  }

  @Test
  void aQuoteThatIsLeftOpen() {
    assertThrows(CliException.class, () -> Words.of("put a/b '{"));
    assertThrows(CliException.class, () -> Words.of("put a/b \"{\\\""));
  }
}
