package io.kdelta.cluster;

import static io.kdelta.cluster.LadderRig.ONE;
import static io.kdelta.cluster.LadderRig.SECOND;
import static io.kdelta.cluster.LadderRig.TWO;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import org.junit.jupiter.api.Test;

/**
 * Goal: a node takes a snapshot exactly when it lacks so much that it is cheaper, from a peer that
 * can give one, and leaves whoever failed alone for a while. Method: one ladder between peers that
 * the test speaks for, at the boundaries of each rule.
 */
final class LadderTest {
  @Test
  void anEmptyNodeAsksWhoeverHoldsMost() {
    LadderRig rig = new LadderRig(0);
    rig.ladder.up(ONE, false, rig.now);
    rig.meet(TWO, 200);
    assertNotEquals(0, rig.asked(TWO));
    rig.hear(ONE, 300);
    assertEquals(0, rig.asked(ONE), "one at a time");
  }

  @Test
  void fortyOfAHundredMissingAreEnough() {
    LadderRig rig = new LadderRig(60);
    rig.meet(ONE, 100);
    assertNotEquals(0, rig.asked(ONE));
  }

  @Test
  void thirtyNineOfAHundredAreNot() {
    LadderRig rig = new LadderRig(61);
    rig.meet(ONE, 100);
    assertEquals(0, rig.asked(ONE));
  }

  @Test
  void soFewThatASessionIsAsCheapAreNot() {
    LadderRig less = new LadderRig(0);
    less.meet(ONE, LadderRig.VERSIONS_MIN - 1);
    assertEquals(0, less.asked(ONE));
    LadderRig enough = new LadderRig(0);
    enough.meet(ONE, LadderRig.VERSIONS_MIN);
    assertNotEquals(0, enough.asked(ONE));
  }

  @Test
  void whoIsSuspectedIsNotAsked() {
    LadderRig rig = new LadderRig(0);
    rig.members.put(ONE, LadderRig.member(ONE, Member.State.SUSPECT));
    rig.meet(ONE, 100);
    assertEquals(0, rig.asked(ONE));
    rig.members.put(ONE, LadderRig.member(ONE, Member.State.ALIVE));
    rig.hear(ONE, 100);
    assertNotEquals(0, rig.asked(ONE));
  }

  @Test
  void whoIsBusyIsAskedAgainAfterAPause() {
    LadderRig rig = new LadderRig(0);
    rig.meet(ONE, 100);
    long first = rig.asked(ONE);
    rig.say(ONE, new PeerMessage.SnapshotEnd(first, true, "busy"));
    rig.pass(SECOND - 1);
    assertEquals(first, rig.asked(ONE));
    rig.pass(1);
    assertNotEquals(first, rig.asked(ONE));
  }

  @Test
  void whoIsBusyForEverIsLeftToSessionsAfterAMinute() {
    LadderRig rig = new LadderRig(0);
    rig.meet(ONE, 100);
    for (int i = 0; i < 200; i++) {
      rig.say(ONE, new PeerMessage.SnapshotEnd(rig.asked(ONE), true, "busy"));
      rig.pass(SECOND);
      int asked = rig.told(ONE, PeerMessage.SnapshotAsk.class).size();
      if (asked <= i) break;
    }
    assertEquals(61, rig.told(ONE, PeerMessage.SnapshotAsk.class).size());
  }

  @Test
  void whoFailedIsLeftAloneAndTheOtherIsAsked() {
    LadderRig rig = new LadderRig(0);
    rig.meet(ONE, 100);
    rig.meet(TWO, 90);
    long first = rig.asked(ONE);
    rig.say(ONE, new PeerMessage.SnapshotEnd(first, false, "its disk"));
    rig.pass(1);
    assertNotEquals(0, rig.asked(TWO));
    rig.say(TWO, new PeerMessage.SnapshotEnd(rig.asked(TWO), false, "its disk"));
    rig.part(ONE);
    rig.part(TWO);
    rig.pass(29 * SECOND);
    rig.meet(ONE, 100);
    assertEquals(1, rig.told(ONE, PeerMessage.SnapshotAsk.class).size());
    rig.part(ONE);
    rig.pass(SECOND);
    rig.meet(ONE, 100);
    assertEquals(2, rig.told(ONE, PeerMessage.SnapshotAsk.class).size());
  }

  @Test
  void aLenderThatVanishesIsNotBlamed() {
    LadderRig rig = new LadderRig(0);
    rig.meet(ONE, 100);
    rig.part(ONE);
    assertEquals("the link was lost", rig.outcome());
    rig.pass(SECOND);
    rig.meet(ONE, 100);
    assertEquals(2, rig.told(ONE, PeerMessage.SnapshotAsk.class).size());
  }
}
