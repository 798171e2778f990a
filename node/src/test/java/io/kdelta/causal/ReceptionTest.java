package io.kdelta.causal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.memory.Bytes;
import io.kdelta.reconciliation.Digest;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * Goal: what peers send is believed only when it is right, waits when it must, and counts once.
 * Method: one example for each rule, over the real engine and a simulated disk.
 */
final class ReceptionTest {
  private static final Incarnation LOG = new Incarnation(11, 12);
  private final Envelope base = TestVersions.put("k", "0", Timestamp.ofMicros(10));
  private final Envelope child = TestVersions.put("k", "1", Timestamp.ofMicros(20), base);
  private final Envelope grandchild = TestVersions.put("k", "2", Timestamp.ofMicros(30), child);

  @Test
  void parkedVersionsAreNoPartOfAnythingUntilTheirParentsCome() {
    for (boolean durably : new boolean[] {true, false}) {
      try (TestNode node = new TestNode(1)) {
        Digest empty = node.store.tree().root();
        for (Envelope orphan : List.of(grandchild, child)) {
          Reception parked = durably ? node.receiveDurably(orphan) : node.receive(orphan);
          Digest missing = orphan.version().parents().getFirst();
          assertEquals(new Reception.Parked(orphan.version().id(), missing, durably), parked);
          assertFalse(node.graph().contains(orphan.version().id()));
        }
        assertEquals(empty, node.store.tree().root());
        assertTrue(node.heads("k").isEmpty());
        assertEquals(CausalStats.NONE, node.store.stats());
        assertEquals(2, node.store.parked());
        assertEquals(
            List.of(base.version().id(), child.version().id()).stream().sorted().toList(),
            node.store.missingParents(9));
        if (durably) node.reopen();
        Transaction transaction = node.store.begin();
        assertInstanceOf(Reception.Visible.class, transaction.receive(base));
        Committed committed = transaction.commit();
        assertEquals(
            List.of(base, child, grandchild).stream().map(e -> e.version().id()).toList(),
            committed.applied().stream().map(Applied::id).toList(),
            "in causal order");
        assertEquals("2", node.value("k"));
        assertEquals(0, node.store.parked());
        assertEquals(List.of(), node.store.missingParents(9));
        Snapshots.check(node.store);
        assertEquals(Snapshots.memory(node.rescanned()), Snapshots.memory(node.store));
      }
    }
  }

  @Test
  void aLongParkedChainDrainsWithoutRecursion() {
    try (TestNode node = new TestNode(2)) {
      List<Envelope> chain = new ArrayList<>(List.of(base));
      for (int i = 1; i < 2_000; i++) {
        chain.add(TestVersions.put("k", "" + i, Timestamp.ofMicros(100 + i), chain.getLast()));
      }
      List<Envelope> orphans = new ArrayList<>(chain.subList(1, chain.size()).reversed());
      for (int at = 0; at < orphans.size(); at += 500) {
        Transaction parking = node.store.begin();
        for (Envelope orphan : orphans.subList(at, Math.min(at + 500, orphans.size()))) {
          parking.receiveDurably(orphan);
        }
        parking.commit();
        node.settle();
      }
      assertEquals(1_999, node.store.parked());
      long before = node.engine.lastLsn();
      node.receive(base);
      while (node.store.draining()) {
        node.store.begin().commit();
        node.settle();
      }
      assertTrue(node.engine.lastLsn() > before + 2, "in batches that the log can hold");
      assertEquals(2_000, node.store.stats().versions());
      assertEquals("1999", node.value("k"));
      assertEquals(0, node.store.parked());
    }
  }

  @Test
  void whatBreaksARuleIsRefusedWithItsDescendants() {
    try (TestNode node = new TestNode(3)) {
      node.receive(base);
      Envelope early = TestVersions.put("k", "9", Timestamp.ofMicros(10), base);
      refused(node, early, "not later");
      Envelope heir = TestVersions.put("k", "8", Timestamp.ofMicros(40), early);
      refused(node, heir, "refused version");
      Envelope foreign = TestVersions.put("other", "7", Timestamp.ofMicros(50), base);
      refused(node, foreign, "another key");
      assertEquals(3, node.store.refused().size());
      assertEquals(1, node.store.stats().versions());
    }
  }

