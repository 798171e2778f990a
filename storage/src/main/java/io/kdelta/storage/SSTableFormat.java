package io.kdelta.storage;

import io.kdelta.error.KdeltaException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;

/**
 * The bytes of a table file, format 2, all little-endian, sections aligned to 64 bytes with zeros
 * between.
 *
 * <pre>
 * section      content
 * header       64 bytes, below
 * blocks       rows in key order, see {@link BlockWriter}; one after the other without gaps, each
 *              plain, or compressed: u32 bytes of the plain block, then its {@link Lz4} form
 * groups       u64 per group, ascending unsigned: in the upper 32 bits those of the hash of its
 *              point part, in the lower ones its place: the number of the block that its first row
 *              lies in, shifted left by the place bits, plus the row's offset in the plain block
 * filter       64-byte Bloom lines over the whole hashes, see {@link TableFilter}
 * index        u64 per block: its file offset, bit 63 set when it is compressed; one more: the end
 *              of the last block;
 *              u32 per block: end of its first key in the key text, and one more for the last row;
 *              key text: u16 bytes of the point part, point part, suffix, for each of these keys
 * blobs        empty when no row refers to a blob file; else u32 number of such files, u32 zero; for
 *              each of them, ascending by number: u64 number, u64 bytes of the values referred to,
 *              u32 count of these values, u32 zero; then for each of these files the numbers of the
 *              entries referred to, u32 each, ascending, each once
 * checksums    u32 per 64 KiB chunk of the file from its start up to this section, CRC32C;
 *              the header is not part of the first one, it has its own
 * footer       128 bytes: a copy of the header, u32 CRC32C of the checksums section, zeros,
 *              u32 CRC32C of the 124 bytes before
 *
 * header
 * offset size  type   meaning
 * 0      4     u32    magic "kdt2"
 * 4      4     u32    rows, deletes included
 * 8      8     u64    number of the table, also in its name
 * 16     8     u64    seed of the point hashes
 * 24     4     u32    rows that are deletes
 * 28     4     u32    groups (distinct point parts)
 * 32     4     u32    blocks
 * 36     4     u32    Bloom lines
 * 40     8     u64    file offset of the groups section; blocks start at 64
 * 48     4     u32    bytes of the index section before alignment
 * 52     4     u32    bytes of the blobs section before alignment
 * 56     1     u8     place bits: how many of a place are the offset in the block, 1 to 31
 * 57     1     u8     1 when the table was written as a part of the bottom run, else 0
 * 58     2     u16    zero
 * 60     4     u32    CRC32C of the 60 bytes before
 * </pre>
 *
 * Every byte of the file is covered by a checksum, and the checksums section by the one in the
 * footer; so the footer, with its size and number, stands for the whole file in the manifest:
 * {@link #checksum}.
 */
final class SSTableFormat {
  static final int HEADER_BYTES = 64;
  static final int FOOTER_BYTES = 128;
  static final int CHUNK_BYTES = 64 << 10;
  static final int ALIGNMENT = 64;

  static final ValueLayout.OfShort U16 =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfInt U32 =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfLong U64 =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private static final int MAGIC = 0x3274646B;
  static final long COMPRESSED_BLOCK = 1L << 63;
  static final int BLOBS_HEADER_BYTES = 8;
  static final int BLOB_FILE_BYTES = 24;
  private static final int HEADER_CRC_AT = 60;
  private static final int FOOTER_CRC_AT = 124;

  private SSTableFormat() {}

  /**
   * What the header says, and where everything lies because of it.
   *
   * @param number of the table
   * @param seed of the point hashes
   * @param rows deletes included
   * @param tombstones rows that are deletes
   * @param groups distinct point parts
   * @param blocks data blocks
   * @param filterLines Bloom lines
   * @param groupsOffset where the blocks have ended, aligned
   * @param indexBytes of the index section
   * @param blobsBytes of the blobs section
   * @param placeBits lower bits of a place
   * @param bottom whether it was written as a part of the bottom run
   */
  record Header(
      long number,
      long seed,
      int rows,
      int tombstones,
      int groups,
      int blocks,
      int filterLines,
      long groupsOffset,
      int indexBytes,
      int blobsBytes,
      int placeBits,
      boolean bottom) {

    long filterOffset() {
      return align(groupsOffset + 8L * groups);
    }

    long indexOffset() {
      return filterOffset() + (long) TableFilter.LINE_BYTES * filterLines;
    }

    long keyEndsOffset() {
      return indexOffset() + 8L * (blocks + 1L);
    }

    long keyTextOffset() {
      return keyEndsOffset() + 4L * (blocks + 1L);
    }

    long blobsOffset() {
      return align(indexOffset() + indexBytes);
    }

    long checksumsOffset() {
      return align(blobsOffset() + blobsBytes);
    }

    int chunks() {
      return Math.toIntExact((checksumsOffset() + CHUNK_BYTES - 1) / CHUNK_BYTES);
    }

    long footerOffset() {
      return align(checksumsOffset() + 4L * chunks());
    }

    long fileBytes() {
      return footerOffset() + FOOTER_BYTES;
    }
  }

