package io.kdelta.causal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.env.SimEntropy;
import io.kdelta.env.SimTime;
import io.kdelta.error.KdeltaException;
import io.kdelta.memory.Bytes;
import io.kdelta.reconciliation.Digest;
import io.kdelta.storage.StorageEngine;
import io.kdelta.storage.StorageLimits;
import io.kdelta.storage.StorageWork;
import io.kdelta.storage.WriteBatch;
import io.kdelta.vfs.SimVfs;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Goal: local writes, reads of the graph, requests and batches do what data-model.md says. Method:
 * one example for each rule, over the real engine and a simulated disk.
 */
final class CausalStoreTest {
  private static final Key KEY = new Key("ns", "k");

  /** As after damage that took the row of the node's id and left more log than memtables. */
  @Test
  void aStoreWithoutIdThatOwesWorkDoesItFirst() {
    SimEntropy entropy = new SimEntropy(1);
    SimVfs disk = new SimVfs(entropy.split("disk"));
    StorageLimits wide = new StorageLimits(8 << 10, 20, 1 << 20, 256 << 10, 1 << 10, 64 << 10, 0);
    try (StorageEngine engine = StorageEngine.open(disk, entropy.split("wide"), wide)) {
      for (int i = 0; i < 60; i++) {
        Bytes value = Bytes.wrap(new byte[1_000]);
        engine.apply(new WriteBatch().put(Keyspace.system("test/" + i), value));
        for (StorageWork work : engine.takeWork()) {
          if (work.kind() == StorageWork.Kind.TABLE) continue;
          work.run();
          engine.workDone(work);
        }
      }
    }
    disk.crash();
    StorageLimits narrow = new StorageLimits(8 << 10, 2, 1 << 20, 256 << 10, 1 << 10, 64 << 10, 0);
    try (StorageEngine engine = StorageEngine.open(disk, entropy.split("narrow"), narrow)) {
      CausalStore store =
          CausalStore.open(engine, new SimTime(), entropy.split("store"), ContentSchema.ANY);
      assertEquals(
          SystemRows.node(store.node()),
          Objects.requireNonNull(engine.get(SystemRows.NODE)).value());
    }
  }

  /** Of many versions the first one of their log comes last: its batch is no larger for them. */
  @Test
  void whatFillsAHoleFitsIntoASegmentHoweverMuchLiesBehind() {
    int versions = 1_500;
    StorageLimits limits = new StorageLimits(64 << 10, 3, 8 << 20, 64 << 10, 1 << 10, 64 << 10, 0);
    SimEntropy entropy = new SimEntropy(1);
    try (TestNode origin = new TestNode(1);
        StorageEngine engine =
            StorageEngine.open(new SimVfs(entropy.split("disk")), entropy.split("life"), limits)) {
      CausalStore store =
          CausalStore.open(engine, new SimTime(), entropy.split("store"), ContentSchema.ANY);
      List<Digest> ids = new ArrayList<>();
      for (int i = 0; i < versions; i++) ids.add(origin.put("k" + i, "1").version().id());
      for (Digest id : ids.reversed()) {
        Transaction transaction = store.begin();
        transaction.receive(Objects.requireNonNull(origin.graph().envelope(id)));
        transaction.commit();
        engine.runInline();
      }
      for (int turn = 0; turn < versions && store.tend(); turn++) engine.runInline();
      assertEquals(origin.store.tree().root(), store.tree().root());
      Incarnation log = origin.store.incarnation().orElseThrow();
      assertEquals(origin.store.position(log).chain(), store.position(log).chain());
      Snapshots.check(store);
    }
  }

