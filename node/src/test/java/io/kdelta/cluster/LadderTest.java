package io.kdelta.cluster;

import static io.kdelta.cluster.LadderRig.HIGHER;
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

  @Test
  void aNodeThatComesBackLeavesItToStreamsAsLongAsTheyBringIt() {
    LadderRig rig = new LadderRig(10);
    rig.link(ONE, true);
    rig.hear(ONE, 1_000);
    for (int i = 0; i < 20; i++) {
      rig.ladder.streamed(5, 700, rig.now);
      rig.pass(SECOND);
      assertEquals(0, rig.asked(ONE), "they bring it");
    }
    CatchUpProgress shown = rig.ladder.progress();
    assertEquals("stream", shown.rung());
    assertEquals(ONE, shown.peer());
    assertEquals(100, shown.versions());
    assertEquals(14_000, shown.bytes());
    assertEquals(100 + 990, shown.versionsTotal());
    rig.pass(Inflow.PATIENCE - SECOND);
    assertNotEquals(0, rig.asked(ONE), "they stand still");
    assertEquals("snapshot", rig.ladder.progress().rung());
  }

  @Test
  void streamsThatBringNothingAreWaitedForAMoment() {
    LadderRig rig = new LadderRig(10);
    rig.link(ONE, true);
    rig.hear(ONE, 1_000);
    rig.pass(Ladder.FIRST_WORD - 1);
    assertEquals(0, rig.asked(ONE));
    rig.pass(1);
    assertNotEquals(0, rig.asked(ONE));
  }

  @Test
  void aStreamOfOneWhoHoldsLittleKeepsNobodyFromTheFilesOfAnother() {
    LadderRig rig = new LadderRig(10);
    rig.link(ONE, true);
    rig.hear(ONE, 20);
    rig.ladder.streamed(5, 700, rig.now);
    rig.meet(TWO, 1_000);
    assertNotEquals(0, rig.asked(TWO));
  }

  @Test
  void whileStreamsBringMuchNoSessionBringsItOnceMore() {
    LadderRig rig = new LadderRig(80);
    rig.link(HIGHER, true);
    rig.hear(HIGHER, 100);
    for (int i = 0; i < 30; i++) {
      rig.ladder.streamed(1, 100, rig.now);
      rig.pass(SECOND / 2);
      assertEquals(0, rig.sessions(HIGHER));
    }
    rig.hear(HIGHER, 80 + LadderRig.VERSIONS_MIN - 1);
    rig.pass(Inflow.PATIENCE);
    assertEquals(1, rig.sessions(HIGHER), "little is missing, and the roots still differ");
  }

  @Test
  void norDoesItWhileTheyBringTheLittleThatWasMissingAtFirst() {
    LadderRig rig = new LadderRig(80);
    rig.link(HIGHER, true);
    rig.hear(HIGHER, 80 + LadderRig.VERSIONS_MIN - 1);
    for (int i = 0; i < 30; i++) {
      rig.ladder.streamed(1, 100, rig.now);
      rig.pass(SECOND / 2);
      assertEquals(0, rig.sessions(HIGHER), "the roots differ for long, but they bring it");
    }
    rig.pass(Inflow.PATIENCE);
    assertEquals(1, rig.sessions(HIGHER), "they stand still");
  }

  @Test
  void whatCameLaterIsOwedByNoStream() {
    LadderRig rig = new LadderRig(80);
    rig.link(HIGHER, true);
    rig.hear(HIGHER, 80);
    rig.hear(HIGHER, 80 + LadderRig.VERSIONS_MIN - 1);
    for (int i = 0; i < 30; i++) {
      rig.ladder.streamed(1, 100, rig.now);
      rig.pass(SECOND / 2);
    }
    assertNotEquals(0, rig.sessions(HIGHER), "roots that differ for long, whatever streams bring");
  }

  @Test
  void streamsThatBringNothingAreWaitedForAMomentBySessionsToo() {
    LadderRig rig = new LadderRig(80);
    rig.link(HIGHER, true);
    rig.hear(HIGHER, 80 + LadderRig.VERSIONS_MIN - 1);
    rig.pass(Ladder.FIRST_WORD - 1);
    assertEquals(0, rig.sessions(HIGHER));
    rig.pass(1);
    assertEquals(1, rig.sessions(HIGHER));
  }

  @Test
  void whatThePeerHasLostItselfIsOwedNoMore() {
    LadderRig rig = new LadderRig(80);
    rig.link(HIGHER, true);
    rig.hear(HIGHER, 80 + LadderRig.VERSIONS_MIN - 1);
    for (int i = 0; i < 30; i++) {
      rig.ladder.streamed(1, 100, rig.now);
      rig.pass(SECOND / 2);
    }
    assertEquals(0, rig.sessions(HIGHER));
    rig.hear(HIGHER, 70);
    rig.ladder.streamed(1, 100, rig.now);
    rig.pass(SECOND / 2);
    assertEquals(1, rig.sessions(HIGHER), "it set damage aside, and this node has what it lost");
  }

  @Test
  void aStreamInDoubtOwesNothing() {
    LadderRig rig = new LadderRig(80);
    rig.link(HIGHER, true);
    rig.hear(HIGHER, 80 + LadderRig.VERSIONS_MIN - 1);
    rig.ladder.streamed(1, 100, rig.now);
    rig.ladder.doubt(HIGHER, "a gap", rig.now);
    assertEquals(1, rig.sessions(HIGHER));
  }

  @Test
  void whatWasSetAsideIsNotExpectedOfStreams() {
    LadderRig rig = new LadderRig(80);
    rig.link(HIGHER, true);
    rig.hear(HIGHER, 80 + LadderRig.VERSIONS_MIN);
    rig.ladder.streamed(1, 100, rig.now);
    rig.pass(SECOND);
    assertEquals(0, rig.sessions(HIGHER));
    rig.ladder.mended(rig.now);
    assertEquals(1, rig.sessions(HIGHER), "much was lost, while other things stream in");
  }

  @Test
  void noSessionForestallsTheSnapshotThatThePeersNumbersCallFor() {
    LadderRig rig = new LadderRig(10);
    rig.link(HIGHER, false);
    rig.pass(SECOND / 2);
    assertEquals(0, rig.sessions(HIGHER));
    rig.hear(HIGHER, 1_000);
    assertEquals(0, rig.sessions(HIGHER));
    assertNotEquals(0, rig.asked(HIGHER));
  }

  @Test
  void aPeerThatTellsNoNumbersIsReconciledWithAllTheSame() {
    LadderRig rig = new LadderRig(10);
    rig.link(HIGHER, false);
    rig.pass(SECOND);
    assertEquals(1, rig.sessions(HIGHER));
    rig = new LadderRig(10);
    rig.link(HIGHER, false);
    rig.hear(HIGHER, 12);
    assertEquals(1, rig.sessions(HIGHER), "its numbers are there: nothing is waited for");
  }
}
