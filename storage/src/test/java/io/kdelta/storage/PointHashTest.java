package io.kdelta.storage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/** Goal: the hash on disk is XXH64. Method: the vectors of its specification and its tools. */
final class PointHashTest {
  @Test
  void publishedVectors() {
    assertEquals(0xEF46DB3751D8E999L, hash("", 0));
    assertEquals(0xD24EC4F1A98C6E5BL, hash("a", 0));
    assertEquals(0x44BC2CF5AD770999L, hash("abc", 0));
    assertEquals(0x0B242D361FDA71BCL, hash("The quick brown fox jumps over the lazy dog", 0));
    assertEquals(
        0xE04A477F19EE145DL,
        hash(
            "12345678901234567890123456789012345678901234567890123456789012345678901234567890", 0));
  }

  @Test
  void placeInTheArrayDoesNotMatterAndTheSeedDoes() {
    byte[] text =
        "xxThe quick brown fox jumps over the lazy dogyy".getBytes(StandardCharsets.US_ASCII);
    assertEquals(0x0B242D361FDA71BCL, PointHash.of(text, 2, text.length - 4, 0));
    assertNotEquals(hash("abc", 1), hash("abc", 2));
  }

  private static long hash(String text, long seed) {
    byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
    return PointHash.of(bytes, 0, bytes.length, seed);
  }
}