  @Test
  void aWriteSupersedesWhatTheNodeSaw() {
    try (TestNode node = new TestNode(1)) {
      Written first = node.put("k", "1");
      Written second = node.put("k", "2");
      assertEquals(List.of(), first.version().parents());
      assertEquals(List.of(first.version().id()), second.version().parents());
      assertEquals(1, second.superseded());
      assertEquals(1, second.headsLeft());
      assertEquals("2", node.value("k"));
      assertEquals(second.version().id(), node.heads("k").stateId().orElseThrow());
      assertEquals(node.store.node(), second.version().node());
      assertEquals(2, second.dots().getFirst().seq());
      Snapshots.check(node.store);
    }
  }

  @Test
  void namedParentsMakeBranchesAndAMergeEndsThem() {
    try (TestNode node = new TestNode(2)) {
      Digest base = node.put("k", "0").version().id();
      Digest left = node.write(over("1", base)).version().id();
      Digest right = node.write(over("2", base)).version().id();
      Heads heads = node.heads("k");
      assertTrue(heads.conflicting());
      assertEquals(right, heads.winner().orElseThrow().id());
      assertEquals(Distinction.synthesize(left, right), heads.stateId().orElseThrow(), "two heads");
      assertEquals(List.of(base), node.graph().commonAncestors(List.of(left, right)));
      assertEquals(1, node.store.stats().conflicts());
      Written merge = node.put("k", "3");
      assertEquals(2, merge.superseded());
      assertEquals(2, merge.version().parents().size());
      assertFalse(node.heads("k").conflicting());
      assertEquals(0, node.store.stats().conflicts());
      assertEquals(1, node.store.stats().merges());
      assertEquals(3, node.graph().ancestors(merge.version().id(), 99).size());
      assertEquals(3, node.graph().descendants(base, 99).size());
      assertEquals(2, node.graph().descendants(base, 2).size());
      assertEquals(
          List.of(left), node.graph().commonAncestors(List.of(left, merge.version().id())));
      Snapshots.check(node.store);
    }
  }

  @Test
  void liveHeadsWinOverDeletedOnes() {
    try (TestNode node = new TestNode(3)) {
      Digest base = node.put("k", "0").version().id();
      Digest live = node.write(over("1", base)).version().id();
      Draft delete = Draft.delete(KEY).over(List.of(base));
      Digest deleted = node.write(delete).version().id();
      Timestamp now = node.store.clock();
      assertEquals(live, node.heads("k").winner().orElseThrow().id());
      assertEquals(live, winnerAt(node, now));
      Timestamp before = new Timestamp(node.version(live).version().time().packed() - 1);
      assertEquals(base, winnerAt(node, before));
      node.delete("k");
      assertFalse(node.heads("k").live());
      assertEquals(live, winnerAt(node, now), "the past does not change");
      assertEquals(1, node.store.stats().keysDeleted());
      assertEquals(2, node.store.stats().deletes());
      assertEquals(List.of(deleted, live), sorted(node.graph().headsAt(KEY, now)));
      assertNull(node.graph().winnerAt(KEY, Timestamp.ZERO));
    }
  }

  @Test
  void moreThanSixtyFourHeadsAreSupersededInPortions() {
    try (TestNode node = new TestNode(4)) {
      Digest base = node.put("k", "0").version().id();
      for (int i = 0; i < 70; i++) node.write(over("" + i, base));
      assertEquals(70, node.heads("k").all().size());
      Written merge = node.put("k", "merged");
      assertEquals(64, merge.superseded());
      assertEquals(7, merge.headsLeft());
      assertEquals("merged", node.value("k"));
      Snapshots.check(node.store);
    }
  }

  @Test
  void parentsMustBeHereAndOfTheSameKey() {
    try (TestNode node = new TestNode(5)) {
      Digest other = node.put("other", "0").version().id();
      Transaction transaction = node.store.begin();
      assertThrows(KdeltaException.NotFound.class, () -> transaction.write(over("1", Digest.ZERO)));
      transaction.abandon();
      Transaction next = node.store.begin();
      assertThrows(KdeltaException.Invalid.class, () -> next.write(over("1", other)));
      next.abandon();
      assertEquals(1, node.store.stats().versions());
    }
  }

