package io.kdelta.causal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.reconciliation.Digest;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/** What a store holds, as values that tests compare and check. */
final class Snapshots {
  private Snapshots() {}

  /** Everything in memory that rows tell, apart from which log this process writes. */
  static Map<String, Object> memory(CausalStore store) {
    Map<String, Object> all = new TreeMap<>();
    all.put("root", store.tree().root());
    all.put("namespaces", store.namespaces());
    all.put("positions", store.positions());
    all.put("applied", store.appliedPosition());
    all.put("generation", store.applyGeneration());
    all.put("clock", store.clock());
    all.put("requests", store.requests());
    all.put("lost", store.lost());
    all.put("node", store.node());
    return all;
  }

  /** What two stores with the same versions must agree on. */
  static Map<String, Object> answers(CausalStore store) {
    Map<String, Object> all = new TreeMap<>();
    all.put("root", store.tree().root());
    all.put("namespaces", store.namespaces());
    for (String namespace : store.namespaces().keySet()) {
      try (KeyWalk walk = store.graph().keys(namespace, "", null)) {
        while (walk.next()) {
          Heads heads = walk.heads();
          List<Object> answer = new ArrayList<>(heads.all());
          answer.add(heads.winner());
          answer.add(heads.stateId());
          all.put(heads.key().toString(), answer);
        }
      }
    }
    return all;
  }

  /** NOHOLE, and that rows of every kind tell the same story. */
  static void check(CausalStore store) {
    CausalGraph graph = store.graph();
    TreeSet<Digest> walked = new TreeSet<>();
    Map<Key, TreeSet<Digest>> superseded = new TreeMap<>();
    Map<Key, TreeSet<Digest>> all = new TreeMap<>();
    for (String namespace : store.namespaces().keySet()) {
      List<Key> keys = new ArrayList<>();
      try (KeyWalk walk = graph.keys(namespace, "", null)) {
        while (walk.next()) keys.add(walk.heads().key());
      }
      List<Key> conflicted = new ArrayList<>();
      for (Key key : keys) if (graph.heads(key).conflicting()) conflicted.add(key);
      List<Heads> listed = graph.conflicts(namespace, null, Integer.MAX_VALUE);
      assertEquals(conflicted, listed.stream().map(Heads::key).toList(), "conflicts are listed");
      for (Key key : keys) {
        try (History history = graph.history(key)) {
          Timestamp before = new Timestamp(-1);
          while (history.next()) {
            Stored stored = history.stored();
            Version version = stored.version();
            assertTrue(!version.time().after(before), "newest first");
            before = version.time();
            walked.add(version.id());
            all.computeIfAbsent(key, k -> new TreeSet<>()).add(version.id());
            superseded.computeIfAbsent(key, k -> new TreeSet<>()).addAll(version.parents());
            for (Digest parent : version.parents()) {
              Stored seen = graph.version(parent);
              assertNotNull(seen, "NOHOLE: a parent of " + version);
              assertTrue(version.time().after(seen.version().time()));
            }
            Envelope envelope = graph.envelope(stored);
            assertEquals(
                version.content(), version.contentType().idOf(envelope.document()), "DETECT");
            for (Dot dot : stored.dots()) assertEquals(version.id(), graph.versionAt(dot));
          }
        }
      }
    }
    TreeSet<Digest> tree = new TreeSet<>();
    store.tree().forEach(tree::add);
    assertEquals(tree, walked, "the set is what the rows hold");
    for (Map.Entry<Key, TreeSet<Digest>> entry : all.entrySet()) {
      TreeSet<Digest> heads = new TreeSet<>(entry.getValue());
      heads.removeAll(superseded.get(entry.getKey()));
      Heads told = graph.heads(entry.getKey());
      assertEquals(List.copyOf(heads), told.ids(), "BRANCH");
      Present present = graph.present(entry.getKey());
      assertNotNull(present, "BRANCH");
      assertEquals(
          told.winner().orElseThrow().id(),
          present.winner().version().id(),
          "the winner is a head");
      assertEquals(told.stateId().orElseThrow(), present.state());
      assertEquals(heads.size(), present.heads());
    }
  }
}
