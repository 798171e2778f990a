package io.kdelta.storage;

/**
 * Counters of one engine at one moment, all since it was opened unless they describe a state.
 * Immutable; any thread may read one.
 *
 * @param memtableBytes bytes used in memtables that are not yet tables
 * @param arenaBytes bytes reserved for memtables, idle and pinned ones included
 * @param unflushedMemtables memtables that are not yet tables, the active one included
 * @param pins open snapshots and cursors; one that never goes away is a leak
 * @param runs sorted runs on disk; the oldest is the bottom
 * @param tables tables on disk
 * @param tableBytes their bytes
 * @param tableRows their rows, overwritten and deleted ones included
 * @param tableTombstones how many of these rows are deletes
 * @param blobs blob files on disk
 * @param blobBytes their bytes
 * @param setAside files or regions that failed a check and are no longer read
 * @param batches batches applied
 * @param batchBytes their encoded bytes
 * @param flushes memtables written as tables
 * @param flushedBytes bytes of these tables
 * @param merges merge steps finished
 * @param mergedBytes bytes they wrote
 * @param blobRewrites blob files written anew without their dropped values
 * @param blobWrittenBytes bytes of blob files written, at first and anew
 * @param coreVerifications chunks of tables and values of blob files that a read had to verify
 *     because the table thread had not touched them before
 * @param logSyncs writes of the log that ended, each with its sync
 * @param failures pieces of table work that failed and were tried again
 * @param scrubPasses how many times the scrub has read everything
 * @param scrubbedBytes what it has read
 * @param scrubFound files that it found damaged
 * @param scrubNext number of the file that it reads next; 0 at the start of a pass
 * @param pressure debt against the hard limit, 0 (none) to 1 (writes are refused); the core slows
 *     acknowledgements down by it
 */
public record StorageStats(
    long memtableBytes,
    long arenaBytes,
    int unflushedMemtables,
    int pins,
    int runs,
    int tables,
    long tableBytes,
    long tableRows,
    long tableTombstones,
    int blobs,
    long blobBytes,
    int setAside,
    long batches,
    long batchBytes,
    long flushes,
    long flushedBytes,
    long merges,
    long mergedBytes,
    long blobRewrites,
    long blobWrittenBytes,
    long coreVerifications,
    long logSyncs,
    long failures,
    long scrubPasses,
    long scrubbedBytes,
    long scrubFound,
    long scrubNext,
    double pressure) {}
