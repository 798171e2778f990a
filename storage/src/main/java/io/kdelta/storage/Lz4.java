package io.kdelta.storage;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * The LZ4 block format (Yann Collet, lz4_Block_format.md), written in Java: no native code between
 * the store and its bytes.
 *
 * <p>A block is a row of sequences: a token (upper four bits: literals, lower four: match length
 * minus 4, 15 in either says that bytes of further length follow, each 255 until one is less), the
 * literals, a u16 distance back, little-endian. The last sequence ends after its literals; the last
 * five bytes are always literals. Owner of the compressor: one thread. Decoding is stateless.
 */
final class Lz4 {
  private static final int MATCH_MIN = 4;
  private static final int LITERALS_AT_END = 5;
  private static final int MATCH_START_FROM_END = 12;
  private static final int DISTANCE_MAX = 65_535;
  private static final int TABLE_BITS = 12;
  private static final int SKIP_SHIFT = 6;

  private static final VarHandle U32 =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle U64 =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  /** Where four bytes with a hash were seen last, plus 1. */
  private final int[] table = new int[1 << TABLE_BITS];

  /** The token whose match is yet to be written. */
  private int tokenAt;

  /** More than the compressed form of that many bytes ever takes. */
  static int sizeMax(int plainSize) {
    return plainSize + plainSize / 255 + 16;
  }

  /**
   * Compresses {@code [from, from + size)} of the source into the target, which has room for {@link
   * #sizeMax}.
   *
   * @return the bytes it took
   */
  int compress(byte[] source, int from, int size, byte[] target, int targetFrom) {
    Arrays.fill(table, 0);
    int end = from + size;
    int matchStartEnd = end - MATCH_START_FROM_END;
    int anchor = from;
    int out = targetFrom;
    int at = from;
    int misses = 1 << SKIP_SHIFT;
    while (at < matchStartEnd) {
      int word = (int) U32.get(source, at);
      int slot = (word * 0x9E3779B1) >>> (32 - TABLE_BITS);
      int seen = table[slot] - 1;
      table[slot] = at + 1;
      if (seen < from || at - seen > DISTANCE_MAX || (int) U32.get(source, seen) != word) {
        at += misses++ >>> SKIP_SHIFT;
        continue;
      }
      misses = 1 << SKIP_SHIFT;
      while (at > anchor && seen > from && source[at - 1] == source[seen - 1]) {
        at--;
        seen--;
      }
      int length = MATCH_MIN + common(source, at + MATCH_MIN, seen + MATCH_MIN, end);
      out = sequence(source, anchor, at - anchor, target, out);
      target[out++] = (byte) (at - seen);
      target[out++] = (byte) ((at - seen) >>> 8);
      out = matchLength(length - MATCH_MIN, target, out);
      at += length;
      anchor = at;
    }
    out = sequence(source, anchor, end - anchor, target, out);
    return out - targetFrom;
  }

  /**
   * Decompresses {@code [from, from + size)} of the source into exactly {@code plainSize} bytes of
   * the target.
   *
   * @return false if the source is anything but that: then the target holds what came so far, and
   *     nothing outside the two ranges was read or written
   */
  static boolean decompress(byte[] source, int from, int size, byte[] target, int plainSize) {
    int at = from;
    int end = from + size;
    int out = 0;
    while (at < end) {
      int token = source[at++] & 0xFF;
      int literals = token >>> 4;
      if (literals == 15) {
        int more;
        do {
          if (at == end) return false;
          more = source[at++] & 0xFF;
          literals += more;
          if (literals > plainSize) return false;
        } while (more == 255);
      }
      if (literals > end - at || literals > plainSize - out) return false;
      System.arraycopy(source, at, target, out, literals);
      at += literals;
      out += literals;
      if (at == end) return out == plainSize;
      if (end - at < 2) return false;
      int distance = (source[at] & 0xFF) | ((source[at + 1] & 0xFF) << 8);
      at += 2;
      int length = token & 15;
      if (length == 15) {
        int more;
        do {
          if (at == end) return false;
          more = source[at++] & 0xFF;
          length += more;
          if (length > plainSize) return false;
        } while (more == 255);
      }
      length += MATCH_MIN;
      if (distance == 0 || distance > out || length > plainSize - out) return false;
      copyMatch(target, out - distance, out, length);
      out += length;
    }
    return false;
  }

  /** Copies a match, which may overlap what it writes: then the pattern repeats. */
  private static void copyMatch(byte[] target, int from, int to, int length) {
    int distance = to - from;
    if (distance >= length) {
      System.arraycopy(target, from, target, to, length);
    } else if (distance >= 8) {
      int i = 0;
      for (; i + 8 <= length; i += 8) U64.set(target, to + i, (long) U64.get(target, from + i));
      for (; i < length; i++) target[to + i] = target[from + i];
    } else {
      for (int i = 0; i < length; i++) target[to + i] = target[from + i];
    }
  }

  /** How many bytes are equal, at most up to the literals that end the block. */
  private static int common(byte[] source, int at, int seen, int end) {
    int limit = end - LITERALS_AT_END - at;
    int same = 0;
    while (same + 8 <= limit) {
      long difference = (long) U64.get(source, at + same) ^ (long) U64.get(source, seen + same);
      if (difference != 0) return same + (Long.numberOfTrailingZeros(difference) >>> 3);
      same += 8;
    }
    while (same < limit && source[at + same] == source[seen + same]) same++;
    return same;
  }

  /** Writes a token without its match, and the literals; answers where it ends. */
  private int sequence(byte[] source, int from, int literals, byte[] target, int at) {
    int out = at;
    tokenAt = out;
    if (literals < 15) {
      target[out++] = (byte) (literals << 4);
    } else {
      target[out++] = (byte) 0xF0;
      out = furtherLength(literals - 15, target, out);
    }
    System.arraycopy(source, from, target, out, literals);
    return out + literals;
  }

  private int matchLength(int beyondMinimum, byte[] target, int at) {
    if (beyondMinimum < 15) {
      target[tokenAt] |= (byte) beyondMinimum;
      return at;
    }
    target[tokenAt] |= 15;
    return furtherLength(beyondMinimum - 15, target, at);
  }

  private static int furtherLength(int length, byte[] target, int at) {
    int out = at;
    int rest = length;
    while (rest >= 255) {
      target[out++] = (byte) 255;
      rest -= 255;
    }
    target[out++] = (byte) rest;
    return out;
  }
}
