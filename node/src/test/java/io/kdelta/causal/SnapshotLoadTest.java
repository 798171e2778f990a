package io.kdelta.causal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.memory.Bytes;
import io.kdelta.reconciliation.Digest;
import io.kdelta.storage.Cursor;
import io.kdelta.storage.Row;
import io.kdelta.storage.RowKey;
import io.kdelta.storage.WriteBatch;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/**
 * Goal: a store into which the tables of another were loaded is, in memory and on disk, the one
 * that receives their versions one by one, also after a crash; tables in which any row does not say
 * what the versions say are not loaded, or without that row. Method: random histories of three
 * nodes; one of them lends its files to two empty stores, one each way. Then rows of the lender are
 * changed behind its back, one of each kind in each way.
 */
final class SnapshotLoadTest {
  private static final int SEEDS = 25;
  private static final int KEYS = 12;

  static void tend(TestNode node) {
    for (int i = 0; i < 10_000 && node.store.tend(); i++) node.settle();
  }

  /** Three nodes write and tell each other some of it; the first one lends. */
  private static TestNode lender(long seed, int writes) {
    Random random = new Random(seed);
    List<TestNode> nodes = new ArrayList<>();
    for (int i = 0; i < 3; i++) nodes.add(new TestNode(100 * seed + i));
    for (int i = 0; i < writes; i++) {
      TestNode node = nodes.get(random.nextInt(nodes.size()));
      if (random.nextInt(4) == 0) {
        tell(nodes.get(random.nextInt(nodes.size())), node, random);
      } else if (random.nextInt(40) == 0) {
        node.reopen();
      } else {
        node.write(draft(random, i));
      }
    }
    TestNode lender = nodes.removeFirst();
    for (TestNode other : nodes) tell(other, lender, random);
    nodes.forEach(TestNode::close);
    tend(lender);
    if (random.nextBoolean()) lender.store.checkpoint(0);
    return lender;
  }

  /** Versions of most keys, parents first. */
  private static void tell(TestNode from, TestNode to, Random random) {
    int leftOut = random.nextInt(2 * KEYS);
    if (from == to) return;
    for (Envelope each : from.versions()) {
      if (each.version().key().key().equals("key-" + leftOut)) continue;
      boolean shown = true;
      for (Digest parent : each.version().parents()) shown &= to.store.tree().contains(parent);
      if (shown && !to.store.tree().contains(each.version().id())) to.receive(each);
    }
  }

  private static Draft draft(Random random, int number) {
    Key key = new Key("ns" + random.nextInt(3), "key-" + random.nextInt(KEYS));
    int what = random.nextInt(12);
    String json = "{\"n\":" + number + "}";
    if (what == 1) json = "\"" + "x".repeat(5_000 + random.nextInt(3)) + "\"";
    if (what == 2) json = "\"" + number + "y".repeat(Keyspace.CONTENT_BYTES_MIN) + "\"";
    Draft draft = what == 0 ? Draft.delete(key) : Draft.put(key, Bytes.utf8(json));
    if (what == 3 || what == 4) draft = draft.over(List.of());
    if (random.nextInt(4) == 0) draft = draft.as(Request.single("request-" + number));
    return draft;
  }

  /** Everything but which node it is. */
  private static Map<String, Object> memory(CausalStore store) {
    Map<String, Object> all = new TreeMap<>(Snapshots.memory(store));
    all.remove("node");
    return all;
  }

  /** Rows of versions and what derives from them; of requests without their times. */
  private static Map<String, String> rows(TestNode node) {
    Map<String, String> all = new TreeMap<>();
    for (Keyspace space : Keyspace.values()) {
      if (space == Keyspace.TREE || space == Keyspace.SYSTEM) continue;
      if (space == Keyspace.REQUEST_AGE) continue;
      try (Cursor cursor = node.engine.cursor(space.start(), space.end())) {
        while (cursor.next()) {
          Bytes value = cursor.row().value();
          if (space == Keyspace.REQUEST) value = value.slice(0, value.size() - Long.BYTES);
          String key = space + " " + hex(cursor.row().key().point());
          all.put(key + " " + hex(cursor.row().key().suffix()), hex(value));
        }
      }
    }
    return all;
  }

