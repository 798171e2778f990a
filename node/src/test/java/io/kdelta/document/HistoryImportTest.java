package io.kdelta.document;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.causal.ContentType;
import io.kdelta.causal.Envelope;
import io.kdelta.causal.NodeId;
import io.kdelta.causal.Timestamp;
import io.kdelta.causal.Version;
import io.kdelta.error.KdeltaException.Invalid;
import io.kdelta.memory.Bytes;
import io.kdelta.reconciliation.Digest;
import java.io.IOException;
import java.security.MessageDigest;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/**
 * Goal: a recorded history becomes the same versions everywhere. Method: the rules on lines made
 * for them; the whole recorded history, counted and pinned by one hash over all its VersionIds; and
 * every way in which a line can be wrong.
 */
final class HistoryImportTest {
  private static final String FIRST =
      "{\"key\":\"k\",\"value\":{\"b\":1.0,\"a\":2},\"at\":\"2014-05-18T18:08:02-07:00\",\"label\":\"one\",\"parents\":[]}";

  @Test
  void aLineBecomesAVersion() {
    Envelope envelope = history().next(Bytes.utf8(FIRST));
    Version version = envelope.version();
    assertEquals("raft/k", version.key().toString());
    assertEquals(Version.Kind.PUT, version.kind());
    assertEquals("{\"a\":2,\"b\":1}", envelope.document().utf8());
    assertEquals(ContentType.JSON.idOf(envelope.document()), version.content());
    assertEquals("2014-05-19T01:08:02.000000Z", version.time().text());
    assertEquals(0, version.time().counter());
    assertEquals(NodeId.NONE, version.node());
    assertEquals("one", version.note());
    assertEquals(List.of(), version.parents());
    assertEquals(List.of(), envelope.dots());
  }

  @Test
  void timeIsAboveEveryParent() {
    HistoryImport history = history();
    Version first = history.next(Bytes.utf8(FIRST)).version();
    Version earlier =
        history.next(line("two", "2014-05-18T18:08:01-07:00", "null", "one")).version();
    assertEquals(first.time().next(), earlier.time());
    assertTrue(earlier.deleted());
    Version later = history.next(line("three", "2014-05-18T18:08:03-07:00", "{}", "one")).version();
    assertEquals("2014-05-19T01:08:03.000000Z", later.time().text());
    Version merge =
        history.next(line("four", "2000-01-01T00:00:00Z", "0", "two", "three")).version();
    assertEquals(later.time().next(), merge.time());
    assertEquals(2, merge.parents().size());
    assertTrue(merge.parents().get(0).compareTo(merge.parents().get(1)) < 0);
  }

  @Test
  void theWholeHistory() throws IOException {
    HistoryImport history = history();
    MessageDigest ids = Digest.hasher();
    int merges = 0;
    int deletes = 0;
    int lines = 0;
    TreeMap<String, Timestamp> keys = new TreeMap<>();
    for (String line : Resource.lines("/raft-history.jsonl")) {
      Version version = history.next(Bytes.utf8(line)).version();
      ids.update(version.id().toBytes());
      lines++;
      if (version.parents().size() > 1) merges++;
      if (version.deleted()) deletes++;
      keys.put(version.key().key(), version.time());
    }
    assertEquals(3_898, lines);
    assertEquals(164, merges);
    assertEquals(35, deletes);
    assertEquals(194, keys.size());
    // Golden, and computed a second time by a program in another language: when it changes,
    // imports of today no longer meet those of yesterday.
    assertEquals(
        "eaa4a7a8ed4d600162cbfff830dd5ff3aaae9a7f847c9f9957da1e382ac2ba54",
        Digest.fromBytes(ids.digest()).hex());
  }

