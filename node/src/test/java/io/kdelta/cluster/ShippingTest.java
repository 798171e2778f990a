package io.kdelta.cluster;

import static io.kdelta.cluster.ModelNet.MILLI;
import static io.kdelta.cluster.ModelNet.SECOND;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.cluster.ModelNet.Node;
import io.kdelta.cluster.ModelNet.Pending;
import io.kdelta.env.Entropy;
import io.kdelta.reconciliation.Digest;
import io.kdelta.reconciliation.Limits;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/**
 * Goal: what one node writes is shipped, receipted truthfully, and reaches everybody, by stream or
 * relay. Method: whole Cluster objects in a simulated network; every receipt that is counted is
 * checked against the durable part of its sender's disk (in {@link ModelNet}).
 */
final class ShippingTest {

  private static ModelNet started(long seed, int count) {
    ModelNet net = new ModelNet(seed).with(count).startAll();
    net.run(5 * SECOND);
    return net;
  }

  private static boolean equalRoots(ModelNet net) {
    TreeSet<Digest> roots = new TreeSet<>();
    for (Node node : net.running()) roots.add(node.replica.tree().root());
    return roots.size() == 1;
  }

  private static Pending written(Node node, String key, int count, AckLevel level) {
    Pending write = node.write(key, count, 100, level);
    if (write == null) throw new AssertionError(node.address + " takes no writes");
    return write;
  }

  @Test
  void aWriteIsAcknowledgedAtEveryLevelWithinMoments() {
    for (int count = 2; count <= 5; count++) {
      ModelNet net = started(count, count);
      assertEquals(AckLevel.ONE, net.node(0).cluster().defaultLevel());
      for (AckLevel level : AckLevel.values()) {
        Pending write = written(net.node(0), "k", 3, level);
        net.await("acknowledged at " + level, 100 * MILLI, () -> write.acked);
        assertEquals(level.further(Math.min(2, count - 1)), write.plan.further());
      }
    }
  }

  @Test
  void theDefaultLevelIsLocalUntilSomebodyWasMetAndOneForEverAfter() {
    ModelNet net = new ModelNet(1);
    Node lone = net.add(List.of());
    lone.start();
    net.run(SECOND);
    assertEquals(AckLevel.LOCAL, lone.cluster().defaultLevel());
    AckPlan one = lone.cluster().plan(AckLevel.ONE);
    assertEquals(new AckPlan(AckLevel.ONE, 1, false), one);
    assertEquals(0, lone.cluster().plan(AckLevel.QUORUM).further());

    Node second = net.add(List.of(lone.address));
    second.start();
    net.run(5 * SECOND);
    assertEquals(AckLevel.ONE, lone.cluster().defaultLevel());
    second.crash();
    net.run(60 * SECOND);
    lone.crash();
    lone.start();
    net.run(30 * SECOND);
    assertEquals(AckLevel.ONE, lone.cluster().defaultLevel(), "a death changes nothing");
    assertFalse(lone.cluster().plan(AckLevel.ONE).reachable());
    lone.give(new Event.Remove(second.id));
    net.run(SECOND);
    assertEquals(AckLevel.LOCAL, lone.cluster().defaultLevel());
  }

  @Test
  void aDeadBackupIsReplacedAndALevelThatCannotBeReachedIsToldAtOnce() {
    ModelNet net = started(4, 4);
    net.node(1).crash();
    net.run(60 * SECOND);
    Pending all = written(net.node(0), "k", 1, AckLevel.ALL);
    assertTrue(all.plan.reachable());
    net.await("the third takes the place of the dead", SECOND, () -> all.acked);
    net.node(2).crash();
    net.run(60 * SECOND);
    Pending unmet = written(net.node(0), "k", 1, AckLevel.ALL);
    assertEquals(2, unmet.plan.further(), "the dead count");
    assertFalse(unmet.plan.reachable());
    Pending one = written(net.node(0), "k", 1, AckLevel.ONE);
    net.await("one is left", SECOND, () -> one.acked);
    net.run(5 * SECOND);
    assertFalse(unmet.acked);
  }

  /** Who has a write durably while nothing is relayed: its backups. */
  private static List<String> zonesThatHold(ModelNet net, Pending write) {
    List<String> zones = new ArrayList<>();
    for (Node node : net.running()) {
      if (node != net.node(0) && node.replica.durablyHolds(write.last)) zones.add(node.zone);
    }
    return zones;
  }