  private static String hex(Bytes bytes) {
    return java.util.HexFormat.of().formatHex(bytes.toArray());
  }

  private static void assertSame(TestNode single, TestNode whole, String what) {
    assertEquals(memory(single.store), memory(whole.store), what);
    assertEquals(Snapshots.answers(single.store), Snapshots.answers(whole.store), what);
    assertEquals(rows(single), rows(whole), what);
    assertEquals(
        single.graph().appliedAfter(0, Integer.MAX_VALUE),
        whole.graph().appliedAfter(0, Integer.MAX_VALUE),
        what);
    Snapshots.check(whole.store);
    assertEquals(Snapshots.memory(whole.store), Snapshots.memory(whole.rescanned()), what);
    Set<Digest> before = new HashSet<>();
    for (AppliedRecord applied : whole.graph().appliedAfter(0, Integer.MAX_VALUE)) {
      Version version = whole.version(applied.version()).version();
      assertTrue(before.containsAll(version.parents()), what);
      assertTrue(before.add(version.id()), what);
    }
  }

  @Test
  void theStoreIsAsIfVersionsHadComeOneByOne() {
    long requests = 0;
    long conflicts = 0;
    for (long seed = 1; seed <= SEEDS; seed++) {
      String what = "seed " + seed;
      try (Lent lent = new Lent(lender(seed, 60 + (int) seed * 6), seed);
          TestNode single = new TestNode(7);
          TestNode whole = new TestNode(8)) {
        lent.receiveInto(single);
        assertEquals("", lent.loadInto(whole, 500 << seed % 8), what);
        assertEquals(lent.lender.store.tree().root(), whole.store.tree().root(), what);
        assertSame(single, whole, what);
        requests += whole.store.requests();
        conflicts += whole.graph().conflicts("ns0", null, 100).size();
        // No batch was written since: the load alone has to last.
        whole.engine.close();
        whole.disk.crash();
        whole.reopen();
        assertSame(single, whole, what + " after a crash");
        whole.put("own", "1");
        whole.store.checkpoint(0);
        whole.settle().reopen();
        assertEquals(lent.lender.store.tree().count() + 1, whole.store.tree().count(), what);
        Snapshots.check(whole.store);
      }
    }
    assertTrue(requests > SEEDS && conflicts > SEEDS, requests + ", " + conflicts);
  }

  @Test
  void whatWasLoadedIsShipped() {
    try (Lent lent = new Lent(lender(77, 200), 77);
        TestNode whole = new TestNode(8);
        TestNode third = new TestNode(9)) {
      assertEquals("", lent.loadInto(whole, 4_000));
      int frames = 0;
      for (Position position : whole.store.positions()) {
        long prefix = position.received().prefix();
        long from = 1;
        while (from <= prefix) {
          Frame frame = whole.frame(position.incarnation(), from, 2_000);
          third.receive(frame);
          from += frame.envelopes().size();
          frames++;
        }
      }
      assertTrue(frames > 3, frames + " frames");
      assertTrue(third.store.tree().count() > 0);
    }
  }

  @Test
  void nothingIsLoadedIntoAStoreThatHoldsSomething() {
    try (TestNode node = new TestNode(1)) {
      assertTrue(node.store.vacant());
      Transaction open = node.store.begin();
      assertFalse(node.store.vacant(), "somebody may be about to write");
      open.abandon();
      assertTrue(node.store.vacant());
      node.put("key", "1");
      assertFalse(node.store.vacant());
      node.reopen();
      assertFalse(node.store.vacant());
    }
  }

  /** A row as it is, once the lender wrote something. */
  private static Row first(TestNode node, Keyspace space) {
    try (Cursor cursor = node.engine.cursor(space.start(), space.end())) {
      assertTrue(cursor.next(), "a row of " + space);
      return cursor.row();
    }
  }