  @Test
  void aBatchSeesItselfAndIsShippedWhole() {
    try (TestNode node = new TestNode(6)) {
      node.put("before", "0");
      Transaction batch = node.store.begin();
      Written a = batch.write(Draft.put(KEY, Bytes.utf8("1")));
      Written b = batch.write(Draft.put(KEY, Bytes.utf8("2")));
      assertEquals(List.of(a.version().id()), b.version().parents());
      batch.write(Draft.put(new Key("ns", "l"), Bytes.utf8("3")));
      assertTrue(node.heads("k").isEmpty(), "nothing is seen before the commit");
      Committed committed = batch.commit();
      node.put("after", "4");
      assertEquals(
          List.of(2L, 3L, 4L), committed.applied().stream().map(Applied::position).toList());
      assertNull(committed.applied().getFirst().winnerBefore());
      assertEquals(Head.of(a.version()), committed.applied().get(1).winnerBefore());
      Incarnation log = node.store.incarnation().orElseThrow();
      Frame small = node.frame(log, 2, 1);
      assertEquals(3, small.entries().size(), "a batch never splits");
      assertTrue(small.entries().get(0).continues() && small.entries().get(1).continues());
      assertFalse(small.entries().get(2).continues());
      assertEquals(5, node.frame(log, 1, 1 << 20).entries().size());
      assertTrue(node.frame(log, 1, 1 << 20).chainHolds());
      assertNull(node.store.frame(log, 6, 1 << 20));
    }
  }

  @Test
  void abandonedAndFailedTransactionsLeaveNothing() {
    try (TestNode node = new TestNode(7)) {
      node.put("k", "1");
      var before = Snapshots.memory(node.store);
      Transaction transaction = node.store.begin();
      transaction.write(Draft.put(KEY, Bytes.utf8("2")));
      transaction.abandon();
      assertEquals(before, Snapshots.memory(node.store));
      assertEquals("1", node.value("k"));
      assertThrows(IllegalStateException.class, transaction::commit);
      assertEquals(2, node.put("k", "3").dots().getFirst().seq(), "no gap in the log");
    }
  }

  @Test
  void aProcessThatWritesNothingTakesNoIncarnation() {
    try (TestNode node = new TestNode(8)) {
      assertTrue(node.store.incarnation().isEmpty());
      node.settle().reopen();
      assertTrue(node.store.incarnation().isEmpty());
      assertEquals(List.of(), node.store.positions());
      node.put("k", "1");
      Incarnation first = node.store.incarnation().orElseThrow();
      NodeId id = node.store.node();
      node.reopen();
      assertEquals(id, node.store.node());
      assertTrue(node.store.incarnation().isEmpty());
      Written second = node.put("k", "2");
      assertNotEquals(first, second.dots().getFirst().incarnation());
      assertEquals(1, second.dots().getFirst().seq());
      assertEquals(id, node.store.position(first).node());
      Snapshots.check(node.store);
    }
  }

  @Test
  void aRepeatedImportWritesNothing() {
    try (TestNode node = new TestNode(9)) {
      Version put = VersionTest.goldenPut();
      Bytes document = Bytes.utf8("{\"age\":30,\"name\":\"Alice\"}");
      Transaction first = node.store.begin();
      Written written = first.importVersion(put, document, null);
      assertFalse(written.repeated());
      Committed committed = first.commit();
      long lsn = node.engine.lastLsn();
      Frame shipped = node.frame(written.dots().getFirst().incarnation(), 1, 1);
      assertFalse(shipped.entries().getFirst().continues(), "an import is of no batch");
      Transaction again = node.store.begin();
      Written repeated = again.importVersion(put, document, null);
      assertTrue(repeated.repeated());
      assertEquals(written.dots(), repeated.dots());
      assertEquals(committed.lsn(), again.commit().lsn(), "it waits for the row it found");
      assertEquals(lsn, node.engine.lastLsn());
      Transaction bad = node.store.begin();
      assertThrows(
          KdeltaException.Invalid.class, () -> bad.importVersion(put, Bytes.utf8("{}"), null));
      Envelope parent = TestVersions.put("k", "1", Timestamp.ofMicros(5));
      Envelope orphan = TestVersions.delete("k", Timestamp.ofMicros(6), parent);
      assertThrows(
          KdeltaException.NotFound.class,
          () -> bad.importVersion(orphan.version(), Bytes.EMPTY, null));
      bad.abandon();
    }
  }

