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
import org.jspecify.annotations.Nullable;

/**
 * Writes one table, front to back; only the header, which knows what comes behind it, is filled in
 * last. Layout: {@link SSTableFormat}.
 *
 * <p>Rows come in strictly growing key order. Nothing counts before {@link #finish} has returned:
 * the file is synced then, its name is not. Owner: the table thread. Memory: one block, one chunk,
 * the first key of every block, and of the scratch 16 bytes a group and the filter.
 */
final class SSTableWriter {
  /**
   * What the manifest needs to know of a finished table.
   *
   * @param bytes of the file
   * @param checksum that stands for all of it
   */
  record Finished(long number, long bytes, long checksum) {}

  /**
   * How it is written.
   *
   * @param hashSeed of point hashes
   * @param blockBytes at which a block ends
   * @param bottom whether the table belongs to the bottom run: a better filter
   * @param compress whether its blocks are compressed where that saves a fifth
   */
  record Layout(long hashSeed, int blockBytes, boolean bottom, boolean compress) {}

  private final Vfs.File file;
  private final long number;
  private final Layout layout;
  private final @Nullable LargeValues blobs;
  private final Scratch scratch;
  private final int use;
  private final BlobColumn blobColumn = new BlobColumn();
  private final BlockWriter block = new BlockWriter();
  private final @Nullable Lz4 lz4;
  private byte[] compressed = new byte[0];
  private final byte[] chunk = new byte[CHUNK_BYTES];
  private int chunkSize = HEADER_BYTES;
  private long position = HEADER_BYTES;
  private int[] checksums = new int[16];
  private int chunks;
  private long[] hashes;
  private long[] places;
  private int groups;
  private int groupsPlaced;
  private int placeOffsetMax;
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
   * @param blobs takes the large values; null when the rows have none
   * @param scratch is this table's until it is finished or given up
   */
  SSTableWriter(
      Vfs.File file, long number, Layout layout, @Nullable LargeValues blobs, Scratch scratch) {
    this.file = file;
    this.scratch = scratch;
    this.use = scratch.begin();
    this.hashes = scratch.longs();
    this.places = scratch.otherLongs();
    this.number = number;
    this.layout = layout;
    this.blobs = blobs;
    this.lz4 = layout.compress() ? new Lz4() : null;
  }

  /** Adds the row the source stands on. */
  void add(RowSource row) {
    boolean begins = beginsGroup(row);
    assert rows == 0 || follows(row) : "rows out of order";
    if (block.rows() == 0) addIndexKey(row.key, row.pointSize, row.keySize, position);
    if (begins) addGroup(PointHash.of(row.key, 0, row.pointSize, layout.hashSeed()));
    addToBlock(row, begins);
    rows++;
    if (row.tombstone) tombstones++;
    if (lastKey.length < row.keySize) lastKey = new byte[row.keySize * 2];
    System.arraycopy(row.key, 0, lastKey, 0, row.keySize);
    lastPointSize = row.pointSize;
    lastKeySize = row.keySize;
    if (block.size() >= layout.blockBytes() || block.rows() == BlockWriter.ROWS_MAX) endBlock();
  }

  /** Whether this row begins a group: the only place where a run may be cut into tables. */
  boolean beginsGroup(RowSource row) {
    return rows == 0 || !Arrays.equals(lastKey, 0, lastPointSize, row.key, 0, row.pointSize);
  }

  /** Whether keys have another first byte from this row on, which is not the first one. */
  boolean beginsKind(RowSource row) {
    return rows > 0 && lastPointSize > 0 && row.pointSize > 0 && lastKey[0] != row.key[0];
  }

  /** Bytes of rows so far. */
  long size() {
    return position + block.size();
  }

  /** Whether another group could make the places too large for their 32 bits. */
  boolean full() {
    return (blocks + 1L) << bits(Math.max(placeOffsetMax, block.size())) > 1L << 31;
  }

  int rows() {
    return rows;
  }

  /** Writes what follows the rows, then the header, and syncs the file. */
  Finished finish() {
    assert scratch.isOf(use) : "another table was begun";
    if (block.rows() > 0) endBlock();
    addIndexKey(lastKey, lastPointSize, lastKeySize, position);
    align();
    long groupsOffset = position;
    int placeBits = bits(placeOffsetMax);
    int bitsPerKey = layout.bottom() ? TableFilter.BITS_PER_KEY_BOTTOM : TableFilter.BITS_PER_KEY;
    int lines = TableFilter.lines(groups, bitsPerKey);
    int filterBytes = lines * TableFilter.LINE_BYTES;
    byte[] filter = filter(lines, filterBytes);
    writeGroups(placeBits);
    align();
    write(filter, 0, filterBytes);
    long indexOffset = position;
    writeIndex();
    int indexBytes = Math.toIntExact(position - indexOffset);
    align();
    byte[] blobBytes = blobColumn.encode();
    write(blobBytes, 0, blobBytes.length);
    align();
    sealChunk();
    byte[] header =
        SSTableFormat.encodeHeader(
            new SSTableFormat.Header(
                number,
                layout.hashSeed(),
                rows,
                tombstones,
                groups,
                blocks - 1,
                lines,
                groupsOffset,
                indexBytes,
                blobBytes.length,
                placeBits,
                layout.bottom()));
    byte[] footer = SSTableFormat.encodeFooter(header, appendChecksums());
    file.append(ByteBuffer.wrap(footer));
    file.writeAt(0, ByteBuffer.wrap(header));
    file.sync();
    return new Finished(number, file.size(), SSTableFormat.checksum(footer));
  }

