package io.kdelta.cluster;

import static io.kdelta.cluster.ModelNet.SECOND;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.causal.Frame;
import io.kdelta.causal.FrameReception;
import io.kdelta.causal.Incarnation;
import io.kdelta.causal.Intervals;
import io.kdelta.causal.NodeId;
import io.kdelta.causal.Reception;
import io.kdelta.env.SimEntropy;
import io.kdelta.memory.Bytes;
import io.kdelta.reconciliation.Digest;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/**
 * Goal: a peer that lies can withhold its own help and nothing else. Method: one Cluster, driven
 * event by event by a peer that says what it likes.
 */
final class HostilePeerTest {
  private static final NodeId SELF = new NodeId(5, 5);
  private static final NodeId PEER = new NodeId(6, 6);
  private static final NodeId THIRD = new NodeId(7, 7);
  private static final Incarnation LOG = new Incarnation(8, 8);
  private static final Incarnation OWN = new Incarnation(9, 9);

  private final ModelReplica replica = new ModelReplica();
  private long now = 1;
  private final Cluster cluster;

  HostilePeerTest() {
    ClusterConfig config =
        new ClusterConfig(
            SELF,
            "self",
            List.of("self:1"),
            "",
            "",
            "test",
            Optional.of("demo"),
            List.of(),
            2,
            ClusterConfig.Pace.DEFAULT,
            new ClusterConfig.Limits(8 << 20, 1 << 20, 16));
    cluster = new Cluster(config, replica, new SimEntropy(1), StreamOnly::new);
    give(new Event.Started());
  }

  private List<Effect> give(Event event) {
    List<Effect> effects = cluster.step(event, now);
    for (Effect effect : effects) {
      if (effect instanceof Effect.Remember row) replica.remember(row.name(), row.value());
    }
    return effects;
  }

  private List<Effect> say(long link, PeerMessage message) {
    return give(new Event.Received(link, PeerCodec.encode(message)));
  }

  private static Member.Card card(NodeId node, int formatMin, int formatMax) {
    return new Member.Card(
        node, "n" + node.low(), List.of("n" + node.low() + ":1"), "", "", "", formatMin, formatMax);
  }

  private List<Effect> hello(long link, NodeId node) {
    give(new Event.LinkUp(link, Optional.empty()));
    return say(link, new PeerMessage.Hello(ClusterId.named("demo"), false, 1, card(node, 1, 1)));
  }

  private static <T> List<T> only(Class<T> type, List<Effect> effects) {
    List<T> found = new ArrayList<>();
    for (Effect effect : effects) {
      if (type.isInstance(effect)) {
        found.add(type.cast(effect));
      } else if (effect instanceof Effect.Send send) {
        PeerMessage message = PeerCodec.decode(send.message());
        if (type.isInstance(message)) found.add(type.cast(message));
      }
    }
    return found;
  }

  private Member member(NodeId node) {
    return cluster.member(node).orElseThrow();
  }

  @Test
  void nonsenseEndsTheLinkWithATypedRefusal() {
    SimEntropy entropy = new SimEntropy(2);
    for (long link = 1; link < 500; link++) {
      give(new Event.LinkUp(link, Optional.empty()));
      byte[] bytes = new byte[1 + entropy.nextInt(100)];
      entropy.fill(bytes);
      if (bytes[0] == 0) bytes[0] = 1;
      List<Effect> effects = give(new Event.Received(link, Bytes.wrap(bytes)));
      List<PeerMessage.Refuse> refusals = only(PeerMessage.Refuse.class, effects);
      assertEquals(PeerMessage.Refuse.Reason.MALFORMED, refusals.getFirst().reason());
      assertEquals(1, only(Effect.Hangup.class, effects).size());
      assertEquals(List.of(), give(new Event.Received(link, Bytes.wrap(bytes))), "deaf then");
      give(new Event.LinkDown(link));
    }
  }

  @Test
  void nobodyIsHeardBeforeItsHello() {
    give(new Event.LinkUp(1, Optional.empty()));
    List<Effect> effects = say(1, new PeerMessage.Want(List.of(Digest.ZERO)));
    assertEquals(1, only(Effect.Hangup.class, effects).size());
  }

