package io.kdelta.reconciliation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * Goal: a filter passes all that was added, and of the rest about what it was sized for; its bits
 * are the same on every machine. Method: the published SipHash vectors, fixed filters, measured
 * rates, and the bounds.
 */
final class FilterTest {
  private static final Digest KEY =
      Digest.fromHex("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");

  @Test
  void sipHashIsThePublishedOne() {
    // Appendix A of the paper: SipHash-2-4 of 00 01 .. 0e under the key 00 01 .. 0f.
    SipHash.State state = new SipHash.State(0x0706050403020100L, 0x0f0e0d0c0b0a0908L);
    state.absorb(0x0706050403020100L, 2);
    // The last word has the length on top.
    state.absorb(0x0f0e0d0c0b0a0908L, 2);
    assertEquals(0xa129ca6149be45e5L, state.squeeze(4));
  }

  @Test
  void theWordsOfADigestAreItsBytes() {
    // The same function, told word by word over the bytes 00 .. 1f.
    SipHash.State state = new SipHash.State(1, 2);
    state.absorb(0x0706050403020100L, 1);
    state.absorb(0x0f0e0d0c0b0a0908L, 1);
    state.absorb(0x1716151413121110L, 1);
    state.absorb(0x1f1e1d1c1b1a1918L, 1);
    state.absorb(32L << 56, 1);
    assertEquals(state.squeeze(3), SipHash.hash(1, 2, KEY));
  }

  @Test
  void bitsAreFixed() {
    BloomFilter filter = BloomFilter.sized(KEY, 20, 0.01, 1 << 20);
    for (Digest digest : Sets.numbered(20)) filter.add(digest);
    assertEquals(7, filter.hashes());
    assertEquals(32, filter.size());
    byte[] bits = new byte[filter.size()];
    filter.octets(0, filter.size()).copyTo(bits, 0);
    assertEquals(
        "2dc0686d4033d272121d54b3a0ac8dc8995784a66e24924788467b65456a80c9",
        Digest.fromBytes(bits).hex());
  }

  @Test
  void nothingAddedIsDenied() {
    Random random = new Random(5);
    for (double rate : List.of(0.5, 0.1, 0.01, 0.0001)) {
      for (int count : List.of(1, 10, 1_000, 20_000)) {
        List<Digest> added = Sets.random(random, count);
        BloomFilter filter = BloomFilter.sized(Sets.random(random), count, rate, 1 << 20);
        added.forEach(filter::add);
        added.forEach(digest -> assertTrue(filter.passes(digest)));
        BloomFilter copy = BloomFilter.of(KEY, filter.hashes(), filter.octets(0, filter.size()));
        assertEquals(filter.size(), copy.size());
      }
    }
  }

  @Test
  void ratesAreTheOnesAskedFor() {
    Random random = new Random(6);
    for (double rate : List.of(0.5, 0.1, 0.01, 0.001)) {
      int count = 10_000;
      BloomFilter filter = BloomFilter.sized(Sets.random(random), count, rate, 1 << 20);
      Sets.random(random, count).forEach(filter::add);
      int passed = 0;
      int tried = 200_000;
      for (int i = 0; i < tried; i++) if (filter.passes(Sets.random(random))) passed++;
      double nominal = Math.pow(2, -filter.hashes());
      assertTrue(passed < 1.3 * nominal * tried + 20, rate + " gave " + passed);
      assertTrue(passed > 0.7 * nominal * tried - 20, rate + " gave " + passed);
    }
    // Ten thousand items at one per cent: 9.585 bits each at the exact optimum, 10.1 at 2^-7.
    assertEquals(12_624, BloomFilter.sized(KEY, 10_000, 0.01, 1 << 20).size());
  }

  @Test
  void sizesAreBounded() {
    BloomFilter small = BloomFilter.sized(KEY, 1L << 40, 0.001, 1_024);
    assertEquals(1_024, small.size());
    assertEquals(1, small.hashes());
    BloomFilter empty = BloomFilter.sized(KEY, 0, 0.001, 1_024);
    assertEquals(8, empty.size());
    assertFalse(empty.passes(KEY));
    BloomFilter none = BloomFilter.sized(KEY, 1_000, 1, 1_024);
    assertEquals(0, none.size());
    assertTrue(none.passes(KEY));
    assertFalse(BloomFilter.isValid(0, 8));
    assertFalse(BloomFilter.isValid(3, 0));
    assertFalse(BloomFilter.isValid(3, 12));
    assertFalse(BloomFilter.isValid(BloomFilter.HASHES_MAX + 1, 8));
  }

  @Test
  void anotherKeyMakesOtherMistakes() {
    List<Digest> added = Sets.numbered(1_000);
    BloomFilter one = BloomFilter.sized(KEY, 1_000, 0.05, 1 << 20);
    BloomFilter two = BloomFilter.sized(Digest.sha256(KEY.toBytes()), 1_000, 0.05, 1 << 20);
    added.forEach(one::add);
    added.forEach(two::add);
    Random random = new Random(7);
    int both = 0;
    int either = 0;
    for (Digest digest : Sets.random(random, 50_000)) {
      if (one.passes(digest) && two.passes(digest)) both++;
      if (one.passes(digest) || two.passes(digest)) either++;
    }
    assertTrue(both * 10 < either, both + " of " + either);
  }

  @Test
  void estimatesAreNear() {
    for (int seed = 0; seed < 60; seed++) {
      Random random = new Random(seed);
      int shared = random.nextInt(20_000);
      int different = 1 << random.nextInt(14);
      List<Digest> all = Sets.random(random, shared + different);
      int onlyOne = random.nextInt(different + 1);
      MerkleTree one = MerkleTree.of(all.subList(0, shared + onlyOne));
      MerkleTree two = MerkleTree.of(all.subList(onlyOne, all.size()));
      Octets samples = DifferenceEstimator.sample(two, two.count());
      assertEquals(DifferenceEstimator.samples(two.count()), samples.size());
      double estimate = DifferenceEstimator.estimate(one, two.count(), samples);
      String label = "seed " + seed + ": " + estimate + " for " + different;
      assertTrue(estimate <= 1.4 * different + 20 && estimate >= different / 1.4 - 20, label);
    }
  }

  @Test
  void theCheaperRungIsChosen() {
    assertFalse(Plan.of(1_000_000, 1_000_000, 10).filtersPay());
    assertFalse(Plan.of(1_000_000, 1_000_000, 1_000).filtersPay());
    assertFalse(Plan.of(1_000_000, 1_000_000, 50_000).filtersPay());
    assertTrue(Plan.of(750_000, 750_000, 500_000).filtersPay());
    assertTrue(Plan.of(778, 3_898, 3_120).filtersPay());
    assertTrue(Plan.of(3_898, 778, 3_120).filtersPay());
    // The larger side asks for the other's filter instead of sending one that all pass.
    assertEquals(1, Plan.of(3_898, 778, 3_120).rateOfInitiator());
    assertTrue(Plan.of(778, 3_898, 3_120).rateOfInitiator() < 0.01);
    assertTrue(Plan.Answer.estimated(3_898, 778, 3_120).rate() < 0.01);
    assertEquals(1, Plan.Answer.counted(778, 5, 3_020, 878).rate());
    assertTrue(Plan.of(1_001_000, 1_000_000, 1_000).initiatorPeels());
    assertFalse(Plan.of(1_000_000, 1_001_000, 1_000).initiatorPeels());
  }
}
