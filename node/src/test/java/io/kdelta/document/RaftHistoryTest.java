package io.kdelta.document;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.causal.CausalStats;
import io.kdelta.causal.Envelope;
import io.kdelta.causal.Heads;
import io.kdelta.causal.Key;
import io.kdelta.causal.Version;
import io.kdelta.causal.Written;
import io.kdelta.error.KdeltaException.NoValueAt;
import io.kdelta.memory.Bytes;
import io.kdelta.reconciliation.Digest;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/**
 * Goal: a real history of 3,898 versions comes in whole and comes out as it went in. Method: import
 * into a store over a simulated disk, a second time, into a second store, across a restart, and cut
 * short; then compare with what the file itself says.
 */
final class RaftHistoryTest {
  private static final int CHUNK = 500;

  @Test
  void theWholeHistory() throws IOException {
    List<Envelope> versions = versions(Integer.MAX_VALUE);
    try (Bench bench = new Bench(11)) {
      assertEquals(3_898, importAll(bench, versions));
      assertWhole(bench);
      assertEquals(0, importAll(bench, versions), "a second import adds nothing");
      assertWhole(bench);
      Digest root = bench.causal.tree().root();
      bench.restart();
      assertEquals(root, bench.causal.tree().root());
      assertWhole(bench);
      assertEquals(0, importAll(bench, versions), "nor does a third after a restart");
      assertParentsAreTheFiles(bench);
      assertPast(bench);
    }
  }

  @Test
  void twoStoresThatNeverMetHoldTheSame() throws IOException {
    List<Envelope> versions = versions(Integer.MAX_VALUE);
    try (Bench one = new Bench(12);
        Bench two = new Bench(13)) {
      importAll(one, versions);
      for (Envelope envelope : versions) {
        two.documents.importVersions(List.of(envelope));
        two.engine.runInline();
      }
      assertEquals(one.causal.tree().root(), two.causal.tree().root());
      assertEquals(one.documents.stats("raft"), two.documents.stats("raft"));
      for (Key key : one.reader().keys("raft", "", null, 1_000).keys()) {
        Answer.Value a = one.reader().get(key, Moment.now());
        Answer.Value b = two.reader().get(key, Moment.now());
        assertEquals(a.state(), b.state());
        assertEquals(a.version().document(), b.version().document());
      }
      assertTrue(!one.causal.node().equals(two.causal.node()));
    }
  }

  @Test
  void cutShortItHasSixConflicts() throws IOException {
    List<Envelope> versions = versions(778);
    try (Bench bench = new Bench(14)) {
      assertEquals(778, importAll(bench, versions));
      List<Heads> conflicts = bench.documents.conflicts("raft", null, 100).conflicts();
      assertEquals(openKeys(778), conflicts.stream().map(heads -> heads.key().key()).toList());
      assertEquals(6, conflicts.size());
      List<Integer> sizes = new ArrayList<>(conflicts.stream().map(h -> h.all().size()).toList());
      sizes.sort(null);
      assertEquals(List.of(2, 2, 2, 2, 2, 3), sizes);
      assertEquals(6, bench.documents.stats("raft").conflicts());
      // The rest closes them again.
      assertEquals(3_120, importAll(bench, versions(Integer.MAX_VALUE)));
      assertWhole(bench);
    }
  }

  private static void assertWhole(Bench bench) {
    CausalStats stats = bench.documents.stats("raft");
    assertEquals(3_898, stats.versions());
    assertEquals(194, stats.keysEver());
    assertEquals(24, stats.keysDeleted());
    assertEquals(170, stats.keysLive());
    assertEquals(164, stats.merges());
    assertEquals(35, stats.deletes());
    assertEquals(0, stats.conflicts());
    assertEquals(3_898, bench.causal.tree().count());
    assertEquals(170, bench.reader().keys("raft", "", null, 1_000).keys().size());
    assertEquals(List.of(), bench.documents.conflicts(null, null, 100).conflicts());
  }

