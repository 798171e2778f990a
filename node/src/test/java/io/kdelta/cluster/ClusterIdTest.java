package io.kdelta.cluster;

import static io.kdelta.cluster.ModelNet.SECOND;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.cluster.ModelNet.Node;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/**
 * Goal: nodes find into one cluster, and never from one that has versions into another. Method:
 * meetings of two or three nodes with and without names, versions and answers.
 */
final class ClusterIdTest {

  private static Node lone(ModelNet net, String name) {
    Node node = net.add(List.of());
    if (!name.isEmpty()) node.clusterName = Optional.of(name);
    node.start();
    return node;
  }

  private static boolean linked(Node a, Node b) {
    return a.cluster().member(b.id).map(Member::linked).orElse(false);
  }

  @Test
  void theSameNameIsTheSameCluster() {
    ModelNet net = new ModelNet(1);
    Node a = lone(net, "demo");
    Node b = lone(net, "demo");
    Node c = lone(net, "other");
    assertEquals(ClusterId.named("demo"), a.cluster().clusterId());
    assertEquals(a.cluster().clusterId(), b.cluster().clusterId());
    assertNotEquals(a.cluster().clusterId(), c.cluster().clusterId());
  }

  @Test
  void aNodeWithoutVersionsTakesTheIdOfTheOneThatHasSome() {
    for (long seed = 0; seed < 20; seed++) {
      ModelNet net = new ModelNet(seed);
      Node holder = lone(net, "");
      Node empty = lone(net, "");
      net.run(SECOND);
      holder.write("k", 1, 10, AckLevel.LOCAL);
      ClusterId id = holder.cluster().clusterId();
      (seed % 2 == 0 ? holder : empty)
          .give(new Event.Join(List.of((seed % 2 == 0 ? empty : holder).address)));
      net.run(5 * SECOND);
      assertEquals(id, holder.cluster().clusterId());
      assertEquals(id, empty.cluster().clusterId());
      assertTrue(linked(holder, empty));
      empty.crash();
      empty.start();
      assertEquals(id, empty.cluster().clusterId(), "remembered");
    }
  }

  @Test
  void ofTwoEmptyOnesTheSmallerIdWins() {
    for (long seed = 0; seed < 20; seed++) {
      ModelNet net = new ModelNet(seed);
      Node a = lone(net, "");
      Node b = lone(net, "");
      net.run(SECOND);
      ClusterId first = a.cluster().clusterId();
      ClusterId second = b.cluster().clusterId();
      ClusterId smaller = first.compareTo(second) < 0 ? first : second;
      a.give(new Event.Join(List.of(b.address)));
      net.run(5 * SECOND);
      assertEquals(smaller, a.cluster().clusterId());
      assertEquals(smaller, b.cluster().clusterId());
      assertTrue(linked(a, b) && linked(b, a));
    }
  }

  @Test
  void twoThatBothHaveVersionsRefuseEachOther() {
    ModelNet net = new ModelNet(3);
    Node a = lone(net, "");
    Node b = lone(net, "");
    net.run(SECOND);
    a.write("k", 1, 10, AckLevel.LOCAL);
    b.write("k", 1, 10, AckLevel.LOCAL);
    a.give(new Event.Join(List.of(b.address)));
    net.run(30 * SECOND);
    assertNotEquals(a.cluster().clusterId(), b.cluster().clusterId());
    assertFalse(linked(a, b) || linked(b, a));
    assertEquals(1, a.cluster().members().size());
    assertEquals(1, a.replica.tree().count());
    assertTrue(net.notices.stream().anyMatch(n -> n.contains("is in cluster")));
    // They dial each other for ever, but the operator is not told every time.
    assertTrue(net.notices.size() < 10, net.notices.toString());
  }

  @Test
  void aNodeWhoseClusterHasVersionsIsSettledThoughItHasNoneItself() {
    ModelNet net = new ModelNet(4);
    Node holder = lone(net, "");
    Node empty = lone(net, "");
    Node stranger = lone(net, "");
    net.run(SECOND);
    stranger.write("k", 1, 10, AckLevel.LOCAL);
    empty.replica.full(true);
    empty.give(new Event.Join(List.of(holder.address)));
    net.run(5 * SECOND);
    holder.write("k", 1, 10, AckLevel.LOCAL);
    net.run(5 * SECOND);
    ClusterId id = holder.cluster().clusterId();
    assertEquals(0, empty.replica.tree().count());
    empty.give(new Event.Join(List.of(stranger.address)));
    net.run(30 * SECOND);
    assertEquals(id, empty.cluster().clusterId());
    assertFalse(linked(empty, stranger));
  }

  @Test
  void aNewNodeThatJoinsTakesNoWritesUntilASeedHasAnswered() {
    ModelNet net = new ModelNet(5);
    Node joiner = net.add(List.of("n1:1"));
    joiner.start();
    net.run(20 * SECOND);
    assertFalse(joiner.cluster().readiness().ready());
    joiner.crash();
    joiner.start();
    net.run(20 * SECOND);
    assertFalse(joiner.cluster().readiness().ready(), "a restart does not make it ready");
    Node seed = lone(net, "");
    net.run(10 * SECOND);
    assertTrue(joiner.cluster().readiness().ready());
    assertEquals(seed.cluster().clusterId(), joiner.cluster().clusterId());
    joiner.crash();
    seed.crash();
    joiner.start();
    assertTrue(joiner.cluster().readiness().ready(), "once joined it is available alone");
  }

  @Test
  void aNameOrItselfAsTheOnlySeedMakesItReadyAtOnce() {
    ModelNet net = new ModelNet(6);
    Node named = net.add(List.of("n9:1"));
    named.clusterName = Optional.of("demo");
    named.start();
    assertTrue(named.cluster().readiness().ready());
    Node own = net.add(List.of("n1:1"));
    own.start();
    net.run(SECOND);
    assertTrue(own.cluster().readiness().ready());
  }

  @Test
  void threeThatListEachOtherFormOneCluster() {
    for (long seed = 0; seed < 20; seed++) {
      ModelNet net = new ModelNet(seed);
      for (int i = 0; i < 3; i++) net.add(List.of("n0:1", "n1:1", "n2:1"));
      net.startAll().run(15 * SECOND);
      ClusterId id = net.node(0).cluster().clusterId();
      for (Node node : net.nodes) {
        assertEquals(id, node.cluster().clusterId());
        assertTrue(node.cluster().readiness().ready());
        assertEquals(2, node.links());
      }
    }
  }
}
