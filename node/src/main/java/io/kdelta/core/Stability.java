package io.kdelta.core;

import io.kdelta.causal.CausalStore;
import io.kdelta.causal.CausalToken;
import io.kdelta.causal.Coverage;
import io.kdelta.causal.Dot;
import io.kdelta.causal.Head;
import io.kdelta.causal.Heads;
import io.kdelta.causal.Incarnation;
import io.kdelta.causal.Intervals;
import io.kdelta.causal.Key;
import io.kdelta.causal.Position;
import io.kdelta.causal.Stored;
import io.kdelta.cluster.Cluster;
import io.kdelta.cluster.ReplicatedMark;
import io.kdelta.error.KdeltaException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What a stable read may show, and what it has to do with tokens. Owned by the core.
 *
 * <p>A version counts when one of its places is covered by the {@link ReplicatedMark}; whoever
 * holds that place holds all that the version is built on. A stable read with a token waits until
 * all that the token names is covered, so that a session never goes back, whatever it mixes.
 */
final class Stability {
  private final CausalStore store;
  private final ReplicatedMark mark;
  private boolean within;
  private @Nullable Heads found;

  Stability(CausalStore store, Cluster cluster) {
    this.store = store;
    this.mark = cluster.mark();
  }

  /** Whether a stable read shows a version. */
  private boolean shows(Stored stored) {
    if (mark.everything()) return true;
    for (Dot dot : stored.dots()) if (mark.of(dot.incarnation()).contains(dot.seq())) return true;
    return false;
  }

  /** Refuses while this process has not heard yet what others have synced. */
  void require() {
    if (mark.known()) return;
    throw new KdeltaException.Unreachable(
        List.of("too few members have told since the start what they have synced"));
  }

  /** Grows whenever a stable read may show more. */
  long revision() {
    return mark.revision();
  }

  /** A command is carried out: until {@link #end} nothing changes, and what is found is kept. */
  void begin() {
    within = true;
  }

  /** It is done. */
  void end() {
    within = false;
    found = null;
  }

  /** The heads of a key among the versions that count. */
  Heads heads(Key key) {
    Heads known = found;
    if (known != null && known.key().equals(key)) return known;
    Heads heads = store.graph().headsAmong(key, this::shows);
    if (within) found = heads;
    return heads;
  }

  /** What a stable read of a key rests on. */
  Coverage.Named key(Key key) {
    List<Dot> dots = new ArrayList<>();
    for (Head head : heads(key).all()) {
      Stored stored = store.graph().version(head.id());
      if (stored != null) dots.addAll(stored.dots());
    }
    Coverage.Named named = store.coverage().of(dots);
    TreeMap<Long, Intervals> covered = new TreeMap<>();
    named
        .logs()
        .forEach((name, places) -> covered.put(name, places.minus(uncovered(name, places))));
    // What leads to a place may not be covered, for it may be told by others; the place itself is.
    for (Dot dot : dots) {
      if (!mark.everything() && !mark.of(dot.incarnation()).contains(dot.seq())) continue;
      covered.merge(dot.incarnation().high(), Intervals.of(dot.seq(), dot.seq()), Intervals::union);
    }
    return new Coverage.Named(covered, named.lsn());
  }

  /** Everything that stable reads show. */
  Coverage.Named everything() {
    TreeMap<Long, Intervals> covered = new TreeMap<>();
    for (Position position : store.positions()) {
      Intervals places = position.applied().union(position.adopted());
      if (!mark.everything()) places = places.minus(places.minus(mark.of(position.incarnation())));
      covered.merge(position.incarnation().high(), places, Intervals::union);
    }
    return new Coverage.Named(covered, store.coverage().everything().lsn());
  }

  /** What a token names and a stable read here does not show. */
  CausalToken lacking(CausalToken token) {
    TreeMap<Long, Intervals> lacking = new TreeMap<>(store.coverage().lacking(token).logs());
    for (Map.Entry<Long, Intervals> log : token.logs().entrySet()) {
      Intervals left = uncovered(log.getKey(), log.getValue());
      if (!left.isEmpty()) lacking.merge(log.getKey(), left, Intervals::union);
    }
    return lacking.isEmpty() ? CausalToken.NONE : new CausalToken(token.cluster(), false, lacking);
  }

  /** Whether stable reads show all that this node holds, but for logs that a token names. */
  boolean showsAllBut(CausalToken token) {
    if (mark.everything()) return true;
    for (Position position : store.positions()) {
      if (token.logs().containsKey(position.incarnation().high())) continue;
      Intervals held = position.applied().union(position.adopted());
      if (!mark.of(position.incarnation()).containsAll(held)) return false;
    }
    return true;
  }

  private Intervals uncovered(long name, Intervals places) {
    if (mark.everything()) return Intervals.EMPTY;
    Intervals left = places;
    for (Incarnation log : store.coverage().incarnations(List.of(name))) {
      left = left.minus(mark.of(log));
    }
    return left;
  }
}
