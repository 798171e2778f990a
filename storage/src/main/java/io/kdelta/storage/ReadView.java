package io.kdelta.storage;

import io.kdelta.memory.Bytes;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Which memtables and tables hold the store between two changes of that set. Immutable; its rows at
 * an LSN never change, because newer rows carry greater LSNs and tables hold only older ones.
 *
 * <p>Owner: the core thread.
 *
 * @param sequence counts the views of one engine
 * @param memtables newest first; the first takes the writes
 * @param runs newest first; the last is the bottom
 */
record ReadView(long sequence, List<Memtable> memtables, List<Run> runs) {
  ReadView {
    memtables = List.copyOf(memtables);
    runs = List.copyOf(runs);
  }

  @Nullable Row get(RowKey key, long lsn) {
    byte[] point = key.point().toArray();
    byte[] suffix = key.suffix().toArray();
    for (Memtable memtable : memtables) {
      RowSource found = memtable.find(point, suffix, lsn);
      if (found != null) return found.tombstone ? null : found.row();
    }
    for (Run run : runs) {
      SSTable table = run.tableOf(point);
      RowSource found = table == null ? null : table.find(point, suffix);
      if (found != null) return found.tombstone ? null : found.row();
    }
    return null;
  }

  MergeCursor group(Bytes point, long lsn, Runnable onClose) {
    byte[] bytes = point.toArray();
    List<RowSource> sources = new ArrayList<>();
    for (Memtable memtable : memtables) add(sources, memtable.group(bytes, lsn));
    for (Run run : runs) {
      SSTable table = run.tableOf(bytes);
      if (table != null) add(sources, table.group(bytes));
    }
    return MergeCursor.group(sources, bytes, onClose);
  }

  MergeCursor cursor(RowKey from, @Nullable RowKey to, long lsn, Runnable onClose) {
    List<RowSource> sources = new ArrayList<>();
    for (Memtable memtable : memtables) sources.add(memtable.walk(lsn));
    for (Run run : runs) sources.add(run.walk());
    return MergeCursor.range(sources, from, to, onClose);
  }

  private static void add(List<RowSource> sources, @Nullable RowSource source) {
    if (source != null) sources.add(source);
  }
}
