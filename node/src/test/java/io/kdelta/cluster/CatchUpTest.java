package io.kdelta.cluster;

import static io.kdelta.cluster.LadderRig.ONE;
import static io.kdelta.cluster.LadderRig.PIECE_BYTES;
import static io.kdelta.cluster.LadderRig.SECOND;
import static io.kdelta.cluster.LadderRig.TWO;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.causal.Envelope;
import io.kdelta.causal.Incarnation;
import io.kdelta.causal.NodeId;
import io.kdelta.causal.Reception;
import io.kdelta.memory.Bytes;
import io.kdelta.storage.FileList;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/**
 * Goal: what is fetched is kept and goes on where it was, whatever becomes of the lender, the disk
 * or the process; what is wrong ends it; nothing counts as read before it is stored. Method: one
 * ladder, whose peer, disk and store are the test.
 */
final class CatchUpTest {
  private static final int PIECES = 60;
  private static final FileList LIST = LadderRig.list(PIECES);

  private final LadderRig rig = new LadderRig(0);

  /** The peer has told its files, and so many pieces are there already. */
  private long fetching(int held) {
    rig.meet(ONE, 100);
    long session = rig.asked(ONE);
    rig.say(ONE, new PeerMessage.SnapshotList(session, LIST));
    rig.answer(SnapshotOrder.Begin.class, new SnapshotOutcome.Begun(List.of(held)));
    return session;
  }

  private void piece(long session, int piece) {
    Bytes bytes = Bytes.wrap(new byte[LIST.size(0, piece)]);
    rig.say(ONE, new PeerMessage.SnapshotPiece(session, 0, piece, bytes, 0));
  }

  private void fetched(int from) {
    long session = fetching(from);
    for (int i = from; i < PIECES; i++) {
      piece(session, i);
      rig.answer(SnapshotOrder.Keep.class, new SnapshotOutcome.Done());
    }
    rig.answer(SnapshotOrder.Complete.class, new SnapshotOutcome.Done());
  }

  /** The files can not be loaded as a whole: they are read. */
  private void reading() {
    fetched(0);
    while (rig.ordered(SnapshotOrder.Load.class).isPresent()) {
      rig.answer(SnapshotOrder.Load.class, new SnapshotOutcome.Unfit("something is parked"));
    }
    rig.answer(SnapshotOrder.Open.class, new SnapshotOutcome.Done());
  }

  private static SnapshotOutcome.Versions versions(int count, String finished, boolean end) {
    ModelReplica other = new ModelReplica();
    List<Envelope> envelopes = new ArrayList<>();
    if (count > 0) {
      envelopes.addAll(other.write(ONE, new Incarnation(4, 4), "k", count, 10).envelopes());
    }
    return new SnapshotOutcome.Versions(envelopes, Optional.empty(), Bytes.utf8(finished), end);
  }

  private Effect.Store stored() {
    for (Effect effect : rig.effects) {
      if (effect instanceof Effect.Store store) {
        rig.effects.remove(effect);
        return store;
      }
    }
    throw new AssertionError("nothing was stored");
  }

  private void take(Effect.Store store) {
    List<Reception> receptions = new ArrayList<>();
    for (Envelope one : store.envelopes()) {
      receptions.add(new Reception.Visible(one.version().id()));
    }
    assertTrue(rig.ladder.stored(new Event.Stored(store.tag(), 1, receptions), rig.now));
  }

  private Bytes row() {
    return rig.replica.recall(SnapshotOrder.ROW).orElse(Bytes.EMPTY);
  }

  @Test
  void aListWhosePiecesTakeMoreSealsThanAListMayHoldIsRefused() {
    rig.meet(ONE, 100);
    long bytes = (long) FileList.PIECE_BYTES_MAX << 21;
    List<FileList.Listed> files =
        List.of(
            new FileList.Listed("0000000001.table", bytes, Bytes.EMPTY),
            new FileList.Listed("0000000002.table", bytes, Bytes.EMPTY));
    FileList absurd =
        new FileList(FileList.PIECE_BYTES_MAX, FileList.Check.LATER, Bytes.EMPTY, files);
    rig.say(ONE, new PeerMessage.SnapshotList(rig.asked(ONE), absurd));
    assertEquals(1, rig.told(ONE, PeerMessage.SnapshotEnd.class).size());
    assertEquals(0, rig.told(ONE, PeerMessage.SnapshotGet.class).size());
  }

