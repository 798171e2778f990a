package io.kdelta.storage;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Bytes on their way to the log, and where they go. The core fills one while the log thread writes
 * the other; it belongs to whoever has it, and changes hands with the work.
 */
final class WalBuffer {
  private static final int BYTES_AT_FIRST = 16 << 10;

  private byte[] array = new byte[BYTES_AT_FIRST];
  private int size;
  private long lastLsn;
  private final List<Part> parts = new ArrayList<>();
  private final List<WalSegment> sealed = new ArrayList<>();

  /** A run of bytes that lies together in a segment. */
  record Part(WalSegment segment, long position, int from, int bytes) {
    boolean endsAt(WalSegment otherSegment, long otherPosition) {
      return segment.sequence() == otherSegment.sequence() && position + bytes == otherPosition;
    }
  }

  boolean isEmpty() {
    return parts.isEmpty();
  }

  int size() {
    return size;
  }

  byte[] array() {
    return array;
  }

  long lastLsn() {
    return lastLsn;
  }

  void lastLsn(long lsn) {
    lastLsn = lsn;
  }

  /** In the order in which they must reach the disk. */
  List<Part> parts() {
    return parts;
  }

  /** Segments that get nothing more after this buffer. */
  List<WalSegment> sealed() {
    return sealed;
  }

  /** Makes room for bytes that will lie there, and answers where in the array they go. */
  int reserve(WalSegment segment, long position, int bytes) {
    int from = size;
    int needed = Math.addExact(from, bytes);
    if (needed > array.length) {
      array = Arrays.copyOf(array, (int) Math.max(needed, Math.min(2L * array.length, 1L << 30)));
    }
    size = needed;
    if (!parts.isEmpty() && parts.getLast().endsAt(segment, position)) {
      Part last = parts.removeLast();
      parts.add(new Part(segment, last.position(), last.from(), last.bytes() + bytes));
    } else {
      parts.add(new Part(segment, position, from, bytes));
    }
    return from;
  }

  void seal(WalSegment segment) {
    sealed.add(segment);
  }

  /** Forgets everything but keeps the memory. */
  void clear() {
    size = 0;
    parts.clear();
    sealed.clear();
  }
}
