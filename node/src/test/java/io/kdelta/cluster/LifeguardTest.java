package io.kdelta.cluster;

import static io.kdelta.cluster.WireRig.node;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.causal.NodeId;
import io.kdelta.env.SimEntropy;
import io.kdelta.memory.ByteReader;
import io.kdelta.memory.ByteWriter;
import io.kdelta.memory.Bytes;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/**
 * Goal: the parts of Lifeguard that a whole cluster shows only as fewer false deaths: who is
 * suspected hears of it first, a node that misses answers doubts itself up to eightfold, a
 * refutation number only grows and is never forgotten. Method: one Gossip, by hand.
 */
final class LifeguardTest {
  private static final long MILLI = 1_000_000L;
  private static final long SECOND = 1_000 * MILLI;

  private final WireRig wire = new WireRig();
  private final Outbox outbox = new Outbox();
  private final Roster roster = new Roster(100, outbox);
  private final Gossip gossip;
  private long now;

  LifeguardTest() {
    ClusterConfig config = WireRig.config(ClusterConfig.Limits.DEFAULT);
    Headcount headcount = new Headcount(config, new ModelReplica(), outbox);
    gossip =
        new Gossip(config, WireRig.card(1), roster, headcount, new SimEntropy(4), outbox, wire);
  }

  private void start(Optional<Bytes> row) {
    gossip.start(row, false, now);
  }

  private void link(int... numbers) {
    for (int number : numbers) {
      wire.linked.add(node(number));
      gossip.up(new PeerMessage.Hello(new ClusterId(1, 2), true, 5, WireRig.card(number)), now);
    }
  }

  private static PeerMessage.Rumour rumour(int about, Member.State state, long number, int by) {
    return new PeerMessage.Rumour(WireRig.card(about), state, number, node(by));
  }

  private void hear(int from, PeerMessage.Rumour rumour) {
    gossip.message(node(from), new PeerMessage.Ping(0, List.of(rumour)), now);
  }

  /** Lets time pass until this node probes that one. */
  private PeerMessage.Ping probe(int target) {
    for (int i = 0; i < 100; i++) {
      for (WireRig.Sent sent : List.copyOf(wire.sent)) {
        if (!(sent.message() instanceof PeerMessage.Ping ping)) continue;
        wire.sent.remove(sent);
        if (sent.node().equals(node(target))) return ping;
        gossip.message(sent.node(), new PeerMessage.Ack(ping.number(), List.of()), now);
      }
      now = gossip.deadline();
      gossip.tick(now);
    }
    throw new AssertionError("never probed");
  }

  /** What the next probe of that node carries; it is answered. */
  private List<PeerMessage.Rumour> answered(int target) {
    PeerMessage.Ping ping = probe(target);
    gossip.message(node(target), new PeerMessage.Ack(ping.number(), List.of()), now);
    return ping.rumours();
  }

  private long remembered() {
    long number = -1;
    for (Effect effect : outbox.drain()) {
      if (effect instanceof Effect.Remember row && row.name().equals(Gossip.ROW)) {
        number = new ByteReader(row.value(), "row").readLong();
      }
    }
    return number;
  }

  private List<String> notices() {
    List<String> notices = new ArrayList<>();
    for (Effect effect : outbox.drain()) {
      if (effect instanceof Effect.Notice(String text)) notices.add(text);
    }
    return notices;
  }

  private static Optional<Bytes> row(long number) {
    return Optional.of(new ByteWriter(8).writeLong(number).toBytes());
  }

  @Test
  void whoIsSuspectedHearsOfItFirst() {
    start(Optional.empty());
    link(2, 3);
    hear(3, rumour(2, Member.State.SUSPECT, 5, 3));
    // Everybody was told as often as a rumour is told; the suspect is told nevertheless.
    for (int i = 0; i < 50; i++) gossip.message(node(3), new PeerMessage.Ping(9, List.of()), now);
    PeerMessage.Rumour first = answered(2).getFirst();
    assertEquals(rumour(2, Member.State.SUSPECT, 5, 3), first);
    wire.sent.clear();
    gossip.message(node(3), new PeerMessage.PingRequest(77, node(2)), now);
    PeerMessage.Ping errand = wire.take(PeerMessage.Ping.class, node(2)).getFirst();
    assertEquals(first, errand.rumours().getFirst(), "and by who asks for another one");
    wire.sent.clear();
    assertEquals(List.of(), answered(3), "that is for the suspect alone");
    hear(2, rumour(2, Member.State.ALIVE, 6, 2));
    for (int i = 0; i < 50; i++) gossip.message(node(3), new PeerMessage.Ping(9, List.of()), now);
    assertEquals(List.of(), answered(2), "and over when it has refuted");
  }

