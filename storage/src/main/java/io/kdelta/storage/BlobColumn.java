package io.kdelta.storage;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.TreeMap;

/**
 * Collects which entries of which blob files the rows of a table refer to, for its blobs section:
 * {@link SSTableFormat}. Owner: the writer of the table.
 */
final class BlobColumn {
  private final TreeMap<Long, Entries> files = new TreeMap<>();

  /** Entries of one file with the bytes of their values, entry in the upper half. */
  private static final class Entries {
    private long[] packed = new long[16];
    private int count;

    private void add(int entry, int size) {
      if (count == packed.length) packed = Arrays.copyOf(packed, count * 2);
      packed[count++] = ((long) entry << 32) | size;
    }

    /** In order, each once. */
    private void settle() {
      Arrays.sort(packed, 0, count);
      int kept = 0;
      for (int i = 0; i < count; i++) {
        if (kept == 0 || packed[i] >>> 32 != packed[kept - 1] >>> 32) packed[kept++] = packed[i];
      }
      count = kept;
    }

    private long bytes() {
      long bytes = 0;
      for (int i = 0; i < count; i++) bytes += (int) packed[i];
      return bytes;
    }
  }

  /** Notes a reference. */
  void add(MemorySegment segment, long offset) {
    files
        .computeIfAbsent(BlobFormat.referenceNumber(segment, offset), _ -> new Entries())
        .add(BlobFormat.referenceEntry(segment, offset), BlobFormat.referenceSize(segment, offset));
  }

  /** The section, without its alignment. */
  byte[] encode() {
    if (files.isEmpty()) return new byte[0];
    int total = 0;
    for (Entries entries : files.values()) {
      entries.settle();
      total += entries.count;
    }
    int size =
        SSTableFormat.BLOBS_HEADER_BYTES + SSTableFormat.BLOB_FILE_BYTES * files.size() + 4 * total;
    ByteBuffer out = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    out.putInt(files.size()).putInt(0);
    files.forEach((number, entries) ->
        out.putLong(number).putLong(entries.bytes()).putInt(entries.count).putInt(0));
    for (Entries entries : files.values()) {
      for (int i = 0; i < entries.count; i++) out.putInt((int) (entries.packed[i] >>> 32));
    }
    return out.array();
  }
}