  private static List<Row> all(TestNode node, Keyspace space) {
    List<Row> rows = new ArrayList<>();
    try (Cursor cursor = node.engine.cursor(space.start(), space.end())) {
      while (cursor.next()) rows.add(cursor.row());
    }
    return rows;
  }

  private static void put(TestNode node, RowKey key, Bytes value) {
    node.engine.apply(new WriteBatch().put(key, value));
  }

  private static void delete(TestNode node, RowKey key) {
    node.engine.apply(new WriteBatch().delete(key));
  }

  private static Bytes flipped(Bytes value, int at) {
    byte[] bytes = value.toArray();
    bytes[at] ^= 1;
    return Bytes.wrap(bytes);
  }

  /** The same row at a key that only looks like its own. */
  private static void move(TestNode node, Row row, RowKey to) {
    node.engine.apply(new WriteBatch().delete(row.key()).put(to, row.value()));
  }

  private static RowKey longer(RowKey key) {
    return new RowKey(key.point(), Bytes.concat(key.suffix(), Bytes.of(1)));
  }

  /** A lender whose rows are changed is loaded as if they were not, or not at all. */
  private static void assertRefused(String what, Consumer<TestNode> change) {
    assertRefused(what, 40, change);
    assertRefused(what, 41, change);
  }

  private static void assertRefused(String what, long seed, Consumer<TestNode> change) {
    TestNode lender = lender(seed, 150);
    change.accept(lender.settle());
    try (Lent lent = new Lent(lender.settle(), seed);
        TestNode whole = new TestNode(8)) {
      String flaw = lent.loadInto(whole, 1_000);
      assertFalse(flaw.isEmpty(), what + " was loaded");
      assertTrue(whole.store.vacant(), what);
      assertEquals(Map.of(), rows(whole), what);
    }
  }

  /** What a change that does not matter leaves is loaded as if nothing had been changed. */
  private static void assertLoaded(String what, Consumer<TestNode> change) {
    TestNode lender = lender(42, 150);
    try (Lent before = new Lent(lender.settle(), 1);
        TestNode single = new TestNode(7);
        TestNode whole = new TestNode(8)) {
      before.receiveInto(single);
      change.accept(lender);
      Lent lent = new Lent(lender.settle(), 2);
      assertEquals("", lent.loadInto(whole, 1_000), what);
      assertSame(single, whole, what);
    }
  }

  @Test
  void rowsByIdAreThoseOfTheVersions() {
    Keyspace kind = Keyspace.BY_ID;
    Digest stranger = Digest.sha256(new byte[] {7});
    assertRefused("one is missing", node -> delete(node, first(node, kind).key()));
    assertRefused(
        "one of nobody", node -> put(node, Keyspace.byId(stranger), first(node, kind).value()));
    assertRefused(
        "another time",
        node -> {
          Row row = first(node, kind);
          put(node, row.key(), flipped(row.value(), row.value().size() - 3));
        });
    assertRefused(
        "two are exchanged",
        node -> {
          Row one = all(node, kind).getFirst();
          Row other = all(node, kind).getLast();
          put(node, one.key(), other.value());
          put(node, other.key(), one.value());
        });
    assertRefused(
        "under a longer key",
        node -> move(node, first(node, kind), longer(first(node, kind).key())));
    assertRefused("one waits", node -> put(node, first(node, kind).key(), parked(stranger)));
  }

  private static Bytes parked(Digest missing) {
    return StoredRows.parked(missing);
  }

