package io.kdelta.storage;

import io.kdelta.error.KdeltaException;

/**
 * How large the parts of one engine may grow. Everything the engine holds follows from these, so a
 * simulator can open thousands of small ones. Immutable; any thread.
 *
 * @param memtableBytes arena of one memtable; a batch larger than this gets an arena of its own
 *     size
 * @param unflushedMemtablesMax memtables that wait to become tables, the active one included; one
 *     more is refused with Overloaded, at least 2
 * @param memtableBytesMax all memtable arenas together, those only a snapshot still holds included
 * @param segmentBytes one log segment; a batch must fit into one
 * @param blockBytes a data block of a table is closed at this size
 * @param reserveBytes with less room than this on the disk, writes are refused while merges go on:
 *     it is what they work with
 * @param partitionBytes runs are cut into tables of about this size, so that one step of a merge
 *     needs no more extra space and, with its share of the newer runs, no more time than one of
 *     them
 * @param compressBottom whether merges compress the blocks of the bottom run where that saves a
 *     fifth; see {@link #compressed}
 */
public record StorageLimits(
    long memtableBytes,
    int unflushedMemtablesMax,
    long memtableBytesMax,
    long segmentBytes,
    int blockBytes,
    long partitionBytes,
    long reserveBytes,
    boolean compressBottom) {

  /** Throws Invalid when a limit can not work. */
  public StorageLimits {
    require("memtableBytes", memtableBytes >= 4096 && memtableBytes <= 1L << 30);
    require("unflushedMemtablesMax", unflushedMemtablesMax >= 2);
    require("memtableBytesMax", memtableBytesMax >= memtableBytes * 2);
    require("segmentBytes", segmentBytes >= 8192 && segmentBytes <= 1L << 30);
    require("blockBytes", blockBytes >= 64 && blockBytes <= 1 << 20);
    require("segmentBytes", segmentBytes % 4096 == 0);
    require("partitionBytes", partitionBytes >= blockBytes);
    require("reserveBytes", reserveBytes >= 0);
  }

  /** Without compression. */
  public StorageLimits(
      long memtableBytes,
      int unflushedMemtablesMax,
      long memtableBytesMax,
      long segmentBytes,
      int blockBytes,
      long partitionBytes,
      long reserveBytes) {
    this(
        memtableBytes,
        unflushedMemtablesMax,
        memtableBytesMax,
        segmentBytes,
        blockBytes,
        partitionBytes,
        reserveBytes,
        false);
  }

  /** For a node of its own: 64 MiB memtables and log segments (storage.md sections 2 and 4). */
  public static StorageLimits standard() {
    return new StorageLimits(64L << 20, 3, 512L << 20, 64L << 20, 16 << 10, 16L << 20, 512L << 20);
  }

  /**
   * The same with a compressed bottom run: less disk where values repeat themselves, and on top of
   * a get from a block that was not read last what it takes to decompress that block.
   */
  public StorageLimits compressed() {
    return new StorageLimits(
        memtableBytes,
        unflushedMemtablesMax,
        memtableBytesMax,
        segmentBytes,
        blockBytes,
        partitionBytes,
        reserveBytes,
        true);
  }

  /** For a simulated node among thousands in one process: everything happens early and often. */
  public static StorageLimits small() {
    return new StorageLimits(256 << 10, 3, 64L << 20, 1 << 20, 4 << 10, 1 << 20, 2 << 20);
  }

  private static void require(String field, boolean met) {
    if (!met) throw new KdeltaException.Invalid(field, "out of range");
  }
}
