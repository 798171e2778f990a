package io.kdelta.causal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.env.SimEntropy;
import io.kdelta.error.KdeltaException;
import io.kdelta.memory.Bytes;
import io.kdelta.reconciliation.Digest;
import io.kdelta.storage.Cursor;
import io.kdelta.storage.RowKey;
import io.kdelta.storage.WriteBatch;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/**
 * Goal: whatever rows are lost, what is left is made whole, what is missing is named, and a peer
 * that has it brings the store back. Method: any rows at all are taken away, of one kind or of
 * several, as a damaged table would; then the rules of a sound store are checked, twice, and a
 * peer's versions come in.
 */
final class RepairTest {
  @Test
  void anyLossIsMendedNamedAndHealed() {
    for (int seed = 1; seed <= 60; seed++) {
      SimEntropy entropy = new SimEntropy(seed);
      List<Envelope> graph = TestVersions.graph(entropy, 40);
      try (TestNode node = new TestNode(seed);
          TestNode whole = new TestNode(seed + 500)) {
        for (Envelope envelope : graph) whole.receive(envelope);
        int parkedFrom = 30 + entropy.nextInt(11);
        for (Envelope envelope : graph) {
          if (graph.indexOf(envelope) < parkedFrom || entropy.nextInt(2) == 0) {
            node.receiveDurably(envelope);
          }
        }
        for (int i = 0; i < 5; i++) {
          Request request = Request.single("r" + i);
          node.write(Draft.put(new Key("own", "k" + i % 2), Bytes.utf8("" + i)).as(request));
        }
        for (Envelope envelope : node.versions()) whole.receive(envelope);
        long generation = node.store.applyGeneration();
        int lost = lose(node, entropy);
        repair(node);
        String round = "seed " + seed + ", " + lost + " rows lost";
        sound(node, round);
        assertTrue(node.store.applyGeneration() > generation, round);
        var memory = Snapshots.memory(node.store);
        node.reopen();
        assertFalse(node.store.needsRepair(), round);
        assertEquals(memory, Snapshots.memory(node.store), round);
        for (Envelope envelope : TestVersions.shuffled(whole.versions(), entropy)) {
          node.receive(envelope);
        }
        assertEquals(List.of(), node.store.lost(), round);
        assertEquals(Snapshots.answers(whole.store), Snapshots.answers(node.store), round);
        for (Envelope envelope : graph) {
          assertFalse(node.store.damaged(envelope.version().key()), round);
        }
        sound(node, round);
      }
    }
  }

  @Test
  void aLostDeleteDoesNotBringTheValueBack() {
    try (TestNode node = new TestNode(1)) {
      Key key = new Key("ns", "k");
      Written put = node.put("k", "1");
      Written delete = node.delete("k");
      Envelope deleted = node.envelope(delete.version().id());
      node.engine.apply(new WriteBatch().delete(Keyspace.version(delete.version())));
      repair(node);
      assertEquals(List.of(delete.version().id()), node.store.lost());
      assertTrue(node.store.damaged(key), "reads of it must not be answered");
      assertFalse(node.store.tree().contains(delete.version().id()));
      assertEquals(
          Intervals.of(1, 1), node.store.position(put.dots().getFirst().incarnation()).received());
      assertEquals(new Reception.Visible(delete.version().id()), node.receive(deleted));
      assertFalse(node.store.damaged(key));
      assertFalse(node.heads("k").live());
    }
  }

  @Test
  void aLostAncestorParksWhatIsBuiltOnIt() {
    try (TestNode node = new TestNode(2)) {
      Version base = node.put("k", "1").version();
      Envelope kept = node.envelope(base.id());
      node.put("k", "2");
      Digest head = node.put("k", "3").version().id();
      node.engine.apply(
          new WriteBatch().delete(Keyspace.version(base)).delete(Keyspace.byId(base.id())));
      repair(node);
      assertEquals(0, node.store.tree().count());
      assertEquals(2, node.store.parked());
      assertEquals(List.of(base.id()), node.store.lost());
      assertTrue(node.heads("k").isEmpty());
      node.receive(kept);
      assertEquals(head, node.heads("k").stateId().orElseThrow());
      assertEquals(0, node.store.parked());
      sound(node, "healed");
    }
  }

