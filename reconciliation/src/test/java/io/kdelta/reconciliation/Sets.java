package io.kdelta.reconciliation;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;

/** Seeded sets of digests for tests. */
final class Sets {
  private Sets() {}

  /** Digests as SHA-256 makes them. */
  static List<Digest> random(Random random, int count) {
    List<Digest> digests = new ArrayList<>();
    for (int i = 0; i < count; i++) digests.add(random(random));
    return digests;
  }

  static Digest random(Random random) {
    return new Digest(random.nextLong(), random.nextLong(), random.nextLong(), random.nextLong());
  }

  /** Digests that share many nibbles, as ids ground by an attacker would. */
  static List<Digest> clustered(Random random, int count) {
    TreeSet<Digest> digests = new TreeSet<>();
    Digest base = random(random);
    while (digests.size() < count) {
      int word = random.nextInt(3);
      long noise = random.nextLong() >>> random.nextInt(40);
      digests.add(
          new Digest(
              base.first(),
              word == 0 ? noise : base.second(),
              word == 1 ? noise : base.third(),
              word == 2 ? noise : base.fourth()));
    }
    return new ArrayList<>(digests);
  }

  static List<Digest> shuffled(List<Digest> digests, Random random) {
    List<Digest> shuffled = new ArrayList<>(digests);
    Collections.shuffle(shuffled, random);
    return shuffled;
  }

  /** The digests SHA-256(0), SHA-256(1), ... over one little-endian u32 each. */
  static List<Digest> numbered(int count) {
    List<Digest> digests = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      digests.add(
          Digest.sha256(
              new byte[] {(byte) i, (byte) (i >>> 8), (byte) (i >>> 16), (byte) (i >>> 24)}));
    }
    return digests;
  }
}