  @Test
  void positionsAreThoseOfTheVersions() {
    Keyspace kind = Keyspace.POSITION;
    assertRefused("one is missing", node -> delete(node, all(node, kind).getLast().key()));
    assertRefused(
        "it names another version",
        node -> {
          Digest other = StoredRows.position(all(node, kind).getLast()).id();
          put(
              node,
              first(node, kind).key(),
              StoredRows.position(new StoredRows.Placed(other, null, false)));
        });
    assertRefused(
        "one version twice",
        node -> {
          Row row = all(node, kind).getLast();
          Dot dot = Keyspace.dotOf(row.key());
          put(node, Keyspace.position(dot.incarnation(), dot.seq() + 1), row.value());
        });
    assertRefused(
        "another chain",
        node -> {
          Row row = first(node, kind);
          StoredRows.Placed placed = StoredRows.position(row);
          Digest wrong = Digest.sha256(new byte[] {9});
          put(node, row.key(), StoredRows.position(placed.chained(wrong)));
        });
    assertRefused(
        "under a longer key",
        node -> move(node, first(node, kind), longer(first(node, kind).key())));
    assertRefused(
        "under a longer point",
        node -> {
          Row row = first(node, kind);
          move(node, row, RowKey.first(Bytes.concat(row.key().point(), Bytes.of(0))));
        });
    for (long seq : new long[] {0, -1, Long.MAX_VALUE}) {
      assertRefused(
          "a seq of " + seq,
          node -> {
            Row row = first(node, kind);
            put(node, Keyspace.position(Keyspace.dotOf(row.key()).incarnation(), seq), row.value());
          });
    }
  }

  @Test
  void chainsThatWereNotComputedYetAre() {
    assertLoaded(
        "no chains",
        node -> {
          for (Row row : all(node, Keyspace.POSITION)) {
            StoredRows.Placed placed = StoredRows.position(row);
            put(
                node,
                row.key(),
                StoredRows.position(new StoredRows.Placed(placed.id(), null, true)));
          }
        });
  }

  @Test
  void requestsAreThoseOfTheVersions() {
    Keyspace kind = Keyspace.REQUEST;
    RowKey invented = Keyspace.request(Request.single("invented"));
    assertRefused("an invented one", node -> put(node, invented, first(node, kind).value()));
    assertRefused(
        "an invented one with its age",
        node -> {
          put(node, invented, first(node, kind).value());
          long micros = StoredRows.request(first(node, kind)).recordedMicros();
          put(node, Keyspace.requestAge(micros, Request.single("invented")), Bytes.EMPTY);
        });
    for (int at : new int[] {0, 4, 36, 68}) {
      assertRefused(
          "another byte at " + at,
          node -> {
            Row row = first(node, kind);
            put(node, row.key(), flipped(row.value(), at));
          });
    }
    assertRefused(
        "one without its age", node -> delete(node, first(node, Keyspace.REQUEST_AGE).key()));
    assertRefused("an age of nothing", node -> delete(node, first(node, kind).key()));
    assertRefused(
        "under a longer key",
        node -> move(node, first(node, kind), longer(first(node, kind).key())));
    assertRefused(
        "an age under a longer key",
        node -> {
          Row row = first(node, Keyspace.REQUEST_AGE);
          move(node, row, longer(row.key()));
        });
  }

  @Test
  void documentsAreThoseOfTheVersions() {
    Keyspace kind = Keyspace.CONTENT;
    Digest stranger = Digest.sha256(new byte[] {7});
    assertRefused("one is missing", node -> delete(node, first(node, kind).key()));
    assertRefused(
        "other bytes",
        node -> {
          Row row = first(node, kind);
          put(node, row.key(), flipped(row.value(), 77));
        });
    assertRefused(
        "another one at a longer key",
        node -> put(node, longer(first(node, kind).key()), Bytes.utf8("{}")));
    assertLoaded(
        "one that nobody names", node -> put(node, Keyspace.content(stranger), Bytes.utf8("{}")));
  }

