package io.kdelta.storage.verify;

import io.kdelta.error.KdeltaException;
import io.kdelta.vfs.Vfs;

/**
 * Where the sections of a table file lie, from its header and checked against the size of the file,
 * so that nothing read by it takes more memory than the file has bytes. Layout: the engine's
 * SSTableFormat. Immutable.
 */
record TableShape(
    long number,
    long seed,
    long rows,
    long tombstones,
    int groups,
    int blocks,
    int filterLines,
    long groupsAt,
    long filterAt,
    long indexAt,
    long indexBytes,
    long blobsAt,
    long blobsBytes,
    long checksumsAt,
    int chunks,
    long footerAt,
    int placeBits) {
  static final int HEADER_BYTES = 64;
  static final int FOOTER_BYTES = 128;
  static final int CHUNK_BYTES = 64 << 10;

  private static final int MAGIC = 0x3274646B;

  /** Reads header and footer of the table that the catalog names; Corrupt if it is not that. */
  static TableShape read(Vfs.File file, Catalog.Table named) {
    if (file.size() != named.bytes()) {
      throw new KdeltaException.Corrupt(
          file.path(), 0, "has " + file.size() + " bytes instead of " + named.bytes());
    }
    Image header = Image.read(file, 0, HEADER_BYTES);
    Image footer = Image.read(file, file.size() - FOOTER_BYTES, FOOTER_BYTES);
    if (header.i32(60) != header.crc(0, 60)) {
      throw header.corrupt(0, "the header's checksum does not match");
    }
    if (footer.i32(124) != footer.crc(0, 124)) {
      throw footer.corrupt(0, "the footer's checksum does not match");
    }
    for (int i = 0; i < HEADER_BYTES; i++) {
      if (header.u8(i) != footer.u8(i)) throw footer.corrupt(i, "header and footer differ");
    }
    if (!footer.zeros(68, 56)) throw footer.corrupt(68, "the footer has bytes beyond its fields");
    if (header.i32(0) != MAGIC) throw header.corrupt(0, "is not a table of format 2");
    long checksum = footer.crc(0, FOOTER_BYTES) & 0xFFFFFFFFL;
    if (checksum != named.checksum() || header.i64(8) != named.number()) {
      throw header.corrupt(8, "is another table than the one the manifest names");
    }
    return of(header, file.size());
  }

  private static TableShape of(Image header, long size) {
    int groups = header.i32(28);
    int blocks = header.i32(32);
    int lines = header.i32(36);
    long groupsAt = header.i64(40);
    long indexBytes = header.u32(48);
    long blobsBytes = header.u32(52);
    int placeBits = header.u8(56);
    boolean counts =
        groups >= 0
            && blocks >= 0
            && lines >= 1
            && groupsAt >= HEADER_BYTES
            && groupsAt < size
            && placeBits >= 1
            && placeBits <= 31
            && header.u8(57) <= 1
            && header.zeros(58, 2);
    if (!counts) throw header.corrupt(0, "the header's counts can not be");
    long filterAt = align(groupsAt + 8L * groups);
    long indexAt = filterAt + 64L * lines;
    long blobsAt = align(indexAt + indexBytes);
    long checksumsAt = align(blobsAt + blobsBytes);
    long chunks = (checksumsAt + CHUNK_BYTES - 1) / CHUNK_BYTES;
    long footerAt = align(checksumsAt + 4 * chunks);
    if (footerAt + FOOTER_BYTES != size || indexBytes < 12 * (blocks + 1L)) {
      throw header.corrupt(0, "its sections do not add up to the file");
    }
    return new TableShape(
        header.i64(8),
        header.i64(16),
        header.u32(4),
        header.u32(24),
        groups,
        blocks,
        lines,
        groupsAt,
        filterAt,
        indexAt,
        indexBytes,
        blobsAt,
        blobsBytes,
        checksumsAt,
        (int) chunks,
        footerAt,
        placeBits);
  }

  static long align(long offset) {
    return (offset + 63) & -64L;
  }
}
