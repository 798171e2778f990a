package io.kdelta.cluster;

import static io.kdelta.cluster.WireRig.node;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.causal.Frame;
import io.kdelta.causal.Incarnation;
import io.kdelta.causal.NodeId;
import io.kdelta.env.Entropy;
import io.kdelta.env.SimEntropy;
import io.kdelta.reconciliation.Digest;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * Goal: a slow backup costs its window and no more, and holds up nobody; a slot that is lost is
 * told to people, and not a hundred times. Method: one Primary by hand, whose backups give bytes
 * back late, in bits, or never.
 */
final class PrimaryTest {
  private static final Incarnation LOG = new Incarnation(3, 4);
  private static final NodeId FAST = node(2);
  private static final NodeId SLOW = node(3);
  private static final int WINDOW = 64 << 10;

  private final ModelReplica replica = new ModelReplica();
  private final WireRig wire = new WireRig();
  private final Outbox outbox = new Outbox();
  private final Primary primary;

  private final List<Long> sizes = new ArrayList<>();
  private long given;

  PrimaryTest() {
    ClusterConfig.Limits limits = new ClusterConfig.Limits(16 << 10, WINDOW, 64);
    Roster roster = new Roster(64, outbox);
    roster.declare(WireRig.card(3), Member.State.ALIVE, 1);
    replica.framesMax(1);
    primary =
        new Primary(replica, WireRig.config(limits), wire, _ -> true, new Slots(roster, outbox));
    for (NodeId backup : List.of(FAST, SLOW)) {
      wire.linked.add(backup);
      primary.up(backup, new Window());
    }
  }

  private void write(int bytes) {
    Frame frame = replica.write(node(1), LOG, "k", 1, bytes);
    primary.appended(frame, List.of(FAST, SLOW), 0);
  }

  private Pulse.Peer peer(NodeId node) {
    return primary.peers(_ -> 0).stream()
        .filter(one -> one.node().equals(node))
        .findFirst()
        .orElseThrow();
  }

  /** What a node got since the last call, in bytes; positions follow each other. */
  private long got(NodeId node, List<Long> positions) {
    long bytes = 0;
    for (PeerMessage.Ship ship : wire.take(PeerMessage.Ship.class, node)) {
      positions.add(ship.frame().firstSeq());
      long size = PeerCodec.encode(ship).size();
      if (node.equals(SLOW)) sizes.add(size);
      bytes += size;
    }
    return bytes;
  }

  private static List<Long> upTo(long last) {
    List<Long> all = new ArrayList<>();
    for (long seq = 1; seq <= last; seq++) all.add(seq);
    return all;
  }

  @Test
  void aBackupThatTakesNothingCostsItsWindowAndHoldsUpNobody() {
    List<Long> fast = new ArrayList<>();
    List<Long> slow = new ArrayList<>();
    long fastBytes = 0;
    long slowBytes = 0;
    for (int i = 1; i <= 500; i++) {
      write(2_000);
      fastBytes += got(FAST, fast);
      primary.credit(FAST, fastBytes, 0);
      slowBytes += got(SLOW, slow);
      assertTrue(slowBytes < WINDOW + 3_000, "queued " + slowBytes);
      assertEquals(i, fast.size(), "the other one has everything at once");
    }
    assertEquals(upTo(500), fast);
    assertTrue(slowBytes >= WINDOW, "the window is used");
    Pulse.Peer shown = peer(SLOW);
    assertEquals(slowBytes, shown.underWay());
    assertEquals(slowBytes, shown.peak());
    assertEquals(0, shown.credit());
    assertEquals(500, shown.lag());
    assertEquals(0, peer(FAST).underWay());
    assertEquals(WINDOW, peer(FAST).credit());
    assertTrue(peer(FAST).peak() < 3_000, "nothing ever waited for it");
  }

  @Test
  void whatWentToANodeIsCountedOverItsLinks() {
    write(2_000);
    long first = peer(FAST).bytes();
    assertTrue(first > 1_000 && peer(FAST).frames() == 1, "shipped " + first);
    primary.down(FAST);
    primary.up(FAST, new Window());
    assertEquals(first, peer(FAST).bytes());
    assertEquals(1, peer(FAST).frames());
    assertTrue(primary.follow(FAST, new PeerMessage.Follow(LOG, 2, Long.MAX_VALUE, null), 0));
    write(2_000);
    assertTrue(peer(FAST).bytes() >= 2 * first - 10 && peer(FAST).wireBytes() > first);
    assertEquals(2, peer(FAST).frames());
    assertEquals(peer(SLOW).bytes(), peer(FAST).bytes(), "one link or two");
  }

