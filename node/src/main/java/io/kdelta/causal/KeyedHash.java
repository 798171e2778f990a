package io.kdelta.causal;

import io.kdelta.env.Entropy;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * SipHash-2-4 (Aumasson and Bernstein, 2012) under a key that nobody else knows: who chooses the
 * bytes can not choose the hashes. So two collections of rows whose hashes have equal sums are
 * equal, but for one chance in 2^64, whoever made them.
 *
 * <p>Immutable; any thread.
 */
final class KeyedHash {
  private static final VarHandle WORD =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private final long first;
  private final long second;

  /** Under a key that is drawn now. */
  KeyedHash(Entropy entropy) {
    this(entropy.nextLong(), entropy.nextLong());
  }

  /** Under the key of these 16 bytes, little-endian. */
  KeyedHash(long first, long second) {
    this.first = first;
    this.second = second;
  }

  /** The hash of the first bytes of an array. */
  long of(byte[] bytes, int size) {
    long a = first ^ 0x736f6d6570736575L;
    long b = second ^ 0x646f72616e646f6dL;
    long c = first ^ 0x6c7967656e657261L;
    long d = second ^ 0x7465646279746573L;
    int whole = size & -Long.BYTES;
    int rounds = 0;
    for (int at = 0; rounds < 4; ) {
      long word = 0;
      if (at < whole) {
        word = (long) WORD.get(bytes, at);
        at += Long.BYTES;
      } else if (rounds == 0) {
        word = (long) size << 56;
        for (int i = whole; i < size; i++) word |= (bytes[i] & 0xFFL) << ((i - whole) * 8);
        rounds = 1;
      } else {
        // Behind the last word: four rounds, two at a time.
        if (rounds == 1) c ^= 0xFF;
        rounds = rounds == 1 ? 3 : 4;
      }
      d ^= word;
      for (int i = 0; i < 2; i++) {
        a += b;
        b = Long.rotateLeft(b, 13) ^ a;
        a = Long.rotateLeft(a, 32);
        c += d;
        d = Long.rotateLeft(d, 16) ^ c;
        a += d;
        d = Long.rotateLeft(d, 21) ^ a;
        c += b;
        b = Long.rotateLeft(b, 17) ^ c;
        c = Long.rotateLeft(c, 32);
      }
      a ^= word;
    }
    return a ^ b ^ c ^ d;
  }
}