  @Test
  void largeContentLiesOnceAndSmallInline() {
    try (TestNode node = new TestNode(10)) {
      String large = "\"" + "x".repeat(Keyspace.CONTENT_BYTES_MIN) + "\"";
      Written a = node.put("a", large);
      Written b = node.put("b", large);
      assertEquals(large, node.value("a"));
      assertEquals(large, node.value("b"));
      assertNull(node.version(a.version().id()).inline());
      assertEquals(a.version().content(), b.version().content());
      assertEquals(2L * large.length(), node.store.stats().bytes());
      assertNotEquals(null, node.engine.get(Keyspace.content(a.version().content())));
      String small = "\"" + "x".repeat(Keyspace.CONTENT_BYTES_MIN - 3) + "\"";
      Written c = node.put("c", small);
      assertEquals(Bytes.utf8(small), node.version(c.version().id()).inline());
      assertNull(node.engine.get(Keyspace.content(c.version().content())));
    }
  }

  @Test
  void requestsAreRememberedForADayAndTheSmallerIdStays() {
    try (TestNode node = new TestNode(11)) {
      Request request = Request.single("r");
      Written first = node.write(Draft.put(KEY, Bytes.utf8("1")).as(request));
      RequestRecord record = node.graph().request("r").getFirst();
      assertEquals(first.version().id(), record.version());
      assertEquals(Request.bodyHash(first.version()), record.bodyHash());
      assertEquals(1, node.store.requests());
      Written second = node.write(Draft.put(KEY, Bytes.utf8("2")).as(request));
      Digest smaller =
          first.version().id().compareTo(second.version().id()) < 0
              ? first.version().id()
              : second.version().id();
      assertEquals(smaller, node.graph().request("r").getFirst().version());
      assertEquals(1, node.store.requests());
      node.reopen();
      assertEquals(smaller, node.graph().request("r").getFirst().version());
      node.time.advance(25L * 3_600 * 1_000_000_000L);
      node.write(Draft.put(KEY, Bytes.utf8("3")).as(Request.single("s")));
      assertEquals(List.of(), node.graph().request("r"));
      assertEquals(1, node.graph().request("s").size());
      assertEquals(Snapshots.memory(node.rescanned()), Snapshots.memory(node.store));
    }
  }

  @Test
  void aRequestThatCameWhileTheClockWasDaysBehindIsKnownWhenItIsRightAgain() {
    try (TestNode node = new TestNode(13)) {
      node.put("a", "1");
      node.time.setWallOffsetMicros(-13L * 24 * 3_600 * 1_000_000);
      node.write(Draft.put(KEY, Bytes.utf8("1")).as(Request.single("r")));
      node.time.setWallOffsetMicros(0);
      node.write(Draft.put(KEY, Bytes.utf8("2")).as(Request.single("s")));
      assertEquals(1, node.graph().request("r").size());
      node.time.advance(25L * 3_600 * 1_000_000_000L);
      node.write(Draft.put(KEY, Bytes.utf8("3")).as(Request.single("t")));
      assertEquals(List.of(), node.graph().request("r"));
    }
  }

