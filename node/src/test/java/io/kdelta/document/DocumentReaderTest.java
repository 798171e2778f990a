package io.kdelta.document;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.causal.Envelope;
import io.kdelta.causal.Heads;
import io.kdelta.causal.Key;
import io.kdelta.causal.Timestamp;
import io.kdelta.causal.Version;
import io.kdelta.error.KdeltaException.Corrupt;
import io.kdelta.error.KdeltaException.Invalid;
import io.kdelta.error.KdeltaException.NoValueAt;
import io.kdelta.error.KdeltaException.NotFound;
import io.kdelta.memory.Bytes;
import io.kdelta.reconciliation.Digest;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * Goal: every read answers what the graph says, at every moment and on every page. Method: examples
 * over a whole store on a simulated disk.
 */
final class DocumentReaderTest {
  private static final Key ALICE = new Key("users", "alice");
  private static final Key NOBODY = new Key("users", "nobody");

  private final Bench bench = new Bench(2);

  @AfterEach
  void close() {
    bench.close();
  }

  @Test
  void getAtATime() {
    long t0 = bench.time.epochMicros();
    Version first = bench.write(Write.put(ALICE, Bytes.utf8("1"))).version();
    Version second = bench.write(Write.put(ALICE, Bytes.utf8("2"))).version();
    Version deleted = bench.write(Write.delete(ALICE)).version();
    assertThrows(NotFound.class, () -> bench.get(ALICE));
    assertEquals("1", at(first.time().micros()));
    assertEquals("1", at(second.time().micros() - 1));
    assertEquals("2", at(second.time().micros()));
    assertEquals("2", at(deleted.time().micros() - 1));
    assertThrows(NoValueAt.class, () -> at(deleted.time().micros()));
    NoValueAt refusal = assertThrows(NoValueAt.class, () -> at(t0));
    assertEquals(Optional.of(first.time().text()), refusal.oldest());
    assertThrows(NotFound.class, () -> bench.reader().get(NOBODY, new Moment.Time(t0)));
    Answer.Value past = bench.reader().get(ALICE, new Moment.Time(first.time().micros()));
    assertEquals(OptionalInt.empty(), past.heads());
    assertEquals(deleted.id(), past.state(), "the state is that of now");
  }

  @Test
  void aTimeIncludesItsWholeMicrosecond() {
    Version first = bench.write(Write.put(ALICE, Bytes.utf8("1"))).version();
    bench.documents.write(List.of(Write.put(ALICE, Bytes.utf8("2"))), "");
    Version second = bench.reader().get(ALICE, Moment.now()).version().version();
    assertEquals(first.time().micros(), second.time().micros(), "written in one microsecond");
    assertEquals("2", at(first.time().micros()));
  }

  @Test
  void getByIdAndBySteps() {
    Digest first = bench.put(ALICE, "1");
    Digest second = bench.put(ALICE, "2");
    bench.write(Write.delete(ALICE));
    assertEquals("1", at(new Moment.Id(first.hex())));
    assertEquals(
        "2", at(new Moment.Id(second.hex().substring(0, 8).toUpperCase(java.util.Locale.ROOT))));
    assertEquals("2", at(new Moment.Back(1)));
    assertEquals("1", at(new Moment.Back(2)));
    assertThrows(NoValueAt.class, () -> at(new Moment.Back(0)), "the winner is a delete");
    assertThrows(NoValueAt.class, () -> at(new Moment.Back(3)));
    assertThrows(Invalid.class, () -> new Moment.Back(-1));
    assertThrows(NotFound.class, () -> at(new Moment.Id("0".repeat(64))));
    for (String wrong : List.of("", "abc", "wxyz", "0".repeat(65), "-1-1")) {
      assertThrows(Invalid.class, () -> at(new Moment.Id(wrong)), wrong);
    }
    bench.put(NOBODY, "1");
    Moment foreign = new Moment.Id(first.hex());
    assertThrows(NotFound.class, () -> bench.reader().get(NOBODY, foreign), "of another key");
  }

  @Test
  void anAmbiguousPrefixIsRefusedUnlessTheKeyMakesItUnique() {
    List<Digest> ids = new ArrayList<>();
    for (int i = 0; i < 2_000; i++) {
      ids.add(bench.put(new Key("many", "k" + i), "" + i));
    }
    ids.sort(null);
    for (int i = 1; i < ids.size(); i++) {
      String prefix = ids.get(i).hex().substring(0, 4);
      if (!ids.get(i - 1).hex().startsWith(prefix)) continue;
      Invalid refusal = assertThrows(Invalid.class, () -> bench.reader().version(prefix));
      assertTrue(refusal.reason().contains("begins several"), refusal.reason());
      Key key = bench.reader().version(ids.get(i).hex()).version().version().key();
      Envelope found = bench.reader().get(key, new Moment.Id(prefix)).version();
      assertEquals(ids.get(i), found.version().id());
      return;
    }
    throw new AssertionError("2,000 ids without two that share four digits");
  }

