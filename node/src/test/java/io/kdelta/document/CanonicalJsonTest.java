package io.kdelta.document;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.kdelta.env.SimEntropy;
import io.kdelta.error.KdeltaException.Invalid;
import io.kdelta.memory.Bytes;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Goal: one document has one canonical form, and what is not a document is refused with its place.
 * Method: accept and reject cases as data; the limits from both sides; on seeded random documents
 * that the form is a fixed point, means the same to another parser, and does not depend on white
 * space, escapes or member order; and that mangled bytes are only ever refused.
 */
final class CanonicalJsonTest {
  private static final long SEED = Long.getLong("kdelta.seed", 8259);

  static List<String> accepted() throws IOException {
    return Resource.lines("/json/accept.txt");
  }

  static List<String> rejected() throws IOException {
    return Resource.lines("/json/reject.txt");
  }

  @ParameterizedTest
  @MethodSource("accepted")
  void accepts(String row) {
    String[] column = row.split("\t", -1);
    Bytes canonical = bytes(column[2]);
    assertEquals(canonical.utf8(), CanonicalJson.STANDARD.canonical(bytes(column[1])).utf8());
    assertTrue(CanonicalJson.STANDARD.isCanonical(canonical), "it is its own canonical form");
  }

  @ParameterizedTest
  @MethodSource("rejected")
  void rejects(String row) {
    String[] column = row.split("\t", -1);
    Bytes text = bytes(column[1]);
    Invalid refusal = assertThrows(Invalid.class, () -> CanonicalJson.STANDARD.canonical(text));
    String place = "document at line " + column[2].replace(":", ", column ");
    assertEquals(place, refusal.field(), refusal.reason());
    assertTrue(refusal.reason().contains(column[3]), refusal.reason());
    assertFalse(refusal.reason().contains("Feature"), refusal.reason());
    assertFalse(refusal.reason().contains("\n"), refusal.reason());
    assertFalse(CanonicalJson.STANDARD.isCanonical(text));
  }

  @Test
  void depthIsLimited() {
    String deepest = "[".repeat(64) + "]".repeat(64);
    assertEquals(deepest, canonical(deepest));
    String mixed = "{\"a\":[".repeat(32) + "]}".repeat(32);
    assertEquals(mixed, canonical(mixed));
    assertRefused("[".repeat(65) + "]".repeat(65), "line 1, column 65", "deeper than 64");
    assertRefused("{\"a\":[".repeat(32) + "{}" + "]}".repeat(32), "column 193", "deeper than 64");
    assertRefused("[".repeat(500_000), "line 1, column 65", "deeper than 64");
  }

  @Test
  void tokensAreLimited() {
    String most = "[" + "0,".repeat(199_997) + "0]";
    assertEquals(most, canonical(most));
    assertRefused("[" + "0,".repeat(199_998) + "0]", "column 399999", "more than 200000 tokens");
    assertRefused("[" + "[],".repeat(100_000) + "0]", "line 1", "more than 200000 tokens");
  }

  @Test
  void bytesAreLimited() {
    String most = "\"" + "x".repeat(CanonicalJson.BYTES_DEFAULT - 2) + "\"";
    assertEquals(most, canonical(most));
    assertRefused(most + " ", "document", "1048577 bytes; the limit is 1048576 bytes");
    assertEquals(most, CanonicalJson.WIDEST.canonical(Bytes.utf8(most + " ")).utf8());
    String widest = "\"" + "x".repeat(CanonicalJson.BYTES_MAX - 2) + "\"";
    assertEquals(widest, CanonicalJson.WIDEST.canonical(Bytes.utf8(widest)).utf8());
    assertThrows(Invalid.class, () -> CanonicalJson.WIDEST.canonical(Bytes.utf8(widest + " ")));
    assertThrows(Invalid.class, () -> new CanonicalJson(0));
    assertThrows(Invalid.class, () -> new CanonicalJson(CanonicalJson.BYTES_MAX + 1));
  }

  @Test
  void theCanonicalFormIsLimitedToo() {
    String grows = "[" + "1e20,".repeat(99_998) + "1e20]";
    assertRefused(grows, "document", "2199979 bytes in canonical form");
    String shrinks = "[\"" + "\\u0061".repeat(100_000) + "\"]";
    assertEquals(100_004, new CanonicalJson(600_004).canonical(Bytes.utf8(shrinks)).size());
  }

  @Test
  void aLongNumberIsReadInBoundedTime() {
    assertEquals("0.1", canonical("0.1" + "0".repeat(1_000_000)));
    assertRefused("9".repeat(1_000_000), "line 1, column 1", "too large for a double");
  }

  @Test
  void randomDocumentsHaveOneForm() throws IOException {
    ObjectMapper other = new ObjectMapper();
    SimEntropy entropy = new SimEntropy(SEED);
    RandomJson random = new RandomJson(entropy);
    for (int i = 0; i < 2_000; i++) {
      Json document = random.document();
      Bytes canonical = CanonicalJson.write(document);
      String told = "seed " + SEED + ", run " + i + ": " + canonical.utf8();
      assertEquals(document, CanonicalJson.STANDARD.read(canonical), told);
      Bytes sloppy = Bytes.utf8(random.sloppily(document));
      assertEquals(canonical, CanonicalJson.STANDARD.canonical(sloppy), told);
      JsonNode expected = other.readTree(sloppy.toArray());
      assertEquals(expected, other.readTree(canonical.toArray()), told);
    }
  }

  @Test
  void mangledBytesAreRefusedOrReadNeverMore() {
    SimEntropy entropy = new SimEntropy(SEED);
    RandomJson random = new RandomJson(entropy);
    int refused = 0;
    for (int i = 0; i < 5_000; i++) {
      byte[] text = random.sloppily(random.document()).getBytes(StandardCharsets.UTF_8);
      for (int flips = 1 + entropy.nextInt(3); flips > 0; flips--) {
        text[entropy.nextInt(text.length)] ^= (byte) (1 << entropy.nextInt(8));
      }
      try {
        Bytes canonical = CanonicalJson.STANDARD.canonical(Bytes.wrap(text));
        assertTrue(CanonicalJson.STANDARD.isCanonical(canonical), "seed " + SEED + ", run " + i);
      } catch (Invalid refusal) {
        assertTrue(refusal.field().startsWith("document at line "), refusal.getMessage());
        refused++;
      }
    }
    assertTrue(refused > 2_500, "only " + refused + " were refused, seed " + SEED);
  }

  private static String canonical(String text) {
    return CanonicalJson.STANDARD.canonical(Bytes.utf8(text)).utf8();
  }

  private static void assertRefused(String text, String place, String reason) {
    Invalid refusal = assertThrows(Invalid.class, () -> canonical(text));
    assertTrue(refusal.field().contains(place), refusal.getMessage());
    assertTrue(refusal.reason().contains(reason), refusal.getMessage());
  }

  /** The bytes of a column of a data file: &lt;NN&gt; is the byte NN. */
  private static Bytes bytes(String column) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    int at = 0;
    while (at < column.length()) {
      int open = column.indexOf('<', at);
      int end = open < 0 ? column.length() : open;
      bytes.writeBytes(column.substring(at, end).getBytes(StandardCharsets.UTF_8));
      if (open < 0) break;
      bytes.write(Integer.parseInt(column.substring(open + 1, open + 3), 16));
      at = open + 4;
    }
    return Bytes.wrap(bytes.toByteArray());
  }
}
