package io.kdelta.document;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.env.SimEntropy;
import io.kdelta.error.KdeltaException;
import io.kdelta.memory.Bytes;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Goal: what the scan is sure of, the reader leaves as it is, so nothing comes in that another node
 * would refuse. Method: forms it has to know and forms it must not be sure of; seeded random
 * documents in canonical form, and with one to three bytes changed, beside the reader.
 */
final class CanonicalScanTest {
  private static final long SEED = Long.getLong("kdelta.seed", 8785);
  private static final int DOCUMENTS = 20_000;

  /** What a changed byte often becomes: a document may come out of it. */
  private static final String LIKELY = "ab19,:\"\\[]{} n";

  @ParameterizedTest
  @ValueSource(
      strings = {
        "null",
        "[]",
        "{}",
        "-12",
        "0",
        "999999999999999",
        "\"\\\"\\\\\\b\\t\\n\\f\\r/\u007f\"",
        "\"Ünï€\uD83D\uDE00\uFEFF\"",
        "{\"\":1,\"A\":[true,false,null,{\"x\":\"y\"}],\"a\":{},\"aa\":\"\"}"
      })
  void knows(String text) {
    assertTrue(CanonicalScan.isSure(Bytes.utf8(text)));
    assertEquals(Bytes.utf8(text), slowly(Bytes.utf8(text)));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " 1",
        "1 ",
        "1,",
        "-",
        "-0",
        "01",
        "1.0",
        "1e3",
        "tru",
        "truee",
        "\"",
        "\"a",
        "\"\\",
        "\"\\/\"",
        "\"\\u001f\"",
        "\"\n\"",
        "[1,]",
        "[1",
        "[1}",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{\"b\":1,\"a\":2}",
        "{\"a\":1,\"a\":2}",
        "{\"aa\":1,\"a\":2}",
        "{a:1}",
        "\uFEFF1"
      })
  void isNotSureOf(String text) {
    assertFalse(CanonicalScan.isSure(Bytes.utf8(text)));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "80",
        "c080",
        "c1bf",
        "e09fbf",
        "eda080",
        "f08fbfbf",
        "f4908080",
        "f5808080",
        "c2"
      })
  void refusesWhatIsNotUtf8(String hex) {
    Bytes quote = Bytes.utf8("\"");
    assertFalse(CanonicalScan.isSure(Bytes.concat(quote, Bytes.ofHex(hex), quote)));
  }

  /** Eight bytes are looked at together: what one of them is must not tell of its neighbours. */
  @Test
  void seesEveryByteAtEveryPlace() {
    for (int size = 1; size <= 20; size++) {
      for (int at = 0; at < size; at++) {
        for (int b = 0; b <= 0xFF; b++) {
          byte[] text = "!".repeat(size + 2).getBytes(UTF_8);
          text[0] = '"';
          text[size + 1] = '"';
          text[at + 1] = (byte) b;
          boolean plain = b >= ' ' && b < 0x80 && b != '"' && b != '\\';
          Bytes document = Bytes.wrap(text);
          assertEquals(plain, CanonicalScan.isSure(document), document.hex());
        }
      }
    }
  }

  /** In the same eight, followed by what is next to it in value too. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "\\\\]]",
        "\\\"#!",
        "\\n!\u007f",
        "\u00ef\u0080",
        "\u20ac]",
        "\uD83D\uDE00#",
        "\u00a2!"
      })
  void goesOnBehindWhatIsNotPlain(String part) {
    for (int before = 0; before <= 16; before++) {
      for (int times = 1; times <= 3; times++) {
        String text = '"' + "!".repeat(before) + part.repeat(times) + "#".repeat(9);
        knows(text + '"');
        isNotSureOf(text);
        isNotSureOf(text + "\"\"");
        isNotSureOf(text + "\n\"");
      }
    }
  }

  @Test
  void depthAndTokensAreLimited() {
    assertTrue(CanonicalScan.isSure(nested(CanonicalJson.DEPTH_MAX)));
    assertFalse(CanonicalScan.isSure(nested(CanonicalJson.DEPTH_MAX + 1)));
    assertTrue(CanonicalScan.isSure(ones(CanonicalJson.TOKENS_MAX - 2)));
    assertFalse(CanonicalScan.isSure(ones(CanonicalJson.TOKENS_MAX - 1)));
  }

  @Test
  void isNeverSureOfWhatTheReaderChanges() {
    SimEntropy entropy = new SimEntropy(SEED);
    RandomJson random = new RandomJson(entropy);
    int sure = 0;
    int sureOfChanged = 0;
    for (int i = 0; i < DOCUMENTS; i++) {
      Bytes canonical = CanonicalJson.write(random.document());
      if (agrees(canonical, i)) sure++;
      byte[] changed = canonical.toArray();
      for (int left = 1 + entropy.nextInt(3); left > 0; left--) {
        byte likely = (byte) LIKELY.charAt(entropy.nextInt(LIKELY.length()));
        boolean any = entropy.nextInt(4) == 0;
        changed[entropy.nextInt(changed.length)] = any ? (byte) entropy.nextLong() : likely;
      }
      if (agrees(Bytes.wrap(changed), i)) sureOfChanged++;
    }
    String told = String.format(Locale.ROOT, "sure of %d and %d", sure, sureOfChanged);
    assertTrue(sure > DOCUMENTS / 3 && sureOfChanged > DOCUMENTS / 50, told);
  }

  /** Whether the scan is sure; then the reader has to agree. */
  private static boolean agrees(Bytes text, int run) {
    if (!CanonicalScan.isSure(text)) return false;
    assertEquals(text, slowly(text), "seed " + SEED + ", run " + run + ": " + text.hex());
    return true;
  }

  private static Bytes slowly(Bytes text) {
    try {
      return CanonicalJson.write(CanonicalJson.WIDEST.read(text));
    } catch (KdeltaException.Invalid e) {
      throw new AssertionError("refused: " + text.hex(), e);
    }
  }

  private static Bytes nested(int depth) {
    return Bytes.utf8("[".repeat(depth) + "]".repeat(depth));
  }

  /** An array of so many tokens without its brackets. */
  private static Bytes ones(int count) {
    return Bytes.utf8("[" + "1,".repeat(count - 1) + "1]");
  }
}
