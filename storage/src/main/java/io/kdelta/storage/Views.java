package io.kdelta.storage;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;

/**
 * The present view of the store, those that somebody still reads, and what became of the memtables
 * and tables that are no longer in the present one.
 *
 * <p>Each is in an unbroken sequence of views, from the first that shows it to the last; it is free
 * when none of these is read any more. Owner: the core thread.
 */
final class Views {
  private final TreeMap<Long, Integer> pinned = new TreeMap<>();

  /** Views of which only the files are held: memtables of them may be used again. */
  private final TreeMap<Long, Integer> pinnedFiles = new TreeMap<>();

  private final List<Retired<Memtable>> memtables = new ArrayList<>();
  private final List<Retired<SSTable>> tables = new ArrayList<>();
  private final List<Retired<BlobFile>> blobs = new ArrayList<>();
  private ReadView current = new ReadView(0, List.of(), List.of());
  private int pins;

  /** Something shown from one view to another, both included. */
  private record Retired<T>(T thing, long since, long until) {}

  ReadView current() {
    return current;
  }

  /** Views held by snapshots and cursors, each counted as often as it is held. */
  int pins() {
    return pins;
  }

  /** From now on the store looks like this; what is not in it any more retires. */
  void show(List<Memtable> nextMemtables, List<Run> nextRuns) {
    ReadView last = current;
    current = new ReadView(last.sequence() + 1, nextMemtables, nextRuns);
    for (Memtable memtable : current.memtables()) {
      if (memtable.shownSince == 0) memtable.shownSince = current.sequence();
    }
    TreeMap<Long, SSTable> shown = new TreeMap<>();
    for (Run run : current.runs()) {
      for (SSTable table : run.tables()) {
        if (table.shownSince == 0) table.shownSince = current.sequence();
        shown.put(table.number(), table);
      }
    }
    for (Memtable memtable : last.memtables()) {
      if (current.memtables().contains(memtable)) continue;
      memtables.add(new Retired<>(memtable, memtable.shownSince, last.sequence()));
    }
    for (Run run : last.runs()) {
      for (SSTable table : run.tables()) {
        if (shown.containsKey(table.number())) continue;
        tables.add(new Retired<>(table, table.shownSince, last.sequence()));
      }
    }
  }

  /** Holds a view that is the present one or held already. */
  void pin(ReadView view) {
    pinned.merge(view.sequence(), 1, Integer::sum);
    pins++;
  }

  void unpin(ReadView view) {
    pinned.computeIfPresent(view.sequence(), (_, count) -> count == 1 ? null : count - 1);
    pins--;
  }

  /** Holds the files of a view that is the present one. */
  void pinFiles(ReadView view) {
    pinnedFiles.merge(view.sequence(), 1, Integer::sum);
    pins++;
  }

  void unpinFiles(ReadView view) {
    pinnedFiles.computeIfPresent(view.sequence(), (_, count) -> count == 1 ? null : count - 1);
    pins--;
  }

  /** Memtables that nobody reads any more, handed over once. */
  List<Memtable> freeMemtables() {
    return free(memtables, false);
  }

  /** Tables that nobody reads any more, handed over once. */
  List<SSTable> freeTables() {
    return free(tables, true);
  }

  /** A blob file that no table of the next view refers to, or that another took over from. */
  void retire(BlobFile blob) {
    blobs.add(new Retired<>(blob, blob.shownSince, current.sequence()));
  }

  /** Blob files that nobody reads any more, handed over once. */
  List<BlobFile> freeBlobs() {
    return free(blobs, true);
  }

  boolean hasFreeTables() {
    for (Retired<SSTable> retired : tables) {
      if (isFree(retired, true)) return true;
    }
    return false;
  }

  /** Arena bytes of memtables that only snapshots and cursors still hold. */
  long retiredArenaBytes() {
    long bytes = 0;
    for (Retired<Memtable> retired : memtables) bytes += retired.thing().capacity();
    return bytes;
  }

  /** All files, shown or retired, for the end; memtables are closed by the pool. */
  void closeAll() {
    for (Retired<SSTable> retired : tables) retired.thing().close();
    for (Retired<BlobFile> retired : blobs) retired.thing().close();
    blobs.clear();
    for (Run run : current.runs()) {
      for (SSTable table : run.tables()) table.close();
    }
    memtables.clear();
    tables.clear();
    current = new ReadView(current.sequence() + 1, List.of(), List.of());
  }

  private <T> List<T> free(List<Retired<T>> all, boolean files) {
    if (all.isEmpty()) return List.of();
    List<T> free = new ArrayList<>();
    for (Iterator<Retired<T>> each = all.iterator(); each.hasNext(); ) {
      Retired<T> retired = each.next();
      if (!isFree(retired, files)) continue;
      free.add(retired.thing());
      each.remove();
    }
    return free;
  }

  private boolean isFree(Retired<?> retired, boolean file) {
    return !isHeld(retired, pinned) && !(file && isHeld(retired, pinnedFiles));
  }

  private static boolean isHeld(Retired<?> retired, NavigableMap<Long, Integer> by) {
    Long reader = by.ceilingKey(retired.since());
    return reader != null && reader <= retired.until();
  }
}