  @Test
  void versionsAreWhatTheyMustBe() {
    Keyspace kind = Keyspace.VERSION;
    assertRefused(
        "under another key",
        node -> {
          Row row = lastVersion(node);
          Bytes other = Keyspace.group(new Key("ns0", "other"));
          move(node, row, new RowKey(other, row.key().suffix()));
        });
    assertRefused(
        "another document, or another version",
        node -> {
          for (Row row : all(node, kind)) {
            if (Keyspace.isOpenHeads(row.key())) continue;
            put(node, row.key(), flipped(row.value(), row.value().size() - 3));
          }
        });
    assertRefused("a version is missing", node -> delete(node, lastVersion(node).key()));
    assertRefused(
        "a parent is missing with all that is said of it",
        node -> {
          for (Digest id : node.store.tree()) {
            List<Digest> parents = node.version(id).version().parents();
            if (parents.isEmpty()) continue;
            Stored parent = node.version(parents.getFirst());
            delete(node, Keyspace.version(parent.version()));
            delete(node, Keyspace.byId(parent.version().id()));
            for (Dot dot : parent.dots()) delete(node, Keyspace.position(dot));
            return;
          }
        });
  }

  private static Row lastVersion(TestNode node) {
    Row last = all(node, Keyspace.VERSION).getLast();
    assertFalse(Keyspace.isOpenHeads(last.key()));
    return last;
  }

  @Test
  void whatIsMadeAnewMayBeAnything() {
    Digest stranger = Digest.sha256(new byte[] {7});
    assertLoaded(
        "open heads, conflicts and the apply log",
        node -> {
          List<Row> heads = all(node, Keyspace.VERSION);
          heads.removeIf(row -> !Keyspace.isOpenHeads(row.key()));
          assertFalse(heads.isEmpty());
          put(node, heads.getFirst().key(), Bytes.utf8("of no use"));
          delete(node, heads.getLast().key());
          delete(node, first(node, Keyspace.CONFLICT).key());
          put(node, Keyspace.conflict(new Key("ns0", "no conflict")), Bytes.EMPTY);
          put(node, first(node, Keyspace.APPLY).key(), StoredRows.digest(stranger));
        });
  }

  @Test
  void rowsOfVersionsAreWrittenAsOursAre() {
    assertLoaded(
        "flags that nobody knows",
        node -> {
          for (Row row : versions(node)) {
            byte[] changed = row.value().toArray();
            changed[1] |= 0x10;
            put(node, row.key(), Bytes.wrap(changed));
          }
        });
    assertLoaded(
        "documents that lie on the other side of the limit",
        node -> {
          int small = 0;
          int large = 0;
          for (Row row : versions(node)) {
            Stored stored = StoredRows.stored(row);
            Bytes document = node.graph().envelope(stored).document();
            if (document.isEmpty()) continue;
            boolean inline = stored.inline() != null;
            if (inline) put(node, Keyspace.content(stored.version().content()), document);
            Stored other =
                new Stored(
                    stored.version(),
                    stored.dots(),
                    stored.request(),
                    stored.documentBytes(),
                    inline ? null : document,
                    stored.proof(),
                    0);
            put(node, row.key(), StoredRows.version(other));
            if (inline) small++;
            else large++;
          }
          assertTrue(small > 0 && large > 0, small + " small and " + large + " large ones");
        });
  }

  private static List<Row> versions(TestNode node) {
    List<Row> versions = all(node, Keyspace.VERSION);
    versions.removeIf(row -> Keyspace.isOpenHeads(row.key()));
    return versions;
  }

  @Test
  void versionsThatWaitOrAreLostAreNotLoaded() {
    Digest stranger = Digest.sha256(new byte[] {7});
    assertRefused(
        "a lost one",
        node -> put(node, Keyspace.lost(stranger), StoredRows.key(new Key("ns0", "key"))));
    assertRefused(
        "one that waits",
        node ->
            put(
                node,
                Keyspace.parked(stranger, Digest.sha256(new byte[] {8})),
                lastVersion(node).value()));
  }

  @Test
  void anEmptyStoreLendsNothing() {
    try (Lent lent = new Lent(new TestNode(5), 5);
        TestNode whole = new TestNode(8)) {
      assertEquals("", lent.loadInto(whole, 1_000));
      assertTrue(whole.store.vacant());
      assertNull(whole.graph().present(new Key("ns0", "key-1")));
      assertNotNull(whole.put("key-1", "1"));
    }
  }
}