  @Test
  void backupsAreInOtherZonesAndInItsOwnWhenThoseAreDown() {
    List<String> zones = List.of("a", "a", "a", "a", "b", "c");
    for (long seed = 20; seed < 25; seed++) {
      ModelNet net = new ModelNet(seed).with(6);
      for (int i = 0; i < 6; i++) net.node(i).zone = zones.get(i);
      net.startAll().run(5 * SECOND);
      Pending first = written(net.node(0), "k", 1, AckLevel.ALL);
      net.await("acknowledged", SECOND, () -> first.acked);
      assertTrue(zonesThatHold(net, first).containsAll(List.of("b", "c")), "seed " + seed);
      net.node(4).crash();
      net.node(5).crash();
      net.run(60 * SECOND);
      Pending second = written(net.node(0), "k", 1, AckLevel.ALL);
      assertTrue(second.plan.reachable());
      net.await("its own zone takes their place", SECOND, () -> second.acked);
      assertEquals(List.of("a"), zonesThatHold(net, second).stream().distinct().toList());
    }
  }

  @Test
  void nodesThatAreNoBackupsGetEverythingByRelay() {
    ModelNet net = started(9, 7);
    for (int i = 0; i < 20; i++) written(net.node(i % 7), "k" + i % 3, 2, AckLevel.LOCAL);
    net.await("equal roots", 5 * SECOND, () -> equalRoots(net));
    assertEquals(40, net.node(6).replica.tree().count());
  }

  @Test
  void aDeadNodesLogIsRelayedByWhoHoldsIt() {
    ModelNet net = started(10, 4);
    Node origin = net.node(3);
    Node cut = net.node(0);
    for (Node node : net.nodes) net.cutBoth(cut, node);
    for (int i = 0; i < 10; i++) written(origin, "k", 1, AckLevel.LOCAL);
    net.run(2 * SECOND);
    origin.crash();
    net.heal();
    net.await("relayed", 20 * SECOND, () -> equalRoots(net));
    assertEquals(10, cut.replica.tree().count());
  }

  @Test
  void aRestartedNodeFetchesTheTailItLost() {
    for (long seed = 0; seed < 10; seed++) {
      ModelNet net = started(seed, 3);
      Node node = net.node(1);
      for (int i = 0; i < 30; i++) {
        written(node, "k", 1, AckLevel.LOCAL);
        net.run(MILLI);
      }
      node.crash();
      net.run(3 * SECOND);
      node.start();
      net.await("equal roots", 20 * SECOND, () -> equalRoots(net));
      Pending next = written(node, "k", 1, AckLevel.ALL);
      net.await("a new log is receipted", 2 * SECOND, () -> next.acked);
    }
  }

  @Test
  void aSmallWindowAndAShortTailStillCarryEverything() {
    ModelNet net = new ModelNet(12).with(3);
    net.limits = new ClusterConfig.Limits(2_000, 1_000, 64);
    net.startAll().run(5 * SECOND);
    Pending last = null;
    for (int i = 0; i < 200; i++) last = written(net.node(0), "k" + i % 7, 1, AckLevel.ALL);
    Pending write = last;
    net.await("everything receipted", 20 * SECOND, () -> write != null && write.acked);
    net.await("equal roots", 5 * SECOND, () -> equalRoots(net));
  }

  @Test
  void aLongMessageTravelsInParts() {
    ModelNet net = started(13, 2);
    Pending large = net.node(0).write("k", 2, 3 << 20, AckLevel.ONE);
    net.await("receipted", 5 * SECOND, () -> large != null && large.acked);
  }

