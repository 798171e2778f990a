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

  @Test
  void whatIsTypedAndWhereItStands() {
    Words.Line line = Words.read("get 'a b");
    assertEquals('\'', line.open());
    assertEquals(new Words.Word("a b", 4, 8), line.words().getLast());
    assertEquals(new Words.Word("x", 1, 4), Words.read(" \"x\" ").words().getFirst());
  }

  @Test
  void quotingIsReadBack() {
    for (String word : List.of("a/b", "a b", "it's", "\"", "#x", "x#", "\\", "\u00e4 {\"n\": 1}")) {
      assertEquals(List.of(word), Words.of(Words.quoted(word)));
    }
    assertEquals("x#y", Words.quoted("x#y"));
  }

  @Test
  void whatWasPastedIsCutIntoLinesOutsideOfQuotes() {
    assertEquals(List.of("get a/b", "ls"), Words.lines("get a/b\nls"));
    assertEquals(List.of("put a/b '{\n}'", "ls"), Words.lines("put a/b '{\r\n}'\nls"));
    assertEquals(List.of("put a/b '{"), Words.lines("put a/b '{"));
  }
}