  @Test
  void wrongLinesAreRefused() {
    HistoryImport history = history();
    history.next(Bytes.utf8(FIRST));
    String other = FIRST.replace("\"one\"", "\"two\"");
    for (Map.Entry<String, String> wrong :
        Map.ofEntries(
                Map.entry("document at line 1, column 1", "x"),
                Map.entry("line", "[1]"),
                Map.entry("key", other.replace("\"k\"", "7")),
                Map.entry("value", other.replace("\"value\"", "\"valu\"")),
                Map.entry("time", other.replace("2014-05", "2014-13")),
                Map.entry("label", FIRST),
                Map.entry("parents", other.replace("[]", "[\"nobody\"]")),
                Map.entry("more", other.replace("[]", "[],\"more\":1")),
                Map.entry("note", other.replace("two", "x".repeat(1_025))))
            .entrySet()) {
      Invalid refusal =
          assertThrows(Invalid.class, () -> history.next(Bytes.utf8(wrong.getValue())));
      assertEquals(wrong.getKey(), refusal.field(), refusal.getMessage());
    }
    assertEquals("two", history.next(Bytes.utf8(other)).version().note(), "no label was used up");
  }

  @Test
  void aParentIsOfTheSameKey() {
    HistoryImport history = history();
    history.next(Bytes.utf8(FIRST));
    Bytes crossed =
        Bytes.utf8(
            line("two", "2020-01-01T00:00:00Z", "1", "one").utf8().replace("\"k\"", "\"l\""));
    assertEquals("parents", assertThrows(Invalid.class, () -> history.next(crossed)).field());
  }

  @Test
  void plainLinesBecomePutsWithNames() {
    PlainImport plain = new PlainImport("ns", Digest.ZERO, CanonicalJson.STANDARD);
    Bytes line = Bytes.utf8("{\"value\": {\"b\":1,\"a\":null}, \"key\": \"x/y\"}");
    PlainImport.Put put = plain.put(1, line);
    assertEquals("ns/x/y", put.write().key().toString());
    assertEquals("{\"a\":null,\"b\":1}", put.write().document().utf8());
    assertEquals(put, plain.put(1, line));
    List<String> others =
        List.of(
            plain.put(2, line).requestId(),
            new PlainImport("ns2", Digest.ZERO, CanonicalJson.STANDARD).put(1, line).requestId(),
            new PlainImport("ns", Digest.sha256(new byte[1]), CanonicalJson.STANDARD)
                .put(1, line)
                .requestId());
    assertEquals(3, others.stream().distinct().count());
    assertTrue(!others.contains(put.requestId()));
    assertEquals(
        "null",
        plain.put(3, Bytes.utf8("{\"key\":\"n\",\"value\":null}")).write().document().utf8());
    for (String wrong :
        List.of("{\"key\":\"k\"}", "{\"value\":1}", "{\"key\":\"k\",\"value\":1,\"ttl\":1}", "7")) {
      assertThrows(Invalid.class, () -> plain.put(4, Bytes.utf8(wrong)), wrong);
    }
  }

  @Test
  void documentsOfPeersAreCheckedWhateverTheLocalLimit() {
    DocumentSchema schema = DocumentSchema.INSTANCE;
    assertEquals(null, schema.flaw(ContentType.NONE, Bytes.EMPTY));
    assertEquals(null, schema.flaw(ContentType.JSON, Bytes.utf8("{\"a\":1}")));
    assertEquals(null, schema.flaw(ContentType.OPAQUE, Bytes.utf8("{")));
    Bytes wide = Bytes.utf8("\"" + "x".repeat(CanonicalJson.BYTES_DEFAULT) + "\"");
    assertEquals(null, schema.flaw(ContentType.JSON, wide));
    assertTrue(schema.flaw(ContentType.NONE, Bytes.utf8("1")) != null);
    assertTrue(schema.flaw(ContentType.JSON, Bytes.utf8("{\"a\": 1}")) != null);
    assertTrue(schema.flaw(ContentType.JSON, Bytes.utf8("{\"b\":1,\"a\":1}")) != null);
    assertTrue(schema.flaw(ContentType.JSON, Bytes.EMPTY) != null);
  }

  private static HistoryImport history() {
    return new HistoryImport("raft", CanonicalJson.STANDARD);
  }

  private static Bytes line(String label, String at, String value, String... parents) {
    String names = parents.length == 0 ? "" : "\"" + String.join("\",\"", parents) + "\"";
    return Bytes.utf8(
        "{\"key\":\"k\",\"value\":%s,\"at\":\"%s\",\"label\":\"%s\",\"parents\":[%s]}"
            .formatted(value, at, label, names));
  }
}