  @Test
  void headsWithTheirCommonAncestor() {
    Digest base = bench.put(ALICE, "0");
    Answer.Branches single = bench.reader().heads(ALICE, Moment.now());
    assertEquals(List.of(base), ids(single.heads()));
    assertEquals(List.of(), single.commonAncestors());
    Version left = bench.write(Write.put(ALICE, Bytes.utf8("1")).over(List.of(base))).version();
    Version right = bench.write(Write.put(ALICE, Bytes.utf8("2")).over(List.of(base))).version();
    Answer.Branches two = bench.reader().heads(ALICE, Moment.now());
    assertEquals(List.of(right.id(), left.id()), ids(two.heads()));
    assertEquals("2", two.heads().getFirst().document().utf8());
    assertEquals(List.of(base), ids(two.commonAncestors()));
    bench.put(ALICE, "3");
    Moment then = new Moment.Time(right.time().micros());
    assertEquals(List.of(right.id(), left.id()), ids(bench.reader().heads(ALICE, then).heads()));
    assertEquals(two.state(), bench.reader().heads(ALICE, then).state());
    Moment before = new Moment.Id(left.id().hex());
    assertEquals(List.of(left.id()), ids(bench.reader().heads(ALICE, before).heads()));
    assertThrows(NotFound.class, () -> bench.reader().heads(NOBODY, Moment.now()));
    assertThrows(NoValueAt.class, () -> bench.reader().heads(ALICE, new Moment.Time(1)));
  }

  @Test
  void headsOfADeletedKeyAreStillThere() {
    bench.put(ALICE, "1");
    Digest deleted = bench.write(Write.delete(ALICE)).version().id();
    assertEquals(List.of(deleted), ids(bench.reader().heads(ALICE, Moment.now()).heads()));
  }

  @Test
  void crosswiseMergesHaveTwoCommonAncestors() {
    Digest base = bench.put(ALICE, "0");
    Digest a = bench.putOver(ALICE, "1", base);
    Digest b = bench.putOver(ALICE, "2", base);
    Digest x = bench.putOver(ALICE, "3", a, b);
    Digest y = bench.putOver(ALICE, "4", a, b);
    assertEquals(List.of(b, a), ids(bench.reader().heads(ALICE, Moment.now()).commonAncestors()));
    Answer.Versions common = bench.reader().commonAncestors(x.hex(), y.hex());
    assertEquals(List.of(b, a), ids(common.versions()));
    assertEquals(List.of(y, b, a, base), withSelf(y, bench.reader().ancestors(y.hex(), 10)));
    assertEquals(List.of(b, a), ids(bench.reader().ancestors(x.hex(), 2).versions()));
    assertTrue(bench.reader().ancestors(x.hex(), 2).more());
    assertEquals(List.of(x, y), ids(bench.reader().descendants(a.hex(), 10).versions()));
    assertFalse(bench.reader().descendants(a.hex(), 10).more());
    Digest other = bench.put(NOBODY, "1");
    assertThrows(
        Invalid.class, () -> bench.reader().commonAncestors(x.hex(), other.hex()), "two keys");
  }

  @Test
  void historyInPages() {
    List<Digest> expected = new ArrayList<>();
    Digest base = bench.put(ALICE, "0");
    for (int i = 1; i < 25; i++) {
      // Some in the same microsecond, some as branches.
      if (i % 3 == 0) bench.time.advance(5_000);
      Write write = Write.put(ALICE, Bytes.utf8("" + i));
      if (i % 4 == 0) write = write.over(List.of(base));
      expected.add(
          0, bench.documents.write(List.of(write), "").written().getFirst().version().id());
    }
    expected.add(base);
    for (int limit : List.of(1, 2, 7, 25, 100)) {
      List<Digest> found = new ArrayList<>();
      Digest cursor = null;
      boolean more = true;
      while (more) {
        Answer.Versions page = bench.reader().history(ALICE, 0, cursor, limit, 1 << 20);
        assertTrue(page.versions().size() <= limit);
        found.addAll(ids(page.versions()));
        more = page.more();
        cursor = found.getLast();
      }
      assertEquals(sortedByTime(expected), found, "pages of " + limit);
    }
    assertThrows(NotFound.class, () -> bench.reader().history(NOBODY, 0, null, 10, 1 << 20));
  }

