package io.kdelta.storage;

import static io.kdelta.storage.SSTableFormat.CHUNK_BYTES;
import static io.kdelta.storage.SSTableFormat.HEADER_BYTES;

import io.kdelta.memory.ByteWriter;
import io.kdelta.memory.Bytes;
import io.kdelta.vfs.Vfs;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * Writes one table, front to back; only the header, which knows what comes behind it, is filled in
 * last. Layout: {@link SSTableFormat}.
 *
 * <p>Rows come in strictly growing key order. Nothing counts before {@link #finish} has returned:
 * the file is synced then, its name is not. Owner: the table thread. Memory: one block, one chunk,
 * 12 bytes a group and the first key of every block.
 */
final class SSTableWriter {
  /**
   * What the manifest needs to know of a finished table.
   *
   * @param bytes of the file
   * @param checksum that stands for all of it
   */
  record Finished(long number, long bytes, long checksum) {}

  private final Vfs.File file;
  private final long number;
  private final long seed;
  private final int blockBytes;
  private final int bitsPerKey;
  private final BlockWriter block;
  private final byte[] chunk = new byte[CHUNK_BYTES];
  private int chunkSize = HEADER_BYTES;
  private long position = HEADER_BYTES;
  private int[] checksums = new int[16];
  private int chunks;
  private long[] hashes = new long[256];
  private int[] hashBlocks = new int[256];
  private int groups;
  private long[] blockOffsets = new long[64];
  private int[] keyEnds = new int[64];
  private int blocks;
  private final ByteWriter keyText = new ByteWriter();
  private int rows;
  private int tombstones;
  private byte[] lastKey = new byte[64];
  private int lastPointSize;
  private int lastKeySize;

  /**
   * @param file new and empty; the caller closes it
   * @param seed of the point hashes
   * @param bottom whether the table belongs to the bottom run: smaller blocks on disk, a better
   *     filter
   */
  SSTableWriter(Vfs.File file, long number, long seed, int blockBytes, boolean bottom) {
    this.file = file;
    this.number = number;
    this.seed = seed;
    this.blockBytes = blockBytes;
    this.bitsPerKey = bottom ? TableFilter.BITS_PER_KEY_BOTTOM : TableFilter.BITS_PER_KEY;
    this.block = new BlockWriter(bottom ? BlockWriter.COMPRESSED : BlockWriter.PLAIN);
  }

  /** Adds the row the source stands on. */
  void add(RowSource row) {
    boolean sameGroup =
        rows > 0 && Arrays.equals(lastKey, 0, lastPointSize, row.key, 0, row.pointSize);
    assert rows == 0 || row.compareKey(lastPoint(), lastSuffix()) > 0 : "rows out of order";
    if (block.rows() == 0) addIndexKey(row.key, row.pointSize, row.keySize, position);
    if (!sameGroup) addGroup(PointHash.of(row.key, 0, row.pointSize, seed));
    block.add(row);
    rows++;
    if (row.tombstone) tombstones++;
    if (lastKey.length < row.keySize) lastKey = new byte[row.keySize * 2];
    System.arraycopy(row.key, 0, lastKey, 0, row.keySize);
    lastPointSize = row.pointSize;
    lastKeySize = row.keySize;
    if (block.size() >= blockBytes || block.rows() == BlockWriter.ROWS_MAX) endBlock();
  }

  /** Whether this row begins a group: the only place where a run may be cut into tables. */
  boolean beginsGroup(RowSource row) {
    return rows == 0 || !Arrays.equals(lastKey, 0, lastPointSize, row.key, 0, row.pointSize);
  }

  /** Bytes of rows so far. */
  long size() {
    return position + block.size();
  }

  int rows() {
    return rows;
  }

  /** Writes what follows the rows, then the header, and syncs the file. */
  Finished finish() {
    if (block.rows() > 0) endBlock();
    addIndexKey(lastKey, lastPointSize, lastKeySize, position);
    align();
    long hashesOffset = position;
    writeHashes();
    align();
    int lines = TableFilter.lines(groups, bitsPerKey);
    byte[] filter = new byte[lines * TableFilter.LINE_BYTES];
    MemorySegment filterSegment = MemorySegment.ofArray(filter);
    for (int i = 0; i < groups; i++) TableFilter.add(filterSegment, 0, lines, hashes[i]);
    write(filter, 0, filter.length);
    long indexOffset = position;
    writeIndex();
    int indexBytes = Math.toIntExact(position - indexOffset);
    align();
    sealChunk();
    byte[] header =
        SSTableFormat.encodeHeader(
            new SSTableFormat.Header(
                number,
                seed,
                rows,
                tombstones,
                groups,
                blocks - 1,
                lines,
                hashesOffset,
                indexBytes));
    byte[] footer = SSTableFormat.encodeFooter(header, appendChecksums());
    file.append(ByteBuffer.wrap(footer));
    file.writeAt(0, ByteBuffer.wrap(header));
    file.sync();
    return new Finished(number, file.size(), SSTableFormat.checksum(footer));
  }

  private void endBlock() {
    write(block.finish(), 0, block.size());
    block.clear();
  }

  private void addGroup(long hash) {
    if (groups == hashes.length) {
      hashes = Arrays.copyOf(hashes, groups * 2);
      hashBlocks = Arrays.copyOf(hashBlocks, groups * 2);
    }
    hashes[groups] = hash;
    hashBlocks[groups++] = blocks - 1;
  }

  private void addIndexKey(byte[] key, int pointSize, int keySize, long offset) {
    if (blocks == blockOffsets.length) {
      blockOffsets = Arrays.copyOf(blockOffsets, blocks * 2);
      keyEnds = Arrays.copyOf(keyEnds, blocks * 2);
    }
    keyText.writeShort(pointSize).write(Bytes.copyOf(key, 0, keySize));
    blockOffsets[blocks] = offset;
    keyEnds[blocks++] = keyText.size();
  }

  private void writeHashes() {
    sortHashes();
    ByteBuffer out = ByteBuffer.allocate(groups * 12).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < groups; i++) out.putLong(hashes[i]);
    for (int i = 0; i < groups; i++) out.putInt(hashBlocks[i]);
    write(out.array(), 0, out.position());
  }

  /** Radix sort by unsigned hash, a byte at a time; stable, so equal hashes stay in key order. */
  private void sortHashes() {
    long[] targetHashes = new long[groups];
    int[] targetBlocks = new int[groups];
    for (int shift = 0; shift < 64; shift += 8) {
      int[] starts = new int[257];
      for (int i = 0; i < groups; i++) starts[(int) (hashes[i] >>> shift & 0xFF) + 1]++;
      for (int i = 1; i < starts.length; i++) starts[i] += starts[i - 1];
      for (int i = 0; i < groups; i++) {
        int at = starts[(int) (hashes[i] >>> shift & 0xFF)]++;
        targetHashes[at] = hashes[i];
        targetBlocks[at] = hashBlocks[i];
      }
      long[] swapHashes = hashes;
      hashes = targetHashes;
      targetHashes = swapHashes;
      int[] swapBlocks = hashBlocks;
      hashBlocks = targetBlocks;
      targetBlocks = swapBlocks;
    }
  }

  private void writeIndex() {
    ByteBuffer out = ByteBuffer.allocate(blocks * 12).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < blocks; i++) out.putLong(blockOffsets[i]);
    for (int i = 0; i < blocks; i++) out.putInt(keyEnds[i]);
    write(out.array(), 0, out.position());
    byte[] text = keyText.toBytes().toArray();
    write(text, 0, text.length);
  }

  /** Appends the checksums section and answers its checksum. */
  private int appendChecksums() {
    int size = (int) SSTableFormat.align(4L * chunks);
    ByteBuffer out = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < chunks; i++) out.putInt(checksums[i]);
    file.append(out.position(0));
    return SSTableFormat.crc(out.array(), 0, size);
  }

  private void align() {
    int padding = (int) (SSTableFormat.align(position) - position);
    write(new byte[padding], 0, padding);
  }

  private void write(byte[] bytes, int from, int size) {
    int at = from;
    int end = from + size;
    while (at < end) {
      int part = Math.min(end - at, CHUNK_BYTES - chunkSize);
      System.arraycopy(bytes, at, chunk, chunkSize, part);
      chunkSize += part;
      at += part;
      if (chunkSize == CHUNK_BYTES) sealChunk();
    }
    position += size;
  }

  private void sealChunk() {
    if (chunkSize == 0) return;
    int covered = chunks == 0 ? HEADER_BYTES : 0;
    if (chunks == checksums.length) checksums = Arrays.copyOf(checksums, chunks * 2);
    checksums[chunks++] = SSTableFormat.crc(chunk, covered, chunkSize - covered);
    file.append(ByteBuffer.wrap(chunk, 0, chunkSize));
    chunkSize = 0;
  }

  private byte[] lastPoint() {
    return Arrays.copyOf(lastKey, lastPointSize);
  }

  private byte[] lastSuffix() {
    return Arrays.copyOfRange(lastKey, lastPointSize, lastKeySize);
  }
}
