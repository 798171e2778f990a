package io.kdelta.server;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.kdelta.causal.NodeId;
import io.kdelta.cluster.CatchUpProgress;
import io.kdelta.cluster.ClusterId;
import io.kdelta.cluster.Member;
import io.kdelta.cluster.Pulse;
import io.kdelta.core.Reply;
import io.kdelta.reconciliation.Digest;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

/**
 * Goal: how far a node is behind, which keeps it from being ready, is counted from what linked
 * members hold. Method: pictures of members, made by hand.
 */
final class NodeHealthTest {
  private static Reply.MemberList.Node node(long id, long versions, boolean linked, boolean self) {
    Member.Card card =
        new Member.Card(new NodeId(1, id), "n" + id, List.of("h:1"), "", "", "test", 1, 3);
    Member.Facts facts = new Member.Facts(1, Member.Stage.READY, Digest.ZERO, 0, 0, versions, 0, 0);
    Member member = new Member(card, Member.State.ALIVE, 0, facts, linked, linked);
    return new Reply.MemberList.Node(member, OptionalLong.empty(), self);
  }

  private static long behind(Reply.MemberList.Node... nodes) {
    Pulse pulse = new Pulse(1, 0, 0, 0, 0, 0, 0, 0, 3, List.of());
    return NodeHealth.behind(
        new Reply.MemberList(
            ClusterId.named("c"), List.of(nodes), CatchUpProgress.NONE, "", pulse));
  }

  @Test
  void whoHoldsMostOfTheLinkedSaysHowFarBehindItIs() {
    assertEquals(30, behind(node(1, 70, true, true), node(2, 100, true, false)));
    assertEquals(
        30, behind(node(2, 100, true, false), node(1, 70, true, true), node(3, 80, true, false)));
  }

  @Test
  void whoHoldsAsMuchOrMoreIsNotBehind() {
    assertEquals(0, behind(node(1, 100, true, true), node(2, 100, true, false)));
    assertEquals(0, behind(node(1, 101, true, true), node(2, 100, true, false)));
    assertEquals(0, behind(node(1, 0, true, true)));
  }

  @Test
  void whoIsNotLinkedMayHaveHeldItLongAgo() {
    assertEquals(0, behind(node(1, 70, true, true), node(2, 100, false, false)));
  }

  @Test
  void beforeThereIsAPictureNothingIsKnown() {
    assertEquals(0, NodeHealth.behind(null));
  }
}
