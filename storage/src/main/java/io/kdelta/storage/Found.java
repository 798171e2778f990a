package io.kdelta.storage;

/** What one memtable or table holds under a key: its newest row there, at the LSN of the read. */
enum Found {
  /** No row: an older place may have one. */
  NOTHING,
  /** A put. */
  ROW,
  /** A delete, which hides what older places have. */
  DELETE
}
