package io.kdelta.reconciliation;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * SipHash: a keyed 64-bit hash that who does not know the key cannot steer.
 *
 * <p>Stateless. Source: Aumasson and Bernstein, "SipHash: a fast short-input PRF" (2012). The
 * protocol uses SipHash-1-3 of digests (one round a word, three at the end); the published vectors
 * are of SipHash-2-4, so both run through the same code.
 */
public final class SipHash {
  private static final VarHandle WORD =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private SipHash() {}

  /** SipHash-2-4 of the first {@code size} bytes of an array under the 16-byte key (low, high). */
  public static long hash(long keyLow, long keyHigh, byte[] bytes, int size) {
    State state = new State(keyLow, keyHigh);
    int whole = size & -Long.BYTES;
    for (int at = 0; at < whole; at += Long.BYTES) state.absorb((long) WORD.get(bytes, at), 2);
    long last = (long) size << 56;
    for (int i = whole; i < size; i++) last |= (bytes[i] & 0xFFL) << ((i - whole) * 8);
    state.absorb(last, 2);
    return state.squeeze(4);
  }

  /** SipHash-1-3 of the 32 bytes of {@code digest} under the 16-byte key (low, high). */
  static long hash(long keyLow, long keyHigh, Digest digest) {
    State state = new State(keyLow, keyHigh);
    state.absorb(Long.reverseBytes(digest.first()), 1);
    state.absorb(Long.reverseBytes(digest.second()), 1);
    state.absorb(Long.reverseBytes(digest.third()), 1);
    state.absorb(Long.reverseBytes(digest.fourth()), 1);
    state.absorb((long) Digest.SIZE << 56, 1);
    return state.squeeze(3);
  }

  /** The four words of the function. */
  static final class State {
    private long v0;
    private long v1;
    private long v2;
    private long v3;

    State(long keyLow, long keyHigh) {
      v0 = keyLow ^ 0x736f6d6570736575L;
      v1 = keyHigh ^ 0x646f72616e646f6dL;
      v2 = keyLow ^ 0x6c7967656e657261L;
      v3 = keyHigh ^ 0x7465646279746573L;
    }

    void absorb(long word, int rounds) {
      v3 ^= word;
      mix(rounds);
      v0 ^= word;
    }

    long squeeze(int rounds) {
      v2 ^= 0xff;
      mix(rounds);
      return v0 ^ v1 ^ v2 ^ v3;
    }

    private void mix(int rounds) {
      for (int i = 0; i < rounds; i++) {
        v0 += v1;
        v1 = Long.rotateLeft(v1, 13) ^ v0;
        v0 = Long.rotateLeft(v0, 32);
        v2 += v3;
        v3 = Long.rotateLeft(v3, 16) ^ v2;
        v0 += v3;
        v3 = Long.rotateLeft(v3, 21) ^ v0;
        v2 += v1;
        v1 = Long.rotateLeft(v1, 17) ^ v2;
        v2 = Long.rotateLeft(v2, 32);
      }
    }
  }
}
