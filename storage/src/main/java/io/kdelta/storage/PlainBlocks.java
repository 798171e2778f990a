package io.kdelta.storage;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Memory of its owner for one decompressed block, used again for the next: decompressing makes no
 * garbage once it has grown. What it shows dies with the next call. Owner: one source or view.
 */
final class PlainBlocks {
  private static final int BYTES_MAX = 1 << 28;

  private byte[] packed = new byte[0];
  private byte[] plain = new byte[0];
  private MemorySegment segment = MemorySegment.NULL;
  private long table;
  private int block = -1;

  /**
   * The plain form of a compressed block.
   *
   * @param bytes holds the compressed block from {@code from} to {@code to}
   */
  MemorySegment plain(SSTable source, int number, MemorySegment bytes, long from, long to) {
    if (table == source.number() && block == number) return segment;
    block = -1;
    int size = to - from < 4 ? 0 : bytes.get(SSTableFormat.U32, from);
    if (size < BlockWriter.HEADER_BYTES || size > BYTES_MAX) throw bad(source, number);
    int packedSize = Math.toIntExact(to - from - 4);
    if (packed.length < packedSize) packed = new byte[packedSize * 2];
    if (plain.length < size) {
      plain = new byte[size * 2];
      segment = Arena.ofAuto().allocate(plain.length, 8);
    }
    MemorySegment.copy(bytes, ValueLayout.JAVA_BYTE, from + 4, packed, 0, packedSize);
    if (!Lz4.decompress(packed, 0, packedSize, plain, size)) throw bad(source, number);
    MemorySegment.copy(plain, 0, segment, ValueLayout.JAVA_BYTE, 0, size);
    table = source.number();
    block = number;
    return segment;
  }

  private static RuntimeException bad(SSTable source, int number) {
    return source.corrupt(source.blockOffset(number), "a compressed block can not be");
  }
}
