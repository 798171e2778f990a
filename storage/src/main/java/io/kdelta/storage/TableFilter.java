package io.kdelta.storage;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * A Bloom filter over the point hashes of a table in which all bits of a key lie in one 64-byte
 * cache line (Putze, Sanders, Singler: Cache-, Hash- and Space-Efficient Bloom Filters, 2007).
 *
 * <p>k = 6. At 10 bits a key about 1 % of the absent keys pass, at 12 about 0.5 %. A key that was
 * added always passes. Stateless: the lines lie in the table file.
 *
 * <pre>
 * line  = high 64 bits of (hash * lines), the hash taken as a fraction of 2^64
 * bit i = (mixed >>> 9 i) &amp; 511 for i = 0..5, with mixed = hash * 0x9E3779B97F4A7C15 rotated by 32
 * bit b of a line is bit (b &amp; 63) of its little-endian u64 number (b >>> 6)
 * </pre>
 */
final class TableFilter {
  static final int LINE_BYTES = 64;
  static final int BITS_PER_KEY = 10;
  static final int BITS_PER_KEY_BOTTOM = 12;

  private static final int PROBES = 6;
  private static final ValueLayout.OfLong WORD =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private TableFilter() {}

  /** Lines for so many keys; at least one, so that an empty table has a filter too. */
  static int lines(long keys, int bitsPerKey) {
    return Math.toIntExact(Math.max(1, (keys * bitsPerKey + 511) / 512));
  }

  /** Adds a key to the filter that starts at {@code offset}. */
  static void add(MemorySegment segment, long offset, int lines, long hash) {
    long line = offset + LINE_BYTES * line(hash, lines);
    long bits = mix(hash);
    for (int i = 0; i < PROBES; i++, bits >>>= 9) {
      long word = line + ((bits & 511) >>> 6) * 8;
      segment.set(WORD, word, segment.get(WORD, word) | 1L << (bits & 63));
    }
  }

  /**
   * False: the key was never added. True: it may have been. All probes lie in one cache line, so
   * they are made without a branch in between: a processor can not foretell the answers.
   */
  static boolean mayContain(MemorySegment segment, long offset, int lines, long hash) {
    long line = offset + LINE_BYTES * line(hash, lines);
    long bits = mix(hash);
    long set = 1;
    for (int i = 0; i < PROBES; i++, bits >>>= 9) {
      long word = segment.get(WORD, line + ((bits & 511) >>> 6) * 8);
      set &= word >>> (bits & 63);
    }
    return set != 0;
  }

  private static long line(long hash, int lines) {
    return Math.unsignedMultiplyHigh(hash, lines);
  }

  private static long mix(long hash) {
    return Long.rotateLeft(hash * 0x9E3779B97F4A7C15L, 32);
  }
}
