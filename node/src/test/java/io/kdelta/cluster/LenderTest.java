package io.kdelta.cluster;

import static io.kdelta.cluster.LadderRig.ONE;
import static io.kdelta.cluster.LadderRig.SECOND;
import static io.kdelta.cluster.LadderRig.TWO;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.causal.NodeId;
import io.kdelta.memory.Bytes;
import io.kdelta.storage.FileList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Goal: files are pinned for one linked borrower that goes on asking, and for nobody else; pieces
 * come in the order of asking; a borrower that makes no sense ends its own lending alone. Method:
 * one ladder, whose borrowers and disk are the test.
 */
final class LenderTest {
  private static final int PIECES = 100;
  private static final FileList LIST = LadderRig.list(PIECES);

  private final LadderRig rig = new LadderRig(50);

  @BeforeEach
  void meetBoth() {
    rig.meet(ONE, 50);
    rig.meet(TWO, 50);
  }

  private void lend(NodeId node, long session) {
    rig.say(node, new PeerMessage.SnapshotAsk(session, FileList.Check.LATER));
    rig.answer(SnapshotOrder.Lend.class, new SnapshotOutcome.Lent(LIST));
  }

  private void get(NodeId node, long session, int piece) {
    rig.say(node, new PeerMessage.SnapshotGet(session, 0, piece));
  }

  private void read() {
    rig.answer(SnapshotOrder.ReadPiece.class, new SnapshotOutcome.Piece(Bytes.of(1, 2), 77));
  }

  /** How many pieces are read at this moment. */
  private long reads() {
    return rig.effects.stream()
        .filter(Effect.Snapshot.class::isInstance)
        .map(effect -> ((Effect.Snapshot) effect).order())
        .filter(SnapshotOrder.ReadPiece.class::isInstance)
        .count();
  }

  @Test
  void whoKnowsNoSealsIsToldDigests() {
    rig.say(ONE, new PeerMessage.SnapshotAsk(7, FileList.Check.SHA256));
    SnapshotOrder.Lend lend = rig.ordered(SnapshotOrder.Lend.class).orElseThrow();
    assertEquals(FileList.Check.SHA256, lend.check());
  }

  private boolean isReturned() {
    return rig.ordered(SnapshotOrder.Return.class).isPresent();
  }

  @Test
  void theListIsToldAndPiecesComeInTheOrderOfAsking() {
    lend(ONE, 7);
    assertEquals(LIST, rig.told(ONE, PeerMessage.SnapshotList.class).getFirst().list());
    List<Integer> pieces = List.of(3, 1, 2, 9, 8, 7, 6, 5, 4, 10);
    for (int piece : pieces) get(ONE, 7, piece);
    assertEquals(8, reads(), "so many at a time");
    for (int i = 0; i < pieces.size(); i++) read();
    List<PeerMessage.SnapshotPiece> sent = rig.told(ONE, PeerMessage.SnapshotPiece.class);
    assertEquals(pieces, sent.stream().map(PeerMessage.SnapshotPiece::piece).toList());
    assertEquals(77, sent.getFirst().seal());
    assertEquals(0, reads());
  }

  @Test
  void aSecondBorrowerHearsThatItIsBusy() {
    lend(ONE, 7);
    rig.say(TWO, new PeerMessage.SnapshotAsk(8, FileList.Check.LATER));
    PeerMessage.SnapshotEnd end = rig.told(TWO, PeerMessage.SnapshotEnd.class).getFirst();
    assertTrue(end.busy());
    get(ONE, 7, 0);
    read();
    rig.say(ONE, new PeerMessage.SnapshotEnd(7, false, "done"));
    assertTrue(isReturned());
    lend(TWO, 9);
    assertEquals(1, rig.told(TWO, PeerMessage.SnapshotList.class).size());
  }

  @Test
  void whoFallsSilentForHalfAMinuteLosesIt() {
    lend(ONE, 7);
    rig.pass(30 * SECOND - 1);
    assertFalse(isReturned());
    rig.pass(1);
    assertTrue(isReturned());
    assertTrue(rig.told(ONE, PeerMessage.SnapshotEnd.class).getFirst().busy());
    get(ONE, 7, 0);
    assertEquals(2, rig.told(ONE, PeerMessage.SnapshotEnd.class).size(), "nothing is lent");
  }

  @Test
  void whoAsksKeepsIt() {
    lend(ONE, 7);
    for (int i = 0; i < 5; i++) {
      rig.pass(29 * SECOND);
      get(ONE, 7, i);
      read();
    }
    assertFalse(isReturned());
  }

  @Test
  void aLostLinkLetsGo() {
    lend(ONE, 7);
    get(ONE, 7, 0);
    rig.part(ONE);
    assertTrue(isReturned());
  }

  @Test
  void aPieceThatIsNotThereEndsIt() {
    lend(ONE, 7);
    get(ONE, 7, PIECES);
    assertTrue(isReturned());
    assertFalse(rig.told(ONE, PeerMessage.SnapshotEnd.class).getFirst().busy());
  }

  @Test
  void whoAsksForMoreThanSixtyFourPiecesAheadMakesNoSense() {
    lend(ONE, 7);
    for (int i = 0; i < 64; i++) get(ONE, 7, i);
    assertFalse(isReturned());
    get(ONE, 7, 64);
    assertTrue(isReturned());
  }

  @Test
  void filesThatCanNotBeReadEndIt() {
    lend(ONE, 7);
    get(ONE, 7, 0);
    rig.answer(SnapshotOrder.ReadPiece.class, new SnapshotOutcome.Failed("rot", true));
    assertFalse(rig.told(ONE, PeerMessage.SnapshotEnd.class).getFirst().busy());
    assertTrue(isReturned());
  }

  @Test
  void aListingThatComesTooLateIsForNobody() {
    rig.say(ONE, new PeerMessage.SnapshotAsk(7, FileList.Check.LATER));
    rig.part(ONE);
    rig.answer(SnapshotOrder.Lend.class, new SnapshotOutcome.Lent(LIST));
    assertTrue(rig.told(ONE, PeerMessage.SnapshotList.class).isEmpty());
  }
}
