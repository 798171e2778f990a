package io.kdelta.storage;

import static io.kdelta.storage.SSTableFormat.U32;
import static io.kdelta.storage.SSTableFormat.U64;

import io.kdelta.error.KdeltaException;
import io.kdelta.vfs.Vfs;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * One blob file, open for reading. Layout: {@link BlobFormat}.
 *
 * <p>Header, footer and directory are verified at open, a value at its first touch by the core,
 * which remembers it; the table thread reads through the file and verifies all it reads.
 */
final class BlobFile implements AutoCloseable {
  /** The first view of the engine that shows it; the engine's own note. */
  long shownSince;

  private final Vfs.File file;
  private final Arena arena;
  private final MemorySegment map;
  private final BlobFormat.Header header;
  private final long[] verified;
  private long verifications;

  private BlobFile(Vfs.File file, Arena arena, MemorySegment map, BlobFormat.Header header) {
    this.file = file;
    this.arena = arena;
    this.map = map;
    this.header = header;
    this.verified = new long[header.entries() / 64 + 1];
    verifyDirectory();
  }

  /** Opens the file that the manifest names. Throws Corrupt when it is not that, or not whole. */
  static BlobFile open(Vfs vfs, ManifestEdit.BlobAdded expected) {
    String path = FileNames.blob(expected.file());
    if (!vfs.exists(path)) throw new KdeltaException.Corrupt(path, 0, "the file is missing");
    Vfs.File file = vfs.open(path);
    Arena arena = Arena.ofShared();
    boolean opened = false;
    try {
      BlobFormat.Header header = readHeader(file, expected);
      BlobFile blob = new BlobFile(file, arena, file.map(0, expected.bytes(), arena), header);
      opened = true;
      return blob;
    } catch (InternalError cut) {
      throw new KdeltaException.Corrupt(path, 0, "the mapped file was cut: " + cut.getMessage());
    } finally {
      if (!opened) {
        arena.close();
        file.close();
      }
    }
  }

  /** The number that references name. */
  long number() {
    return header.number();
  }

  String path() {
    return file.path();
  }

  long bytes() {
    return header.fileBytes();
  }

  /** Bytes of all values in it. */
  long valueBytes() {
    return header.directoryOffset() - BlobFormat.HEADER_BYTES;
  }

  int entries() {
    return header.entries();
  }

  int size(int entry) {
    return map.get(U32, line(entry) + 8);
  }

  int crc(int entry) {
    return map.get(U32, line(entry) + 12);
  }

  /** Values that reads had to verify. */
  long verifications() {
    return verifications;
  }

  /** The mapped file. */
  MemorySegment map() {
    return map;
  }

  /**
   * Where in the mapping the value of a reference lies, verified. Core thread. Throws Corrupt when
   * it is not what the reference says.
   */
  long valueOffset(int entry, int size, int crc) {
    requireEntry(entry, size, crc);
    long offset = map.get(U64, line(entry));
    // The directory was whole at the open, and may have rotted since.
    if (offset < BlobFormat.HEADER_BYTES || offset > header.directoryOffset() - size) {
      throw new KdeltaException.Corrupt(path(), line(entry), "a value outside of the file");
    }
    if ((verified[entry >>> 6] & (1L << entry)) == 0) {
      if (SSTableFormat.crc(map, offset, size) != crc) throw corruptValue(offset);
      verified[entry >>> 6] |= 1L << entry;
      verifications++;
    }
    return offset;
  }

  /** The value of an entry, read through the file and verified. Table thread. */
  ByteBuffer read(int entry) {
    long offset = map.get(U64, line(entry));
    byte[] value = new byte[size(entry)];
    if (offset == 0 || file.readAt(offset, ByteBuffer.wrap(value)) != value.length) {
      throw new KdeltaException.Corrupt(path(), offset, "entry " + entry + " has no value");
    }
    if (SSTableFormat.crc(value, 0, value.length) != crc(entry)) throw corruptValue(offset);
    return ByteBuffer.wrap(value);
  }

  /** Reads all values through the file and verifies them. */
  void readAll() {
    for (int entry = 0; entry < header.entries(); entry++) {
      if (map.get(U64, line(entry)) == 0) continue;
      ByteBuffer value = read(entry);
      assert value.remaining() == size(entry);
    }
  }

  /** Something was found wrong with it: nothing counts as seen any more. */
  void doubt() {
    Arrays.fill(verified, 0L);
  }

  @Override
  public void close() {
    arena.close();
    file.close();
  }

  private void requireEntry(int entry, int size, int crc) {
    if (entry < 0 || entry >= header.entries() || size(entry) != size || crc(entry) != crc) {
      throw new KdeltaException.Corrupt(
          path(), line(Math.max(0, entry)), "entry " + entry + " is not what a row refers to");
    }
  }

  private KdeltaException.Corrupt corruptValue(long offset) {
    return new KdeltaException.Corrupt(path(), offset, "the value's checksum does not match");
  }

  private long line(int entry) {
    return header.directoryOffset() + (long) BlobFormat.ENTRY_BYTES * entry;
  }

  private static BlobFormat.Header readHeader(Vfs.File file, ManifestEdit.BlobAdded expected) {
    String path = file.path();
    if (file.size() != expected.bytes()
        || expected.bytes() < BlobFormat.HEADER_BYTES + BlobFormat.FOOTER_BYTES) {
      throw new KdeltaException.Corrupt(
          path, 0, "has " + file.size() + " bytes instead of " + expected.bytes());
    }
    byte[] header = new byte[BlobFormat.HEADER_BYTES];
    byte[] footer = new byte[BlobFormat.FOOTER_BYTES];
    file.readAt(0, ByteBuffer.wrap(header));
    file.readAt(expected.bytes() - footer.length, ByteBuffer.wrap(footer));
    BlobFormat.Header decoded = BlobFormat.decodeHeader(path, header);
    SSTableFormat.checksumsCrc(path, expected.bytes() - footer.length, footer, header);
    if (SSTableFormat.checksum(footer) != expected.checksum()
        || decoded.number() != expected.number()
        || decoded.file() != expected.file()
        || decoded.fileBytes() != expected.bytes()) {
      throw new KdeltaException.Corrupt(path, 0, "is not the blob file that the manifest names");
    }
    return decoded;
  }

  /** The directory is whole, and its values lie one after the other. */
  private void verifyDirectory() {
    long directory = header.directoryOffset();
    int stated = map.get(U32, header.footerOffset() + BlobFormat.HEADER_BYTES);
    if (SSTableFormat.crc(map, directory, header.footerOffset() - directory) != stated) {
      throw new KdeltaException.Corrupt(
          path(), directory, "the directory's checksum does not match");
    }
    long next = BlobFormat.HEADER_BYTES;
    int live = 0;
    for (int i = 0; i < header.entries(); i++) {
      long offset = map.get(U64, line(i));
      if (offset == 0) continue;
      if (offset != next || size(i) < 0) {
        throw new KdeltaException.Corrupt(path(), line(i), "entry " + i + " can not be");
      }
      next += size(i);
      live++;
    }
    if (next != directory || live != header.live()) {
      throw new KdeltaException.Corrupt(path(), directory, "the directory's counts can not be");
    }
  }
}