  @Test
  void aParkedVersionThatTurnsOutWrongTakesItsHeirsAlong() {
    try (TestNode node = new TestNode(4)) {
      Envelope wrong = TestVersions.put("k", "9", Timestamp.ofMicros(5), base).withDots(dots(1));
      Envelope heir = TestVersions.put("k", "8", Timestamp.ofMicros(40), wrong).withDots(dots(2));
      node.receiveDurably(heir);
      node.receiveDurably(wrong);
      assertEquals(2, node.store.position(LOG).received().prefix());
      assertEquals(2, node.store.position(LOG).chainSeq());
      Transaction transaction = node.store.begin();
      transaction.receive(base);
      Committed committed = transaction.commit();
      assertEquals(
          List.of(wrong.version().id(), heir.version().id()),
          committed.refused().stream().map(Reception.Refused::id).toList());
      assertEquals(0, node.store.parked());
      assertTrue(node.store.position(LOG).received().isEmpty(), "never receipted");
      assertEquals(0, node.store.position(LOG).chainSeq());
      assertEquals(Snapshots.memory(node.rescanned()), Snapshots.memory(node.store));
      Snapshots.check(node.store);
    }
  }

  @Test
  void aWrongDocumentDoesNotCondemnTheVersion() {
    try (TestNode node = new TestNode(5)) {
      Envelope lie = new Envelope(base.version(), List.of(), null, Bytes.utf8("666"), Bytes.EMPTY);
      refused(node, lie, "not the one");
      assertInstanceOf(Reception.Visible.class, node.receive(base));
    }
  }

  @Test
  void theSchemaOfTheFloorsAboveDecides() {
    ContentSchema noNines =
        (type, document) -> document.utf8().contains("9") ? "contains a nine" : null;
    try (TestNode node = new TestNode(6, noNines)) {
      refused(node, TestVersions.put("k", "9", Timestamp.ofMicros(1)), "contains a nine");
      assertInstanceOf(Reception.Visible.class, node.receive(base));
    }
  }

  @Test
  void anotherDotOfAHeldVersionIsAdded() {
    try (TestNode node = new TestNode(7)) {
      node.receive(base.withDots(dots(1)));
      long lsn = node.engine.lastLsn();
      assertEquals(
          new Reception.Duplicate(base.version().id(), false),
          node.receive(base.withDots(dots(1))));
      assertEquals(lsn, node.engine.lastLsn(), "nothing is appended for what is known");
      Dot other = new Dot(new Incarnation(1, 1), 4);
      assertEquals(
          new Reception.Duplicate(base.version().id(), true),
          node.receive(base.withDots(List.of(other))));
      assertEquals(List.of(other, dots(1).getFirst()), node.envelope(base.version().id()).dots());
      assertEquals(base.version().id(), node.graph().versionAt(other));
      node.receiveDurably(grandchild.withDots(dots(3)));
      node.receiveDurably(grandchild.withDots(List.of(new Dot(new Incarnation(1, 1), 5))));
      assertEquals(Intervals.of(4, 5), node.store.position(other.incarnation()).received());
      assertEquals(Intervals.of(4, 4), node.store.position(other.incarnation()).applied());
      assertEquals(Snapshots.memory(node.rescanned()), Snapshots.memory(node.store));
    }
  }

  @Test
  void aDotClashFlagsTheLogAndRefusesNothing() {
    try (TestNode node = new TestNode(8)) {
      node.receive(base.withDots(dots(1)));
      Envelope other = TestVersions.put("k", "5", Timestamp.ofMicros(11)).withDots(dots(1));
      assertInstanceOf(Reception.Visible.class, node.receive(other));
      assertEquals(List.of(), node.envelope(other.version().id()).dots());
      assertTrue(node.store.position(LOG).disputed());
      assertNull(node.store.frame(LOG, 1, 1_000), "left out of streaming");
      node.reopen();
      assertTrue(node.store.position(LOG).disputed());
    }
  }

  @Test
  void aStrangerInOurOwnLogMakesUsDrawAnother() {
    try (TestNode node = new TestNode(9)) {
      Written first = node.put("k", "1");
      Incarnation own = first.dots().getFirst().incarnation();
      Dot stolen = new Dot(own, 2);
      node.receive(TestVersions.put("l", "6", Timestamp.ofMicros(7)).withDots(List.of(stolen)));
      assertTrue(node.store.position(own).disputed());
      assertNull(node.graph().versionAt(stolen));
      Dot next = node.put("k", "2").dots().getFirst();
      assertNotEquals(own, next.incarnation());
      assertEquals(1, next.seq());
      assertEquals(Snapshots.memory(node.rescanned()), Snapshots.memory(node.store));
    }
  }

