package io.kdelta.document;

import io.kdelta.causal.Distinction;
import io.kdelta.causal.Key;
import io.kdelta.causal.Version;
import io.kdelta.reconciliation.Digest;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** What a store has to answer, by the plainest means: lists of versions, looked through whole. */
final class Model {
  private static final Comparator<Version> WINNER_FIRST =
      Comparator.comparing(Version::deleted)
          .thenComparing(Version::time, Comparator.reverseOrder())
          .thenComparing(Version::id, Comparator.reverseOrder());

  private final TreeMap<Key, List<Version>> keys = new TreeMap<>();
  private final TreeMap<Digest, String> documents = new TreeMap<>();

  /** Takes a version that the store says it wrote. */
  void add(Version version, String document) {
    keys.computeIfAbsent(version.key(), _ -> new ArrayList<>()).add(version);
    documents.put(version.id(), document);
  }

  List<Key> keys() {
    return new ArrayList<>(keys.keySet());
  }

  String document(Version version) {
    String document = documents.get(version.id());
    if (document == null) throw new AssertionError("unknown " + version);
    return document;
  }

  /** The versions of a key, oldest first in the order they were written. */
  List<Version> versions(Key key) {
    return keys.getOrDefault(key, List.of());
  }

  /** The versions of a key, newest first. */
  List<Version> history(Key key) {
    List<Version> history = new ArrayList<>(versions(key));
    history.sort(Comparator.comparing(Version::time).thenComparing(Version::id).reversed());
    return history;
  }

  /** The heads among the versions up to a microsecond, the winner first. */
  List<Version> heads(Key key, long micros) {
    List<Version> known = new ArrayList<>();
    TreeSet<Digest> superseded = new TreeSet<>();
    for (Version version : versions(key)) {
      if (version.time().micros() > micros) continue;
      known.add(version);
      superseded.addAll(version.parents());
    }
    known.removeIf(version -> superseded.contains(version.id()));
    known.sort(WINNER_FIRST);
    return known;
  }

  List<Version> heads(Key key) {
    return heads(key, Long.MAX_VALUE);
  }

  boolean live(Key key) {
    return heads(key).stream().anyMatch(head -> !head.deleted());
  }

  @Nullable Digest state(Key key) {
    List<Digest> ids = new ArrayList<>(heads(key).stream().map(Version::id).toList());
    ids.sort(null);
    return ids.isEmpty() ? null : Distinction.synthesize(ids);
  }

  /** A version and all it is built on. */
  Set<Digest> ancestry(Key key, Digest id) {
    TreeSet<Digest> found = new TreeSet<>(List.of(id));
    List<Version> newestLast = versions(key);
    for (int i = newestLast.size() - 1; i >= 0; i--) {
      if (found.contains(newestLast.get(i).id())) found.addAll(newestLast.get(i).parents());
    }
    return found;
  }

  /** The common ancestors that no other common ancestor is built on. */
  Set<Digest> nearestCommon(Key key, List<Digest> ids) {
    Set<Digest> common = ancestry(key, ids.getFirst());
    for (Digest id : ids) common.retainAll(ancestry(key, id));
    TreeSet<Digest> nearest = new TreeSet<>(common);
    for (Digest id : common) {
      Set<Digest> older = ancestry(key, id);
      older.remove(id);
      nearest.removeAll(older);
    }
    return nearest;
  }

  long count() {
    return documents.size();
  }

  long merges() {
    return keys.values().stream()
        .flatMap(List::stream)
        .filter(version -> version.parents().size() > 1)
        .count();
  }

  long conflicts() {
    return keys.keySet().stream().filter(key -> heads(key).size() > 1).count();
  }

  long live() {
    return keys.keySet().stream().filter(this::live).count();
  }
}
