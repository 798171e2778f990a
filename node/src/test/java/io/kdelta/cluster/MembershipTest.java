package io.kdelta.cluster;

import static io.kdelta.cluster.ModelNet.MILLI;
import static io.kdelta.cluster.ModelNet.SECOND;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.cluster.ModelNet.Node;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/**
 * Goal: everybody learns who is a member and who lives, through crashes, cuts and slow links.
 * Method: whole Cluster objects in a simulated network, 1 to 7 of them, fixed seeds.
 */
final class MembershipTest {

  private static boolean allSee(ModelNet net, Member.State state) {
    for (Node one : net.running()) {
      for (Node other : net.running()) {
        if (one.sees(other) != state) return false;
      }
    }
    return true;
  }

  private static boolean fullyLinked(ModelNet net) {
    for (Node one : net.running()) {
      for (Node other : net.running()) {
        if (!one.cluster().member(other.id).map(Member::linked).orElse(false)) return false;
      }
    }
    return true;
  }

  private static void converge(ModelNet net) {
    net.await(
        "everybody alive and linked",
        20 * SECOND,
        () -> allSee(net, Member.State.ALIVE) && fullyLinked(net));
  }

  @Test
  void everybodyFindsEverybodyThroughOneSeed() {
    for (int count = 1; count <= 7; count++) {
      for (long seed = 0; seed < 5; seed++) {
        ModelNet net = new ModelNet(100L * count + seed).with(count).startAll();
        net.run(SECOND);
        converge(net);
        for (Node node : net.nodes) {
          assertEquals(net.node(0).cluster().clusterId(), node.cluster().clusterId());
          assertEquals(count, node.cluster().members().size());
          assertTrue(node.cluster().readiness().ready());
        }
      }
    }
  }

  @Test
  void aSettledClusterStaysQuietAndNobodyIsEverSuspected() {
    ModelNet net = new ModelNet(7).with(5).startAll();
    net.run(SECOND);
    converge(net);
    net.notices.clear();
    net.delayMax = 200 * MILLI;
    net.run(600 * SECOND);
    assertEquals(List.of(), net.notices);
    for (Node node : net.nodes) assertEquals(4, node.links(), "one link to each other node");
  }

  @Test
  void theDeadAreDeclaredDeadAndComeBack() {
    for (long seed = 0; seed < 10; seed++) {
      ModelNet net = new ModelNet(seed).with(2 + (int) (seed % 4)).startAll();
      net.run(SECOND);
      converge(net);
      Node victim = net.nodes.getLast();
      victim.crash();
      net.await(
          "declared dead",
          60 * SECOND,
          () -> net.running().stream().allMatch(n -> n.sees(victim) == Member.State.DEAD));
      net.run(60 * SECOND);
      victim.start();
      converge(net);
    }
  }

  @Test
  void theHalvesOfACutMeetAgainByThemselves() {
    for (long seed = 0; seed < 10; seed++) {
      ModelNet net = new ModelNet(seed).with(5).startAll();
      net.run(SECOND);
      converge(net);
      for (Node a : net.nodes.subList(0, 2)) {
        for (Node b : net.nodes.subList(2, 5)) net.cutBoth(a, b);
      }
      net.await(
          "the others are dead to the first",
          90 * SECOND,
          () -> net.node(0).sees(net.node(4)) == Member.State.DEAD);
      assertEquals(Member.State.ALIVE, net.node(0).sees(net.node(1)));
      assertEquals(Member.State.ALIVE, net.node(2).sees(net.node(4)));
      net.run(120 * SECOND);
      net.heal();
      converge(net);
    }
  }

  @Test
  void aBridgeKeepsItsEndsAlive() {
    ModelNet net = new ModelNet(3).with(3).startAll();
    net.run(SECOND);
    converge(net);
    net.cutBoth(net.node(0), net.node(2));
    net.run(120 * SECOND);
    // Indirect probes through the bridge answer for both.
    assertEquals(Member.State.ALIVE, net.node(0).sees(net.node(2)));
    assertEquals(Member.State.ALIVE, net.node(2).sees(net.node(0)));
    assertFalse(net.node(0).cluster().member(net.node(2).id).orElseThrow().linked());
    net.heal();
    converge(net);
  }

  @Test
  void aOneWayCutHeals() {
    for (long seed = 0; seed < 6; seed++) {
      ModelNet net = new ModelNet(seed).with(3).startAll();
      net.run(SECOND);
      converge(net);
      net.cut(net.node(0), net.node(1));
      net.run(45 * SECOND);
      net.heal();
      converge(net);
    }
  }

  @Test
  void brokenLinksAreReplacedByOneEach() {
    for (long seed = 0; seed < 10; seed++) {
      ModelNet net = new ModelNet(seed).with(4);
      net.resetOneIn = 20;
      net.startAll().run(60 * SECOND);
      net.resetOneIn = 0;
      converge(net);
      net.run(20 * SECOND);
      converge(net);
      for (Node node : net.nodes) assertEquals(3, node.links(), net::picture);
    }
  }

  @Test
  void aProcessThatSleptDoubtsItselfFirst() {
    ModelNet net = new ModelNet(11).with(3).startAll();
    net.run(SECOND);
    converge(net);
    net.notices.clear();
    // Nobody's events are taken for a while: as if the one process they share was stopped.
    net.now += 30 * SECOND;
    net.run(2 * SECOND);
    assertEquals(List.of(), net.notices);
    converge(net);
  }

