package io.kdelta.document;

import io.kdelta.causal.CausalGraph;
import io.kdelta.causal.Envelope;
import io.kdelta.causal.Head;
import io.kdelta.causal.Heads;
import io.kdelta.causal.Key;
import io.kdelta.causal.Stored;
import io.kdelta.reconciliation.Digest;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Fills one page of an export up to its limits. Owner: the core thread, for one call. */
final class ExportPage {
  private final CausalGraph graph;
  private final VersionFinder finder;
  private final int limit;
  private final long bytesMax;
  private final List<Envelope> versions = new ArrayList<>();

  private Answer.Export.@Nullable Cursor cursor;
  private long bytes;
  private long lsn;

  ExportPage(CausalGraph graph, int limit, long bytesMax) {
    this.graph = graph;
    this.finder = new VersionFinder(graph, graph::heads);
    this.limit = limit;
    this.bytesMax = bytesMax;
  }

  /** Adds the winner of a key, unless it is a delete; false when the page is full behind it. */
  boolean addWinner(Heads heads) {
    lsn = Math.max(lsn, heads.lsn());
    Head winner = heads.winner().orElse(null);
    cursor = new Answer.Export.Cursor(heads.key(), null);
    return winner == null || winner.deleted() || add(finder.held(winner.id()));
  }

  /**
   * Adds the versions of a key from the oldest on; false when the page was full before the end.
   *
   * @param after the last version that an earlier page has; null for none
   */
  boolean addHistory(Key key, @Nullable Digest after) {
    ArrayDeque<Stored> older = new ArrayDeque<>();
    boolean whole = true;
    long olderBytes = 0;
    try (var history = graph.history(key)) {
      while (history.next() && !history.id().equals(after)) {
        Stored stored = history.stored();
        older.addLast(stored);
        olderBytes += stored.documentBytes();
        // It comes newest first: what lies behind the end of the page is forgotten again.
        while (older.size() > 1
            && !room(older.size() - 1, olderBytes - older.getFirst().documentBytes())) {
          olderBytes -= older.removeFirst().documentBytes();
          whole = false;
        }
      }
    }
    while (!older.isEmpty()) {
      Stored oldest = older.removeLast();
      boolean last = whole && older.isEmpty();
      cursor = new Answer.Export.Cursor(key, last ? null : oldest.version().id());
      if (!add(oldest)) return false;
    }
    return true;
  }

  /** The page, with more to come. */
  Answer.Export cut() {
    return new Answer.Export(versions, cursor, lsn);
  }

  /** The page, with nothing behind it. */
  Answer.Export last() {
    return new Answer.Export(versions, null, lsn);
  }

  private boolean add(Stored stored) {
    versions.add(graph.envelope(stored));
    bytes += stored.documentBytes();
    lsn = Math.max(lsn, stored.lsn());
    return room(0, 0);
  }

  /** Whether there is room behind so many more versions. */
  private boolean room(int more, long moreBytes) {
    return versions.size() + more < limit && bytes + moreBytes < bytesMax;
  }
}
