package io.kdelta.storage;

import static io.kdelta.storage.SSTableFormat.CHUNK_BYTES;
import static io.kdelta.storage.SSTableFormat.U16;
import static io.kdelta.storage.SSTableFormat.U32;
import static io.kdelta.storage.SSTableFormat.U64;

import io.kdelta.error.KdeltaException;
import io.kdelta.vfs.Vfs;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Optional;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * One table, open for reading. Layout: {@link SSTableFormat}.
 *
 * <p>The file is mapped whole. Header, footer, checksums, hashes, filter and index are verified at
 * open; a chunk of rows is verified at its first touch, on the core thread, and remembered. The
 * table thread reads through {@link #scan}, which goes by the file and verifies all it reads.
 * Whatever does not pass is thrown as Corrupt, each time it is touched, and remembered in {@link
 * #damage}.
 */
final class SSTable implements AutoCloseable {
  private static final int VERIFY_CHUNKS = 64;

  /** The first view of the engine that shows it; the engine's own note. */
  long shownSince;

  private final Vfs.File file;
  private final Arena arena;
  private final MemorySegment map;
  private final SSTableFormat.Header header;
  private final long[] verified;
  private long verifications;
  private final TableLookup lookup;
  private final byte[] firstKey;
  private final byte[] lastKey;
  private final int firstPointSize;
  private final int lastPointSize;
  private final RowKey first;
  private final RowKey last;
  private final long[] blobNumbers;

  /** Of the values in each, as the section said at the open; what is dead is dropped by it. */
  private final long[] blobSizes;

  private final BlobFile[] blobFiles;
  private Optional<KdeltaException.Corrupt> damage = Optional.empty();
  private boolean damagedBefore;

  private SSTable(Vfs.File file, Arena arena, MemorySegment map, SSTableFormat.Header header) {
    this.file = file;
    this.arena = arena;
    this.map = map;
    this.header = header;
    this.verified = new long[header.chunks() / 64 + 1];
    this.lookup = new TableLookup(this, map, header);
    verifyColumns();
    lookup.readDirectory();
    this.firstKey = indexKey(0);
    this.firstPointSize = indexPointSize(0);
    this.lastKey = indexKey(header.blocks());
    this.lastPointSize = indexPointSize(header.blocks());
    this.first = rowKey(firstKey, firstPointSize);
    this.last = rowKey(lastKey, lastPointSize);
    this.blobNumbers = readBlobNumbers();
    this.blobSizes = new long[blobNumbers.length];
    for (int i = 0; i < blobSizes.length; i++) blobSizes[i] = map.get(U64, blobLine(i) + 8);
    this.blobFiles = new BlobFile[blobNumbers.length];
    this.verifications = 0;
  }

  /**
   * Opens a table and checks it against what the manifest says of it. Throws Corrupt when it is not
   * that table, or not whole.
   */
  static SSTable open(Vfs vfs, SSTableWriter.Finished expected) {
    String path = FileNames.table(expected.number());
    if (!vfs.exists(path)) throw new KdeltaException.Corrupt(path, 0, "the file is missing");
    Vfs.File file = vfs.open(path);
    Arena arena = Arena.ofShared();
    boolean opened = false;
    try {
      SSTableFormat.Header header = readHeader(file, expected);
      MemorySegment map = file.map(0, expected.bytes(), arena);
      SSTable table = new SSTable(file, arena, map, header);
      opened = true;
      return table;
    } catch (InternalError cut) {
      throw new KdeltaException.Corrupt(path, 0, "the mapped file was cut: " + cut.getMessage());
    } finally {
      if (!opened) {
        arena.close();
        file.close();
      }
    }
  }

  long number() {
    return header.number();
  }

  long bytes() {
    return header.fileBytes();
  }

  int rows() {
    return header.rows();
  }

  int tombstones() {
    return header.tombstones();
  }

  /** Chunks of rows that reads had to verify. */
  long verifications() {
    return verifications;
  }

  String path() {
    return file.path();
  }

  SSTableFormat.Header header() {
    return header;
  }

  /** What was found wrong with it since it was opened. */
  Optional<KdeltaException.Corrupt> damage() {
    return damage;
  }

  /** Remembers what another thread found wrong. Core thread. */
  void damaged(KdeltaException.Corrupt found) {
    if (damage.isEmpty()) damage = Optional.of(found);
    // What was sound at its first touch may be what rotted since: nothing counts as seen any more.
    Arrays.fill(verified, 0L);
    lookup.forget();
  }

  /** An earlier life found it damaged, and did not come to salvage what is whole. */
  void damagedBefore() {
    damagedBefore = true;
    damaged(corrupt(0, "found damaged before"));
  }

  /** Whether an earlier life found that. */
  boolean wasDamagedBefore() {
    return damagedBefore;
  }

  /** How many chunks hold rows, those that end in another section included. */
  int rowChunks() {
    return (int) ((header.groupsOffset() + CHUNK_BYTES - 1) / CHUNK_BYTES);
  }

  /** Verifies chunks through the mapping, which brings them into memory. Any thread. */
  Optional<KdeltaException.Corrupt> check(int from, int end) {
    try {
      for (int chunk = from; chunk < end; chunk++) {
        if (!isSound(chunk)) {
          long at = Math.max(SSTableFormat.HEADER_BYTES, (long) chunk * CHUNK_BYTES);
          return Optional.of(corrupt(at, "the chunk's checksum does not match"));
        }
      }
      return Optional.empty();
    } catch (InternalError cut) {
      return Optional.of(corrupt(0, "the mapped file was cut: " + cut.getMessage()));
    }
  }

  /** These chunks were found sound by {@link #check}. Core thread. */
  void checked(int from, int end) {
    for (int chunk = from; chunk < end; chunk++) verified[chunk >>> 6] |= 1L << chunk;
  }

  /** Brings the mapping of a file that was just written into memory, before reads do. */
  void touch() {
    if (map.isMapped()) map.load();
  }

  /** This process has just written it: nothing needs to be verified again until the next open. */
  void trust() {
    Arrays.fill(verified, -1L);
  }

  /** Orders the group of a point part against this table: below it, within it (0), above it. */
  int comparePoint(byte[] key, int from, int size) {
    int to = from + size;
    if (Arrays.compareUnsigned(key, from, to, firstKey, 0, firstPointSize) < 0) return -1;
    return Arrays.compareUnsigned(key, from, to, lastKey, 0, lastPointSize) > 0 ? 1 : 0;
  }

  /** The first key, as a lower bound of what is in it. */
  RowKey first() {
    return first;
  }

  /** The last key. */
  RowKey last() {
    return last;
  }

  /** How many blob files its rows refer to. */
  int blobCount() {
    return blobNumbers.length;
  }

  /** The number of one of the blob files that its rows refer to, ascending. */
  long blobNumber(int index) {
    return blobNumbers[index];
  }

  /** Bytes of the values in that blob file that its rows refer to, each value once. */
  long blobBytes(int index) {
    return blobSizes[index];
  }

  /**
   * Marks the entries of that blob file that its rows refer to. The section is verified anew each
   * time: what is not marked may be dropped. Any thread; throws Corrupt.
   */
  void markBlobEntries(int index, BitSet entries) {
    long sectionEnd = header.blobsOffset() + header.blobsBytes();
    int first = (int) (header.blobsOffset() / CHUNK_BYTES);
    int end = (int) ((sectionEnd + CHUNK_BYTES - 1) / CHUNK_BYTES);
    Optional<KdeltaException.Corrupt> rotten = check(first, end);
    if (rotten.isPresent()) throw rotten.get();
    long at = blobLine(blobNumbers.length);
    for (int i = 0; i < index; i++) at += 4L * map.get(U32, blobLine(i) + 16);
    int count = map.get(U32, blobLine(index) + 16);
    for (int i = 0; i < count; i++) entries.set(map.get(U32, at + 4L * i));
  }

  /** Tells it the file that holds the values with its number from now on. Core thread. */
  void link(BlobFile blob) {
    int index = Arrays.binarySearch(blobNumbers, blob.number());
    if (index >= 0) blobFiles[index] = blob;
  }

  /** A file that its rows refer to and that it was not told of, or 0. */
  long missingBlob() {
    for (int i = 0; i < blobFiles.length; i++) {
      if (blobFiles[i] == null) return blobNumbers[i];
    }
    return 0;
  }

  /** The blob file of a reference. */
  BlobFile blobOf(long number) {
    int index = Arrays.binarySearch(blobNumbers, number);
    if (index < 0 || blobFiles[index] == null) {
      throw corrupt(0, "a row refers to blob file " + number + ", which is not there");
    }
    return blobFiles[index];
  }

  /** What was found wrong with a value that one of its rows refers to, as damage of its own. */
  KdeltaException.Corrupt blobDamage(KdeltaException.Corrupt found) {
    KdeltaException.Corrupt own =
        corrupt(0, found.file() + " at " + found.offset() + ": " + found.reason());
    damaged(own);
    return own;
  }

  /** What it holds under a key that it {@link #mayContain may contain}, shown without a copy. */
  Found get(long hash, byte[] key, int from, int pointSize, int suffixSize, RowView into) {
    return lookup.get(hash, key, from, pointSize, suffixSize, into);
  }

  /** What it holds under the least key of a group from a suffix on, shown without a copy. */
  Found ceiling(
      long hash, byte[] key, int from, int pointSize, byte[] suffix, int suffixSize, RowView into) {
    return lookup.ceiling(hash, key, from, pointSize, suffix, suffixSize, into);
  }

  /** Reads what gets of some keys will wait for. */
  void readAhead(MultiGet keys, int from, int to) {
    lookup.readAhead(keys, from, to);
  }

  /** A source over one group, standing before its first row, or null when it is not here. */
  @Nullable RowSource group(byte[] point) {
    return lookup.group(point);
  }

  /** Whether the group may be in it at all, by the filter. */
  boolean mayContain(long pointHash) {
    return lookup.mayContain(pointHash);
  }

  /** All rows, through the mapping. Core thread. */
  RowSource walk() {
    return new TableSource(this, false);
  }

  /** All rows, through the file, every byte verified. Table thread. */
  RowSource scan() {
    return new TableSource(this, true);
  }

  /** What is whole of it, once damage was found. Throws Corrupt when its columns are not. */
  SoundRows soundRows() {
    int columns = (int) (header.groupsOffset() / CHUNK_BYTES);
    Optional<KdeltaException.Corrupt> rotten = check(columns, header.chunks());
    if (rotten.isPresent()) throw rotten.get();
    return new SoundRows(this);
  }

  @Override
  public void close() {
    arena.close();
    file.close();
  }

  int blocks() {
    return header.blocks();
  }

  long blockOffset(int block) {
    return indexEntry(block) & ~SSTableFormat.COMPRESSED_BLOCK;
  }

  boolean isCompressed(int block) {
    return indexEntry(block) < 0;
  }

  /** Orders the first key of a block (or, after the last block, the last key) against a key. */
  int compareIndexKey(
      int block,
      byte[] point,
      int from,
      int pointSize,
      byte[] suffix,
      int suffixFrom,
      int suffixSize) {
    int start = block == 0 ? 0 : keyEnd(block - 1);
    long at = header.keyTextOffset() + start + 2;
    int indexPoint = indexPointSize(block);
    int byPoint = KeyBytes.compare(map, at, indexPoint, point, from, pointSize);
    if (byPoint != 0) return byPoint;
    int indexSuffix = keyEnd(block) - start - 2 - indexPoint;
    return KeyBytes.compare(map, at + indexPoint, indexSuffix, suffix, suffixFrom, suffixSize);
  }

  /** Whether the first key of a block starts with these bytes. */
  boolean indexKeyStartsWith(int block, byte[] key, int from, int size) {
    int start = block == 0 ? 0 : keyEnd(block - 1);
    return indexPointSize(block) >= size
        && KeyBytes.equal(map, header.keyTextOffset() + start + 2, key, from, size);
  }

  /** The bytes that the keys of a plain block share, after the block was verified. Core thread. */
  int verifiedPrefix(int block) {
    long from = blockOffset(block);
    long size = blockOffset(block + 1) - from;
    verify(from, from + size);
    int prefix = Short.toUnsignedInt(map.get(U16, from + 6));
    boolean sane =
        map.get(U32, from) == size
            && prefix <= RowKey.BYTES_MAX
            && BlockWriter.HEADER_BYTES + prefix < size;
    if (sane) return prefix;
    KdeltaException.Corrupt found = corrupt(from, "not a block");
    damaged(found);
    throw found;
  }

  /** The mapped file with the bytes of a block verified, for the core thread. */
  MemorySegment verifiedBlock(int block) {
    verify(blockOffset(block), blockOffset(block + 1));
    return map;
  }

  /**
   * Reads whole chunks through the file, verifies them, and puts them at the start of the target,
   * which has room for them.
   */
  void readChunks(int firstChunk, int endChunk, ByteBuffer target) {
    long from = (long) firstChunk * CHUNK_BYTES;
    long to = Math.min((long) endChunk * CHUNK_BYTES, header.checksumsOffset());
    int size = Math.toIntExact(to - from);
    target.clear().limit(size);
    if (file.readAt(from, target) != size) throw corrupt(from, "the file is cut");
    CRC32C crc = new CRC32C();
    for (int chunk = firstChunk; chunk < endChunk; chunk++) {
      int at = (int) ((long) chunk * CHUNK_BYTES - from);
      int covered = chunk == 0 ? SSTableFormat.HEADER_BYTES : 0;
      target.limit(Math.min(at + CHUNK_BYTES, size)).position(at + covered);
      crc.reset();
      crc.update(target);
      if ((int) crc.getValue() != checksum(chunk)) {
        throw corrupt((long) chunk * CHUNK_BYTES, "the chunk's checksum does not match");
      }
    }
  }

  /** Reads all chunks through the file, some at a time, and verifies them. */
  void readAll() {
    ByteBuffer target = ByteBuffer.allocateDirect(VERIFY_CHUNKS * CHUNK_BYTES);
    for (int chunk = 0; chunk < header.chunks(); chunk += VERIFY_CHUNKS) {
      readChunks(chunk, Math.min(header.chunks(), chunk + VERIFY_CHUNKS), target);
    }
  }

  /** What the JVM throws when a mapped file is shorter than it was, as what it means. */
  KdeltaException.Corrupt cut(InternalError error) {
    KdeltaException.Corrupt found = corrupt(0, "the mapped file was cut: " + error.getMessage());
    damaged(found);
    return found;
  }

  KdeltaException.Corrupt corrupt(long offset, String reason) {
    return new KdeltaException.Corrupt(path(), offset, reason);
  }

  private static SSTableFormat.Header readHeader(Vfs.File file, SSTableWriter.Finished expected) {
    String path = file.path();
    if (file.size() != expected.bytes() || expected.bytes() < SSTableFormat.FOOTER_BYTES) {
      throw new KdeltaException.Corrupt(
          path, 0, "has " + file.size() + " bytes instead of " + expected.bytes());
    }
    byte[] header = new byte[SSTableFormat.HEADER_BYTES];
    byte[] footer = new byte[SSTableFormat.FOOTER_BYTES];
    long footerOffset = expected.bytes() - footer.length;
    file.readAt(0, ByteBuffer.wrap(header));
    file.readAt(footerOffset, ByteBuffer.wrap(footer));
    SSTableFormat.Header decoded = SSTableFormat.decodeHeader(path, header);
    SSTableFormat.checksumsCrc(path, footerOffset, footer, header);
    if (SSTableFormat.checksum(footer) != expected.checksum()
        || decoded.number() != expected.number()
        || decoded.fileBytes() != expected.bytes()) {
      throw new KdeltaException.Corrupt(path, 0, "is not the table that the manifest names");
    }
    return decoded;
  }

  /** Verifies the checksums section, then all sections behind the rows. */
  private void verifyColumns() {
    long checksums = header.checksumsOffset();
    long footer = header.footerOffset();
    int stated = map.get(U32, footer + SSTableFormat.HEADER_BYTES);
    if (SSTableFormat.crc(map, checksums, footer - checksums) != stated) {
      throw corrupt(checksums, "the checksum of the checksums does not match");
    }
    verify(header.groupsOffset(), checksums);
    if (header.keyTextOffset() + Integer.toUnsignedLong(keyEnd(header.blocks()))
        > header.indexOffset() + header.indexBytes()) {
      throw corrupt(header.indexOffset(), "the index is longer than its section");
    }
  }

  private long[] readBlobNumbers() {
    if (header.blobsBytes() == 0) return new long[0];
    int count = map.get(U32, header.blobsOffset());
    long needed = SSTableFormat.BLOBS_HEADER_BYTES + (long) SSTableFormat.BLOB_FILE_BYTES * count;
    for (int i = 0; i < count && needed <= header.blobsBytes(); i++) {
      needed += 4L * map.get(U32, blobLine(i) + 16);
    }
    if (count < 1 || needed != header.blobsBytes()) {
      throw corrupt(header.blobsOffset(), "the blobs section can not be");
    }
    long[] numbers = new long[count];
    for (int i = 0; i < count; i++) numbers[i] = map.get(U64, blobLine(i));
    return numbers;
  }

  private long blobLine(int index) {
    return header.blobsOffset()
        + SSTableFormat.BLOBS_HEADER_BYTES
        + (long) SSTableFormat.BLOB_FILE_BYTES * index;
  }

  private void verify(long from, long to) {
    for (int chunk = (int) (from / CHUNK_BYTES); (long) chunk * CHUNK_BYTES < to; chunk++) {
      if ((verified[chunk >>> 6] & 1L << chunk) != 0) continue;
      if (!isSound(chunk)) {
        long start = Math.max(SSTableFormat.HEADER_BYTES, (long) chunk * CHUNK_BYTES);
        KdeltaException.Corrupt found = corrupt(start, "the chunk's checksum does not match");
        damaged(found);
        throw found;
      }
      verified[chunk >>> 6] |= 1L << chunk;
      verifications++;
    }
  }

  private boolean isSound(int chunk) {
    long start = Math.max(SSTableFormat.HEADER_BYTES, (long) chunk * CHUNK_BYTES);
    long end = Math.min((chunk + 1L) * CHUNK_BYTES, header.checksumsOffset());
    return SSTableFormat.crc(map, start, end - start) == checksum(chunk);
  }

  private int checksum(int chunk) {
    return map.get(U32, header.checksumsOffset() + 4L * chunk);
  }

  private byte[] indexKey(int block) {
    int start = block == 0 ? 0 : keyEnd(block - 1);
    int size = keyEnd(block) - start - 2;
    byte[] key = new byte[size];
    long at = header.keyTextOffset() + start + 2;
    MemorySegment.copy(map, ValueLayout.JAVA_BYTE, at, key, 0, size);
    return key;
  }

  private int indexPointSize(int block) {
    int start = block == 0 ? 0 : keyEnd(block - 1);
    long at = header.keyTextOffset() + start;
    return Short.toUnsignedInt(map.get(U16, at));
  }

  private int keyEnd(int block) {
    return map.get(U32, header.keyEndsOffset() + 4L * block);
  }

  private long indexEntry(int block) {
    return map.get(U64, header.indexOffset() + 8L * block);
  }

  private static RowKey rowKey(byte[] key, int pointSize) {
    return RowSource.rowKey(key, pointSize, key.length);
  }
}