  @Test
  void aLongHistoryThatLostItsBeginningIsParkedInBatchesThatTheLogTakes() {
    try (TestNode node = new TestNode(3)) {
      Version base = node.put("k", "0").version();
      Envelope kept = node.envelope(base.id());
      int later = 2 * node.engine.batchBytesMax() / 3_000;
      for (int i = 1; i <= later; i++) node.put("k", "\"" + i + "x".repeat(3_000) + "\"");
      Digest head = node.heads("k").stateId().orElseThrow();
      node.engine.apply(
          new WriteBatch().delete(Keyspace.version(base)).delete(Keyspace.byId(base.id())));
      repair(node);
      assertEquals(later, node.store.parked());
      sound(node, "parked");
      node.receive(kept);
      while (node.store.draining()) {
        node.store.begin().commit();
        node.settle();
      }
      assertEquals(head, node.heads("k").stateId().orElseThrow());
      assertEquals(0, node.store.parked());
      // The chain behind a filled hole is carried on a slice at a time.
      for (int turn = 0; turn < later && node.store.tend(); turn++) node.settle();
      sound(node, "healed");
    }
  }

  @Test
  void aChildThatRottedDoesNotTakeBackTheWriteThatFreesIt() {
    try (TestNode node = new TestNode(6);
        TestNode source = new TestNode(7)) {
      Envelope parent = source.envelope(source.put("k", "0").version().id());
      List<Envelope> children = new ArrayList<>();
      for (int i = 0; i < 120; i++) {
        children.add(child(source, parent, i + "x".repeat(3_000)));
      }
      // More is freed than one batch holds, and the one that rots is not in the first.
      children.sort(java.util.Comparator.comparing(envelope -> envelope.version().id()));
      Envelope victim = child(source, parent, "v".repeat(140_000));
      for (int i = 0; victim.version().id().compareTo(children.get(100).version().id()) < 0; i++) {
        victim = child(source, parent, i + "v".repeat(140_000));
      }
      children.add(victim);
      for (Envelope child : children) node.receiveDurably(child);
      for (int i = 0; i < 300; i++) node.put("filler" + i, "\"" + "x".repeat(3_000) + "\"");
      // What a process has written itself it does not doubt before the next scrub.
      node.settle().reopen();
      assertTrue(rot(node, victim.document()), "it is not flushed yet");
      assertEquals(new Reception.Visible(parent.version().id()), node.receive(parent));
      assertTrue(node.store.draining(), "some are stuck");
      assertTrue(node.store.parked() > 0);
      node.store.repair();
      node.settle();
      while (node.store.draining()) {
        node.store.begin().commit();
        node.settle();
      }
      for (Envelope child : children) node.receive(child);
      assertEquals(children.size(), node.heads("k").all().size());
      for (Envelope child : children) assertTrue(node.graph().contains(child.version().id()));
      sound(node, "healed");
    }
  }

  private static Envelope child(TestNode source, Envelope parent, String text) {
    Draft draft = Draft.put(parent.version().key(), Bytes.utf8("\"" + text + "\""));
    Draft onParent = draft.over(List.of(parent.version().id()));
    return source.envelope(source.write(onParent).version().id());
  }

  /** Flips a byte of a large document wherever a flush has put it; false while none has. */
  private static boolean rot(TestNode node, Bytes document) {
    String start = document.slice(0, 64).utf8();
    boolean rotten = false;
    for (String name : node.disk.list("")) {
      if (!name.endsWith(".table") && !name.endsWith(".blob")) continue;
      try (var file = node.disk.open(name)) {
        byte[] content = new byte[(int) file.size()];
        file.readAt(0, java.nio.ByteBuffer.wrap(content));
        int at = new String(content, java.nio.charset.StandardCharsets.ISO_8859_1).indexOf(start);
        if (at < 0) continue;
        node.disk.flip(name, at + document.size() / 2, 0x08);
        rotten = true;
      }
    }
    return rotten;
  }