  @Test
  void historySinceATimeAndUpToABudget() {
    bench.put(ALICE, "1");
    Version second = bench.write(Write.put(ALICE, Bytes.utf8("22"))).version();
    Version third = bench.write(Write.put(ALICE, Bytes.utf8("333"))).version();
    long since = second.time().micros();
    assertEquals(
        List.of(third.id(), second.id()),
        ids(bench.reader().history(ALICE, since, null, 10, 1 << 20).versions()));
    assertEquals(
        List.of(), ids(bench.reader().history(ALICE, since + 9_000_000, null, 10, 9).versions()));
    Answer.Versions small = bench.reader().history(ALICE, 0, null, 10, 4);
    assertEquals(List.of(third.id(), second.id()), ids(small.versions()));
    assertTrue(small.more());
    assertEquals(1, bench.reader().history(ALICE, 0, null, 10, 0).versions().size());
  }

  @Test
  void oneVersionByPrefix() {
    Digest first = bench.put(ALICE, "1");
    Digest second = bench.put(ALICE, "2");
    assertFalse(bench.reader().version(first.hex().substring(0, 16)).head());
    Answer.Shown shown = bench.reader().version(second.hex());
    assertTrue(shown.head());
    assertEquals("2", shown.version().document().utf8());
    assertThrows(NotFound.class, () -> bench.reader().version("0123456789"));
  }

  @Test
  void diffs() {
    Digest first = bench.put(ALICE, "{\"age\":30}");
    Digest second = bench.put(ALICE, "{\"age\":31}");
    Digest deleted = bench.write(Write.delete(ALICE)).version().id();
    assertEquals("REMOVE", told(null, Moment.now()));
    assertEquals("REPLACE/age", told(null, new Moment.Back(1)));
    assertEquals("ADD", told(null, new Moment.Back(2)));
    assertEquals("REPLACE/age", told(new Moment.Id(second.hex()), new Moment.Id(first.hex())));
    assertEquals("", told(new Moment.Id(first.hex()), new Moment.Id(first.hex())));
    Answer.Difference difference = bench.reader().diff(ALICE, null, Moment.now());
    Envelope source = difference.source();
    assertNotNull(source);
    assertEquals(second, source.version().id());
    assertEquals(deleted, difference.target().version().id());
    assertNull(bench.reader().diff(ALICE, null, new Moment.Back(2)).source());
    assertThrows(NotFound.class, () -> told(NOBODY, null, Moment.now()));
    assertThrows(NoValueAt.class, () -> told(new Moment.Time(1), Moment.now()));
  }

  @Test
  void conflictsInPagesOverNamespaces() {
    for (String namespace : List.of("a", "b", "c")) {
      for (int i = 0; i < 5; i++) {
        Key key = new Key(namespace, "k" + i);
        Digest base = bench.put(key, "0");
        if (namespace.equals("b") || i % 2 == 1) continue;
        bench.putOver(key, "1", base);
        bench.putOver(key, "2", base);
      }
    }
    List<String> expected = List.of("a/k0", "a/k2", "a/k4", "c/k0", "c/k2", "c/k4");
    for (int limit : List.of(1, 2, 4, 100)) {
      List<String> found = new ArrayList<>();
      Key cursor = null;
      do {
        Answer.Conflicts page = bench.documents.conflicts(null, cursor, limit);
        for (Heads heads : page.conflicts()) {
          found.add(heads.key().toString());
          assertEquals(2, heads.all().size());
        }
        cursor = page.next();
      } while (cursor != null);
      assertEquals(expected, found, "pages of " + limit);
    }
    assertEquals(3, bench.documents.conflicts("c", null, 100).conflicts().size());
    assertEquals(0, bench.documents.conflicts("b", null, 100).conflicts().size());
    assertEquals(0, bench.documents.conflicts("none", null, 100).conflicts().size());
    assertThrows(Invalid.class, () -> bench.documents.conflicts(".", null, 100));
  }

