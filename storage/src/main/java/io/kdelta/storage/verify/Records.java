package io.kdelta.storage.verify;

import io.kdelta.error.KdeltaException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * The records of a log segment or a manifest: where each lies, and what is not one. Layout: the
 * engine's WalFormat.
 */
final class Records {
  static final int HEADER_BYTES = 128;
  static final long SEGMENT_MAGIC = 0x4C2D61746C65646BL;
  static final long MANIFEST_MAGIC = 0x4D3261746C65646BL;

  private static final int RECORD_BYTES_MIN = 32;
  private static final int PAYLOAD_AT = 26;

  /**
   * The header of a file of records.
   *
   * @param endsAt where the part before ends, in its file
   * @param lastLsn last LSN of the part before
   * @param rolled whether a running log went on here
   */
  record Header(
      long salt,
      long sequence,
      long bytes,
      long predecessor,
      long endsAt,
      long lastLsn,
      boolean rolled) {}

  /**
   * A record.
   *
   * @param mark the highest LSN known to be durable when it was written
   * @param payloadAt where its payload lies in the image
   */
  record Entry(long lsn, long mark, int type, int at, int end, int payloadAt, int payloadSize) {}

  /**
   * Something else before a record.
   *
   * @param before index of the record that follows
   * @param lsn the one that was due there; 0 if nothing says which
   */
  record Gap(int before, int at, int end, long lsn) {}

  final List<Entry> entries = new ArrayList<>();
  final List<Gap> gaps = new ArrayList<>();
  final Image image;

  private Records(Image image) {
    this.image = image;
  }

  /** The header at the start of the image, if there is an intact one of that kind. */
  static Optional<Header> header(Image image, long magic) {
    if (image.size() < HEADER_BYTES || image.i64(0) != magic) return Optional.empty();
    if (image.i32(8) != image.crc(12, HEADER_BYTES - 12) || image.i32(12) != 1) {
      return Optional.empty();
    }
    if (!image.zeros(65, HEADER_BYTES - 65) || image.u8(64) > 1) return Optional.empty();
    return Optional.of(
        new Header(
            image.i64(16),
            image.i64(24),
            image.i64(32),
            image.i64(40),
            image.i64(48),
            image.i64(56),
            image.u8(64) == 1));
  }

  /**
   * Finds the records from the header up to {@code end}.
   *
   * @param due LSN of the first one; 0 if nothing says which
   */
  static Records scan(Image image, int end, long salt, long due) {
    Records found = new Records(image);
    int at = HEADER_BYTES;
    long next = due;
    while (true) {
      int start = at;
      Entry entry = null;
      for (; start <= end - RECORD_BYTES_MIN && entry == null; start += 8) {
        // Records that are missing took at least so many bytes each.
        long latest = next == 0 ? Long.MAX_VALUE : next + (start - at) / RECORD_BYTES_MIN;
        entry = found.entry(start, end, salt, Math.max(1, next), latest);
      }
      if (entry == null) return found;
      if (entry.at() > at || (next != 0 && entry.lsn() != next)) {
        found.gaps.add(new Gap(found.entries.size(), at, entry.at(), next));
      }
      found.entries.add(entry);
      next = entry.lsn() + 1;
      at = entry.end();
    }
  }

  /** Where the last record ends. */
  int end() {
    return entries.isEmpty() ? HEADER_BYTES : entries.getLast().end();
  }

  /** The highest durable mark from that record on. */
  long markFrom(int index) {
    long highest = 0;
    for (Entry entry : entries.subList(index, entries.size())) {
      highest = Math.max(highest, entry.mark());
    }
    return highest;
  }

  private @Nullable Entry entry(int at, int end, long salt, long lsnFrom, long lsnTo) {
    int length = image.i32(at);
    if (length < RECORD_BYTES_MIN || length % 8 != 0 || length > end - at) return null;
    long lsn = image.i64(at + 8);
    long mark = image.i64(at + 16);
    if (lsn < lsnFrom || lsn > lsnTo || mark < 0 || mark >= lsn) return null;
    int flags = image.u8(at + 25);
    int payload = length - PAYLOAD_AT - (flags & 7);
    if ((flags & ~7) != 0 || payload < 0) return null;
    CRC32C crc = new CRC32C();
    ByteBuffer seed = ByteBuffer.allocate(12).order(ByteOrder.LITTLE_ENDIAN);
    crc.update(seed.putLong(salt).putInt(length).flip());
    crc.update(image.bytes, at + 8, length - 8);
    if ((int) crc.getValue() != image.i32(at + 4)) return null;
    return new Entry(lsn, mark, image.u8(at + 24), at, at + length, at + PAYLOAD_AT, payload);
  }

  /** Corrupt at a place of the file. */
  KdeltaException.Corrupt corrupt(int at, String what) {
    return image.corrupt(at, what);
  }
}