  @Test
  void piecesAreAskedForAhead() {
    long session = fetching(0);
    assertEquals(48, rig.told(ONE, PeerMessage.SnapshotGet.class).size());
    rig.now += 2 * SECOND;
    piece(session, 0);
    assertEquals(48, rig.told(ONE, PeerMessage.SnapshotGet.class).size(), "it is not kept yet");
    rig.answer(SnapshotOrder.Keep.class, new SnapshotOutcome.Done());
    assertEquals(49, rig.told(ONE, PeerMessage.SnapshotGet.class).size());
    assertEquals(PIECE_BYTES, rig.ladder.progress().bytes());
    assertEquals(LIST.bytes(), rig.ladder.progress().bytesTotal());
    assertEquals("fetching", rig.ladder.progress().phase());
    assertEquals(2_000, rig.ladder.progress().millis());
  }

  @Test
  void whatIsThereIsNotAskedForAgain() {
    fetching(20);
    List<PeerMessage.SnapshotGet> asked = rig.told(ONE, PeerMessage.SnapshotGet.class);
    assertEquals(PIECES - 20, asked.size());
    assertEquals(20, asked.getFirst().piece());
    assertEquals(20 * PIECE_BYTES, rig.ladder.progress().bytes());
  }

  @Test
  void theLenderIsLetGoOnceAllIsThere() {
    fetched(10);
    assertEquals(1, rig.told(ONE, PeerMessage.SnapshotEnd.class).size());
    assertTrue(rig.ordered(SnapshotOrder.Load.class).isPresent());
    rig.part(ONE);
    assertEquals("loading", rig.ladder.progress().phase(), "nobody is needed any more");
    assertEquals(1, rig.ladder.progress().files());
  }

  @Test
  void aPieceThatIsRefusedEndsItAndAnotherLenderIsAsked() {
    long session = fetching(0);
    piece(session, 0);
    rig.answer(SnapshotOrder.Keep.class, new SnapshotOutcome.Failed("not the one listed", true));
    assertEquals("not the one listed", rig.outcome());
    assertTrue(rig.ordered(SnapshotOrder.Drop.class).isPresent(), "the files are of no use");
    assertFalse(rig.told(ONE, PeerMessage.SnapshotEnd.class).isEmpty());
    rig.meet(TWO, 90);
    assertNotEquals(0, rig.asked(TWO));
  }

  @Test
  void aPieceNobodyAskedForEndsIt() {
    long session = fetching(0);
    piece(session, 1);
    assertEquals("the peer sends what nobody asked for", rig.outcome());
  }

  @Test
  void aLenderThatFallsSilentIsGivenUpAfterFiveSeconds() {
    fetching(0);
    rig.pass(5 * SECOND - 1);
    assertEquals("fetching", rig.ladder.progress().phase());
    rig.pass(1);
    assertEquals("the peer is silent", rig.outcome());
    assertTrue(rig.ordered(SnapshotOrder.Drop.class).isEmpty(), "what came is kept");
  }

  @Test
  void aLenderThatVanishesLeavesWhatCameToTheNextOne() {
    long session = fetching(0);
    piece(session, 0);
    rig.answer(SnapshotOrder.Keep.class, new SnapshotOutcome.Done());
    rig.part(ONE);
    assertEquals("the link was lost", rig.outcome());
    rig.pass(SECOND);
    rig.meet(TWO, 90);
    assertEquals(0, rig.asked(TWO), "the lender may be back in a moment");
    rig.pass(4 * SECOND);
    rig.say(TWO, new PeerMessage.SnapshotList(rig.asked(TWO), LIST));
    rig.answer(SnapshotOrder.Begin.class, new SnapshotOutcome.Begun(List.of(1)));
    assertEquals(1, rig.told(TWO, PeerMessage.SnapshotGet.class).getFirst().piece());
  }

  @Test
  void anEmptyStoreLoadsTheFilesAsAWhole() {
    fetched(0);
    rig.answer(SnapshotOrder.Load.class, new SnapshotOutcome.Loading(30, false));
    assertEquals("loading", rig.ladder.progress().phase());
    assertEquals(30, rig.ladder.progress().versions());
    while (rig.ordered(SnapshotOrder.Load.class).isPresent()) {
      assertTrue(rig.ordered(SnapshotOrder.Install.class).isEmpty(), "some of it is not written");
      rig.answer(SnapshotOrder.Load.class, new SnapshotOutcome.Loading(70, true));
    }
    assertEquals("installing", rig.ladder.progress().phase());
    assertTrue(rig.ordered(SnapshotOrder.Drop.class).isEmpty());
    rig.answer(SnapshotOrder.Install.class, new SnapshotOutcome.Installed(70));
    assertEquals("taken in", rig.outcome());
    assertEquals(Bytes.EMPTY, row());
    assertTrue(rig.ordered(SnapshotOrder.Drop.class).isPresent());
    assertEquals(70, rig.ladder.snapshots().versions());
  }

