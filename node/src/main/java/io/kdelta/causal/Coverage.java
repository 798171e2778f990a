package io.kdelta.causal;

import io.kdelta.causal.Intervals.Range;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What the logs that a store holds have to do with tokens: what a token names and is not here, and
 * which token names what is here.
 *
 * <p>Owner: the core thread; good until the store changes. A log under dispute counts like any
 * other: a token names places, and two versions claim one of that log's.
 */
public final class Coverage {
  private final NavigableMap<Incarnation, LogState> logs;
  private final long lastLsn;
  private @Nullable Named everything;

  /**
   * What a token names.
   *
   * @param lsn the newest batch that it rests on; 0 when all is in tables, or came long ago
   */
  public record Named(SortedMap<Long, Intervals> logs, long lsn) {
    /** Nothing. */
    public static final Named NOTHING = new Named(new TreeMap<>(), 0);

    /** Both. */
    public Named and(Named other) {
      TreeMap<Long, Intervals> both = new TreeMap<>(logs);
      other.logs.forEach((log, places) -> both.merge(log, places, Intervals::union));
      return new Named(both, Math.max(lsn, other.lsn));
    }
  }

  Coverage(NavigableMap<Incarnation, LogState> logs, long lastLsn) {
    this.logs = logs;
    this.lastLsn = lastLsn;
  }

  /** What of {@code token} is not in the set here. */
  public CausalToken lacking(CausalToken token) {
    TreeMap<Long, Intervals> lacking = null;
    for (Map.Entry<Long, Intervals> named : token.logs().entrySet()) {
      LogState log = find(named.getKey());
      if (log != null && log.holds(named.getValue())) continue;
      if (lacking == null) lacking = new TreeMap<>();
      Intervals places = named.getValue();
      lacking.put(named.getKey(), log == null ? places : places.minus(log.inSet()));
    }
    // The common case: nothing is made.
    return lacking == null ? CausalToken.NONE : new CausalToken(token.cluster(), false, lacking);
  }

  /**
   * The given places of visible versions, each with those that lead to it without a gap: so the
   * token of a client stays short, since its ranges join.
   */
  public Named of(Collection<Dot> dots) {
    TreeMap<Long, Intervals> named = new TreeMap<>();
    long lsn = 0;
    for (Dot dot : dots) {
      LogState log = logs.get(dot.incarnation());
      if (log == null) continue;
      Range run = log.runTo(dot.seq());
      named.merge(
          dot.incarnation().high(), Intervals.of(run.first(), run.last()), Intervals::union);
      lsn = Math.max(lsn, log.filledLsn());
    }
    return new Named(named, lsn);
  }

  /** All that is in the set. */
  public Named everything() {
    Named all = everything;
    if (all == null) {
      all = findEverything();
      everything = all;
    }
    return all;
  }

  /**
   * What somebody has seen who was shown all that is in the set, beside what it had seen before:
   * each place is that of one version, since logs under dispute are left out. What does not fit a
   * token is left out too, so that it names nothing that was not seen.
   */
  public CausalToken seen(long cluster, CausalToken before) {
    TreeMap<Long, Intervals> named = new TreeMap<>(before.logs());
    TreeSet<Long> doubtful = new TreeSet<>();
    TreeSet<Long> names = new TreeSet<>();
    for (Map.Entry<Incarnation, LogState> log : logs.entrySet()) {
      long name = log.getKey().high();
      if (log.getValue().disputed() || !names.add(name)) doubtful.add(name);
      named.merge(name, log.getValue().inSet(), Intervals::union);
    }
    named.keySet().removeAll(doubtful);
    return new CausalToken(cluster, false, named).cut();
  }

  /** The same of who was shown no more than the versions at these places. */
  public CausalToken seen(long cluster, CausalToken before, Collection<Dot> places) {
    TreeMap<Long, Intervals> named = new TreeMap<>(before.logs());
    TreeMap<Incarnation, IntervalSet> shown = new TreeMap<>();
    for (Dot place : places) {
      shown
          .computeIfAbsent(place.incarnation(), _ -> new IntervalSet())
          .add(place.seq(), place.seq());
    }
    shown.forEach((incarnation, set) -> {
      LogState log = logs.get(incarnation);
      if (log == null || log.disputed() || !isAlone(incarnation)) return;
      named.merge(incarnation.high(), set.toIntervals(), Intervals::union);
    });
    return new CausalToken(cluster, false, named).cut();
  }

  /** Whether no other log goes by the same name in tokens. */
  private boolean isAlone(Incarnation log) {
    Incarnation first = logs.ceilingKey(new Incarnation(log.high(), 0));
    Incarnation next = logs.higherKey(log);
    return log.equals(first) && (next == null || next.high() != log.high());
  }

  private Named findEverything() {
    TreeMap<Long, Intervals> named = new TreeMap<>();
    for (Map.Entry<Incarnation, LogState> log : logs.entrySet()) {
      Intervals places = log.getValue().inSet();
      if (!places.isEmpty()) named.merge(log.getKey().high(), places, Intervals::union);
    }
    return new Named(named, lastLsn);
  }

  /** The incarnations that logs of these names have here. */
  public List<Incarnation> incarnations(Collection<Long> names) {
    List<Incarnation> found = new ArrayList<>();
    for (long name : names) {
      Incarnation first = logs.ceilingKey(new Incarnation(name, 0));
      if (first != null && first.high() == name) found.add(first);
    }
    return found;
  }

  private @Nullable LogState find(long name) {
    Map.Entry<Incarnation, LogState> first = logs.ceilingEntry(new Incarnation(name, 0));
    return first == null || first.getKey().high() != name ? null : first.getValue();
  }
}
