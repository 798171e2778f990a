package io.kdelta.causal;

import io.kdelta.reconciliation.Digest;
import io.kdelta.reconciliation.MerkleTree;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** The causal graph as plainly as it can be said: a map of versions, and definitions over it. */
final class GraphModel {
  private final Map<Digest, Version> versions = new TreeMap<>();

  void add(Version version) {
    versions.put(version.id(), version);
  }

  /** Those of the versions added whose ancestors were all added too. */
  GraphModel closed() {
    GraphModel closed = new GraphModel();
    boolean grown = true;
    while (grown) {
      grown = false;
      for (Version version : versions.values()) {
        if (closed.versions.containsKey(version.id())) continue;
        if (!closed.versions.keySet().containsAll(version.parents())) continue;
        closed.add(version);
        grown = true;
      }
    }
    return closed;
  }

  MerkleTree tree() {
    return MerkleTree.of(versions.keySet());
  }

  Set<Key> keys() {
    TreeSet<Key> keys = new TreeSet<>();
    for (Version version : versions.values()) keys.add(version.key());
    return keys;
  }

  List<Digest> heads(Key key, Timestamp latest) {
    TreeSet<Digest> heads = new TreeSet<>();
    for (Version version : versions.values()) {
      if (version.key().equals(key) && !version.time().after(latest)) heads.add(version.id());
    }
    for (Version version : versions.values()) {
      if (!version.time().after(latest)) heads.removeAll(version.parents());
    }
    return List.copyOf(heads);
  }

  @Nullable Digest winner(Key key, Timestamp latest) {
    Version best = null;
    for (Digest id : heads(key, latest)) {
      Version version = version(id);
      if (best == null || wins(version, best)) best = version;
    }
    return best == null ? null : best.id();
  }

  Set<Digest> ancestors(Digest id) {
    TreeSet<Digest> found = new TreeSet<>();
    List<Digest> open = new ArrayList<>(version(id).parents());
    while (!open.isEmpty()) {
      Digest next = open.removeLast();
      if (found.add(next)) open.addAll(version(next).parents());
    }
    return found;
  }

  /** The nearest common ancestors: common to all, and not an ancestor of another common one. */
  Set<Digest> nearest(List<Digest> ids) {
    TreeSet<Digest> common = new TreeSet<>(versions.keySet());
    for (Digest id : ids) {
      Set<Digest> line = ancestors(id);
      line.add(id);
      common.retainAll(line);
    }
    TreeSet<Digest> nearest = new TreeSet<>(common);
    for (Digest id : common) nearest.removeAll(ancestors(id));
    return nearest;
  }

  Version version(Digest id) {
    Version version = versions.get(id);
    if (version == null) throw new AssertionError("the model lacks " + id);
    return version;
  }

  private static boolean wins(Version a, Version b) {
    if (a.deleted() != b.deleted()) return b.deleted();
    int order = a.time().compareTo(b.time());
    return order != 0 ? order > 0 : a.id().compareTo(b.id()) > 0;
  }
}