  @Test
  void aFormatThatIsNotReadIsRefused() {
    int beyond = PeerCodec.NEWEST + 1;
    give(new Event.LinkUp(1, Optional.empty()));
    List<Effect> effects =
        say(1, new PeerMessage.Hello(ClusterId.named("demo"), false, 1, card(PEER, beyond, 99)));
    PeerMessage.Refuse refusal = only(PeerMessage.Refuse.class, effects).getFirst();
    assertEquals(PeerMessage.Refuse.Reason.FORMAT, refusal.reason());
    String theirs = "speaks peer formats " + beyond + " to 99";
    String ours = "1 to " + PeerCodec.NEWEST;
    assertEquals(theirs + ", that one " + ours, refusal.text());
    String told = only(Effect.Notice.class, effects).getFirst().text();
    assertTrue(told.contains(theirs + ", this one " + ours), told);
    give(new Event.LinkUp(2, Optional.empty()));
    say(2, new PeerMessage.Hello(ClusterId.named("demo"), false, 1, card(PEER, 0, 99)));
    assertTrue(member(PEER).linked(), "ranges that overlap do");
  }

  @Test
  void theLivingAreNotTalkedToDeathAndNumbersAreNotUsedUp() {
    hello(1, PEER);
    hello(2, THIRD);
    for (long number : new long[] {1, 5, Long.MAX_VALUE}) {
      PeerMessage.Rumour lie =
          new PeerMessage.Rumour(card(THIRD, 1, 1), Member.State.DEAD, number, PEER);
      say(1, new PeerMessage.Ping(1, List.of(lie)));
      assertEquals(Member.State.DEAD, member(THIRD).state());
      long own = member(THIRD).refutation();
      assertTrue(own < 10, "the number stays its own: " + own);
      PeerMessage.Rumour refuted =
          new PeerMessage.Rumour(card(THIRD, 1, 1), Member.State.ALIVE, own + 1, THIRD);
      say(2, new PeerMessage.Ping(2, List.of(refuted)));
      assertEquals(Member.State.ALIVE, member(THIRD).state());
    }
  }

  @Test
  void nobodyIsOutForGoodByANumberThatItNeverHad() {
    hello(1, PEER);
    hello(2, THIRD);
    for (long number : new long[] {1L << 40, Long.MAX_VALUE}) {
      PeerMessage.Rumour lie =
          new PeerMessage.Rumour(card(THIRD, 1, 1), Member.State.LEFT, number, PEER);
      say(1, new PeerMessage.Ping(1, List.of(lie)));
      assertEquals(Member.State.ALIVE, member(THIRD).state());
    }
  }

  @Test
  void whoMadeMostPartsOfMessagesWaitGoesAndNobodyElse() {
    hello(1, PEER);
    hello(2, THIRD);
    for (Lane lane : Lane.values()) {
      Bytes part = Parts.cut(Bytes.wrap(new byte[Parts.PART_BYTES + 1]), lane).getFirst();
      for (int i = 0; i < 24; i++) {
        assertEquals(0, only(Effect.Hangup.class, give(new Event.Received(1, part))).size());
      }
    }
    Bytes honest = Parts.cut(Bytes.wrap(new byte[Parts.PART_BYTES + 1]), Lane.SHIP).getFirst();
    List<Effect.Hangup> ended = only(Effect.Hangup.class, give(new Event.Received(2, honest)));
    assertEquals(List.of(1L), ended.stream().map(Effect.Hangup::link).toList());
  }

  @Test
  void thisNodeRefutesWhatIsSaidOfItAndIgnoresAbsurdNumbers() {
    hello(1, PEER);
    long before = member(SELF).refutation();
    Member.Card self = card(SELF, 1, 1);
    say(
        1,
        new PeerMessage.Ping(
            1, List.of(new PeerMessage.Rumour(self, Member.State.SUSPECT, before, PEER))));
    assertEquals(before + 1, member(SELF).refutation());
    assertEquals(Member.State.ALIVE, member(SELF).state());
    assertEquals(
        before + 1,
        replica.recall(Gossip.ROW).orElseThrow().longAt(0),
        "a refutation outlives a restart");
    say(
        1,
        new PeerMessage.Ping(
            2, List.of(new PeerMessage.Rumour(self, Member.State.DEAD, Long.MAX_VALUE, PEER))));
    assertEquals(before + 1, member(SELF).refutation());
  }

