package io.kdelta.storage;

import io.kdelta.env.Entropy;
import io.kdelta.env.SimEntropy;
import io.kdelta.memory.Bytes;

/**
 * Seeded keys and values of the awkward kind: few groups with many rows and many with one, shared
 * prefixes, keys that are prefixes of others, empty suffixes, bytes above 127, long and empty
 * values.
 */
final class RandomRows {
  private final Entropy entropy;
  private final int groups;
  private final int largeOneIn;

  RandomRows(long seed, int groups) {
    this(seed, groups, 0);
  }

  /**
   * @param largeOneIn how many values there are to one of a blob file's size, which is one of few;
   *     0 for none of them
   */
  RandomRows(long seed, int groups, int largeOneIn) {
    this.entropy = new SimEntropy(seed);
    this.groups = groups;
    this.largeOneIn = largeOneIn;
  }

  RowKey key() {
    return new RowKey(point(), suffix());
  }

  Bytes point() {
    int group = Math.min(entropy.nextInt(groups), entropy.nextInt(groups));
    byte[] point = new byte[1 + group % 3 + (group % 17 == 0 ? 200 : 0)];
    for (int i = 0; i < point.length; i++) point[i] = (byte) (group % 3 == 2 ? 0xF0 : 'a');
    point[point.length - 1] = (byte) group;
    if (point.length > 1) point[0] = (byte) (group >>> 8);
    return Bytes.wrap(point);
  }

  Bytes suffix() {
    int size = entropy.nextInt(4) == 0 ? entropy.nextInt(40) : entropy.nextInt(3);
    byte[] suffix = new byte[size];
    for (int i = 0; i < size; i++) suffix[i] = (byte) (entropy.nextInt(3) - 1);
    return Bytes.wrap(suffix);
  }

  Bytes value() {
    if (largeOneIn > 0 && chance(largeOneIn)) return large(entropy.nextInt(400));
    byte[] value = new byte[entropy.nextInt(50) == 0 ? entropy.nextInt(3000) : entropy.nextInt(30)];
    entropy.fill(value);
    return Bytes.wrap(value);
  }

  private static Bytes large(int content) {
    byte[] value = new byte[BlobFormat.VALUE_BYTES_MIN + content % 40 * 40];
    new SimEntropy(content).fill(value);
    return Bytes.wrap(value);
  }

  boolean chance(int oneIn) {
    return entropy.nextInt(oneIn) == 0;
  }

  int below(int bound) {
    return entropy.nextInt(bound);
  }
}
