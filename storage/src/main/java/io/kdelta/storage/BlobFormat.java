package io.kdelta.storage;

import io.kdelta.error.KdeltaException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The bytes of a blob file, which holds values of {@link #VALUE_BYTES_MIN} and more, and of the
 * references to them; all little-endian, nothing aligned, no byte without a checksum.
 *
 * <pre>
 * section    content
 * header     64 bytes, below
 * values     one after the other, without gaps, in the order of the directory
 * directory  48 bytes per entry: u64 file offset of the value, u32 its bytes, u32 its CRC32C, 32
 *            zeros, or its SHA-256 in older files; all zeros for an entry whose value was dropped
 *            because no row refers to it
 * footer     128 bytes: a copy of the header, u32 CRC32C of the directory, zeros, u32 CRC32C of
 *            the 124 bytes before
 *
 * header
 * offset size  type   meaning
 * 0      4     u32    magic "kdb1"
 * 4      4     u32    entries, dropped ones included
 * 8      8     u64    number that references name
 * 16     8     u64    number in the name of the file
 * 24     8     u64    file offset of the directory, where the values end
 * 32     4     u32    entries that were not dropped
 * 36     24           zeros
 * 60     4     u32    CRC32C of the 60 bytes before
 *
 * reference, the value of a row of kind {@link BlockWriter#BLOB}
 * offset size  type   meaning
 * 0      8     u64    number of the blob file
 * 8      4     u32    entry, from 0
 * 12     4     u32    bytes of the value
 * 16     4     u32    CRC32C of the value
 * </pre>
 *
 * A file that is written anew without its dropped values keeps its number and the numbers of its
 * entries, so that no reference changes; its file name is new. The footer stands for the whole file
 * in the manifest: {@link SSTableFormat#checksum}.
 */
final class BlobFormat {
  /** Values from this size on go to blob files, smaller ones lie in the table (storage.md). */
  static final int VALUE_BYTES_MIN = 4096;

  static final int HEADER_BYTES = SSTableFormat.HEADER_BYTES;
  static final int FOOTER_BYTES = SSTableFormat.FOOTER_BYTES;
  static final int ENTRY_BYTES = 48;
  static final int DIGEST_BYTES = 32;
  static final int REFERENCE_BYTES = 20;

  private static final int MAGIC = 0x3162646B;
  private static final int HEADER_CRC_AT = 60;

  private BlobFormat() {}

  /**
   * What the header says.
   *
   * @param number that references name
   * @param file the number in the file name
   * @param entries dropped ones included
   * @param live entries that were not dropped
   * @param directoryOffset where the values end
   */
  record Header(long number, long file, int entries, int live, long directoryOffset) {
    long footerOffset() {
      return directoryOffset + (long) ENTRY_BYTES * entries;
    }

    long fileBytes() {
      return footerOffset() + FOOTER_BYTES;
    }
  }

  static byte[] encodeHeader(Header header) {
    byte[] bytes = new byte[HEADER_BYTES];
    ByteBuffer out = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    out.putInt(MAGIC).putInt(header.entries).putLong(header.number).putLong(header.file);
    out.putLong(header.directoryOffset).putInt(header.live);
    out.putInt(HEADER_CRC_AT, SSTableFormat.crc(bytes, 0, HEADER_CRC_AT));
    return bytes;
  }

  /** Throws Corrupt unless the bytes are a header that can be. */
  static Header decodeHeader(String file, byte[] bytes) {
    ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    if (in.getInt(HEADER_CRC_AT) != SSTableFormat.crc(bytes, 0, HEADER_CRC_AT)) {
      throw new KdeltaException.Corrupt(file, 0, "the header's checksum does not match");
    }
    if (in.getInt(0) != MAGIC) {
      throw new KdeltaException.Corrupt(file, 0, "not a blob file of format 1");
    }
    Header header =
        new Header(in.getLong(8), in.getLong(16), in.getInt(4), in.getInt(32), in.getLong(24));
    if (header.entries < 0
        || header.live < 0
        || header.live > header.entries
        || header.directoryOffset < HEADER_BYTES) {
      throw new KdeltaException.Corrupt(file, 0, "the header's counts can not be");
    }
    return header;
  }

  static byte[] reference(long number, int entry, int size, int crc) {
    byte[] bytes = new byte[REFERENCE_BYTES];
    ByteBuffer out = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    out.putLong(number).putInt(entry).putInt(size).putInt(crc);
    return bytes;
  }

  static long referenceNumber(MemorySegment segment, long offset) {
    return segment.get(SSTableFormat.U64, offset);
  }

  static int referenceEntry(MemorySegment segment, long offset) {
    return segment.get(SSTableFormat.U32, offset + 8);
  }

  static int referenceSize(MemorySegment segment, long offset) {
    return segment.get(SSTableFormat.U32, offset + 12);
  }

  static int referenceCrc(MemorySegment segment, long offset) {
    return segment.get(SSTableFormat.U32, offset + 16);
  }
}