  @Test
  void whatIsSaidToASuspectNamesItOnce() {
    start(Optional.empty());
    link(2, 3);
    hear(3, rumour(2, Member.State.SUSPECT, 5, 3));
    List<PeerMessage.Rumour> told = probe(2).rumours();
    assertEquals(node(2), told.getFirst().card().node());
    assertEquals(1, told.stream().filter(one -> one.card().node().equals(node(2))).count());
    assertTrue(told.size() > 1, "what else is new comes behind it");
  }

  @Test
  void anAccusedNodeSaysInItsVeryAnswerThatItLives() {
    start(Optional.empty());
    link(2, 3);
    long number = gossip.refutation();
    wire.sent.clear();
    gossip.message(
        node(2), new PeerMessage.Ping(8, List.of(rumour(1, Member.State.SUSPECT, number, 3))), now);
    PeerMessage.Ack ack = wire.take(PeerMessage.Ack.class, node(2)).getFirst();
    assertTrue(ack.rumours().contains(rumour(1, Member.State.ALIVE, number + 1, 1)));
    PeerMessage.Ping other = wire.take(PeerMessage.Ping.class, node(3)).getFirst();
    assertEquals(List.of(rumour(1, Member.State.ALIVE, number + 1, 1)), other.rumours());
    assertEquals(2, gossip.health(), "and doubts itself");
  }

  @Test
  void aNumberIsRememberedBeforeItIsUsedAndGrowsWithEveryStart() {
    start(Optional.empty());
    assertEquals(1, gossip.refutation());
    assertEquals(1, remembered());
    start(row(41));
    assertEquals(42, gossip.refutation());
    assertEquals(42, remembered());
    hear(2, rumour(1, Member.State.SUSPECT, 41, 3));
    assertEquals(42, gossip.refutation(), "what is old needs no answer");
    hear(2, rumour(1, Member.State.DEAD, 42, 3));
    assertEquals(43, gossip.refutation());
    assertEquals(43, remembered());
  }

  @Test
  void aNumberIsNeverFollowedFurtherThanItCouldHaveGrown() {
    start(Optional.empty());
    long leap = 1L << 32;
    hear(2, rumour(1, Member.State.SUSPECT, 1 + leap + 1, 3));
    assertEquals(1, gossip.refutation());
    assertTrue(notices().getLast().contains("never had"));
    hear(2, rumour(1, Member.State.SUSPECT, 1 + leap, 3));
    assertEquals(1 + leap + 1, gossip.refutation());
  }

  @Test
  void theGreatestNumberStaysTheGreatest() {
    start(row(Long.MAX_VALUE - 1));
    assertEquals(Long.MAX_VALUE, gossip.refutation());
    hear(2, rumour(1, Member.State.SUSPECT, Long.MAX_VALUE, 3));
    assertEquals(Long.MAX_VALUE, gossip.refutation());
    start(row(Long.MAX_VALUE));
    assertEquals(Long.MAX_VALUE, gossip.refutation());
    assertEquals(Long.MAX_VALUE, remembered());
  }

  /** One probe of node 2 that nobody answers; how long it took to its end. */
  private long miss() {
    probe(2);
    long began = now;
    wire.sent.clear();
    long missed = gossip.pulse(0, 0, 1, List.of()).missed();
    while (gossip.pulse(0, 0, 1, List.of()).missed() == missed) {
      now = gossip.deadline();
      gossip.tick(now);
    }
    return now - began;
  }

  @Test
  void withNobodyToAskEveryMissDoublesTheDoubtUpToEight() {
    start(Optional.empty());
    link(2);
    for (int health = 1; health <= 10; health++) {
      int expected = Math.min(health, Gossip.HEALTH_MAX);
      assertEquals(expected, gossip.health());
      // It says that it lives, or it would be dead before the last.
      hear(2, rumour(2, Member.State.ALIVE, 100 + health, 2));
      assertEquals(expected * SECOND, miss(), "an interval is stretched as much");
    }
    assertEquals(8, Gossip.HEALTH_MAX);
    for (int health = Gossip.HEALTH_MAX; health > -2; health--) {
      assertEquals(Math.max(1, health), gossip.health());
      hear(2, rumour(2, Member.State.ALIVE, 300 - health, 2));
      gossip.message(node(2), new PeerMessage.Ack(probe(2).number(), List.of()), now);
    }
  }

