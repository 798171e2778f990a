package io.kdelta.reconciliation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * Goal: hashed side by side, messages have the digests that the JDK gives each of them. Method: all
 * lengths around the borders of blocks behind prefixes of all lengths, batches of every shape, and
 * seeded random ones, against {@link MessageDigest}.
 */
final class Sha256LanesTest {
  private static final int BLOCK = 64;

  /** As many as keep all lanes busy, so that none is left to the JDK. */
  private static final int FULL = 4 * Sha256Lanes.LANES;

  private final Random random = new Random(22);
  private final byte[] bytes = bytes(1 << 20);

  private byte[] bytes(int size) {
    byte[] filled = new byte[size];
    random.nextBytes(filled);
    return filled;
  }

  /** Of messages of these sizes, each somewhere in one array. */
  private void check(byte[] prefix, List<Integer> sizes) {
    HashBatch batch = new HashBatch(prefix);
    List<Digest> expected = new ArrayList<>();
    for (int size : sizes) {
      int from = random.nextInt(bytes.length - size + 1);
      batch.add(bytes, from, size);
      MessageDigest hasher = Digest.hasher();
      hasher.update(prefix);
      hasher.update(bytes, from, size);
      expected.add(Digest.fromBytes(hasher.digest()));
    }
    assertEquals(sizes.size(), batch.count());
    assertEquals(expected, BatchHasher.SIDE_BY_SIDE.hash(batch), "sizes " + sizes);
    assertEquals(expected, BatchHasher.ONE_BY_ONE.hash(batch));
  }

  private static List<Integer> same(int count, int size) {
    List<Integer> sizes = new ArrayList<>();
    for (int i = 0; i < count; i++) sizes.add(size);
    return sizes;
  }

  @Test
  void everyLengthAlikeAndMixed() {
    List<Integer> all = new ArrayList<>();
    for (int size = 0; size <= 300; size++) {
      check(bytes(5), same(FULL, size));
      all.add(size);
    }
    check(bytes(5), all);
  }

  @Test
  void bordersOfBlocksBehindEveryPrefix() {
    for (int prefix = 0; prefix <= 70; prefix++) {
      List<Integer> sizes = new ArrayList<>();
      for (int border = 0; border <= 3 * BLOCK; border += BLOCK) {
        // Up to where the length no longer fits behind the message, prefix or not.
        for (int size = border - 10; size <= border + 2; size++) {
          if (size >= 0) sizes.add(size);
          if (size >= prefix) sizes.add(size - prefix);
        }
      }
      check(bytes(prefix), sizes);
      check(bytes(prefix), same(FULL, 0));
    }
  }

  @Test
  void anyNumberOfMessages() {
    for (int count = 0; count <= 3 * Sha256Lanes.LANES; count++)
      check(bytes(5), same(count, 1_000));
  }

  @Test
  void farLongerOnesAmongShortOnes() {
    List<Integer> sizes = new ArrayList<>(same(1_000, 40));
    sizes.add(300, bytes.length);
    sizes.add(700, 100_000);
    check(bytes(5), sizes);
  }

  @Test
  void mixedLengths() {
    for (int round = 0; round < 200; round++) {
      int largest = 1 << random.nextInt(14);
      List<Integer> sizes = new ArrayList<>();
      int count = random.nextInt(300);
      for (int i = 0; i < count; i++) sizes.add(random.nextInt(largest));
      check(bytes(random.nextInt(70)), sizes);
    }
  }

  @Test
  void rangesOutsideTheirArrayAreRefused() {
    HashBatch batch = new HashBatch(new byte[0]);
    assertThrows(IndexOutOfBoundsException.class, () -> batch.add(new byte[3], 1, 3));
    assertThrows(IndexOutOfBoundsException.class, () -> batch.add(new byte[3], -1, 1));
    assertEquals(0, batch.count());
  }
}