  @Test
  void keysInPages() {
    List<String> expected = new ArrayList<>();
    for (int i = 0; i < 60; i++) {
      Key key = new Key("ns", "p" + i);
      bench.put(key, "1");
      if (i % 3 == 0) {
        bench.write(Write.delete(key));
      } else {
        expected.add("p" + i);
      }
    }
    bench.put(new Key("ns", "ö"), "1");
    bench.put(new Key("ns2", "p1"), "1");
    expected.sort(null);
    for (int limit : List.of(1, 7, 1_000)) {
      List<String> found = new ArrayList<>();
      Key cursor = null;
      do {
        Answer.Keys page =
            bench.reader().keys("ns", "p", cursor == null ? null : cursor.key(), limit);
        page.keys().forEach(key -> found.add(key.key()));
        cursor = page.next();
      } while (cursor != null);
      assertEquals(expected, found, "pages of " + limit);
    }
    assertEquals(41, bench.reader().keys("ns", "", null, 1_000).keys().size());
    assertEquals(List.of(), bench.reader().keys("none", "", null, 10).keys());
    assertThrows(Invalid.class, () -> bench.reader().keys("no/good", "", null, 10));
  }

  @Test
  void exportsInPages() {
    List<Digest> all = new ArrayList<>();
    List<Digest> winners = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      Key key = new Key("ns", "k" + i);
      Digest base = bench.put(key, "0");
      all.add(base);
      all.add(bench.putOver(key, "1", base));
      all.add(bench.putOver(key, "2", base));
      if (i == 2) {
        all.add(bench.write(Write.delete(key)).version().id());
      } else {
        winners.add(all.getLast());
      }
    }
    for (int limit : List.of(1, 2, 3, 5, 100)) {
      assertEquals(all, export(true, limit, 1 << 20), "pages of " + limit);
      assertEquals(winners, export(false, limit, 1 << 20), "pages of " + limit);
    }
    assertEquals(all, export(true, 100, 1), "a page a document");
    assertEquals(all, export(true, 100, 2), "a page two documents");
    assertEquals(List.of(), ids(bench.reader().export("none", true, null, 9, 9).versions()));
  }

  @Test
  void aDamagedKeyIsNotAnswered() {
    bench.put(ALICE, "1");
    DocumentReader reader =
        new DocumentReader(bench.causal.graph(), ALICE::equals, bench.causal.graph()::heads);
    assertThrows(Corrupt.class, () -> reader.get(ALICE, Moment.now()));
    assertThrows(Corrupt.class, () -> reader.exists(ALICE));
    assertThrows(Corrupt.class, () -> reader.heads(ALICE, Moment.now()));
    assertThrows(Corrupt.class, () -> reader.history(ALICE, 0, null, 1, 1));
    assertThrows(Corrupt.class, () -> reader.diff(ALICE, null, Moment.now()));
    assertThrows(NotFound.class, () -> reader.get(NOBODY, Moment.now()));
  }

  @Test
  void largeDocumentsComeBackWhole() {
    String large = "\"" + "x".repeat(100_000) + "\"";
    bench.put(ALICE, large);
    bench.put(NOBODY, large);
    bench.restart();
    assertEquals(large, bench.get(ALICE));
    assertEquals(
        large,
        bench.reader().history(NOBODY, 0, null, 1, 1).versions().getFirst().document().utf8());
  }

  private String at(long micros) {
    return at(new Moment.Time(micros));
  }

  private String at(Moment moment) {
    return bench.reader().get(ALICE, moment).version().document().utf8();
  }

  private String told(@Nullable Moment source, Moment target) {
    return told(ALICE, source, target);
  }

  private String told(Key key, @Nullable Moment source, Moment target) {
    StringBuilder told = new StringBuilder();
    for (JsonDiff.Change change : bench.reader().diff(key, source, target).changes()) {
      told.append(change.op()).append(change.path());
    }
    return told.toString();
  }

  private List<Digest> export(boolean history, int limit, long bytesMax) {
    List<Digest> found = new ArrayList<>();
    Answer.Export.Cursor cursor = null;
    do {
      Answer.Export page = bench.reader().export("ns", history, cursor, limit, bytesMax);
      assertTrue(page.versions().size() <= limit);
      found.addAll(ids(page.versions()));
      cursor = page.next();
    } while (cursor != null);
    return found;
  }

  private List<Digest> sortedByTime(List<Digest> ids) {
    List<Digest> sorted = new ArrayList<>(ids);
    sorted.sort(
        java.util.Comparator.comparing(this::timeOf, java.util.Comparator.reverseOrder())
            .thenComparing(java.util.Comparator.reverseOrder()));
    return sorted;
  }

  private Timestamp timeOf(Digest id) {
    return bench.reader().version(id.hex()).version().version().time();
  }

  private static List<Digest> withSelf(Digest self, Answer.Versions others) {
    List<Digest> all = new ArrayList<>(List.of(self));
    all.addAll(ids(others.versions()));
    return all;
  }

  private static List<Digest> ids(List<Envelope> versions) {
    return versions.stream().map(envelope -> envelope.version().id()).toList();
  }
}