  @Test
  void aLostDocumentTakesItsVersionsOutOfTheSet() {
    try (TestNode node = new TestNode(3)) {
      String large = "\"" + "x".repeat(Keyspace.CONTENT_BYTES_MIN) + "\"";
      Version a = node.put("a", large).version();
      Version b = node.put("b", large).version();
      Envelope keptA = node.envelope(a.id());
      node.engine.apply(
          new WriteBatch().put(Keyspace.content(a.content()), Bytes.utf8("something else")));
      repair(node);
      assertEquals(List.of(a.id(), b.id()).stream().sorted().toList(), node.store.lost());
      node.receive(keptA);
      assertEquals(large, node.value("a"));
      assertEquals(List.of(b.id()), node.store.lost());
    }
  }

  @Test
  void adoptedPositionsAreDropped() {
    try (TestNode node = new TestNode(4)) {
      Incarnation log = new Incarnation(1, 2);
      Transaction transaction = node.store.begin();
      transaction.adopt(log, Intervals.of(1, 9));
      transaction.commit();
      repair(node);
      assertTrue(node.store.position(log).adopted().isEmpty());
      assertEquals(List.of(), node.store.positions());
    }
  }

  @Test
  void aFlippedByteInATableIsNoticedAndHealed() {
    int noticed = 0;
    for (int seed = 1; seed <= 12; seed++) {
      SimEntropy entropy = new SimEntropy(seed);
      try (TestNode node = new TestNode(seed);
          TestNode peer = new TestNode(seed + 500)) {
        for (int i = 0; i < 400; i++) {
          node.put("k" + i % 40, "\"" + "v".repeat(entropy.nextInt(3_000)) + i + "\"");
        }
        for (Envelope envelope : node.versions()) peer.receive(envelope);
        List<String> tables = new ArrayList<>();
        for (String name : node.disk.list("")) if (name.endsWith(".table")) tables.add(name);
        assertFalse(tables.isEmpty(), "the test needs tables: " + node.disk.list(""));
        node.engine.close();
        String table = tables.get(entropy.nextInt(tables.size()));
        long size = node.disk.open(table).size();
        node.disk.flip(table, entropy.nextInt((int) size), 1 << entropy.nextInt(8));
        node.reopen();
        String round = "seed " + seed + " " + table;
        touchAll(node);
        if (node.engine.recovery().lossy()) noticed++;
        node.mend();
        sound(node, round);
        for (Envelope envelope : TestVersions.shuffled(peer.versions(), entropy)) {
          node.receive(envelope);
        }
        assertEquals(Snapshots.answers(peer.store), Snapshots.answers(node.store), round);
        assertEquals(List.of(), node.store.lost(), round);
        node.settle().reopen();
        assertFalse(node.store.needsRepair(), round + ": dealt with once");
        assertEquals(Snapshots.answers(peer.store), Snapshots.answers(node.store), round);
      }
    }
    assertTrue(noticed > 6, "only " + noticed + " flips hit what is checked");
  }

