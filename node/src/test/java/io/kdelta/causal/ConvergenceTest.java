package io.kdelta.causal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.env.SimEntropy;
import io.kdelta.reconciliation.Digest;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/**
 * Goal: CONV and NOHOLE. Merging is set union: whatever the order, the grouping, the repetitions
 * and the way of arrival, stores with the same versions answer the same, and as a naive model does.
 * Method: seeded random graphs delivered in random ways.
 */
final class ConvergenceTest {
  private static final int SEEDS = 40;
  private static final int VERSIONS = 45;

  @Test
  void anyOrderOfArrivalGivesTheSameStore() {
    for (int seed = 1; seed <= SEEDS; seed++) {
      SimEntropy entropy = new SimEntropy(seed);
      List<Envelope> graph = TestVersions.graph(entropy, VERSIONS);
      GraphModel model = new GraphModel();
      for (Envelope envelope : graph) model.add(envelope.version());
      try (TestNode inOrder = new TestNode(seed);
          TestNode shuffled = new TestNode(seed + 1_000)) {
        deliver(inOrder, graph, entropy);
        List<Envelope> twice = new ArrayList<>(graph);
        for (Envelope envelope : graph) if (entropy.nextInt(3) == 0) twice.add(envelope);
        deliver(shuffled, TestVersions.shuffled(twice, entropy), entropy);
        String round = "seed " + seed;
        assertEquals(Snapshots.answers(inOrder.store), Snapshots.answers(shuffled.store), round);
        assertEquals(0, shuffled.store.parked(), round);
        matches(model, shuffled.graph(), shuffled.store, entropy, round);
        Snapshots.check(shuffled.store);
        assertEquals(
            Snapshots.memory(shuffled.rescanned()), Snapshots.memory(shuffled.store), round);
      }
    }
  }

  @Test
  void aPartOfAGraphShowsItsClosedPart() {
    for (int seed = 1; seed <= SEEDS; seed++) {
      SimEntropy entropy = new SimEntropy(seed + 5_000);
      List<Envelope> graph = TestVersions.graph(entropy, VERSIONS);
      GraphModel given = new GraphModel();
      List<Envelope> part = new ArrayList<>();
      for (Envelope envelope : graph) {
        if (entropy.nextInt(6) == 0) continue;
        part.add(envelope);
        given.add(envelope.version());
      }
      GraphModel closed = given.closed();
      try (TestNode node = new TestNode(seed)) {
        deliver(node, TestVersions.shuffled(part, entropy), entropy);
        String round = "seed " + seed;
        matches(closed, node.graph(), node.store, entropy, round);
        assertEquals(part.size() - closed.tree().count(), node.store.parked(), round);
        Snapshots.check(node.store);
        deliver(node, TestVersions.shuffled(graph, entropy), entropy);
        assertEquals(0, node.store.parked(), round);
        for (Envelope envelope : graph) given.add(envelope.version());
        matches(given, node.graph(), node.store, entropy, round);
      }
    }
  }

  @Test
  void threeWritersThatExchangeEverythingAgree() {
    for (int seed = 1; seed <= 12; seed++) {
      SimEntropy entropy = new SimEntropy(seed + 9_000);
      try (TestNode a = new TestNode(seed);
          TestNode b = new TestNode(seed + 100);
          TestNode c = new TestNode(seed + 200)) {
        List<TestNode> nodes = List.of(a, b, c);
        for (int step = 0; step < 120; step++) {
          TestNode node = nodes.get(entropy.nextInt(3));
          TestNode peer = nodes.get(entropy.nextInt(3));
          String key = "k" + entropy.nextInt(4);
          switch (entropy.nextInt(5)) {
            case 0 -> node.delete(key);
            case 1 -> ship(node, peer, entropy);
            case 2 -> node.reopen();
            default -> node.put(key, "" + step);
          }
        }
        for (int round = 0; round < 2; round++) {
          for (TestNode sender : nodes) {
            for (TestNode receiver : nodes) {
              for (Envelope envelope : TestVersions.shuffled(sender.versions(), entropy)) {
                receiver.receive(envelope);
              }
            }
          }
        }
        assertEquals(Snapshots.answers(a.store), Snapshots.answers(b.store), "seed " + seed);
        assertEquals(Snapshots.answers(a.store), Snapshots.answers(c.store), "seed " + seed);
        assertEquals(a.store.positions().size(), c.store.positions().size(), "seed " + seed);
        for (TestNode node : nodes) {
          Snapshots.check(node.store);
          assertEquals(Snapshots.memory(node.rescanned()), Snapshots.memory(node.store));
        }
      }
    }
  }

