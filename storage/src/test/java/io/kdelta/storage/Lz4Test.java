package io.kdelta.storage;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.env.Entropy;
import io.kdelta.env.SimEntropy;
import java.util.Arrays;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

/**
 * Goal: what is compressed comes back, what others compressed is read, and no input whatever makes
 * the decoder read or write outside its ranges. Method: blocks written by hand after the format
 * description; seeded texts of every compressibility; every cut and seeded flips of good blocks.
 */
final class Lz4Test {
  private final Lz4 lz4 = new Lz4();

  @Test
  void readsBlocksWrittenByHand() {
    // "abcdabcdabcdabcdXYZZY": 4 literals, a match of 12 at distance 4, 5 literals.
    byte[] block = HexFormat.of().parseHex("48616263640400" + "5058595a5a59");
    byte[] plain = new byte[21];
    assertTrue(Lz4.decompress(block, 0, block.length, plain, plain.length));
    assertEquals(
        "abcdabcdabcdabcdXYZZY", new String(plain, java.nio.charset.StandardCharsets.UTF_8));
    // 20 times the same byte: 1 literal, a match of 14 + 4 at distance 1, 1 literal... and 5 to
    // end.
    byte[] same = HexFormat.of().parseHex("1a" + "7a" + "0100" + "50" + "7a7a7a7a7a");
    byte[] expected = new byte[20];
    Arrays.fill(expected, (byte) 'z');
    byte[] out = new byte[20];
    assertTrue(Lz4.decompress(same, 0, same.length, out, out.length));
    assertArrayEquals(expected, out);
    assertFalse(Lz4.decompress(new byte[0], 0, 0, out, 0));
    assertTrue(Lz4.decompress(new byte[1], 0, 1, out, 0), "a lone empty sequence is no bytes");
  }

  @Test
  void whatIsCompressedComesBack() {
    Entropy entropy = new SimEntropy(1);
    for (int round = 0; round < 600; round++) {
      byte[] plain = text(entropy, round);
      byte[] packed = new byte[5 + Lz4.sizeMax(plain.length)];
      int size = lz4.compress(plain, 0, plain.length, packed, 5);
      assertTrue(size <= Lz4.sizeMax(plain.length));
      byte[] back = new byte[plain.length];
      assertTrue(Lz4.decompress(packed, 5, size, back, back.length), "round " + round);
      assertArrayEquals(plain, back, "round " + round);
      assertFalse(Lz4.decompress(packed, 5, size, new byte[plain.length + 1], plain.length + 1));
    }
  }

  @Test
  void repetitionIsFound() {
    byte[] plain = new byte[16 << 10];
    for (int i = 0; i < plain.length; i++) plain[i] = (byte) "a row like any other ".charAt(i % 21);
    byte[] packed = new byte[Lz4.sizeMax(plain.length)];
    assertTrue(lz4.compress(plain, 0, plain.length, packed, 0) < 200);
  }

  @Test
  void badInputIsRefusedOrStaysInside() {
    Entropy entropy = new SimEntropy(2);
    for (int round = 0; round < 3000; round++) {
      byte[] plain = text(entropy, round % 80);
      byte[] packed = new byte[Lz4.sizeMax(plain.length)];
      int size = lz4.compress(plain, 0, plain.length, packed, 0);
      if (round % 3 == 0) size = entropy.nextInt(size + 1);
      for (int i = 0; i < 3 && size > 0; i++) {
        packed[entropy.nextInt(size)] ^= (byte) (1 << entropy.nextInt(8));
      }
      byte[] exact = Arrays.copyOf(packed, size);
      byte[] target = new byte[plain.length + 64];
      Arrays.fill(target, (byte) 77);
      Lz4.decompress(exact, 0, size, target, plain.length);
      for (int i = plain.length; i < target.length; i++) assertEquals(77, target[i]);
    }
    byte[] noise = new byte[4096];
    byte[] target = new byte[1 << 16];
    for (int round = 0; round < 3000; round++) {
      entropy.fill(noise);
      Lz4.decompress(noise, 0, entropy.nextInt(noise.length), target, entropy.nextInt(1 << 16));
    }
  }

  /** From noise to one byte repeated, from nothing to more than the longest distance. */
  private static byte[] text(Entropy entropy, int round) {
    int size = round % 50 == 0 ? 100_000 + entropy.nextInt(50_000) : entropy.nextInt(3000);
    if (round < 40) size = round;
    byte[] text = new byte[size];
    int alphabet = 1 << entropy.nextInt(9);
    for (int i = 0; i < size; i++) {
      boolean repeat = i > 10 && entropy.nextInt(8) == 0;
      if (repeat) {
        int from = entropy.nextInt(i);
        int length = Math.min(entropy.nextInt(200), size - i);
        for (int j = 0; j < length; j++) text[i + j] = text[from + j];
        i += Math.max(0, length - 1);
      } else {
        text[i] = (byte) entropy.nextInt(alphabet);
      }
    }
    return text;
  }
}
