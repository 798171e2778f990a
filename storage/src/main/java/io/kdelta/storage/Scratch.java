package io.kdelta.storage;

import java.util.Arrays;

/**
 * Working memory of the table thread, as large as the largest memtable or table it has met: an
 * array with an entry for each of its groups is too large to become garbage with every table. (It
 * was nine tenths of what a writing store left to the collector, in pieces that made it begin a
 * collection each.)
 *
 * <p>What is in it belongs to whoever {@link #begin began} last: the order of a memtable, until its
 * groups are sorted, or one table that is written. Owner: the thread that does the engine's table
 * work at the time; there is never more than one.
 */
final class Scratch {
  private static final int SIZE_AT_FIRST = 256;

  /** Equally long; a user that needs more calls {@link #reserve} or {@link #grow}. */
  private long[] longs = new long[0];

  private long[] otherLongs = new long[0];
  private int[] ints = new int[0];
  private byte[] bytes = new byte[0];
  private int uses;

  /** From now on all of it is the caller's, whose number is answered. */
  int begin() {
    return ++uses;
  }

  /** Whether nobody has begun since. */
  boolean isOf(int use) {
    return use == uses;
  }

  /** Makes room for so many entries; what was in it is lost. */
  void reserve(int entries) {
    if (longs.length < entries) {
      longs = new long[entries];
      otherLongs = new long[entries];
    }
    if (ints.length < entries) ints = new int[entries];
  }

  /** Doubles the longs and keeps what is in them. */
  void grow() {
    longs = Arrays.copyOf(longs, Math.max(SIZE_AT_FIRST, longs.length * 2));
    otherLongs = Arrays.copyOf(otherLongs, longs.length);
  }

  long[] longs() {
    return longs;
  }

  long[] otherLongs() {
    return otherLongs;
  }

  /** At least as many as {@link #reserve} was asked for. */
  int[] ints() {
    return ints;
  }

  /** Zeros, at least so many. */
  byte[] zeros(int size) {
    if (bytes.length < size) bytes = new byte[size];
    else Arrays.fill(bytes, 0, size, (byte) 0);
    return bytes;
  }
}