  /** Delivers in transactions of random size, each version by a random way. */
  private static void deliver(TestNode node, List<Envelope> envelopes, SimEntropy entropy) {
    int at = 0;
    while (at < envelopes.size()) {
      int end = Math.min(envelopes.size(), at + 1 + entropy.nextInt(7));
      Transaction transaction = node.store.begin();
      for (Envelope envelope : envelopes.subList(at, end)) {
        Reception reception =
            entropy.nextInt(2) == 0
                ? transaction.receive(envelope)
                : transaction.receiveDurably(envelope);
        assertTrue(!(reception instanceof Reception.Refused), reception.toString());
      }
      long before = node.store.appliedPosition();
      Committed committed = transaction.commit();
      for (Applied applied : committed.applied()) assertEquals(++before, applied.position());
      node.settle();
      at = end;
      if (entropy.nextInt(20) == 0) {
        Transaction abandoned = node.store.begin();
        abandoned.receiveDurably(envelopes.get(entropy.nextInt(envelopes.size())));
        abandoned.abandon();
      }
    }
  }

  private static void ship(TestNode sender, TestNode receiver, SimEntropy entropy) {
    for (Position position : sender.store.positions()) {
      long from = receiver.store.position(position.incarnation()).received().prefix() + 1;
      Frame frame = sender.store.frame(position.incarnation(), from, 1 + entropy.nextInt(2_000));
      if (frame != null) receiver.receive(Frame.decode(frame.encode()));
    }
  }

  private static void matches(
      GraphModel model, CausalGraph graph, CausalStore store, SimEntropy entropy, String round) {
    assertEquals(model.tree().root(), store.tree().root(), round);
    Timestamp end = new Timestamp(-1);
    for (Key key : model.keys()) {
      List<Digest> all = new ArrayList<>();
      try (History history = graph.history(key)) {
        while (history.next()) all.add(history.stored().version().id());
      }
      assertEquals(model.heads(key, end), graph.heads(key).ids(), round);
      for (int i = 0; i < 6; i++) {
        Digest some = all.get(entropy.nextInt(all.size()));
        Timestamp time = model.version(some).time();
        Timestamp at = entropy.nextInt(2) == 0 ? time : new Timestamp(time.packed() - 1);
        assertEquals(model.heads(key, at), graph.headsAt(key, at).ids(), round);
        Stored winner = graph.winnerAt(key, at);
        assertEquals(model.winner(key, at), winner == null ? null : winner.version().id(), round);
        List<Digest> ancestors = ids(graph.ancestors(some, Integer.MAX_VALUE));
        assertEquals(model.ancestors(some), new TreeSet<>(ancestors), round);
        assertEquals(ancestors.size(), new TreeSet<>(ancestors).size(), round);
        for (Digest below : ids(graph.descendants(some, Integer.MAX_VALUE))) {
          assertTrue(model.ancestors(below).contains(some), round);
        }
        List<Digest> starts = new ArrayList<>(List.of(some));
        while (starts.size() < 3) starts.add(all.get(entropy.nextInt(all.size())));
        assertEquals(model.nearest(starts), new TreeSet<>(graph.commonAncestors(starts)), round);
      }
      int descendants = 0;
      int ancestors = 0;
      for (Digest id : all) {
        descendants += graph.descendants(id, Integer.MAX_VALUE).size();
        ancestors += model.ancestors(id).size();
      }
      assertEquals(ancestors, descendants, round);
    }
    Map<String, CausalStats> counts = store.namespaces();
    long keys = 0;
    for (CausalStats one : counts.values()) keys += one.keysEver();
    assertEquals(model.keys().size(), keys, round);
    long conflicts = model.keys().stream().filter(k -> model.heads(k, end).size() > 1).count();
    assertEquals(conflicts, store.stats().conflicts(), round);
    long live =
        model.keys().stream()
            .filter(k -> model.heads(k, end).stream().anyMatch(id -> !model.version(id).deleted()))
            .count();
    assertEquals(live, store.stats().keysLive(), round);
  }

  private static List<Digest> ids(List<Stored> stored) {
    List<Digest> ids = new ArrayList<>();
    for (Stored one : stored) ids.add(one.version().id());
    return ids;
  }
}
