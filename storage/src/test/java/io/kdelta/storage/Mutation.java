package io.kdelta.storage;

import io.kdelta.env.Entropy;
import java.util.Arrays;

/** Seeded ways in which the bytes of a file stop being what was written. */
enum Mutation {
  FLIP_A_BIT,
  FLIP_MANY_BITS,
  PUT_ONE_BYTE,
  PUT_AN_AWKWARD_NUMBER,
  RANDOM_RANGE,
  ZERO_RANGE,
  COPY_RANGE,
  INSERT,
  REMOVE,
  CUT,
  EXTEND,
  ALL_RANDOM;

  private static final long[] AWKWARD = {
    0,
    1,
    -1,
    0x7F,
    0xFF,
    0x7FFF,
    0xFFFF,
    Integer.MAX_VALUE,
    Integer.MIN_VALUE,
    1L << 31,
    1L << 32,
    Long.MAX_VALUE,
    Long.MIN_VALUE
  };

  static Mutation draw(Entropy entropy) {
    return values()[entropy.nextInt(values().length)];
  }

  /** A changed copy; it may by chance be equal. */
  byte[] of(byte[] good, Entropy entropy) {
    if (good.length == 0) return this == EXTEND ? random(1 + entropy.nextInt(64), entropy) : good;
    byte[] bad = good.clone();
    int at = entropy.nextInt(bad.length);
    int count = 1 + entropy.nextInt(Math.min(bad.length - at, 1 << (1 + entropy.nextInt(9))));
    switch (this) {
      case FLIP_A_BIT -> bad[at] ^= (byte) (1 << entropy.nextInt(8));
      case FLIP_MANY_BITS -> {
        for (int i = 0; i < 8; i++) {
          bad[entropy.nextInt(bad.length)] ^= (byte) (1 << entropy.nextInt(8));
        }
      }
      case PUT_ONE_BYTE -> bad[at] = (byte) entropy.nextInt(256);
      case PUT_AN_AWKWARD_NUMBER -> {
        long number = AWKWARD[entropy.nextInt(AWKWARD.length)];
        int size = 1 << entropy.nextInt(4);
        for (int i = 0; i < size && at + i < bad.length; i++) {
          bad[at + i] = (byte) (number >>> (8 * i));
        }
      }
      case RANDOM_RANGE -> System.arraycopy(random(count, entropy), 0, bad, at, count);
      case ZERO_RANGE -> Arrays.fill(bad, at, at + count, (byte) 0);
      case COPY_RANGE ->
          System.arraycopy(good, entropy.nextInt(bad.length - count + 1), bad, at, count);
      case INSERT -> bad = spliced(good, at, at, random(count, entropy));
      case REMOVE -> bad = spliced(good, at, at + count, new byte[0]);
      case CUT -> bad = Arrays.copyOf(good, at);
      case EXTEND -> bad = spliced(good, good.length, good.length, random(count, entropy));
      case ALL_RANDOM -> bad = random(entropy.nextInt(2 * good.length), entropy);
    }
    return bad;
  }

  private static byte[] spliced(byte[] bytes, int from, int to, byte[] between) {
    byte[] all = Arrays.copyOf(bytes, bytes.length - (to - from) + between.length);
    System.arraycopy(between, 0, all, from, between.length);
    System.arraycopy(bytes, to, all, from + between.length, bytes.length - to);
    return all;
  }

  private static byte[] random(int size, Entropy entropy) {
    byte[] bytes = new byte[size];
    entropy.fill(bytes);
    return bytes;
  }
}
