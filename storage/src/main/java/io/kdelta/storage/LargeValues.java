package io.kdelta.storage;

import java.lang.foreign.MemorySegment;

/** Takes the values that are too large for a table. Owner: whoever writes the table. */
interface LargeValues {
  /** Keeps a value and answers the reference to it ({@link BlobFormat}). */
  byte[] add(MemorySegment segment, long offset, int size);
}