  @Test
  void aFullNodeCatchesUpWhenItHasRoomAgain() {
    ModelNet net = started(14, 3);
    net.node(2).replica.full(true);
    List<Pending> writes = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      writes.add(written(net.node(0), "k", 1, AckLevel.ONE));
      net.run(50 * MILLI);
    }
    for (Pending write : writes) assertTrue(write.acked);
    assertFalse(equalRoots(net));
    net.node(2).replica.full(false);
    net.await("caught up", 20 * SECOND, () -> equalRoots(net));
    Pending all = written(net.node(0), "k", 1, AckLevel.ALL);
    net.await("receipted again", 5 * SECOND, () -> all.acked);
  }

  /** While a node had no room its streams were left; what a session brings is receipted, too. */
  @Test
  void whatASessionBroughtIsReceipted() {
    for (long seed = 30; seed < 40; seed++) {
      ModelNet net = new ModelNet(seed);
      net.sessions = ShippingTest::reconciling;
      net.with(3).startAll().run(5 * SECOND);
      net.node(2).replica.full(true);
      Pending all = written(net.node(0), "k", 1, AckLevel.ALL);
      for (int i = 0; i < 20; i++) {
        Pending later = written(net.node(0), "k", 1, AckLevel.ONE);
        net.await("acknowledged", SECOND, () -> later.acked);
        net.run(100 * MILLI);
      }
      assertFalse(all.acked);
      net.node(2).replica.full(false);
      String name = "seed " + seed + ": ";
      net.await(name + "equal roots", 20 * SECOND, () -> equalRoots(net));
      net.await(name + "receipted", SECOND, () -> all.acked);
    }
  }

  private static Sessions reconciling(Replica replica, Entropy entropy, Sessions.Host host) {
    return new Reconciler(Limits.STANDARD, replica, entropy, host, (_, _) -> true);
  }

  @Test
  void aDrainWaitsForTheBackups() {
    for (long seed = 0; seed < 10; seed++) {
      ModelNet net = started(seed, 3);
      Pending write = written(net.node(0), "k", 5, AckLevel.ALL);
      net.node(0).give(new Event.Drain());
      assertFalse(net.node(0).cluster().readiness().ready());
      net.await("departed", 5 * SECOND, () -> net.node(0).departures == 1);
      assertTrue(net.node(1).replica.durablyHolds(write.last));
      assertTrue(net.node(2).replica.durablyHolds(write.last));
    }
  }

  @Test
  void aRetryElsewhereCollectsReceiptsOfItsOwn() {
    ModelNet net = started(15, 3);
    Pending write = written(net.node(0), "k", 2, AckLevel.LOCAL);
    net.run(SECOND);
    Cluster other = net.node(1).cluster();
    assertEquals(0, other.receipts(write.first.incarnation(), 1, 2));
    net.node(1).give(new Event.Assure(write.first.incarnation(), 1, 2, net.now + SECOND));
    net.await(
        "receipts of both others",
        2 * SECOND,
        () -> other.receipts(write.first.incarnation(), 1, 2) == 2);
  }

  @Test
  void aRetryBeforeItsNodeIsLinkedCollectsReceiptsOnceItIs() {
    for (long seed = 0; seed < 5; seed++) {
      ModelNet net = started(seed, 3);
      Pending write = written(net.node(0), "k", 2, AckLevel.ALL);
      net.await("acknowledged", SECOND, () -> write.acked);
      net.node(1).crash();
      net.node(1).start();
      Event.Assure wish = new Event.Assure(write.first.incarnation(), 1, 2, net.now + 5 * SECOND);
      net.node(1).give(wish);
      Cluster other = net.node(1).cluster();
      assertEquals(0, other.receipts(write.first.incarnation(), 1, 2));
      net.await(
          "receipts of both others",
          5 * SECOND,
          () -> other.receipts(write.first.incarnation(), 1, 2) == 2);
    }
  }

  /** Random writes under crashes, cuts, broken links and messages that come twice; then quiet. */
  @Test
  void everythingConvergesAndNothingAcknowledgedIsLost() {
    for (long seed = 0; seed < 12; seed++) converges(seed, StreamOnly::new);
  }

  /** The same with sessions: first meetings reconcile, and adoption hides nothing from streams. */
  @Test
  void everythingConvergesWithSessionsToo() {
    for (long seed = 100; seed < 108; seed++) {
      converges(seed, ShippingTest::reconciling);
    }
  }

  private static void converges(long seed, Sessions.Factory sessions) {
    ModelNet net = new ModelNet(seed);
    net.sessions = sessions;
    net.with(2 + net.entropy.nextInt(6));
    net.delayMax = (1 + net.entropy.nextInt(60)) * MILLI;
    net.resetOneIn = net.entropy.nextInt(3) * 60;
    net.twiceOneIn = net.entropy.nextInt(2) * 10;
    net.backups = 1 + net.entropy.nextInt(3);
    if (net.entropy.nextInt(3) == 0) net.limits = new ClusterConfig.Limits(3_000, 2_000, 64);
    net.startAll().run(3 * SECOND);
    List<Pending> acked = chaos(net);
    net.heal();
    net.resetOneIn = 0;
    for (Node node : net.nodes) if (!node.up()) node.start();
    String name = "seed " + seed;
    net.await(name + ": equal roots", 60 * SECOND, () -> equalRoots(net));
    net.run(2 * SECOND);
    for (Node node : net.nodes) {
      for (Pending write : acked) {
        assertTrue(node.replica.shows(write.id), () -> name + " lost " + write.last);
      }
      assertEquals(0, node.replica.parkedCount(), name);
    }
  }

  private static List<Pending> chaos(ModelNet net) {
    List<Pending> writes = new ArrayList<>();
    AckLevel[] levels = AckLevel.values();
    for (int step = 0; step < 120; step++) {
      Node node = net.node(net.entropy.nextInt(net.nodes.size()));
      Node other = net.node(net.entropy.nextInt(net.nodes.size()));
      int dice = net.entropy.nextInt(20);
      if (dice < 13 && node.up()) {
        AckLevel level = levels[net.entropy.nextInt(levels.length)];
        String key = "k" + net.entropy.nextInt(4);
        Pending write = node.write(key, 1 + net.entropy.nextInt(3), 50, level);
        if (write != null) writes.add(write);
      } else if (dice == 13 && node.up()) {
        node.crash();
      } else if (dice == 14 && !node.up()) {
        node.start();
      } else if (dice == 15 && node != other) {
        net.cutBoth(node, other);
      } else if (dice == 16 && node != other) {
        net.cut(node, other);
      } else if (dice == 17) {
        net.heal();
      }
      net.run(net.entropy.nextInt(400) * MILLI);
    }
    return writes.stream().filter(write -> write.acked).toList();
  }
}