  @Test
  void aMillionFakeMembersFillTheLimitAndNoMore() {
    hello(1, PEER);
    for (int i = 0; i < 1_000; i++) {
      PeerMessage.Rumour fake =
          new PeerMessage.Rumour(
              card(new NodeId(100, i), 1, 1), Member.State.ALIVE, 1, new NodeId(100, i));
      say(1, new PeerMessage.Ping(i, List.of(fake)));
    }
    assertEquals(16, cluster.members().size());
  }

  @Test
  void aReceiptForAnotherChainOrFromARemovedNodeDoesNotCount() {
    hello(1, PEER);
    Frame frame = replica.write(SELF, OWN, "k", 2, 10);
    give(new Event.Appended(frame));
    Digest chain = replica.chain(OWN, 2).orElseThrow();
    say(1, new PeerMessage.Receipt(OWN, 2, 1, 2, Digest.ZERO, 0));
    assertEquals(0, cluster.receipts(OWN, 1, 2));
    for (int i = 0; i < 3; i++) say(1, new PeerMessage.Receipt(OWN, 2, 1, 2, chain, 0));
    assertEquals(1, cluster.receipts(OWN, 1, 2), "one node counts once");
    give(new Event.Remove(PEER));
    assertEquals(0, cluster.receipts(OWN, 1, 2));
  }