  @Test
  void whatItGivesBackInBitsIsAllThatItGetsUntilItHasEverything() {
    for (long seed = 0; seed < 20; seed++) {
      PrimaryTest fresh = new PrimaryTest();
      fresh.dribble(new SimEntropy(seed));
    }
  }

  private void dribble(Entropy dice) {
    List<Long> positions = new ArrayList<>();
    long sent = 0;
    int written = 0;
    while (written < 200 || positions.size() < written) {
      if (written < 200 && dice.nextInt(2) == 0) {
        write(1 + dice.nextInt(9_000));
        written++;
      } else {
        given = Math.min(sent, given + 1 + dice.nextInt(20_000));
        primary.credit(SLOW, given, 0);
      }
      sent += got(SLOW, positions);
      long frame = sizes.isEmpty() ? 0 : sizes.getLast();
      assertTrue(sent - given < WINDOW + frame, () -> "on the way " + peer(SLOW));
      assertEquals(sent - given, peer(SLOW).underWay());
      assertTrue(peer(SLOW).peak() < WINDOW + 10_000);
    }
    assertEquals(upTo(written), positions);
  }

  @Test
  void noCreditIsWorthMoreThanWhatWasSent() {
    for (int i = 0; i < 100; i++) write(2_000);
    long bytes = got(SLOW, new ArrayList<>());
    primary.credit(SLOW, Long.MAX_VALUE, 0);
    bytes += got(SLOW, new ArrayList<>());
    primary.credit(SLOW, 1, 0);
    assertEquals(0, got(SLOW, new ArrayList<>()), "and none is taken back");
    assertTrue(bytes < 2 * (WINDOW + 3_000), "one window more, not all: " + bytes);
  }

  private List<String> notices() {
    List<String> notices = new ArrayList<>();
    for (Effect effect : outbox.drain()) {
      if (effect instanceof Effect.Notice(String text)) notices.add(text);
    }
    return notices;
  }

  @Test
  void aLostSlotIsToldToThePeerAndToPeople() {
    Incarnation unknown = new Incarnation(9, 9);
    assertTrue(primary.follow(SLOW, new PeerMessage.Follow(unknown, 7, 9, null), 0));
    assertEquals(
        List.of(new PeerMessage.Lost(unknown, 7)), wire.take(PeerMessage.Lost.class, SLOW));
    List<String> told = notices();
    assertEquals(1, told.size());
    for (String part : List.of("node-3", unknown.toString(), "position 7", "nothing of it lies")) {
      assertTrue(told.getFirst().contains(part), told::toString);
    }
    assertEquals(1, primary.lost());
    assertEquals(0, peer(SLOW).streams(), "and it waits for nothing");
  }

  @Test
  void aLogThatWentAnotherWayIsLostToo() {
    write(10);
    got(SLOW, new ArrayList<>());
    Digest other = new Digest(1, 1, 1, 1);
    assertFalse(primary.follow(SLOW, new PeerMessage.Follow(LOG, 2, Long.MAX_VALUE, other), 0));
    assertEquals(List.of(new PeerMessage.Lost(LOG, 2)), wire.take(PeerMessage.Lost.class, SLOW));
    assertTrue(notices().getFirst().contains("its chain there is another one"));
    assertEquals(1, primary.lost());
  }

  @Test
  void aSlotThatIsLostAgainAndAgainIsToldOnceInAWhileWithTheirNumber() {
    PeerMessage.Follow follow = new PeerMessage.Follow(new Incarnation(9, 9), 7, 9, null);
    primary.follow(SLOW, follow, 0);
    for (int i = 1; i <= 5; i++) primary.follow(SLOW, follow, i);
    assertEquals(1, notices().size());
    primary.follow(FAST, follow, 5);
    assertEquals(1, notices().size(), "another peer is another matter");
    primary.follow(SLOW, follow, Slots.NOTICE_AGAIN_NANOS);
    List<String> told = notices();
    assertEquals(1, told.size());
    assertTrue(told.getFirst().contains("as 5 before it"), told::toString);
    assertEquals(8, primary.lost(), "all are counted");
  }

  @Test
  void whatLiesHereIsShippedAndNoSlotIsLost() {
    for (int i = 0; i < 10; i++) write(10);
    wire.sent.clear();
    primary.follow(SLOW, new PeerMessage.Follow(LOG, 3, 8, null), 0);
    List<Long> positions = new ArrayList<>();
    got(SLOW, positions);
    assertEquals(List.of(3L, 4L, 5L, 6L, 7L, 8L), positions);
    assertEquals(List.of(), notices());
    assertEquals(0, primary.lost());
  }
}