  @Test
  void whatCanNotBeLoadedIsReadOnceNoPieceIsOut() {
    fetched(0);
    rig.answer(SnapshotOrder.Load.class, new SnapshotOutcome.Loading(30, false));
    rig.answer(SnapshotOrder.Load.class, new SnapshotOutcome.Unfit("a row too many"));
    assertEquals(0, rig.ladder.progress().versions(), "nothing of it is held");
    while (rig.ordered(SnapshotOrder.Load.class).isPresent()) {
      assertTrue(rig.ordered(SnapshotOrder.Open.class).isEmpty());
      rig.answer(SnapshotOrder.Load.class, new SnapshotOutcome.Unfit("given up"));
    }
    rig.answer(SnapshotOrder.Open.class, new SnapshotOutcome.Done());
    assertEquals("reading", rig.ladder.progress().phase());
  }

  @Test
  void somethingWrittenMeanwhileIsFoundAtTheInstall() {
    fetched(0);
    while (rig.ordered(SnapshotOrder.Load.class).isPresent()) {
      rig.answer(SnapshotOrder.Load.class, new SnapshotOutcome.Loading(70, true));
    }
    rig.answer(SnapshotOrder.Install.class, new SnapshotOutcome.Unfit("something was written"));
    rig.answer(SnapshotOrder.Open.class, new SnapshotOutcome.Done());
    assertEquals("reading", rig.ladder.progress().phase());
  }

  @Test
  void aLoadThatTheDiskEndsBeginsAnewLater() {
    fetched(0);
    rig.answer(SnapshotOrder.Load.class, new SnapshotOutcome.Loading(30, false));
    rig.answer(SnapshotOrder.Load.class, new SnapshotOutcome.Failed("the disk is full", false));
    assertEquals("resting", rig.ladder.progress().phase());
    rig.effects.clear();
    rig.pass(2 * SECOND);
    assertEquals("loading", rig.ladder.progress().phase());
    assertTrue(rig.ordered(SnapshotOrder.Load.class).isPresent());
    assertTrue(rig.ordered(SnapshotOrder.Drop.class).isEmpty(), "the files are as good as before");
  }

  @Test
  void afterThreeLoadsThatFailedTheFilesAreRead() {
    fetched(0);
    for (int i = 0; i < 3; i++) {
      assertEquals("loading", rig.ladder.progress().phase());
      rig.answer(SnapshotOrder.Load.class, new SnapshotOutcome.Failed("the disk fails", false));
      rig.effects.clear();
      rig.pass(2 * SECOND);
    }
    assertEquals("opening", rig.ladder.progress().phase());
  }

  @Test
  void filesThatLieEndItForGood() {
    fetched(0);
    rig.answer(SnapshotOrder.Load.class, new SnapshotOutcome.Failed("a row lies", true));
    assertEquals("a row lies", rig.outcome());
    assertTrue(rig.ordered(SnapshotOrder.Drop.class).isPresent());
  }

  @Test
  void whatWasReadCountsOnceItIsStored() {
    reading();
    rig.answer(SnapshotOrder.Read.class, versions(3, "a", false));
    Bytes before = row();
    Effect.Store first = stored();
    rig.answer(SnapshotOrder.Read.class, versions(2, "b", false));
    assertEquals(before, row());
    take(first);
    Bytes after = row();
    assertNotEquals(before, after);
    assertTrue(after.toString().length() > 0 && rig.ladder.progress().versions() == 3);
    rig.answer(SnapshotOrder.Read.class, versions(0, "b", true));
    assertEquals("reading", rig.ladder.progress().phase(), "the last batch is not stored");
    take(stored());
    assertEquals("reading", rig.ladder.progress().phase(), "the other reading has not ended");
    rig.answer(SnapshotOrder.Read.class, versions(0, "b", true));
    assertEquals("taken in", rig.outcome());
    assertEquals(Bytes.EMPTY, row());
    assertTrue(rig.ordered(SnapshotOrder.Drop.class).isPresent());
    Traffic.Snapshots totals = rig.ladder.snapshots();
    assertEquals(1, totals.count());
    assertEquals(LIST.bytes(), totals.bytes());
    assertEquals(5, totals.versions());
    assertEquals("", rig.ladder.progress().phase());
  }

