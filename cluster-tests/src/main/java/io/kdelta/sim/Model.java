package io.kdelta.sim;

import io.kdelta.causal.Envelope;
import io.kdelta.reconciliation.Digest;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The model of a node's position (oracle O4): a set of versions with their documents, and what
 * follows from it by definition. It knows sets, sorting and walking, nothing else, and takes no
 * short cut.
 */
final class Model {
  /** Of equal times the greater id comes first. */
  private static final Comparator<Envelope> NEWEST_FIRST =
      (a, b) -> {
        int order = Long.compareUnsigned(b.version().time().packed(), a.version().time().packed());
        return order != 0 ? order : b.version().id().compareTo(a.version().id());
      };

  private final RawGraph graph = new RawGraph();
  private final TreeMap<Digest, Envelope> held = new TreeMap<>();
  private final TreeMap<String, List<Envelope>> histories = new TreeMap<>();

  Model(List<Envelope> versions) {
    for (Envelope version : versions) {
      held.put(version.version().id(), version);
      graph.add(raw(version));
      histories.computeIfAbsent(path(version), path -> new ArrayList<>()).add(version);
    }
    for (List<Envelope> history : histories.values()) history.sort(NEWEST_FIRST);
  }

  static RawGraph.Raw raw(Envelope envelope) {
    return Audit.Told.of(envelope).raw();
  }

  RawGraph graph() {
    return graph;
  }

  /** Whether the key was ever written. */
  boolean knows(String path) {
    return !graph.heads(path).isEmpty();
  }

  Envelope held(Digest id) {
    Envelope envelope = held.get(id);
    if (envelope == null) throw new AssertionError("the model does not hold " + id);
    return envelope;
  }

  /** Ids of all versions. */
  List<Digest> ids() {
    return List.copyOf(held.keySet());
  }

  /** The heads, the winner first. */
  List<Digest> heads(String path) {
    return graph.heads(path).stream().map(RawGraph.Raw::id).toList();
  }

  /** The heads of the versions whose microsecond is at most that, the winner first. */
  List<Digest> headsAt(String path, long micros) {
    RawGraph then = new RawGraph();
    for (Envelope version : history(path)) {
      if (version.version().time().micros() <= micros) then.add(raw(version));
    }
    return then.heads(path).stream().map(RawGraph.Raw::id).toList();
  }

  boolean deleted(Digest id) {
    return held(id).version().deleted();
  }

  /** Every version of a key, newest first. */
  List<Envelope> history(String path) {
    return histories.getOrDefault(path, List.of());
  }

  /** The version so many first parents before {@code from}; null where the line ends. */
  @Nullable Digest back(Digest from, int steps) {
    Digest at = from;
    for (int i = 0; i < steps; i++) {
      List<Digest> parents = held(at).version().parents();
      if (parents.isEmpty()) return null;
      at = parents.getFirst();
    }
    return at;
  }

  /** What a version is built on, newest first. */
  List<Digest> ancestors(Digest id) {
    TreeSet<Digest> found = new TreeSet<>();
    List<Digest> open = new ArrayList<>(held(id).version().parents());
    while (!open.isEmpty()) {
      Digest next = open.removeLast();
      if (found.add(next)) open.addAll(held(next).version().parents());
    }
    return newestFirst(found);
  }

  /** What is built on a version, oldest first. */
  List<Digest> descendants(Digest id) {
    TreeSet<Digest> found = new TreeSet<>();
    found.add(id);
    // A parent is older than its child.
    for (Envelope other : history(path(held(id))).reversed()) {
      boolean built = other.version().parents().stream().anyMatch(found::contains);
      if (built) found.add(other.version().id());
    }
    found.remove(id);
    return newestFirst(found).reversed();
  }

  /** The common ancestors, each an ancestor of itself, that no other one is built on. */
  List<Digest> nearestCommon(List<Digest> ids) {
    TreeSet<Digest> common = new TreeSet<>();
    for (Digest id : ids) {
      TreeSet<Digest> above = new TreeSet<>(ancestors(id));
      above.add(id);
      if (id.equals(ids.getFirst())) common = above;
      else common.retainAll(above);
    }
    TreeSet<Digest> nearest = new TreeSet<>(common);
    for (Digest id : common) held(id).version().parents().forEach(nearest::remove);
    return newestFirst(nearest);
  }

  /** Keys with a value, as paths, in order. */
  List<String> live(String prefix) {
    List<String> live = new ArrayList<>();
    for (String path : graph.keys()) {
      if (path.startsWith(prefix) && !graph.heads(path).getFirst().deleted()) live.add(path);
    }
    return live;
  }

  private List<Digest> newestFirst(SortedSet<Digest> ids) {
    return ids.stream().map(this::held).sorted(NEWEST_FIRST).map(e -> e.version().id()).toList();
  }

  static String path(Envelope envelope) {
    return envelope.version().key().namespace() + "/" + envelope.version().key().key();
  }
}