  /** Probes node 2 with four others linked, of which so many say that it does not answer them. */
  private int healthAfter(int nacks) {
    PeerMessage.Ping ping = probe(2);
    wire.sent.clear();
    long asksAt = now + 500 * MILLI * gossip.health();
    assertEquals(asksAt, gossip.deadline(), "others are asked half an interval later");
    now = asksAt;
    gossip.tick(now);
    List<NodeId> helpers = new ArrayList<>();
    for (int i = 3; i <= 6; i++) {
      if (!wire.take(PeerMessage.PingRequest.class, node(i)).isEmpty()) helpers.add(node(i));
    }
    assertEquals(3, helpers.size());
    for (NodeId helper : helpers.subList(0, nacks)) {
      gossip.message(helper, new PeerMessage.Nack(ping.number()), now);
    }
    now = gossip.deadline();
    gossip.tick(now);
    return gossip.health();
  }

  @Test
  void whoIsToldThatOthersMissItTooDoesNotDoubtItself() {
    for (int nacks = 0; nacks <= 3; nacks++) {
      LifeguardTest fresh = new LifeguardTest();
      fresh.start(Optional.empty());
      fresh.link(2, 3, 4, 5, 6);
      assertEquals(1 + 3 - nacks, fresh.healthAfter(nacks), nacks + " nacks");
    }
  }

  @Test
  void aHelperSaysInTimeThatItHeardNothingAndPassesOnWhatComesLater() {
    start(Optional.empty());
    link(2, 3);
    wire.sent.clear();
    gossip.message(node(3), new PeerMessage.PingRequest(77, node(2)), now);
    PeerMessage.Ping errand = wire.take(PeerMessage.Ping.class, node(2)).getFirst();
    now += 400 * MILLI - 1;
    gossip.tick(now);
    assertEquals(List.of(), wire.take(PeerMessage.Nack.class, node(3)));
    assertEquals(now + 1, gossip.deadline(), "four fifths of the time that the asker waits");
    now++;
    gossip.tick(now);
    gossip.tick(now);
    assertEquals(List.of(new PeerMessage.Nack(77)), wire.take(PeerMessage.Nack.class, node(3)));
    gossip.message(node(2), new PeerMessage.Ack(errand.number(), List.of()), now);
    assertEquals(77, wire.take(PeerMessage.Ack.class, node(3)).getFirst().number());
    gossip.message(node(3), new PeerMessage.PingRequest(78, node(9)), now);
    assertEquals(List.of(new PeerMessage.Nack(78)), wire.take(PeerMessage.Nack.class, node(3)));
  }

  @Test
  void whoSleptDoubtsItselfAndForgivesOthers() {
    start(Optional.empty());
    link(2, 3);
    hear(3, rumour(2, Member.State.SUSPECT, 5, 3));
    now += 3_600 * SECOND;
    gossip.forgive(3_600 * SECOND, now);
    gossip.tick(now);
    assertEquals(2, gossip.health());
    Roster.Entry suspect = roster.find(node(2));
    assertFalse(suspect == null || suspect.state() == Member.State.DEAD);
  }

  @Test
  void aRumourIsToldABoundedNumberOfTimesTheLeastToldFirst() {
    Rumours rumours = new Rumours();
    for (int i = 0; i < 20; i++) rumours.add(rumour(10 + i, Member.State.DEAD, 1, 1));
    int[] told = new int[40];
    for (int messages = 0; messages < 100; messages++) {
      List<PeerMessage.Rumour> next = rumours.next(99);
      assertTrue(next.size() <= 8, "at most eight ride on a message");
      for (PeerMessage.Rumour one : next) told[(int) one.card().node().low()]++;
    }
    // 4 * ceil(log10(99 + 1)) times.
    for (int i = 0; i < 20; i++) assertEquals(8, told[10 + i]);
    assertEquals(List.of(), rumours.next(99));
    rumours.add(rumour(10, Member.State.DEAD, 1, 1));
    rumours.add(rumour(10, Member.State.ALIVE, 2, 10));
    assertEquals(List.of(rumour(10, Member.State.ALIVE, 2, 10)), rumours.next(1));
  }
}