  /**
   * The filter of all groups. The loop stands apart: in {@link #finish} it made the compiler take
   * all of that for hot, which took it a second.
   */
  private byte[] filter(int lines, int bytes) {
    byte[] filter = scratch.zeros(bytes);
    MemorySegment segment = MemorySegment.ofArray(filter);
    for (int i = 0; i < groups; i++) TableFilter.add(segment, 0, lines, hashes[i]);
    return filter;
  }

  private void addToBlock(RowSource row, boolean begins) {
    if (row.blob) {
      blobColumn.add(row.valueSegment, row.valueOffset);
      block.add(row, begins, BlockWriter.BLOB, row.valueSegment, row.valueOffset, row.valueSize);
    } else if (blobs != null && row.valueSize >= BlobFormat.VALUE_BYTES_MIN) {
      MemorySegment reference =
          MemorySegment.ofArray(blobs.add(row.valueSegment, row.valueOffset, row.valueSize));
      blobColumn.add(reference, 0);
      block.add(row, begins, BlockWriter.BLOB, reference, 0, BlobFormat.REFERENCE_BYTES);
    } else {
      int kind = row.tombstone ? BlockWriter.DELETE : BlockWriter.PUT;
      block.add(row, begins, kind, row.valueSegment, row.valueOffset, row.valueSize);
    }
  }

  private void endBlock() {
    byte[] plain = block.finish();
    int size = block.finishedSize();
    for (; groupsPlaced < groups; groupsPlaced++) {
      int offset = block.offset((int) places[groupsPlaced]);
      placeOffsetMax = Math.max(placeOffsetMax, offset);
      places[groupsPlaced] = ((blocks - 1L) << 32) | offset;
    }
    int packed = lz4 == null ? size : compress(lz4, plain, size);
    if (packed < size - size / 5) {
      blockOffsets[blocks - 1] |= SSTableFormat.COMPRESSED_BLOCK;
      write(compressed, 0, packed);
    } else {
      write(plain, 0, size);
    }
    block.clear();
  }

  /** Answers the bytes that the compressed form takes, its length included. */
  private int compress(Lz4 with, byte[] plain, int size) {
    int room = 4 + Lz4.sizeMax(size);
    if (compressed.length < room) compressed = new byte[room * 2];
    ByteBuffer.wrap(compressed).order(ByteOrder.LITTLE_ENDIAN).putInt(size);
    return 4 + with.compress(plain, 0, size, compressed, 4);
  }

  /** Notes a group, whose place is for now the number of its row in the block. */
  private void addGroup(long hash) {
    if (groups == hashes.length) {
      scratch.grow();
      hashes = scratch.longs();
      places = scratch.otherLongs();
    }
    hashes[groups] = hash;
    places[groups++] = block.rows();
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

  private void writeGroups(int placeBits) {
    if ((long) blocks << placeBits > 1L << 32) throw new AssertionError("places of 32 bits");
    long[] entries = hashes;
    for (int i = 0; i < groups; i++) {
      long place = ((places[i] >>> 32) << placeBits) | (int) places[i];
      entries[i] = (entries[i] & 0xFFFFFFFF00000000L) | place;
    }
    entries = sorted(entries, places);
    byte[] out = new byte[Math.min(groups, CHUNK_BYTES / 8) * 8];
    ByteBuffer buffer = ByteBuffer.wrap(out).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < groups; i++) {
      buffer.putLong(entries[i]);
      if (buffer.hasRemaining()) continue;
      write(out, 0, out.length);
      buffer.clear();
    }
    write(out, 0, buffer.position());
  }

  /** Radix sort by the upper 32 bits, a byte at a time; places come in order, so they stay so. */
  private long[] sorted(long[] entries, long[] scratch) {
    long[] source = entries;
    long[] target = scratch;
    for (int shift = 32; shift < 64; shift += 8) {
      int[] starts = new int[257];
      for (int i = 0; i < groups; i++) starts[(int) (source[i] >>> shift & 0xFF) + 1]++;
      for (int i = 1; i < starts.length; i++) starts[i] += starts[i - 1];
      for (int i = 0; i < groups; i++) {
        target[starts[(int) (source[i] >>> shift & 0xFF)]++] = source[i];
      }
      long[] swap = source;
      source = target;
      target = swap;
    }
    return source;
  }

  private void writeIndex() {
    ByteBuffer out = ByteBuffer.allocate(blocks * 12).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < blocks; i++) out.putLong(blockOffsets[i]);
    for (int i = 0; i < blocks; i++) out.putInt(keyEnds[i]);
    write(out.array(), 0, out.position());
    byte[] text = keyText.toBytes().toArray();
    write(text, 0, text.length);
  }

  /** Writes the checksums of all chunks, padded, and answers the checksum of that. */
  private int appendChecksums() {
    int size = Math.toIntExact(SSTableFormat.align(4L * chunks));
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

  /** How many bits a number below 2^31 takes, at least 1. */
  private static int bits(int value) {
    return Math.max(1, Integer.SIZE - Integer.numberOfLeadingZeros(value));
  }

  private boolean follows(RowSource row) {
    int suffixSize = lastKeySize - lastPointSize;
    return row.compareKey(lastKey, 0, lastPointSize, lastKey, lastPointSize, suffixSize) > 0;
  }
}
