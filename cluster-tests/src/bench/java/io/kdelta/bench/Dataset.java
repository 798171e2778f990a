package io.kdelta.bench;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.SplittableRandom;

/**
 * Keys that look random and values that look like small JSON documents, both a function of an index
 * alone, so that whoever reads can tell what it must find. Immutable; filling costs about 50 ns a
 * row and is part of what every engine is charged for.
 */
final class Dataset {
  static final int KEY_BYTES = 16;
  static final int VALUE_BYTES = 128;

  /** What one row means to its user. */
  static final int ROW_BYTES = KEY_BYTES + VALUE_BYTES;

  private static final int TEMPLATES = 4_096;
  private static final int HEX_AT = 7;
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);
  private static final byte[] HEX = "0123456789abcdef".getBytes(StandardCharsets.US_ASCII);

  private final byte[][] templates = new byte[TEMPLATES][];

  Dataset() {
    SplittableRandom random = new SplittableRandom(20_260_101);
    String[] words = new String[2_000];
    for (int i = 0; i < words.length; i++) {
      StringBuilder word = new StringBuilder();
      for (int letters = 2 + random.nextInt(8); letters > 0; letters--) {
        word.append((char) ('a' + random.nextInt(26)));
      }
      words[i] = word.toString();
    }
    for (int i = 0; i < TEMPLATES; i++) templates[i] = template(random, words);
  }

  /** Writes the key of that row. */
  void key(long index, byte[] target) {
    LONG.set(target, 0, mix(2 * index));
    LONG.set(target, 8, mix(2 * index + 1));
  }

  /** Writes the value of that row. */
  void value(long index, byte[] target) {
    long hash = mix(31 * index + 5);
    System.arraycopy(templates[(int) (hash & (TEMPLATES - 1))], 0, target, 0, VALUE_BYTES);
    for (int i = 0; i < 16; i++) target[HEX_AT + i] = HEX[(int) (hash >>> (60 - 4 * i)) & 15];
  }

  /** That many indexes below the bound, evenly spread. */
  static int[] uniform(int bound, int count, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    int[] indexes = new int[count];
    for (int i = 0; i < count; i++) indexes[i] = random.nextInt(bound);
    return indexes;
  }

  /** The finalizer of MurmurHash3 as SplittableRandom uses it: a bijection of 64 bits. */
  static long mix(long index) {
    long z = index + 0x9E3779B97F4A7C15L;
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }

  /** Frequent words come often: the value compresses about as text in JSON does. */
  private static byte[] template(SplittableRandom random, String[] words) {
    StringBuilder text = new StringBuilder(2 * VALUE_BYTES);
    text.append("{\"id\":\"0000000000000000\",\"kind\":\"")
        .append(random.nextBoolean() ? "order" : "customer")
        .append("\",\"count\":")
        .append(random.nextInt(5_000))
        .append(",\"note\":\"");
    while (text.length() < VALUE_BYTES - 2) {
      double skewed = Math.pow(random.nextDouble(), 3);
      text.append(words[(int) (words.length * skewed)]).append(' ');
    }
    text.setLength(VALUE_BYTES - 2);
    return text.append("\"}").toString().getBytes(StandardCharsets.US_ASCII);
  }
}
