package io.kdelta.causal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/**
 * Goal: a token names what was seen, and a node has it when the versions are visible there, however
 * they came. Method: examples over two stores; parked, adopted, out of order, after a restart.
 */
final class CoverageTest {
  private static final Incarnation LOG = new Incarnation(-11, 12);

  @Test
  void aWriteIsNamedWithAllThatLeadsToIt() {
    try (TestNode node = new TestNode(1)) {
      node.put("a", "1");
      Written second = node.put("b", "2");
      node.put("c", "3");
      Incarnation log = node.store.incarnation().orElseThrow();
      Coverage.Named named = node.store.coverage().of(second.dots());
      assertEquals(Map.of(log.high(), Intervals.of(1, 2)), named.logs());
      assertEquals(0, named.lsn(), "a log that is written in order was never filled");
      assertTrue(lacking(node, named).isEmpty());
      assertEquals(
          Map.of(log.high(), Intervals.of(1, 3)), node.store.coverage().everything().logs());
      node.reopen();
      assertTrue(lacking(node, named).isEmpty());
      assertEquals(named, node.store.coverage().of(second.dots()));
      assertEquals(List.of(log), node.store.coverage().incarnations(List.of(log.high(), 4L)));
    }
  }

  @Test
  void anotherNodeHasItOnceTheVersionsAreVisible() {
    try (TestNode origin = new TestNode(2);
        TestNode other = new TestNode(3)) {
      origin.put("a", "1");
      origin.put("b", "2");
      Written third = origin.put("c", "3");
      Incarnation log = origin.store.incarnation().orElseThrow();
      Coverage.Named named = origin.store.coverage().of(third.dots());
      assertEquals(named.logs(), lacking(other, named).logs());
      long before = other.store.revision();
      other.receive(frameOfTwo(origin, log));
      assertTrue(other.store.revision() > before);
      assertEquals(Map.of(log.high(), Intervals.of(3, 3)), lacking(other, named).logs());
      other.receive(origin.frame(log, 3, 1 << 20));
      assertTrue(lacking(other, named).isEmpty());
    }
  }

  private static Frame frameOfTwo(TestNode origin, Incarnation log) {
    Frame all = origin.frame(log, 1, 1 << 20);
    return new Frame(log, all.node(), 1, all.before(), null, all.entries().subList(0, 2));
  }

  @Test
  void whatWaitsForAParentIsNotHere() {
    Envelope base = TestVersions.put("k", "0", Timestamp.ofMicros(10)).withDots(dot(1));
    Envelope child = TestVersions.put("k", "1", Timestamp.ofMicros(20), base).withDots(dot(2));
    Envelope last = TestVersions.put("j", "2", Timestamp.ofMicros(30)).withDots(dot(3));
    try (TestNode node = new TestNode(4)) {
      node.receiveDurably(child);
      node.receiveDurably(last);
      Coverage.Named three = new Coverage.Named(logs(Intervals.of(2, 3)), 0);
      assertEquals(logs(Intervals.of(2, 2)), lacking(node, three).logs());
      // The parked one below it does not belong to what a reader has seen.
      assertEquals(logs(Intervals.of(3, 3)), node.store.coverage().of(dot(3)).logs());
      assertEquals(0, node.store.coverage().of(dot(3)).lsn());
      node.reopen();
      assertEquals(logs(Intervals.of(2, 2)), lacking(node, three).logs());
      node.receiveDurably(base);
      assertTrue(lacking(node, three).isEmpty());
      Coverage.Named filled = node.store.coverage().of(dot(3));
      assertEquals(logs(Intervals.of(1, 3)), filled.logs());
      assertEquals(node.engine.lastLsn(), filled.lsn(), "the new ones below are to be synced too");
    }
  }

  @Test
  void adoptedPlacesCount() {
    try (TestNode node = new TestNode(5)) {
      Transaction transaction = node.store.begin();
      transaction.adopt(LOG, Intervals.of(1, 9));
      transaction.commit();
      assertTrue(lacking(node, new Coverage.Named(logs(Intervals.of(2, 9)), 0)).isEmpty());
      Coverage.Named more = new Coverage.Named(logs(Intervals.of(2, 11)), 0);
      assertEquals(logs(Intervals.of(10, 11)), lacking(node, more).logs());
      assertEquals(logs(Intervals.of(1, 9)), node.store.coverage().everything().logs());
    }
  }

  @Test
  void twoFindingsAreOne() {
    Coverage.Named one = new Coverage.Named(logs(Intervals.of(1, 2)), 7);
    Coverage.Named other = new Coverage.Named(logs(Intervals.of(3, 4)), 5);
    assertEquals(new Coverage.Named(logs(Intervals.of(1, 4)), 7), one.and(other));
    assertEquals(one, one.and(Coverage.Named.NOTHING));
  }

  private static CausalToken lacking(TestNode node, Coverage.Named named) {
    return node.store.coverage().lacking(new CausalToken(1, false, named.logs()));
  }

  private static List<Dot> dot(long seq) {
    return List.of(new Dot(LOG, seq));
  }

  private static SortedMap<Long, Intervals> logs(Intervals places) {
    return new TreeMap<>(Map.of(LOG.high(), places));
  }
}
