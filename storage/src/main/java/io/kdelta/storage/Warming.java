package io.kdelta.storage;

import io.kdelta.vfs.Vfs;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/**
 * Brings the rows of tables that were opened from the disk into memory and verifies them, newest
 * tables first, before a read has to: a page that is not there would make the core wait for the
 * disk. In pieces, when there is nothing else to do, up to a bound: what lies beyond it is read and
 * verified at its first touch. Tables that this process writes need none of it. Owner: the core
 * thread.
 */
final class Warming {
  private static final long BYTES_MAX = 1L << 30;
  private static final int PIECE_CHUNKS = 64;

  private final Deque<SSTable> cold = new ArrayDeque<>();
  private long budget = BYTES_MAX;
  private int chunk;

  Warming(ReadView opened) {
    for (Run run : opened.runs()) cold.addAll(run.tables());
  }

  /** The next piece, if there is one. */
  @Nullable TableWork next(Vfs vfs, ReadView view) {
    while (!cold.isEmpty() && budget > 0) {
      SSTable table = cold.getFirst();
      int end = Math.min(table.rowChunks(), chunk + PIECE_CHUNKS);
      if (chunk >= end || table.damage().isPresent() || !shows(view, table)) {
        cold.removeFirst();
        chunk = 0;
        continue;
      }
      TableWork piece = new TableWork.Warm(vfs, table, chunk, end);
      budget -= (long) (end - chunk) * SSTableFormat.CHUNK_BYTES;
      chunk = end;
      return piece;
    }
    return null;
  }

  private static boolean shows(ReadView view, SSTable table) {
    for (Run run : view.runs()) {
      if (run.tables().contains(table)) return true;
    }
    return false;
  }
}