  @Test
  void whoLeavesIsGoneForGoodAndWhoDrainsIsNot() {
    ModelNet net = new ModelNet(5).with(4).startAll();
    net.run(SECOND);
    converge(net);
    Node leaver = net.node(1);
    Node drained = net.node(2);
    leaver.give(new Event.Leave());
    drained.give(new Event.Drain());
    net.run(2 * SECOND);
    assertEquals(1, leaver.departures);
    assertEquals(1, drained.departures);
    leaver.crash();
    drained.crash();
    net.run(30 * SECOND);
    for (Node node : net.running()) {
      assertEquals(Member.State.LEFT, node.sees(leaver));
      assertEquals(Member.State.DOWN, node.sees(drained));
      assertEquals(1, node.cluster().plan(AckLevel.QUORUM).further());
      assertEquals(2, node.cluster().plan(AckLevel.ALL).further());
      assertFalse(node.cluster().plan(AckLevel.ALL).reachable());
    }
    leaver.start();
    drained.start();
    net.run(20 * SECOND);
    assertFalse(leaver.cluster().readiness().ready());
    for (Node node : List.of(net.node(0), net.node(3))) {
      assertEquals(Member.State.LEFT, node.sees(leaver));
      assertEquals(Member.State.ALIVE, node.sees(drained));
    }
  }

  @Test
  void theRemovedStayRemovedThoughTheyLive() {
    ModelNet net = new ModelNet(6).with(3).startAll();
    net.run(SECOND);
    converge(net);
    Node removed = net.node(2);
    removed.crash();
    net.run(30 * SECOND);
    net.node(0).give(new Event.Remove(removed.id));
    net.run(5 * SECOND);
    removed.start();
    net.run(60 * SECOND);
    assertEquals(Member.State.LEFT, net.node(0).sees(removed));
    assertEquals(Member.State.LEFT, net.node(1).sees(removed));
    assertFalse(removed.cluster().readiness().ready(), net::picture);
  }

  @Test
  void theMembersAreDialledAgainAfterEverybodyRestarted() {
    ModelNet net = new ModelNet(8).with(4).startAll();
    net.run(SECOND);
    converge(net);
    net.run(SECOND);
    for (Node node : net.nodes) node.crash();
    net.run(10 * SECOND);
    // The seed itself does not come back: the others still know each other.
    for (Node node : net.nodes.subList(1, 4)) node.start();
    converge(net);
    for (Node node : net.running()) {
      assertEquals(4, node.cluster().members().size());
      assertTrue(node.cluster().readiness().ready());
    }
  }

  @Test
  void nodesThatKnowOnlyTheNameOfAllFindEachOther() {
    for (long seed = 0; seed < 10; seed++) {
      ModelNet net = new ModelNet(seed);
      net.names.put("peers:1", () -> net.running().stream().map(node -> node.address).toList());
      for (int i = 0; i < 4; i++) {
        net.add(List.of("peers:1")).clusterName = Optional.of("by name");
      }
      // The first one knows nobody but itself by that name, and serves.
      net.node(0).start();
      net.await("the first is ready", 10 * SECOND, () -> net.node(0).cluster().readiness().ready());
      for (Node node : net.nodes.subList(1, 4)) node.start();
      converge(net);
    }
  }

  @Test
  void whoComesBackElsewhereIsFoundAgain() {
    for (long seed = 0; seed < 10; seed++) {
      ModelNet net = new ModelNet(seed).with(3).startAll();
      net.run(SECOND);
      converge(net);
      Node moved = net.node(1);
      moved.crash();
      net.run(20 * SECOND);
      moved.address = "elsewhere:1";
      moved.start();
      converge(net);
      for (Node node : net.nodes) {
        Member.Card card = node.cluster().member(moved.id).orElseThrow().card();
        assertEquals(List.of("elsewhere:1"), card.addresses());
      }
      // The new address is dialled by others, too: the moved node itself calls nobody any more.
      Node other = net.node(2);
      other.crash();
      net.run(20 * SECOND);
      other.seeds = List.of();
      other.start();
      converge(net);
    }
  }

  @Test
  void allComeBackElsewhereAndMeetByTheirName() {
    for (long seed = 0; seed < 10; seed++) {
      ModelNet net = new ModelNet(seed);
      net.names.put("peers:1", () -> net.running().stream().map(node -> node.address).toList());
      for (int i = 0; i < 3; i++) {
        net.add(List.of("peers:1")).clusterName = Optional.of("by name");
      }
      net.startAll().run(SECOND);
      converge(net);
      for (Node node : net.nodes) node.crash();
      net.run(5 * SECOND);
      for (Node node : net.nodes) node.address = "new-" + node.address;
      for (Node node : net.nodes) node.start();
      converge(net);
      for (Node node : net.nodes) assertEquals(3, node.cluster().members().size());
    }
  }

  @Test
  void oneSeedOneCourse() {
    long first = courseOf(42);
    assertEquals(first, courseOf(42));
    assertTrue(first != courseOf(43));
  }

  private static long courseOf(long seed) {
    ModelNet net = new ModelNet(seed).with(4);
    net.resetOneIn = 50;
    net.startAll().run(30 * SECOND);
    return net.trace;
  }
}
