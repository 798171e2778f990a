package io.kdelta.causal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** The hash is the one of the paper; the set of hashes is a set. */
final class KeyedHashTest {
  /** Appendix A of "SipHash: a fast short-input PRF". */
  @Test
  void theExampleOfThePaper() {
    byte[] message = new byte[15];
    for (int i = 0; i < message.length; i++) message[i] = (byte) i;
    KeyedHash hash = new KeyedHash(0x0706050403020100L, 0x0f0e0d0c0b0a0908L);
    assertEquals(0xa129ca6149be45e5L, hash.of(message, message.length));
  }

  /** The first of the vectors that the authors' code comes with, by size. */
  @Test
  void sizesFromNothingOn() {
    KeyedHash hash = new KeyedHash(0x0706050403020100L, 0x0f0e0d0c0b0a0908L);
    long[] expected = {
      0x726fdb47dd0e0e31L, 0x74f839c593dc67fdL, 0x0d6c8009d9a94f5aL, 0x85676696d7fb7e2dL,
      0xcf2794e0277187b7L, 0x18765564cd99a68dL, 0xcbc9466e58fee3ceL, 0xab0200f58b01d137L,
      0x93f5f5799a932462L
    };
    byte[] message = {0, 1, 2, 3, 4, 5, 6, 7};
    for (int size = 0; size < expected.length; size++) {
      assertEquals(expected[size], hash.of(message, size), "of " + size + " bytes");
    }
  }

  @Test
  void aSetOfHashesIsASet() {
    Random random = new Random(5);
    TreeSet<Long> model = new TreeSet<>();
    HashSet64 set = new HashSet64();
    for (int i = 0; i < 20_000; i++) {
      // Some collide in their lower bits, some come twice, one is zero.
      long hash = random.nextInt(4) == 0 ? (long) random.nextInt(300) << 40 : random.nextLong();
      assertEquals(model.contains(hash), set.contains(hash));
      assertEquals(model.add(hash), set.add(hash));
    }
    assertEquals(model.size(), set.size());
    for (long hash : model) assertTrue(set.contains(hash));
    assertFalse(set.contains(-1L));
  }
}
