package io.kdelta.storage;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Bytes on their way to the log, and where they go. The core fills one while the log thread writes
 * the other; it belongs to whoever has it, and changes hands with the work.
 *
 * <p>It grows by whole chunks, so that no append ever waits for the copy of a large buffer, and
 * keeps what it has, so that a steady stream of appends makes no garbage.
 */
final class WalBuffer {
  private static final int CHUNK_BYTES_AT_FIRST = 16 << 10;
  private static final int CHUNK_BYTES_MAX = 1 << 20;

  private final List<byte[]> chunks = new ArrayList<>();
  private final List<Part> parts = new ArrayList<>();
  private final List<WalSegment> sealed = new ArrayList<>();
  private byte[] array = new byte[CHUNK_BYTES_AT_FIRST];
  private int chunk;
  private int used;
  private int partsUsed;
  private int size;
  private long lastLsn;

  WalBuffer() {
    chunks.add(array);
  }

  /** A run of bytes that lies together in a chunk and in a segment. Used again and again. */
  static final class Part {
    private @Nullable WalSegment segment;
    private byte[] array = new byte[0];
    private int chunk;
    private long position;
    private int from;
    private int bytes;

    private Part() {}

    WalSegment segment() {
      WalSegment known = segment;
      if (known == null) throw new AssertionError("an unused part");
      return known;
    }

    long position() {
      return position;
    }

    byte[] array() {
      return array;
    }

    int from() {
      return from;
    }

    int bytes() {
      return bytes;
    }

    private boolean endsAt(int otherChunk, WalSegment other, long otherPosition) {
      return chunk == otherChunk
          && segment().sequence() == other.sequence()
          && position + bytes == otherPosition;
    }
  }

  boolean isEmpty() {
    return partsUsed == 0;
  }

  int size() {
    return size;
  }

  /** Where what was reserved last is to be put. */
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
    return parts.subList(0, partsUsed);
  }

  /** Segments that get nothing more after this buffer. */
  List<WalSegment> sealed() {
    return sealed;
  }

  /** Makes room for bytes that will lie there, and answers where in {@link #array} they go. */
  int reserve(WalSegment segment, long position, int bytes) {
    if (bytes > array.length - used) nextChunk(bytes);
    int from = used;
    used += bytes;
    size += bytes;
    Part last = partsUsed == 0 ? null : parts.get(partsUsed - 1);
    if (last != null && last.endsAt(chunk, segment, position)) {
      last.bytes += bytes;
      return from;
    }
    if (partsUsed == parts.size()) parts.add(new Part());
    Part added = parts.get(partsUsed);
    partsUsed++;
    added.segment = segment;
    added.array = array;
    added.chunk = chunk;
    added.position = position;
    added.from = from;
    added.bytes = bytes;
    return from;
  }

  void seal(WalSegment segment) {
    sealed.add(segment);
  }

  /** Forgets everything but keeps the memory. */
  void clear() {
    for (int i = 0; i < partsUsed; i++) parts.get(i).segment = null;
    // The next group of that size shall lie in one piece, to be written by one call.
    if (chunk > 0 && chunks.getFirst().length < CHUNK_BYTES_MAX) {
      long roomy = 2 * Math.max(Long.highestOneBit(size), chunks.getFirst().length);
      chunks.clear();
      chunks.add(new byte[(int) Math.min(CHUNK_BYTES_MAX, roomy)]);
    }
    array = chunks.getFirst();
    chunk = 0;
    used = 0;
    partsUsed = 0;
    size = 0;
    sealed.clear();
  }

  /** The next chunk that is large enough; what is smaller is left out until the next clear. */
  private void nextChunk(int bytes) {
    do {
      chunk++;
      if (chunk == chunks.size()) chunks.add(new byte[Math.max(CHUNK_BYTES_MAX, bytes)]);
      array = chunks.get(chunk);
    } while (array.length < bytes);
    used = 0;
  }
}
