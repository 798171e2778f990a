package io.kdelta.storage;

import java.util.List;

/** What was counted since the engine was opened. Owner: the core thread. */
final class Counters {
  long batches;
  long batchBytes;
  long flushes;
  long flushedBytes;
  long merges;
  long mergedBytes;
  long blobRewrites;
  long blobWrittenBytes;

  /** Of tables and blob files that are no longer shown. */
  long verificationsRetired;

  long logSyncs;
  long failures;

  /** These, and what the engine looks like now. */
  StorageStats stats(
      Views views,
      MemtablePool pool,
      TableWorks tableWorks,
      Scrub.Position scrub,
      double pressure) {
    long memtableBytes = 0;
    for (Memtable memtable : views.current().memtables()) memtableBytes += memtable.used();
    List<Run> runs = views.current().runs();
    int tables = 0;
    long tableBytes = 0;
    long tableRows = 0;
    long tombstones = 0;
    long verifications = verificationsRetired + tableWorks.blobs().verifications();
    for (Run run : runs) {
      tables += run.tables().size();
      tableBytes += run.bytes();
      tableRows += run.rows();
      tombstones += run.tombstones();
      for (SSTable table : run.tables()) verifications += table.verifications();
    }
    return new StorageStats(
        memtableBytes,
        pool.bytes(),
        views.current().memtables().size(),
        views.pins(),
        runs.size(),
        tables,
        tableBytes,
        tableRows,
        tombstones,
        tableWorks.blobs().count(),
        tableWorks.blobs().bytes(),
        tableWorks.damage().size(),
        batches,
        batchBytes,
        flushes,
        flushedBytes,
        merges,
        mergedBytes,
        blobRewrites,
        blobWrittenBytes,
        verifications,
        logSyncs,
        failures,
        scrub.passes(),
        scrub.bytes(),
        scrub.found(),
        scrub.table(),
        pressure);
  }
}
