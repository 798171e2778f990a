package io.kdelta.causal;

import io.kdelta.error.KdeltaException;
import io.kdelta.reconciliation.Digest;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.TreeMap;

/**
 * Walks from versions to what they are built on, newest first.
 *
 * <p>Owner: the core thread. A parent is older than its child, so by the time the walk reaches a
 * version it has passed every descendant of it that it will ever meet: each is visited once.
 */
final class Ancestry {
  private static final Comparator<Step> NEWEST_FIRST =
      Comparator.comparing((Step step) -> step.stored.version().time())
          .thenComparing(step -> step.stored.version().id())
          .reversed();

  /** A version that the walk has met: which starts it was reached from, and whether it matters. */
  private static final class Step {
    private final Stored stored;
    private final BitSet reachedFrom = new BitSet();
    private boolean belowCommon;

    Step(Stored stored) {
      this.stored = stored;
    }
  }

  private Ancestry() {}

  static List<Stored> ancestors(CausalGraph graph, Digest id, int max) {
    List<Stored> found = new ArrayList<>();
    PriorityQueue<Step> queue = new PriorityQueue<>(NEWEST_FIRST);
    Map<Digest, Step> met = new TreeMap<>();
    for (Digest parent : visible(graph, id).version().parents()) meet(graph, parent, met, queue);
    while (!queue.isEmpty() && found.size() < max) {
      Stored stored = queue.remove().stored;
      found.add(stored);
      for (Digest parent : stored.version().parents()) meet(graph, parent, met, queue);
    }
    return found;
  }

  /** The common ancestors that no other common ancestor is built on, newest first. */
  static List<Digest> common(CausalGraph graph, List<Digest> ids) {
    Map<Digest, Step> met = new TreeMap<>();
    PriorityQueue<Step> queue = new PriorityQueue<>(NEWEST_FIRST);
    for (int i = 0; i < ids.size(); i++) meet(graph, ids.get(i), met, queue).reachedFrom.set(i);
    List<Digest> found = new ArrayList<>();
    int undecided = queue.size();
    while (undecided > 0) {
      Step step = queue.remove();
      boolean common = step.reachedFrom.cardinality() == ids.size();
      if (!step.belowCommon) {
        undecided--;
        if (common) found.add(step.stored.version().id());
      }
      for (Digest parentId : step.stored.version().parents()) {
        boolean known = met.containsKey(parentId);
        Step parent = meet(graph, parentId, met, queue);
        boolean counted = known && !parent.belowCommon;
        parent.reachedFrom.or(step.reachedFrom);
        parent.belowCommon |= common || step.belowCommon;
        boolean counts = !parent.belowCommon;
        if (counts != counted) undecided += counts ? 1 : -1;
      }
    }
    return found;
  }

  private static Step meet(
      CausalGraph graph, Digest id, Map<Digest, Step> met, PriorityQueue<Step> queue) {
    Step step = met.get(id);
    if (step == null) {
      step = new Step(visible(graph, id));
      met.put(id, step);
      queue.add(step);
    }
    return step;
  }

  private static Stored visible(CausalGraph graph, Digest id) {
    Stored stored = graph.version(id);
    if (stored == null) throw new KdeltaException.NotFound("version " + id);
    return stored;
  }
}