  static long align(long offset) {
    return (offset + ALIGNMENT - 1) & -ALIGNMENT;
  }

  static byte[] encodeHeader(Header header) {
    byte[] bytes = new byte[HEADER_BYTES];
    ByteBuffer out = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    out.putInt(MAGIC).putInt(header.rows).putLong(header.number).putLong(header.seed);
    out.putInt(header.tombstones).putInt(header.groups).putInt(header.blocks);
    out.putInt(header.filterLines).putLong(header.groupsOffset).putInt(header.indexBytes);
    out.putInt(header.blobsBytes).put((byte) header.placeBits);
    out.put((byte) (header.bottom ? 1 : 0));
    out.putInt(HEADER_CRC_AT, crc(bytes, 0, HEADER_CRC_AT));
    return bytes;
  }

  /** Throws Corrupt unless the bytes are a header whose sections can exist. */
  static Header decodeHeader(String file, byte[] bytes) {
    ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    if (in.getInt(HEADER_CRC_AT) != crc(bytes, 0, HEADER_CRC_AT)) {
      throw new KdeltaException.Corrupt(file, 0, "the header's checksum does not match");
    }
    if (in.getInt(0) != MAGIC) {
      throw new KdeltaException.Corrupt(file, 0, "not a table of format 2");
    }
    Header header =
        new Header(
            in.getLong(8),
            in.getLong(16),
            in.getInt(4),
            in.getInt(24),
            in.getInt(28),
            in.getInt(32),
            in.getInt(36),
            in.getLong(40),
            in.getInt(48),
            in.getInt(52),
            in.get(56),
            in.get(57) != 0);
    if (header.rows < 0
        || header.groups < 0
        || header.blocks < 0
        || header.filterLines < 1
        || header.groupsOffset < HEADER_BYTES
        || header.indexBytes < 0
        || header.placeBits < 1
        || header.placeBits > 31
        || header.blobsBytes < 0) {
      throw new KdeltaException.Corrupt(file, 0, "the header's counts can not be");
    }
    return header;
  }

  static byte[] encodeFooter(byte[] header, int checksumsCrc) {
    byte[] bytes = new byte[FOOTER_BYTES];
    ByteBuffer out = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    out.put(header).putInt(checksumsCrc);
    out.putInt(FOOTER_CRC_AT, crc(bytes, 0, FOOTER_CRC_AT));
    return bytes;
  }

  /** Throws Corrupt unless the bytes are the footer that belongs to this header. */
  static int checksumsCrc(String file, long offset, byte[] footer, byte[] header) {
    ByteBuffer in = ByteBuffer.wrap(footer).order(ByteOrder.LITTLE_ENDIAN);
    if (in.getInt(FOOTER_CRC_AT) != crc(footer, 0, FOOTER_CRC_AT)) {
      throw new KdeltaException.Corrupt(file, offset, "the footer's checksum does not match");
    }
    if (ByteBuffer.wrap(footer, 0, HEADER_BYTES).mismatch(ByteBuffer.wrap(header)) >= 0) {
      throw new KdeltaException.Corrupt(file, offset, "header and footer differ");
    }
    return in.getInt(HEADER_BYTES);
  }

  /** The checksum of the whole file that goes into the manifest. */
  static long checksum(byte[] footer) {
    return crc(footer, 0, FOOTER_BYTES) & 0xFFFFFFFFL;
  }

  static int crc(byte[] bytes, int from, int size) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, from, size);
    return (int) crc.getValue();
  }

  static int crc(MemorySegment segment, long from, long size) {
    CRC32C crc = new CRC32C();
    crc.update(segment.asSlice(from, size).asByteBuffer());
    return (int) crc.getValue();
  }
}
