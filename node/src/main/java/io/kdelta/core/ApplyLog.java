package io.kdelta.core;

import io.kdelta.causal.AppliedRecord;
import io.kdelta.causal.CausalGraph;
import io.kdelta.causal.CausalStore;
import io.kdelta.causal.CausalToken;
import io.kdelta.causal.Distinction;
import io.kdelta.causal.Dot;
import io.kdelta.causal.Key;
import io.kdelta.causal.Stored;
import io.kdelta.error.KdeltaException;
import io.kdelta.memory.ByteWriter;
import io.kdelta.reconciliation.Digest;
import java.util.ArrayList;
import java.util.List;

/**
 * The apply log as watches read it, and the places that they have reached in it. Owned by the core;
 * keeps nothing.
 */
final class ApplyLog {
  /** Rows that one step reads at most: about a millisecond. Judged. */
  static final int ROWS_A_STEP = 256;

  private final CausalStore store;
  private final CausalGraph graph;

  /** One version that became visible. */
  record Entry(long position, Stored stored) {}

  ApplyLog(CausalStore store) {
    this.store = store;
    this.graph = store.graph();
  }

  /** What is behind a position, a step of it. Corrupt where it can not be read. */
  List<Entry> behind(long position) {
    List<Entry> entries = new ArrayList<>();
    for (AppliedRecord row : graph.appliedAfter(position, ROWS_A_STEP)) {
      Stored stored = graph.version(row.version());
      if (stored == null) {
        // Rows were lost and the repair is yet to come: to pass over it would be a silent gap.
        throw new KdeltaException.Corrupt("apply log", row.position(), "names what is not there");
      }
      entries.add(new Entry(row.position(), stored));
    }
    return entries;
  }

  /** The place of its newest row. */
  long newest() {
    return store.appliedPosition();
  }

  /** The position before its first row. */
  long start() {
    List<AppliedRecord> first = graph.appliedAfter(0, 1);
    return first.isEmpty() ? newest() : first.getFirst().position() - 1;
  }

  /** Where a watch begins. */
  WatchPlace place(WatchScope scope, WatchFrom from, long cluster) {
    return switch (from) {
      case WatchFrom.Now _ -> at(scope, newest(), 0, seen(cluster, CausalToken.NONE));
      case WatchFrom.Start _ -> at(scope, start(), 0, CausalToken.NONE);
      case WatchFrom.Snapshot _ -> at(scope, start(), newest(), seen(cluster, CausalToken.NONE));
      case WatchFrom.Token token -> resumed(scope, WatchPlace.decode(token.bytes()), cluster);
    };
  }

  private WatchPlace resumed(WatchScope scope, WatchPlace place, long cluster) {
    if (place.scope() != scope.name()) {
      throw new KdeltaException.Invalid("resume_token", "is of a watch of something else");
    }
    if (!place.seen().isEmpty() && place.seen().cluster() != cluster) {
      throw new KdeltaException.Invalid("resume_token", "is of another cluster");
    }
    boolean ours =
        place.node().equals(store.node()) && place.generation() == store.applyGeneration();
    boolean known =
        ours
            && Math.max(place.position(), place.headsUntil()) <= newest()
            && place.fingerprint() == fingerprint(place.position(), place.headsUntil());
    return known ? place : anew(scope, place, cluster);
  }

  /**
   * The same watch from the start of this log on, without what it has seen. Behind when it is in
   * the middle of its snapshot and this node has not all of that.
   */
  private WatchPlace anew(WatchScope scope, WatchPlace place, long cluster) {
    if (!place.snapping()) return at(scope, start(), 0, place.seen());
    CausalToken lacking = store.coverage().lacking(place.seen());
    if (!lacking.isEmpty()) throw new KdeltaException.Behind(lacking.summary());
    return at(scope, start(), newest(), seen(cluster, place.seen()));
  }

  /**
   * The place of a watch that has come to {@code position} from {@code before}.
   *
   * @param passed places of the versions that it came by, as far as they are known; with them
   *     another node, where it goes on, does not tell it of these again
   */
  WatchPlace reached(
      WatchScope scope, WatchPlace before, long position, List<Dot> passed, long cluster) {
    CausalToken seen =
        position == newest()
            ? seen(cluster, before.seen())
            : store.coverage().seen(cluster, before.seen(), passed);
    return at(scope, position, before.headsUntil(), seen);
  }

  private WatchPlace at(WatchScope scope, long position, long headsUntil, CausalToken seen) {
    return new WatchPlace(
        scope.name(),
        store.node(),
        store.applyGeneration(),
        position,
        headsUntil,
        fingerprint(position, headsUntil),
        seen);
  }

  /** Every place of the set, and what was seen before. */
  private CausalToken seen(long cluster, CausalToken before) {
    return store.coverage().seen(cluster, before);
  }

  /** Of the rows at a position and 1, 3, 7, ... before it: after a rollback it is another. */
  private long fingerprint(long reached, long headsUntil) {
    long position = Math.max(reached, headsUntil);
    ByteWriter out = new ByteWriter();
    for (long back = 1; position - back >= 0; back *= 2) {
      List<AppliedRecord> row = graph.appliedAfter(position - back, 1);
      if (!row.isEmpty()) out.write(row.getFirst().version().toBytes());
    }
    return Distinction.of(Distinction.Domain.WATCH, out.toBytes()).first();
  }

  /** Whether a watch delivers an entry of its scope. */
  boolean delivers(WatchPlace place, Entry entry) {
    Stored stored = entry.stored();
    if (entry.position() > place.headsUntil()) return !place.seen().namesOne(stored.dots());
    Key key = stored.version().key();
    Digest id = stored.version().id();
    var heads = graph.heads(key);
    return heads.live() && heads.ids().contains(id);
  }

  /** With its document. */
  io.kdelta.causal.Envelope envelope(Stored stored) {
    return graph.envelope(stored);
  }
}