  @Test
  void aStoreThatTakesNothingIsAskedAgainLater() {
    reading();
    rig.answer(SnapshotOrder.Read.class, versions(3, "a", false));
    Effect.Store refused = stored();
    assertTrue(rig.ladder.notStored(new Event.NotStored(refused.tag(), "full"), rig.now));
    assertEquals("resting", rig.ladder.progress().phase());
    rig.pass(2 * SECOND);
    SnapshotOrder.Open again = rig.ordered(SnapshotOrder.Open.class).orElseThrow();
    assertEquals(Bytes.EMPTY, again.after(), "nothing of it was stored");
  }

  @Test
  void aDocumentThatIsNotTheOneNamedEndsItForGood() {
    reading();
    rig.answer(SnapshotOrder.Read.class, versions(1, "a", false));
    Effect.Store store = stored();
    Reception lie =
        new Reception.Refused(
            store.envelopes().getFirst().version().id(), "another document", false);
    rig.ladder.stored(new Event.Stored(store.tag(), 1, List.of(lie)), rig.now);
    assertEquals("a document is not the one that its version names", rig.outcome());
    assertTrue(rig.ordered(SnapshotOrder.Drop.class).isPresent());
  }

  @Test
  void aLaterProcessGoesOnWithoutAnyPeer() {
    reading();
    rig.answer(SnapshotOrder.Read.class, versions(3, "a", false));
    take(stored());
    LadderRig later = new LadderRig(0);
    later.replica.remember(SnapshotOrder.ROW, row());
    later.ladder.started(later.now);
    later.answer(SnapshotOrder.Recall.class, new SnapshotOutcome.Recalled(Optional.of(LIST)));
    SnapshotOrder.Open open = later.ordered(SnapshotOrder.Open.class).orElseThrow();
    assertEquals(Bytes.utf8("a"), open.after());
    assertEquals(LIST.bytes(), later.ladder.progress().bytes());
    assertEquals(NodeId.NONE, later.ladder.progress().peer());
    later.meet(ONE, 100);
    assertEquals(0, later.asked(ONE), "it needs nobody");
  }

  @Test
  void filesThatAreNotAllThereAreFetchedOn() {
    rig.replica.remember(SnapshotOrder.ROW, Bytes.utf8("something"));
    rig.ladder.started(rig.now);
    rig.answer(SnapshotOrder.Recall.class, new SnapshotOutcome.Recalled(Optional.empty()));
    assertEquals("", rig.ladder.progress().phase());
    fetching(7);
    assertEquals(7, rig.told(ONE, PeerMessage.SnapshotGet.class).getFirst().piece());
  }

  /** A process that finds a row of one that was killed while it fetched. */
  private static LadderRig again(Bytes row) {
    LadderRig later = new LadderRig(0);
    later.replica.remember(SnapshotOrder.ROW, row);
    later.ladder.started(later.now);
    later.answer(SnapshotOrder.Recall.class, new SnapshotOutcome.Recalled(Optional.empty()));
    return later;
  }

  @Test
  void aLaterProcessFetchesOnFromTheSameLender() {
    fetching(3);
    LadderRig later = again(row());
    later.meet(TWO, 900);
    later.pass(SECOND);
    assertEquals(0, later.asked(TWO), "it holds more, but not the rest of what is here");
    later.meet(ONE, 100);
    assertNotEquals(0, later.asked(ONE));
    later.say(ONE, new PeerMessage.SnapshotList(later.asked(ONE), LIST));
    SnapshotOrder.Begin begin = later.ordered(SnapshotOrder.Begin.class).orElseThrow();
    assertEquals(ONE, begin.lender());
  }

  @Test
  void aLenderThatStaysAwayIsNotWaitedForLongerThanFiveSeconds() {
    fetching(3);
    LadderRig later = again(row());
    later.meet(TWO, 900);
    later.pass(5 * SECOND - 1);
    assertEquals(0, later.asked(TWO));
    later.pass(1);
    assertNotEquals(0, later.asked(TWO));
  }

  @Test
  void aLenderThatIsKnownToBeGoneIsNotWaitedFor() {
    fetching(3);
    LadderRig later = again(row());
    later.members.put(ONE, LadderRig.member(ONE, Member.State.DEAD));
    later.meet(TWO, 900);
    assertNotEquals(0, later.asked(TWO));
  }

  @Test
  void aRowOfAnEarlierProgramNamesNoLender() {
    fetching(3);
    Bytes now = row();
    Bytes earlier = Bytes.concat(Bytes.of(1), now.slice(1 + NodeId.SIZE));
    LadderRig later = again(earlier);
    later.meet(TWO, 900);
    assertNotEquals(0, later.asked(TWO));
  }
}
