package io.kdelta.cluster;

import io.kdelta.causal.Incarnation;
import io.kdelta.causal.Intervals;
import io.kdelta.causal.Intervals.Range;
import io.kdelta.causal.NodeId;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.IntSupplier;
import java.util.function.Predicate;

/**
 * Which places of which logs a majority of a replica set has synced, as far as this node was told:
 * what a stable read may show. Owned by the core thread.
 *
 * <p>Members tell what they hold once it is synced ({@link Holdings}), so a place that this node
 * has synced itself and that as many other members have told as {@link AckLevel#QUORUM} asks for is
 * covered. What was covered once stays covered while the process lives, whoever is cut off or dies.
 */
public final class ReplicatedMark {
  /** A member tells of at most so many logs, and so does this node remember of it. */
  private static final int LOGS_MAX = 4 * PeerCodec.POSITIONS_MAX;

  private final IntSupplier further;
  private final Predicate<NodeId> counts;
  private final Map<NodeId, Map<Incarnation, Intervals>> told = new TreeMap<>();
  private final Map<Incarnation, Intervals> covered = new TreeMap<>();
  private long revision;

  /**
   * @param further how many other members have to hold a place
   * @param counts whether a node is another member that has not left
   */
  ReplicatedMark(IntSupplier further, Predicate<NodeId> counts) {
    this.further = further;
    this.counts = counts;
  }

  /** Whether nobody else has to hold anything: what is synced here is covered. */
  public boolean everything() {
    return further.getAsInt() == 0;
  }

  /** Whether so many others have told what they hold, since this process began, as it takes. */
  public boolean known() {
    return told.size() >= further.getAsInt();
  }

  /** The places of a log that are covered, when it is not {@link #everything}. */
  public Intervals of(Incarnation log) {
    return covered.getOrDefault(log, Intervals.EMPTY);
  }

  /** Grows whenever more may be covered. */
  public long revision() {
    return revision;
  }

  /** A member tells what it has synced. */
  void heard(NodeId node, SortedMap<Incarnation, Intervals> synced) {
    Map<Incarnation, Intervals> of = told.computeIfAbsent(node, first -> new TreeMap<>());
    revision++;
    synced.forEach((log, places) -> {
      if (of.size() >= LOGS_MAX && !of.containsKey(log)) return;
      of.merge(log, places, Intervals::union);
      Intervals more = heldByEnough(log);
      if (!more.isEmpty()) covered.merge(log, more, Intervals::union);
    });
  }

  /** The places of a log that as many members have told as it takes. */
  private Intervals heldByEnough(Incarnation log) {
    List<Intervals> held = new ArrayList<>();
    told.forEach((node, logs) -> {
      Intervals places = logs.get(log);
      if (places != null && counts.test(node)) held.add(places);
    });
    return atLeast(Math.max(1, further.getAsInt()), held);
  }

  /** The places that lie in {@code least} or more of the sets; {@code least} is at least 1. */
  static Intervals atLeast(int least, List<Intervals> sets) {
    TreeMap<Long, Integer> steps = new TreeMap<>();
    for (Intervals set : sets) {
      for (Range range : set.ranges()) {
        steps.merge(range.first(), 1, Integer::sum);
        steps.merge(range.last() + 1, -1, Integer::sum);
      }
    }
    List<Range> found = new ArrayList<>();
    int depth = 0;
    long from = 0;
    for (Map.Entry<Long, Integer> step : steps.entrySet()) {
      boolean within = depth >= least;
      depth += step.getValue();
      if (!within && depth >= least) from = step.getKey();
      if (within && depth < least) found.add(new Range(from, step.getKey() - 1));
    }
    return new Intervals(found);
  }
}