  @Test
  void aLogIsShippedAndRelayed() {
    try (TestNode a = new TestNode(10);
        TestNode b = new TestNode(11);
        TestNode c = new TestNode(12)) {
      for (int i = 0; i < 20; i++) a.put("k" + i % 3, "" + i);
      Incarnation log = a.store.incarnation().orElseThrow();
      TestNode[][] hops = {{a, b}, {b, c}};
      for (TestNode[] hop : hops) {
        long seq = 1;
        while (true) {
          Frame frame = hop[0].store.frame(log, seq, 700);
          if (frame == null) break;
          Frame arrived = Frame.decode(frame.encode());
          assertInstanceOf(FrameReception.Taken.class, hop[1].receive(arrived));
          seq = frame.lastSeq() + 1;
        }
        assertEquals(21, seq);
      }
      assertEquals(Snapshots.answers(a.store), Snapshots.answers(c.store));
      assertEquals(a.store.position(log), c.store.position(log));
      assertEquals(20, c.store.position(log).chainSeq());
      assertEquals(a.store.node(), c.store.position(log).node());
      assertTrue(c.store.incarnation().isEmpty(), "received versions are never one's own");
    }
  }

  @Test
  void framesOutOfOrderJoinTheirChain() {
    try (TestNode a = new TestNode(13);
        TestNode b = new TestNode(14)) {
      for (int i = 0; i < 9; i++) a.put("k", "" + i);
      Incarnation log = a.store.incarnation().orElseThrow();
      Frame all = a.frame(log, 1, 1 << 20);
      for (long[] part : new long[][] {{7, 9}, {4, 6}, {1, 3}}) {
        b.receive(part(all, a, part[0], part[1]));
      }
      assertEquals("8", b.value("k"));
      assertEquals(a.store.position(log), b.store.position(log));
      assertEquals(Snapshots.memory(b.rescanned()), Snapshots.memory(b.store));
      FrameReception.Taken again =
          assertInstanceOf(FrameReception.Taken.class, b.receive(part(all, a, 2, 8)));
      for (Reception reception : again.versions()) {
        assertInstanceOf(Reception.Duplicate.class, reception);
      }
    }
  }

  @Test
  void aBrokenChainTakesNothing() {
    try (TestNode a = new TestNode(15);
        TestNode b = new TestNode(16)) {
      for (int i = 0; i < 6; i++) a.put("k", "" + i);
      Incarnation log = a.store.incarnation().orElseThrow();
      Frame all = a.frame(log, 1, 1 << 20);
      b.receive(part(all, a, 1, 3));
      Frame good = part(all, a, 4, 6);
      Digest wrong = new Digest(1, 2, 3, 4);
      Frame badStart = new Frame(log, good.node(), 4, wrong, null, good.entries());
      assertEquals(new FrameReception.ChainBroken(log, 3), b.receive(badStart));
      Frame badEnd = new Frame(log, good.node(), 4, null, wrong, good.entries());
      assertEquals(new FrameReception.ChainBroken(log, 3), b.receive(badEnd));
      assertEquals(3, b.store.stats().versions());
      Frame unknown = new Frame(log, NodeId.NONE, 4, null, null, good.entries());
      assertInstanceOf(FrameReception.Taken.class, b.receive(unknown));
      assertEquals(a.store.position(log), b.store.position(log));
    }
  }

  @Test
  void adoptedPositionsAreHeldWithoutRows() {
    try (TestNode node = new TestNode(17)) {
      Transaction transaction = node.store.begin();
      transaction.adopt(LOG, Intervals.of(1, 50));
      transaction.adopt(LOG, Intervals.of(60, 70));
      transaction.commit();
      node.settle().reopen();
      Position position = node.store.position(LOG);
      assertEquals(Intervals.of(1, 50).with(60, 70), position.adopted());
      assertTrue(position.received().isEmpty());
      assertEquals(position.adopted(), position.held());
      assertNull(node.store.frame(LOG, 1, 1_000));
      long lsn = node.engine.lastLsn();
      Transaction again = node.store.begin();
      again.adopt(LOG, Intervals.of(2, 9));
      again.commit();
      assertEquals(lsn, node.engine.lastLsn(), "nothing new, nothing written");
    }
  }

  private static void refused(TestNode node, Envelope envelope, String why) {
    Reception.Refused refused = assertInstanceOf(Reception.Refused.class, node.receive(envelope));
    assertTrue(refused.reason().contains(why), refused.reason());
    assertFalse(node.graph().contains(envelope.version().id()));
  }

  private static Frame part(Frame all, TestNode sender, long first, long last) {
    Incarnation log = all.incarnation();
    return new Frame(
        log,
        all.node(),
        first,
        sender.store.chain(log, first - 1),
        sender.store.chain(log, last),
        all.entries().subList((int) first - 1, (int) last));
  }

  private static List<Dot> dots(long seq) {
    return List.of(new Dot(LOG, seq));
  }
}