  @Test
  void aRefusedVersionIsPassedOverAndNeverReceipted() {
    hello(1, PEER);
    Frame frame = new ModelReplica().write(PEER, LOG, "k", 5, 10);
    long tag = only(Effect.TakeFrame.class, ship(1, frame)).getFirst().tag();
    for (int i = 0; i < 5; i++) {
      if (i != 2) replica.store(List.of(frame.envelopes().get(i)));
    }
    List<Reception> receptions = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      Digest id = frame.envelopes().get(i).version().id();
      receptions.add(
          i == 2 ? new Reception.Refused(id, "no", true) : new Reception.Parked(id, id, true));
    }
    long lsn = replica.lastLsn();
    FrameReception taken = new FrameReception.Taken(receptions);
    List<Effect> early = give(new Event.FrameTaken(tag, lsn, taken));
    assertEquals(List.of(), only(PeerMessage.Receipt.class, early), "nothing is synced yet");
    List<Effect> effects = give(new Event.Durable(replica.sync()));
    List<PeerMessage.Receipt> receipts = only(PeerMessage.Receipt.class, effects);
    assertEquals(2, receipts.size());
    assertEquals(1, receipts.get(0).from());
    assertEquals(2, receipts.get(0).synced());
    assertEquals(4, receipts.get(1).from());
    assertEquals(5, receipts.get(1).synced());
  }

  @Test
  void whatOneNodeShipsWrongIsAskedOfAnother() {
    hello(1, PEER);
    Frame frame = new ModelReplica().write(THIRD, LOG, "k", 5, 10);
    long tag = only(Effect.TakeFrame.class, ship(1, frame)).getFirst().tag();
    List<Reception> receptions = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      Digest id = frame.envelopes().get(i).version().id();
      if (i != 2) replica.store(List.of(frame.envelopes().get(i)));
      receptions.add(
          i == 2
              ? new Reception.Refused(id, "not its document", false)
              : new Reception.Parked(id, id, true));
    }
    give(new Event.FrameTaken(tag, replica.lastLsn(), new FrameReception.Taken(receptions)));
    assertEquals(
        List.of(), only(Effect.TakeFrame.class, ship(1, frame)), "not from the liar again");
    hello(2, THIRD);
    Member.Facts facts = new Member.Facts(1, Member.Stage.READY, Digest.ZERO, 1, 1, 5, 0, 0);
    TreeMap<Incarnation, Intervals> held = new TreeMap<>();
    held.put(LOG, Intervals.of(1, 5));
    say(2, new PeerMessage.Facts(1, facts, held));
    List<PeerMessage.Follow> asked = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      now += SECOND / 2;
      asked.addAll(only(PeerMessage.Follow.class, give(new Event.WakeUp())));
    }
    assertTrue(
        asked.stream().anyMatch(follow -> follow.incarnation().equals(LOG) && follow.from() == 3),
        "" + asked);
  }

  private List<Effect> ship(long link, Frame frame) {
    return say(link, new PeerMessage.Ship(frame, false));
  }

  @Test
  void aGapIsAskedForOnceAndSuspendsTheStreamIfItStays() {
    hello(1, PEER);
    ModelReplica origin = new ModelReplica();
    origin.write(PEER, LOG, "k", 3, 10);
    Frame later = origin.write(PEER, LOG, "k", 2, 10);
    List<Effect> effects = ship(1, later);
    assertEquals(List.of(), only(Effect.TakeFrame.class, effects));
    assertEquals(
        List.of(
            new PeerMessage.Follow(LOG, 1, Long.MAX_VALUE, replica.chain(LOG, 0).orElseThrow())),
        only(PeerMessage.Follow.class, effects));
    assertEquals(List.of(), only(PeerMessage.Follow.class, ship(1, later)));
    now += 3 * SECOND;
    ship(1, later);
    Frame whole = origin.frames(LOG, 1, 1).getFirst();
    assertEquals(List.of(), only(Effect.TakeFrame.class, ship(1, whole)), "suspended");
  }

  @Test
  void aBrokenChainSuspendsTheStream() {
    hello(1, PEER);
    Frame frame = new ModelReplica().write(PEER, LOG, "k", 1, 10);
    long tag = only(Effect.TakeFrame.class, ship(1, frame)).getFirst().tag();
    give(new Event.FrameTaken(tag, 0, new FrameReception.ChainBroken(LOG, 0)));
    assertEquals(List.of(), only(Effect.TakeFrame.class, ship(1, frame)));
  }

  @Test
  void versionsThatNobodyAskedForAreDroppedAndMissingParentsAskedForAtOnce() {
    hello(1, PEER);
    ModelReplica origin = new ModelReplica();
    Frame parent = origin.write(PEER, LOG, "k", 1, 10);
    Frame child = origin.write(PEER, new Incarnation(8, 9), "k", 1, 10);
    PeerMessage.Versions loose = new PeerMessage.Versions(parent.envelopes());
    assertEquals(List.of(), only(Effect.Store.class, say(1, loose)));

    long tag = only(Effect.TakeFrame.class, ship(1, child)).getFirst().tag();
    FrameReception taken = replica.take(child);
    List<Effect> effects = give(new Event.FrameTaken(tag, replica.lastLsn(), taken));
    Digest missing = parent.envelopes().getFirst().version().id();
    assertEquals(
        List.of(new PeerMessage.Want(List.of(missing))), only(PeerMessage.Want.class, effects));
    Effect.Store store = only(Effect.Store.class, say(1, loose)).getFirst();
    assertTrue(store.parkDurably());
    assertEquals(parent.envelopes(), store.envelopes());
    assertEquals(List.of(), only(Effect.Store.class, say(1, loose)), "asked once, taken once");
  }

  @Test
  void aSilentPeerCostsItsWindowAndNoMore() {
    hello(1, PEER);
    long sent = 0;
    for (int i = 0; i < 500; i++) {
      Frame frame = replica.write(SELF, OWN, "k" + i, 1, 10_000);
      for (Effect effect : give(new Event.Appended(frame))) {
        if (effect instanceof Effect.Send send) sent += send.message().size();
      }
    }
    assertTrue(sent > 1 << 20 && sent < (1 << 20) + 50_000, "sent " + sent);
    List<Effect> none = say(1, new PeerMessage.Credit(1));
    assertEquals(List.of(), only(PeerMessage.Ship.class, none));
    List<Effect> more = say(1, new PeerMessage.Credit(Long.MAX_VALUE));
    long again = 0;
    for (Effect effect : more) {
      if (effect instanceof Effect.Send send) again += send.message().size();
    }
    assertTrue(again > 1 << 20 && again < (1 << 20) + 100_000, "a window at a time: " + again);
  }

  @Test
  void aNodeThatSpeaksOnTwoLinksInTurnGetsOneWindowOfEach() {
    hello(1, PEER);
    hello(2, PEER);
    TreeMap<Long, Long> sent = new TreeMap<>();
    for (int i = 0; i < 500; i++) {
      Frame frame = replica.write(SELF, OWN, "k" + i, 1, 10_000);
      for (Effect effect : give(new Event.Appended(frame))) count(effect, sent);
    }
    for (int turn = 0; turn < 50; turn++) follow(1L + turn % 2, sent);
    for (long bytes : sent.values()) {
      assertTrue(bytes > 1 << 20 && bytes < (1 << 20) + 300_000, "sent " + sent);
    }
    assertEquals(List.of(1L, 2L), List.copyOf(sent.keySet()));
    Pulse.Peer shown = cluster.pulse().peers().getFirst();
    assertTrue(shown.wireBytes() > 1 << 20 && shown.frames() > 50, "of the link, not the turn");
    for (int turn = 0; turn < 50; turn++) {
      long link = 1L + turn % 2;
      long before = sent.getOrDefault(link, 0L);
      for (Effect effect : say(link, new PeerMessage.Credit(before))) count(effect, sent);
      follow(link, sent);
      long onWay = sent.getOrDefault(link, 0L) - before;
      assertTrue(onWay > 1 << 20, "the window opens again: " + onWay);
      assertTrue(onWay < (1 << 20) + 300_000, "on its way " + onWay);
    }
  }

  private void follow(long link, Map<Long, Long> sent) {
    PeerMessage.Follow all = new PeerMessage.Follow(OWN, 1, Long.MAX_VALUE, null);
    for (Effect effect : say(link, all)) count(effect, sent);
  }

  private static void count(Effect effect, Map<Long, Long> sent) {
    if (!(effect instanceof Effect.Send send) || send.lane() != Lane.SHIP) return;
    sent.merge(send.link(), (long) send.message().size(), Long::sum);
  }

  @Test
  void whatIsStoredWhileAnotherLinkIsInUseIsGivenBackOnTheOneItCameBy() {
    hello(1, PEER);
    ModelReplica origin = new ModelReplica();
    long size = 0;
    List<Effect.TakeFrame> taking = new ArrayList<>();
    for (int i = 0; i < 30; i++) {
      PeerMessage.Ship ship =
          new PeerMessage.Ship(origin.write(PEER, LOG, "k" + i, 1, 10_000), false);
      size += PeerCodec.encode(ship).size();
      taking.addAll(only(Effect.TakeFrame.class, say(1, ship)));
    }
    assertEquals(30, taking.size());
    hello(2, PEER);
    for (Effect.TakeFrame take : taking) {
      FrameReception taken = replica.take(take.frame());
      List<Effect> effects = give(new Event.FrameTaken(take.tag(), replica.lastLsn(), taken));
      assertEquals(List.of(), only(PeerMessage.Credit.class, effects), "not on the other link");
    }
    List<Effect> back = say(1, new PeerMessage.Ping(1, List.of()));
    assertEquals(List.of(new PeerMessage.Credit(size)), only(PeerMessage.Credit.class, back));
    assertEquals(
        List.of(),
        only(PeerMessage.Credit.class, say(2, new PeerMessage.Ping(2, List.of()))),
        "nothing came by the other one");
  }

  @Test
  void anUnheardPeerIsHungUp() {
    hello(1, PEER);
    for (int i = 0; i < 29; i++) {
      now += SECOND / 3;
      give(new Event.WakeUp());
      assertTrue(member(PEER).linked(), "silent for " + now / SECOND + " s only");
    }
    now += SECOND / 2;
    give(new Event.WakeUp());
    assertFalse(member(PEER).linked());
  }
}
