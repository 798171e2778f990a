package io.kdelta.env;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HexFormat;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/**
 * Goal: chance is the same everywhere for one seed, even for each bound, and apart for each
 * purpose. Method: golden values; counting; streams compared with and without draws in between.
 */
final class SimEntropyTest {
  @Test
  void oneSeedGivesTheSameBitsForEver() {
    SimEntropy entropy = new SimEntropy(0);
    // Reference: xoshiro256** with its state filled by SplitMix64 from seed 0.
    assertEquals(0x99EC5F36CB75F2B4L, entropy.nextLong());
    assertEquals(0xBF6E1F784956452AL, entropy.nextLong());
    assertEquals(0x1A5F849D4933E6E0L, entropy.nextLong());
    byte[] bytes = new byte[11];
    new SimEntropy(0).fill(bytes);
    assertEquals("b4f275cb365fec992a4556", HexFormat.of().formatHex(bytes));
  }

  @Test
  void everyValueBelowABoundIsAboutAsLikely() {
    for (int bound : new int[] {1, 2, 3, 7, 10, 100}) {
      SimEntropy entropy = new SimEntropy(5);
      int[] seen = new int[bound];
      for (int i = 0; i < 2_000 * bound; i++) seen[entropy.nextInt(bound)]++;
      for (int count : seen) assertTrue(Math.abs(count - 2_000) < 250, bound + ": " + count);
    }
    SimEntropy entropy = new SimEntropy(6);
    for (int i = 0; i < 1_000; i++) {
      int value = entropy.nextInt(Integer.MAX_VALUE);
      assertTrue(value >= 0);
    }
  }

  @Test
  void streamsDependOnSeedAndNameAlone() {
    SimEntropy drawn = new SimEntropy(1);
    long first = drawn.split("disk").nextLong();
    assertTrue(drawn.nextLong() != drawn.nextLong());
    assertEquals(first, drawn.split("disk").nextLong());
    TreeSet<Long> firsts = new TreeSet<>();
    for (int seed = 0; seed < 50; seed++) {
      for (String name : new String[] {"disk", "disk1", "link a-b", "link b-a", ""}) {
        firsts.add(new SimEntropy(seed).split(name).nextLong());
        firsts.add(new SimEntropy(seed).split(name).split("below").nextLong());
      }
    }
    assertEquals(500, firsts.size());
    assertNotEquals(new SimEntropy(1).nextLong(), new SimEntropy(2).nextLong());
  }
}