  @Test
  void aFlippedByteInTheLogLosesNothingBehindIt() {
    int noticed = 0;
    for (int seed = 1; seed <= 12; seed++) {
      SimEntropy entropy = new SimEntropy(seed);
      try (TestNode node = new TestNode(seed);
          TestNode peer = new TestNode(seed + 500)) {
        for (int i = 0; i < 100; i++) node.put("k" + i % 10, "" + i);
        for (Envelope envelope : node.versions()) peer.receive(envelope);
        Digest last = node.put("last", "1").version().id();
        node.put("sealing", "1");
        for (Envelope envelope : node.versions()) peer.receive(envelope);
        node.engine.close();
        List<String> logs = new ArrayList<>();
        for (String name : node.disk.list("")) if (name.endsWith(".log")) logs.add(name);
        for (String log : logs) node.disk.flip(log, 4_096 + entropy.nextInt(20_000), 8);
        node.reopen();
        String round = "seed " + seed;
        if (node.engine.recovery().lossy()) noticed++;
        node.mend();
        sound(node, round);
        assertTrue(node.graph().contains(last), round + ": nothing behind the flip is lost");
        for (Envelope envelope : TestVersions.shuffled(peer.versions(), entropy)) {
          node.receive(envelope);
        }
        assertEquals(Snapshots.answers(peer.store), Snapshots.answers(node.store), round);
        assertEquals(List.of(), node.store.lost(), round);
        sound(node, round);
      }
    }
    assertTrue(noticed > 6, "only " + noticed + " flips hit a record");
  }

  private static void touchAll(TestNode node) {
    try (Cursor cursor = node.engine.cursor(Keyspace.VERSION.start(), null)) {
      while (cursor.next()) assertTrue(cursor.row().value().size() >= 0);
    } catch (KdeltaException.Corrupt noticed) {
      assertTrue(node.engine.recovery().lossy());
    }
  }

  /** Takes away rows as a damaged part of the store would. */
  private static int lose(TestNode node, SimEntropy entropy) {
    List<RowKey> keys = new ArrayList<>();
    List<Keyspace> kinds = List.of(Keyspace.values());
    Keyspace only = kinds.get(entropy.nextInt(kinds.size()));
    boolean oneKind = entropy.nextInt(3) > 0;
    RowKey from = oneKind ? only.start() : Keyspace.VERSION.start();
    RowKey to = oneKind ? only.end() : Keyspace.LOST.end();
    int oneIn = 1 + entropy.nextInt(8);
    try (Cursor cursor = node.engine.cursor(from, to)) {
      while (cursor.next()) {
        boolean spared = cursor.row().key().equals(SystemRows.NODE);
        if (!spared && entropy.nextInt(oneIn) == 0) keys.add(cursor.row().key());
      }
    }
    WriteBatch batch = new WriteBatch();
    for (RowKey key : keys) batch.delete(key);
    if (batch.rows() > 0) node.engine.apply(batch);
    return keys.size();
  }

  private static void repair(TestNode node) {
    node.engine.apply(new WriteBatch().put(SystemRows.REPAIR, Bytes.EMPTY));
    node.settle().reopen();
    assertTrue(node.store.needsRepair());
    node.mend();
    assertFalse(node.store.needsRepair());
  }

  private static void sound(TestNode node, String round) {
    Snapshots.check(node.store);
    appliedOnceInOrder(node, round);
    assertEquals(Snapshots.memory(node.rescanned()), Snapshots.memory(node.store), round);
    for (Digest id : node.store.lost()) {
      assertFalse(node.graph().contains(id), round);
      assertNotEquals(false, node.store.lost().contains(id));
    }
    for (Position position : node.store.positions()) {
      for (Intervals.Range range : position.applied().ranges()) {
        for (long seq = range.first(); seq <= range.last(); seq++) {
          Digest id = node.graph().versionAt(new Dot(position.incarnation(), seq));
          assertTrue(id != null && node.graph().contains(id), round + ": applied means visible");
        }
      }
    }
  }

  /** The apply log names every visible version once, and parents before their children. */
  private static void appliedOnceInOrder(TestNode node, String round) {
    TreeSet<Digest> named = new TreeSet<>();
    long count = node.store.tree().count();
    for (AppliedRecord row : node.graph().appliedAfter(0, (int) count + 100)) {
      Stored stored = node.graph().version(row.version());
      assertTrue(stored != null && named.add(row.version()), round + ": " + row);
      assertTrue(named.containsAll(stored.version().parents()), round + ": a parent comes later");
      assertTrue(row.position() <= node.store.appliedPosition(), round);
    }
    assertEquals(count, named.size(), round);
  }
}