  /** Every version comes out with the document, the time bound and the parents of its line. */
  private static void assertParentsAreTheFiles(Bench bench) throws IOException {
    TreeMap<Digest, String> labels = new TreeMap<>();
    List<Envelope> exported = new ArrayList<>();
    Answer.Export.Cursor cursor = null;
    do {
      Answer.Export page = bench.reader().export("raft", true, cursor, 100, 1 << 20);
      exported.addAll(page.versions());
      cursor = page.next();
    } while (cursor != null);
    for (Envelope envelope : exported)
      labels.put(envelope.version().id(), envelope.version().note());
    TreeMap<String, String> found = new TreeMap<>();
    for (Envelope envelope : exported) {
      TreeSet<String> parents = new TreeSet<>();
      for (Digest parent : envelope.version().parents())
        parents.add(labels.getOrDefault(parent, "?"));
      String document = envelope.version().deleted() ? "null" : envelope.document().utf8();
      found.put(envelope.version().note(), parents + " " + document);
    }
    TreeMap<String, String> expected = new TreeMap<>();
    for (String line : lines(Integer.MAX_VALUE)) {
      Map<String, Json> fields = fields(line);
      String document = CanonicalJson.write(field(fields, "value")).utf8();
      expected.put(text(field(fields, "label")), new TreeSet<>(parents(fields)) + " " + document);
    }
    assertEquals(expected, found);
  }

  /** At the time of any version of the busiest key a read answers what the graph says. */
  private static void assertPast(Bench bench) {
    Key key = new Key("raft", "raft.go");
    Model model = new Model();
    List<Envelope> history =
        bench.reader().history(key, 0, null, 10_000, Long.MAX_VALUE).versions();
    assertTrue(history.size() > 300, "it was changed often");
    for (Envelope each : history.reversed()) model.add(each.version(), each.document().utf8());
    for (Envelope each : history) {
      long micros = each.version().time().micros();
      Version winner = model.heads(key, micros).getFirst();
      Moment then = new Moment.Time(micros);
      if (winner.deleted()) {
        assertThrows(NoValueAt.class, () -> bench.reader().get(key, then));
      } else {
        assertEquals(winner.id(), bench.reader().get(key, then).version().version().id());
      }
    }
  }

  /** The keys that the first lines of the file leave with several heads, by the file alone. */
  private static List<String> openKeys(int limit) throws IOException {
    TreeMap<String, TreeSet<String>> heads = new TreeMap<>();
    for (String line : lines(limit)) {
      Map<String, Json> fields = fields(line);
      TreeSet<String> open =
          heads.computeIfAbsent(text(field(fields, "key")), _ -> new TreeSet<>());
      open.removeAll(parents(fields));
      open.add(text(field(fields, "label")));
    }
    heads.values().removeIf(open -> open.size() == 1);
    return new ArrayList<>(heads.keySet());
  }

  /** Imports in requests of {@link #CHUNK} versions; how many were new. */
  private static int importAll(Bench bench, List<Envelope> versions) {
    int stored = 0;
    for (int from = 0; from < versions.size(); from += CHUNK) {
      List<Envelope> chunk = versions.subList(from, Math.min(from + CHUNK, versions.size()));
      for (Written written : bench.documents.importVersions(chunk).written()) {
        if (!written.repeated()) stored++;
      }
      bench.engine.runInline();
    }
    return stored;
  }

  private static List<Envelope> versions(int limit) throws IOException {
    HistoryImport history = new HistoryImport("raft", CanonicalJson.STANDARD);
    List<Envelope> versions = new ArrayList<>();
    for (String line : lines(limit)) versions.add(history.next(Bytes.utf8(line)));
    return versions;
  }

  private static List<String> lines(int limit) throws IOException {
    List<String> lines = Resource.lines("/raft-history.jsonl");
    return lines.subList(0, Math.min(limit, lines.size()));
  }

  private static Map<String, Json> fields(String line) {
    return ((Json.Members) CanonicalJson.STANDARD.read(Bytes.utf8(line))).members();
  }

  private static Json field(Map<String, Json> fields, String name) {
    Json value = fields.get(name);
    if (value == null) throw new AssertionError("a line without " + name);
    return value;
  }

  private static List<String> parents(Map<String, Json> fields) {
    return ((Json.Items) field(fields, "parents"))
        .items().stream().map(RaftHistoryTest::text).toList();
  }

  private static String text(Json value) {
    return ((Json.Text) value).value();
  }
}
