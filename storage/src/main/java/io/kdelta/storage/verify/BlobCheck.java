package io.kdelta.storage.verify;

import io.kdelta.error.KdeltaException;
import io.kdelta.memory.Bytes;
import io.kdelta.vfs.Vfs;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/**
 * One blob file: header, footer and directory are checked when it is opened, the values by {@link
 * #check}. Layout: the engine's BlobFormat. One thread.
 */
final class BlobCheck implements AutoCloseable {
  static final int REFERENCE_BYTES = 20;

  private static final int MAGIC = 0x3162646B;
  private static final int HEADER_BYTES = 64;
  private static final int FOOTER_BYTES = 128;
  private static final int ENTRY_BYTES = 48;

  private final Vfs.File file;
  private final Image directory;
  private final int entries;
  private final long live;

  private BlobCheck(Vfs.File file, Image directory, int entries, long live) {
    this.file = file;
    this.directory = directory;
    this.entries = entries;
    this.live = live;
  }

  /** Opens the file that the catalog names; Corrupt if it is not that. */
  static BlobCheck open(Vfs.File file, Catalog.Blob named) {
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
    if (header.i32(0) != MAGIC) throw header.corrupt(0, "is not a blob file of format 1");
    boolean own =
        header.i64(8) == named.number()
            && header.i64(16) == named.file()
            && (footer.crc(0, FOOTER_BYTES) & 0xFFFFFFFFL) == named.checksum();
    if (!own) throw header.corrupt(8, "is another file than the one the manifest names");
    int entries = header.i32(4);
    long directoryAt = header.i64(24);
    long footerAt = file.size() - FOOTER_BYTES;
    boolean counts =
        entries >= 0
            && directoryAt >= HEADER_BYTES
            && directoryAt <= footerAt
            && directoryAt + (long) ENTRY_BYTES * entries == footerAt;
    if (!counts) throw header.corrupt(24, "its sections do not add up to the file");
    Image directory = Image.read(file, directoryAt, footerAt - directoryAt);
    if (directory.crc(0, directory.size()) != footer.i32(64)) {
      throw directory.corrupt(0, "the directory's checksum does not match");
    }
    return new BlobCheck(file, directory, entries, header.u32(32));
  }

  int entries() {
    return entries;
  }

  /** Checks every value. */
  void check(Findings findings) {
    long next = HEADER_BYTES;
    long found = 0;
    for (int entry = 0; entry < entries; entry++) {
      int line = ENTRY_BYTES * entry;
      if (directory.zeros(line, ENTRY_BYTES)) continue;
      found++;
      if (directory.i64(line) != next) {
        findings.damage(file.path(), directory.offset + line, "a value does not follow the other");
      }
      next = directory.i64(line) + directory.u32(line + 8);
      try {
        value(entry, directory.u32(line + 8), directory.i32(line + 12));
      } catch (KdeltaException.Corrupt corrupt) {
        findings.damage(corrupt);
      }
    }
    if (next != directory.offset) {
      findings.damage(file.path(), next, "the values end before the directory");
    }
    if (found != live) {
      findings.damage(file.path(), 32, found + " values live, the header says " + live);
    }
  }

  /** The value that a reference names; Corrupt when it is not what the reference says. */
  Bytes value(long entry, long size, int crc) {
    Image value = read(entry, size, crc);
    int line = ENTRY_BYTES * (int) entry;
    if (directory.zeros(line + 16, 32)) return Bytes.wrap(value.bytes);
    byte[] digest = sha256(value.bytes);
    for (int i = 0; i < digest.length; i++) {
      if (directory.u8(line + 16 + i) != (digest[i] & 0xFF)) {
        throw value.corrupt(0, "the value's SHA-256 does not match");
      }
    }
    return Bytes.wrap(value.bytes);
  }

  /** Throws Corrupt unless the directory has what the reference says. */
  void require(long entry, long size, int crc) {
    int line = line(entry);
    if (directory.zeros(line, ENTRY_BYTES)) {
      throw directory.corrupt(line, "entry " + entry + " was dropped, and a row refers to it");
    }
    if (directory.u32(line + 8) != size || directory.i32(line + 12) != crc) {
      throw directory.corrupt(line, "entry " + entry + " is not what a row refers to");
    }
  }

  @Override
  public void close() {
    file.close();
  }

  private Image read(long entry, long size, int crc) {
    require(entry, size, crc);
    long at = directory.i64(line(entry));
    if (at < HEADER_BYTES || size > directory.offset - at) {
      throw directory.corrupt(line(entry), "a value lies beyond the values");
    }
    Image value = Image.read(file, at, size);
    if (value.crc(0, value.size()) != crc) {
      throw value.corrupt(0, "the value's checksum does not match");
    }
    return value;
  }

  private int line(long entry) {
    if (entry < 0 || entry >= entries) {
      throw directory.corrupt(0, "has no entry " + entry + ", and a row refers to it");
    }
    return ENTRY_BYTES * (int) entry;
  }

  private static byte[] sha256(byte[] bytes) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      digest.update(ByteBuffer.wrap(bytes));
      return digest.digest();
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }
}