  @Test
  void idsKeysAndTheApplyLogAreWalkedInOrder() {
    try (TestNode node = new TestNode(12)) {
      List<Digest> ids = new ArrayList<>();
      for (String key : List.of("b", "a/1", "a/2", "c")) {
        ids.add(node.put(key, "1").version().id());
        ids.add(node.put(key, "2").version().id());
      }
      node.write(Draft.put(new Key("other", "a/1"), Bytes.utf8("0")));
      assertEquals(List.of("a/1", "a/2", "b", "c"), keys(node, "", null));
      assertEquals(List.of("a/1", "a/2"), keys(node, "a", null));
      assertEquals(List.of("a/2", "b", "c"), keys(node, "", "a/1"));
      assertEquals(List.of("c"), keys(node, "", "bb"));
      assertEquals(List.of(), keys(node, "a/", "b"));
      for (Digest id : ids) {
        assertEquals(List.of(id), node.graph().idsByPrefix(id.hex(), 2));
        assertTrue(node.graph().idsByPrefix(id.hex().substring(0, 1), 99).contains(id));
        assertEquals(List.of(id), node.graph().idsByPrefix(id.hex().substring(0, 13), 9));
      }
      assertThrows(KdeltaException.Invalid.class, () -> node.graph().idsByPrefix("xy", 1));
      List<AppliedRecord> log = node.graph().appliedAfter(2, 5);
      assertEquals(5, log.size());
      assertEquals(3, log.getFirst().position());
      assertEquals(ids.get(2), log.getFirst().version());
      assertEquals(List.of("ns", "other"), List.copyOf(node.store.namespaces().keySet()));
    }
  }

  @Test
  void systemRowsOfOthersAreKept() {
    try (TestNode node = new TestNode(13)) {
      Transaction transaction = node.store.begin();
      transaction.putSystem("members", Bytes.of(1, 2));
      assertThrows(
          KdeltaException.Invalid.class, () -> transaction.putSystem("causal/state", null));
      transaction.commit();
      node.settle().reopen();
      assertEquals(Bytes.of(1, 2), node.graph().system("members"));
      Transaction removal = node.store.begin();
      removal.putSystem("members", null);
      removal.commit();
      assertNull(node.graph().system("members"));
    }
  }

  @Test
  void theFarFutureOfAParentIsInheritedNotTakenOver() {
    try (TestNode node = new TestNode(14)) {
      long far = node.time.epochMicros() + 2 * HybridClock.AHEAD_MICROS_MAX;
      Bytes one = Bytes.utf8("1");
      Version future =
          Version.of(
              Version.Kind.PUT,
              KEY,
              List.of(),
              Timestamp.ofMicros(far),
              NodeId.NONE,
              Bytes.EMPTY,
              ContentType.JSON,
              ContentType.JSON.idOf(one),
              "");
      assertInstanceOf(
          Reception.Visible.class,
          node.receive(new Envelope(future, List.of(), null, one, Bytes.EMPTY)));
      Written child = node.put("k", "2");
      assertEquals(future.time().next(), child.version().time());
      Written elsewhere = node.put("l", "3");
      assertTrue(elsewhere.version().time().micros() <= node.time.epochMicros());
      assertEquals("2", node.value("k"));
    }
  }

  private static Draft over(String json, Digest parent) {
    return Draft.put(KEY, Bytes.utf8(json)).over(List.of(parent));
  }

  private static Digest winnerAt(TestNode node, Timestamp latest) {
    Stored winner = node.graph().winnerAt(KEY, latest);
    if (winner == null) throw new AssertionError("no winner at " + latest);
    return winner.version().id();
  }

  private static List<Digest> sorted(Heads heads) {
    return heads.all().stream()
        .sorted(java.util.Comparator.comparing(Head::time).reversed())
        .map(Head::id)
        .toList();
  }

  private static List<String> keys(TestNode node, String prefix, @Nullable String after) {
    List<String> keys = new ArrayList<>();
    try (KeyWalk walk = node.graph().keys("ns", prefix, after)) {
      while (walk.next()) keys.add(walk.heads().key().key());
    }
    return keys;
  }
}
