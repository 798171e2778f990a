package io.kdelta.storage.verify;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** XXH64 (Yann Collet, specification 0.1.1), written from the specification. Pure. */
final class Hashing {
  private static final long P1 = 0x9E3779B185EBCA87L;
  private static final long P2 = 0xC2B2AE3D27D4EB4FL;
  private static final long P3 = 0x165667B19E3779F9L;
  private static final long P4 = 0x85EBCA77C2B2AE63L;
  private static final long P5 = 0x27D4EB2F165667C5L;

  private Hashing() {}

  static long xxh64(byte[] data, int size, long seed) {
    ByteBuffer in = ByteBuffer.wrap(data, 0, size).order(ByteOrder.LITTLE_ENDIAN);
    long hash;
    if (size < 32) {
      hash = seed + P5;
    } else {
      long[] lanes = {seed + P1 + P2, seed + P2, seed, seed - P1};
      while (in.remaining() >= 32) {
        for (int i = 0; i < 4; i++) lanes[i] = round(lanes[i], in.getLong());
      }
      hash =
          Long.rotateLeft(lanes[0], 1)
              + Long.rotateLeft(lanes[1], 7)
              + Long.rotateLeft(lanes[2], 12)
              + Long.rotateLeft(lanes[3], 18);
      for (long lane : lanes) hash = (hash ^ round(0, lane)) * P1 + P4;
    }
    hash += size;
    while (in.remaining() >= 8) {
      hash = Long.rotateLeft(hash ^ round(0, in.getLong()), 27) * P1 + P4;
    }
    if (in.remaining() >= 4) {
      hash = Long.rotateLeft(hash ^ ((in.getInt() & 0xFFFFFFFFL) * P1), 23) * P2 + P3;
    }
    while (in.hasRemaining()) {
      hash = Long.rotateLeft(hash ^ ((in.get() & 0xFFL) * P5), 11) * P1;
    }
    hash = (hash ^ (hash >>> 33)) * P2;
    hash = (hash ^ (hash >>> 29)) * P3;
    return hash ^ (hash >>> 32);
  }

  private static long round(long lane, long word) {
    return Long.rotateLeft(lane + word * P2, 31) * P1;
  }
}
