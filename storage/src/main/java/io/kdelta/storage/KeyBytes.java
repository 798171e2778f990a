package io.kdelta.storage;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * Compares and copies keys that lie in a segment. Keys are short: eight bytes at a time in a loop
 * that the compiler keeps in line costs less than the call of the general methods. Stateless.
 */
final class KeyBytes {
  private static final ValueLayout.OfByte U8 = ValueLayout.JAVA_BYTE;
  private static final ValueLayout.OfLong SORTED_U64 =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
  private static final VarHandle SORTED_ARRAY_U64 =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

  /** Longer keys are copied by the general method. */
  private static final int SHORT = 64;

  private KeyBytes() {}

  /** Unsigned order of bytes in a segment and bytes in an array. */
  static int compare(
      MemorySegment segment, long at, int size, byte[] array, int from, int arraySize) {
    int common = Math.min(size, arraySize);
    int i = 0;
    for (; i + 8 <= common; i += 8) {
      long left = segment.get(SORTED_U64, at + i);
      long right = (long) SORTED_ARRAY_U64.get(array, from + i);
      if (left != right) return Long.compareUnsigned(left, right);
    }
    for (; i < common; i++) {
      int order = Byte.compareUnsigned(segment.get(U8, at + i), array[from + i]);
      if (order != 0) return order;
    }
    return size - arraySize;
  }

  /** How many leading bytes in a segment and in an array are the same. */
  static int common(
      MemorySegment segment, long at, int size, byte[] array, int from, int arraySize) {
    int end = Math.min(size, arraySize);
    int i = 0;
    for (; i + 8 <= end; i += 8) {
      long differing =
          segment.get(SORTED_U64, at + i) ^ (long) SORTED_ARRAY_U64.get(array, from + i);
      if (differing != 0) return i + Long.numberOfLeadingZeros(differing) / 8;
    }
    while (i < end && segment.get(U8, at + i) == array[from + i]) i++;
    return i;
  }

  /** Whether as many bytes in a segment and in an array are the same. */
  static boolean equal(MemorySegment segment, long at, byte[] array, int from, int size) {
    return compare(segment, at, size, array, from, size) == 0;
  }

  static void copy(MemorySegment segment, long at, byte[] array, int to, int size) {
    if (size > SHORT) {
      MemorySegment.copy(segment, U8, at, array, to, size);
      return;
    }
    int i = 0;
    for (; i + 8 <= size; i += 8) {
      SORTED_ARRAY_U64.set(array, to + i, segment.get(SORTED_U64, at + i));
    }
    for (; i < size; i++) array[to + i] = segment.get(U8, at + i);
  }
}
