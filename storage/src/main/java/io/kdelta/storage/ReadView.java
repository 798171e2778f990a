package io.kdelta.storage;

import io.kdelta.memory.Bytes;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Which memtables and tables hold the store between two changes of that set. Immutable; its rows at
 * an LSN never change, because newer rows carry greater LSNs and tables hold only older ones.
 *
 * <p>Owner: the core thread. Reads into a {@link RowView} make no garbage.
 */
final class ReadView {
  /** Keys whose memory is waited for together: about as many lines as a processor asks for. */
  private static final int TOGETHER = 32;

  private final long sequence;
  private final List<Memtable> memtables;
  private final List<Run> runs;
  private final Memtable[] memtableArray;
  private final Run[] runArray;
  private final long seed;
  private final RowView candidate = new RowView();
  private byte[] bound = new byte[64];

  /**
   * @param sequence counts the views of one engine
   * @param memtables newest first; the first takes the writes
   * @param runs newest first; the last is the bottom
   */
  ReadView(long sequence, List<Memtable> memtables, List<Run> runs) {
    this.sequence = sequence;
    this.memtables = List.copyOf(memtables);
    this.runs = List.copyOf(runs);
    this.memtableArray = memtables.toArray(new Memtable[0]);
    this.runArray = runs.toArray(new Run[0]);
    this.seed = memtables.isEmpty() ? 0 : memtables.getFirst().seed();
  }

  long sequence() {
    return sequence;
  }

  List<Memtable> memtables() {
    return memtables;
  }

  List<Run> runs() {
    return runs;
  }

  /** Tables that were found damaged; a list of the caller's own. */
  List<SSTable> damaged() {
    List<SSTable> damaged = new ArrayList<>();
    for (Run run : runArray) {
      for (SSTable table : run.tables()) {
        if (table.damage().isPresent()) damaged.add(table);
      }
    }
    return damaged;
  }

  /** How many memtables are not yet tables, the active one by what is in it. */
  double unflushed() {
    Memtable active = memtableArray[0];
    return memtableArray.length - 1 + (double) active.used() / active.capacity();
  }

  /** The memtable that takes the writes. */
  Memtable active() {
    return memtableArray[0];
  }

  /** The row under a key at an LSN, as {@link Rows#get(byte[], int, int, int, RowView)} says. */
  boolean get(byte[] key, int from, int pointSize, int suffixSize, long lsn, RowView into) {
    return get(
        PointHash.of(key, from, pointSize, seed), key, from, pointSize, suffixSize, lsn, into);
  }

  /** As the other, when the hash of the point part is known. */
  private boolean get(
      long hash, byte[] key, int from, int pointSize, int suffixSize, long lsn, RowView into) {
    for (Memtable memtable : memtableArray) {
      Found found = memtable.get(hash, key, from, pointSize, suffixSize, lsn, into);
      if (found != Found.NOTHING) return found == Found.ROW;
    }
    for (Run run : runArray) {
      SSTable table = run.tableOf(key, from, pointSize);
      if (table == null || !table.mayContain(hash)) continue;
      Found found = table.get(hash, key, from, pointSize, suffixSize, into);
      if (found != Found.NOTHING) return found == Found.ROW;
    }
    return false;
  }

  /** The rows under many keys at an LSN, as {@link Rows#get(MultiGet)} says. */
  int get(MultiGet keys, long lsn, ReadEpoch epoch) {
    int count = 0;
    for (int from = 0; from < keys.size(); from += TOGETHER) {
      int to = Math.min(keys.size(), from + TOGETHER);
      for (int i = from; i < to; i++) {
        keys.hash(i, PointHash.of(keys.keys(), keys.from(i), keys.pointSize(i), seed));
      }
      for (Memtable memtable : memtableArray) memtable.readAhead(keys, from, to);
      for (Run run : runArray) run.readAhead(keys, from, to);
      for (int i = from; i < to; i++) {
        RowView into = keys.view(i);
        into.clear();
        boolean found =
            get(
                keys.hash(i),
                keys.keys(),
                keys.from(i),
                keys.pointSize(i),
                keys.suffixSize(i),
                lsn,
                into);
        keys.found(i, found);
        if (!found) continue;
        into.validFor(epoch);
        count++;
      }
    }
    return count;
  }

  /** The first row of a group from a suffix on at an LSN, as {@link Rows#ceiling} says. */
  boolean ceiling(byte[] key, int from, int pointSize, int suffixSize, long lsn, RowView into) {
    long hash = PointHash.of(key, from, pointSize, seed);
    int boundSize = suffixSize;
    if (bound.length < boundSize) bound = new byte[boundSize * 2];
    System.arraycopy(key, from + pointSize, bound, 0, boundSize);
    while (true) {
      Found found = newestFrom(hash, key, from, pointSize, boundSize, lsn, into);
      if (found != Found.DELETE) return found == Found.ROW;
      // The least suffix that comes after a deleted one is that suffix and a zero.
      boundSize = into.shownSuffixSize() + 1;
      if (bound.length < boundSize) bound = new byte[boundSize * 2];
      into.copyShownSuffix(bound);
      bound[boundSize - 1] = 0;
    }
  }

  /** What is newest under the least key of the group from the bound on. */
  private Found newestFrom(
      long hash, byte[] point, int from, int pointSize, int boundSize, long lsn, RowView into) {
    Found best = Found.NOTHING;
    for (Memtable memtable : memtableArray) {
      RowView view = best == Found.NOTHING ? into : candidate;
      Found found = memtable.ceiling(hash, point, from, pointSize, bound, boundSize, lsn, view);
      best = better(best, found, into);
    }
    for (Run run : runArray) {
      SSTable table = run.tableOf(point, from, pointSize);
      if (table == null || !table.mayContain(hash)) continue;
      RowView view = best == Found.NOTHING ? into : candidate;
      Found found = table.ceiling(hash, point, from, pointSize, bound, boundSize, view);
      best = better(best, found, into);
    }
    return best;
  }

  /** The older of two places counts only where its key is less. */
  private Found better(Found best, Found found, RowView into) {
    if (best == Found.NOTHING || found == Found.NOTHING)
      return best == Found.NOTHING ? found : best;
    if (candidate.compareShownSuffix(into) >= 0) return best;
    into.showSame(candidate);
    return found;
  }

  MergeCursor group(Bytes point, long lsn, Runnable onClose) {
    byte[] bytes = point.toArray();
    List<RowSource> sources = new ArrayList<>();
    for (Memtable memtable : memtables) add(sources, memtable.group(bytes, lsn));
    for (Run run : runs) {
      SSTable table = run.tableOf(bytes, 0, bytes.length);
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

  /** Whether no row of these keys was ever written, or deletes of it are gone too. */
  boolean untouched(RowKey from, RowKey to, long lsn) {
    MergeCursor cursor = cursor(from, to, lsn, () -> {});
    try (cursor) {
      return !cursor.nextEntry();
    }
  }

  private static void add(List<RowSource> sources, @Nullable RowSource source) {
    if (source != null) sources.add(source);
  }
}
