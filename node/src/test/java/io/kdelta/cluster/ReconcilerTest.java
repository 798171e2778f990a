package io.kdelta.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.causal.Envelope;
import io.kdelta.causal.Intervals;
import io.kdelta.causal.NodeId;
import io.kdelta.reconciliation.Digest;
import io.kdelta.reconciliation.Limits;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * Goal: nodes that differ become equal by sessions alone, one session at a time, and nothing is
 * sent that the other side has. Method: a ring of drivers over in-memory shelves with one clock;
 * chosen cases, and seeded runs with links that break.
 */
final class ReconcilerTest {
  @Test
  void theFirstMeetingBringsExactlyWhatIsMissing() {
    for (boolean lowerIsWhole : List.of(true, false)) {
      Ring ring = new Ring(2, 1);
      Ring.Node whole = ring.nodes.get(lowerIsWhole ? 0 : 1);
      Ring.Node part = ring.nodes.get(lowerIsWhole ? 1 : 0);
      whole.write(3_898);
      List<Envelope> inOrder = new ArrayList<>(whole.shelf.versions.values());
      inOrder.sort((a, b) -> a.version().time().compareTo(b.version().time()));
      // The same import, by the other node itself: the same versions under its own dots.
      for (Envelope envelope : inOrder.subList(0, 778)) part.shelf.write(envelope);
      ring.link(0, 1);
      ring.pass(500);
      assertEquals(whole.shelf.tree(), part.shelf.tree());
      long received = 0;
      long sent = 0;
      for (Session session : part.driver.past()) {
        received += session.versionsReceived();
        sent += session.versionsSent();
      }
      assertEquals(3_120, received);
      assertEquals(0, sent);
      assertEquals(1, whole.driver.past().size());
      Session session = whole.driver.past().getFirst();
      assertEquals(3_120, session.versionsSent());
      assertEquals("equal", session.outcome());
      assertEquals(List.of("root", "bloom"), session.rungs().subList(0, 2));
      assertEquals(part.driver.past().getFirst().bytesReceived(), session.bytesSent());
      // What a filter hid may be a parent: its children wait until the cells have told it.
      assertTrue(part.shelf.parked.isEmpty());
      // Adopted: nobody will ask for a position of a version that it holds.
      Intervals all = Intervals.of(1, 3_898);
      assertEquals(all, held(part.shelf, whole.shelf));
      assertEquals(Intervals.of(1, 778), held(whole.shelf, part.shelf));
      assertEquals(List.of(part.id), whole.agreed);
      assertEquals(List.of(whole.id), part.agreed);
    }
  }

  /**
   * Goal: no session has to move, or even name, all that is missing: shares add up to the whole.
   */
  @Test
  void whatIsTooMuchForATurnComesShareByShareParentsFirst() {
    int share = 64;
    Limits few = new Limits(1 << 20, 1 << 20, 1 << 20, 64, 8, 64, 1 << 18, 8_192, 64, share, 4_096);
    for (boolean lowerIsWhole : List.of(true, false)) {
      for (int own : List.of(0, 200)) {
        Ring ring = new Ring(2, 31, few);
        Ring.Node whole = ring.nodes.get(lowerIsWhole ? 0 : 1);
        Ring.Node part = ring.nodes.get(lowerIsWhole ? 1 : 0);
        whole.write(2_000);
        part.write(own);
        ring.link(0, 1);
        ring.pass(60_000);
        String label = "lower is whole: " + lowerIsWhole + ", own: " + own;
        assertEquals(whole.shelf.tree(), part.shelf.tree(), label);
        assertEquals(2_000 + own, whole.shelf.versions.size(), label);
        List<Session> sessions = whole.driver.past();
        long sent = 0;
        for (Session session : sessions) {
          assertTrue(session.versionsSent() <= share, label + ": " + session);
          sent += session.versionsSent();
        }
        assertEquals(2_000, sent, label);
        assertEquals("equal", sessions.getFirst().outcome(), label);
        assertEquals(0, part.shelf.everParked + whole.shelf.everParked, label);
        assertTrue(whole.met.contains(part.id), label);
      }
    }
  }

  @Test
  void equalNodesAdoptWithoutSendingAnything() {
    Ring ring = new Ring(2, 2);
    ring.nodes.get(0).write(300);
    List<Envelope> inOrder = new ArrayList<>(ring.nodes.get(0).shelf.versions.values());
    for (Envelope envelope : inOrder) ring.nodes.get(1).shelf.write(envelope);
    ring.link(0, 1);
    ring.pass(500);
    assertEquals(Intervals.of(1, 300), held(ring.nodes.get(0).shelf, ring.nodes.get(1).shelf));
    assertEquals(Intervals.of(1, 300), held(ring.nodes.get(1).shelf, ring.nodes.get(0).shelf));
    Session session = ring.nodes.get(0).driver.past().getFirst();
    assertEquals(List.of("root"), session.rungs());
    assertEquals(0, session.versionsSent() + session.versionsReceived());
  }

  @Test
  void sessionsThatCrossEndAsOne() {
    for (int seed = 0; seed < 8; seed++) {
      Ring ring = new Ring(2, seed);
      ring.latency = 40;
      ring.nodes.get(0).write(50);
      ring.nodes.get(1).write(70);
      ring.link(0, 1);
      ring.nodes
          .get(1)
          .driver
          .reconcileNow(new Event.ReconcileNow(1, Optional.of(ring.nodes.get(0).id)), ring.now);
      ring.pass(3_000);
      assertEquals(120, ring.nodes.get(0).shelf.versions.size());
      assertEquals(120, ring.nodes.get(1).shelf.versions.size());
      for (Ring.Node node : ring.nodes) {
        assertEquals(1, node.driver.past().size(), node.driver.past().toString());
        assertEquals("equal", node.driver.past().getFirst().outcome());
      }
      assertEquals(1, ring.nodes.get(1).reconciled.size());
      assertEquals(1, ring.nodes.get(1).reconciled.getFirst().sessions().size());
    }
  }

  @Test
  void whoseFirstWordWasLostIsNotAskedAgainAndAgain() {
    Ring ring = new Ring(2, 4);
    // The lower one asks and is not heard; the higher one is told that its own question crossed it.
    ring.nodes.get(0).mute = true;
    ring.link(0, 1);
    ring.nodes.get(0).mute = false;
    ring.pass(10_000);
    for (Ring.Node node : ring.nodes) assertEquals(1, node.met.size());
    long ended = ring.nodes.get(1).driver.totals().count();
    assertTrue(ended <= 10, ended + " sessions in ten seconds");
  }

  @Test
  void whatASessionBroughtIsCountedThoughThePeerBeginsAnew() {
    Ring ring = new Ring(2, 3);
    ring.sync = 300;
    ring.nodes.get(0).write(100);
    ring.link(0, 1);
    ring.pass(100);
    // The receiver waits for its disk; the sender is through and starts over.
    assertEquals(1, ring.nodes.get(0).driver.past().size());
    assertEquals(0, ring.nodes.get(1).driver.past().size());
    ring.nodes.get(0).write(1);
    Optional<NodeId> receiver = Optional.of(ring.nodes.get(1).id);
    ring.nodes.get(0).driver.reconcileNow(new Event.ReconcileNow(1, receiver), ring.now);
    ring.pass(3_000);
    long received = 0;
    for (Session session : ring.nodes.get(1).driver.past()) received += session.versionsReceived();
    assertEquals(101, received);
    assertEquals(101, ring.nodes.get(1).shelf.versions.size());
    assertEquals(1, ring.nodes.get(0).reconciled.size());
  }

  @Test
  void largeTransfersKeepToTheWindow() {
    Ring ring = new Ring(2, 4);
    ring.latency = 5;
    Ring.Node source = ring.nodes.get(0);
    ring.documentBytes = 16_000;
    source.write(800);
    ring.link(0, 1);
    ring.pass(20_000);
    assertEquals(source.shelf.tree(), ring.nodes.get(1).shelf.tree());
    assertTrue(ring.batchSeen <= Shipment.BATCH_BYTES, ring.batchSeen + " bytes");
    assertTrue(ring.windowSeen <= Shipment.WINDOW_BYTES + Shipment.BATCH_BYTES);
    assertTrue(source.pushedBytes > 2 * Shipment.WINDOW_BYTES);
    assertEquals(0, ring.nodes.get(1).shelf.everParked);
  }

  @Test
  void rootsThatStayDifferentStartASession() {
    Ring ring = new Ring(2, 5);
    ring.link(0, 1);
    ring.pass(1_000);
    ring.nodes.get(1).write(5);
    ring.pass(1_500);
    assertEquals(0, ring.nodes.get(0).shelf.versions.size(), "streams have 2 s to bring it");
    ring.pass(1_500);
    assertEquals(5, ring.nodes.get(0).shelf.versions.size());
    assertEquals(5, ring.nodes.get(0).driver.past().getFirst().versionsReceived());
  }

  @Test
  void writesWithoutEndDoNotPutASessionOffForEver() {
    Ring ring = new Ring(2, 6);
    ring.link(0, 1);
    for (int i = 0; i < 120; i++) {
      ring.pass(100);
      ring.nodes.get(1).write(1);
    }
    assertTrue(ring.nodes.get(0).shelf.versions.size() > 80);
  }

  @Test
  void everyHalfMinuteOneIsAskedWhateverTheRootsThatWereTold() {
    Ring ring = new Ring(3, 17);
    for (Ring.Node node : ring.nodes) node.write(20);
    ring.link(0, 1);
    ring.link(1, 2);
    ring.link(0, 2);
    ring.pass(10_000);
    List<Integer> before = ring.nodes.stream().map(node -> node.agreed.size()).toList();
    ring.pass(120_000);
    for (Ring.Node node : ring.nodes) {
      int more = node.agreed.size() - before.get(node.index);
      assertTrue(more >= 3 && more <= 18, node.index + " ended " + more + " in two minutes");
    }
    ring.nodes.get(2).writeUnseen(5);
    ring.pass(1_000);
    assertEquals(60, ring.nodes.get(0).shelf.versions.size(), "no root tells of it");
    ring.pass(90_000);
    for (Ring.Node node : ring.nodes) assertEquals(65, node.shelf.versions.size());
  }

  @Test
  void aSilentPeerEndsTheSessionAndIsTriedAgain() {
    Ring ring = new Ring(2, 7);
    ring.nodes.get(0).write(10);
    ring.nodes.get(1).write(10);
    ring.nodes.get(1).mute = true;
    ring.link(0, 1);
    ring.pass(4_900);
    assertTrue(ring.nodes.get(0).driver.past().isEmpty());
    ring.pass(300);
    assertEquals("silent", ring.nodes.get(0).driver.past().getFirst().outcome());
    ring.nodes.get(1).mute = false;
    ring.pass(12_000);
    assertEquals(20, ring.nodes.get(0).shelf.versions.size());
    assertEquals(20, ring.nodes.get(1).shelf.versions.size());
  }

  @Test
  void aSuspectedPeerEndsTheSession() {
    Ring ring = new Ring(2, 8);
    ring.nodes.get(0).write(10);
    ring.nodes.get(1).mute = true;
    ring.link(0, 1);
    ring.pass(100);
    ring.nodes.get(1).state = Member.State.SUSPECT;
    ring.pass(2_300);
    assertTrue(ring.nodes.get(0).driver.past().isEmpty(), "what it said clears it for a while");
    ring.pass(200);
    assertEquals("silent", ring.nodes.get(0).driver.past().getFirst().outcome());
    ring.pass(20_000);
    assertEquals(1, ring.nodes.get(0).driver.past().size(), "nothing is opened to a suspect");
    ring.nodes.get(1).state = Member.State.ALIVE;
    ring.nodes.get(1).mute = false;
    ring.pass(7_000);
    assertEquals(10, ring.nodes.get(1).shelf.versions.size());
  }

  @Test
  void refusedVersionsAreNotSentAgainUntilSomethingChanges() {
    Ring ring = new Ring(2, 9);
    Ring.Node source = ring.nodes.get(0);
    Ring.Node picky = ring.nodes.get(1);
    source.write(200);
    // Newest first, so that no refused version has a child that is not refused.
    List<Envelope> newest = new ArrayList<>(source.shelf.versions.values());
    newest.sort((a, b) -> b.version().time().compareTo(a.version().time()));
    for (Envelope envelope : newest) {
      Digest id = envelope.version().id();
      boolean leaf =
          source.shelf.versions.values().stream()
              .noneMatch(child ->
                  child.version().parents().contains(id)
                      && !picky.shelf.refuses.contains(child.version().id()));
      if (leaf && picky.shelf.refuses.size() < 7) picky.shelf.refuses.add(id);
    }
    ring.link(0, 1);
    ring.pass(1_000);
    assertEquals("refused", source.driver.past().getFirst().outcome());
    assertEquals(193, picky.shelf.versions.size());
    assertEquals(200, source.driver.past().getFirst().versionsSent());
    assertEquals(List.of(picky.id), source.agreed);
    ring.pass(120_000);
    assertEquals(1, source.driver.past().size());
    picky.write(1);
    ring.pass(5_000);
    assertEquals(201, source.shelf.versions.size());
    long sentAgain = source.driver.past().getFirst().versionsSent();
    assertEquals(0, sentAgain, "what is refused is known by now");
  }

  @Test
  void aLieAboutAVersionIsNoReasonToRefuseTheVersion() {
    Ring ring = new Ring(3, 9);
    Ring.Node liar = ring.nodes.get(0);
    Ring.Node victim = ring.nodes.get(1);
    Ring.Node honest = ring.nodes.get(2);
    liar.write(50);
    for (Envelope envelope : liar.shelf.versions.values()) honest.shelf.receive(envelope);
    Digest wronged = liar.shelf.versions.keySet().iterator().next();
    victim.shelf.garbled.add(wronged);
    ring.link(0, 1);
    ring.pass(5_000);
    assertEquals(List.of(), victim.agreed, "nobody agrees with a liar");
    assertFalse(victim.shelf.versions.containsKey(wronged));
    ring.cut(0, 1);
    victim.shelf.garbled.clear();
    ring.link(1, 2);
    ring.pass(5_000);
    assertEquals(List.of(honest.id), victim.agreed);
    assertEquals(honest.shelf.tree().root(), victim.shelf.tree().root());
    assertTrue(
        victim.driver.past().stream().anyMatch(session -> session.outcome().equals("equal")));
  }

  @Test
  void whatWasRefusedAndCameAfterAllIsNotLeftOutAnyMore() {
    Ring ring = new Ring(2, 19);
    Ring.Node source = ring.nodes.get(0);
    Ring.Node picky = ring.nodes.get(1);
    source.write(1);
    Envelope wanted = source.shelf.versions.values().iterator().next();
    Digest id = wanted.version().id();
    picky.shelf.refuses.add(id);
    ring.link(0, 1);
    ring.pass(1_000);
    assertEquals("refused", picky.driver.past().getFirst().outcome());
    picky.shelf.refuses.clear();
    picky.shelf.receive(wanted);
    picky.write(1);
    ring.pass(5_000);
    assertEquals("equal", picky.driver.past().getFirst().outcome());
    assertEquals(source.shelf.tree().root(), picky.shelf.tree().root());
  }

  @Test
  void aStoreThatTakesNothingEndsTheSession() {
    Ring ring = new Ring(2, 10);
    ring.nodes.get(0).write(20);
    ring.nodes.get(1).refusal = "disk full";
    ring.link(0, 1);
    ring.pass(1_000);
    assertEquals("stopped", ring.nodes.get(1).driver.past().getLast().outcome());
    assertTrue(ring.nodes.get(1).agreed.isEmpty());
    ring.nodes.get(1).refusal = "";
    ring.pass(10_000);
    assertEquals(20, ring.nodes.get(1).shelf.versions.size());
  }

  @Test
  void whoForcesTheLastRungHasToWait() {
    // Two cells, no filter and no positions tell nothing: every difference is walked down to.
    Limits blunt = new Limits(1 << 20, 8, 2, 1 << 17, 8, 4_096, 1 << 18, 8_192, 0, 1 << 15, 4_096);
    Ring ring = new Ring(2, 21, blunt);
    Ring.Node one = ring.nodes.get(0);
    Ring.Node two = ring.nodes.get(1);
    one.write(200);
    ring.link(0, 1);
    List<Long> drilled = new ArrayList<>();
    long began = ring.now;
    for (int i = 0; i < 600; i++) {
      if (i % 5 == 0) {
        one.write(8);
        two.write(8);
        two.driver.reconcileNow(new Event.ReconcileNow(i, Optional.of(one.id)), ring.now);
      }
      ring.pass(100);
      long drills =
          one.ended.stream().filter(session -> session.rungs().contains("merkle")).count();
      while (drilled.size() < drills) drilled.add((ring.now - began) / Ring.MILLI);
    }
    long refill = DrillAllowance.REFILL_SECONDS * 1_000;
    int allowed = DrillAllowance.BURST + (int) (60_000 / refill);
    assertTrue(drilled.size() > DrillAllowance.BURST, "drilled at " + drilled);
    assertTrue(drilled.size() <= allowed, "drilled at " + drilled);
    // The burst comes as fast as it is asked for, then each waits for its allowance.
    long burst = drilled.get(DrillAllowance.BURST - 1) - drilled.getFirst();
    assertTrue(burst < refill, "drilled at " + drilled);
    for (int i = DrillAllowance.BURST + 1; i < drilled.size(); i++) {
      long pause = drilled.get(i) - drilled.get(i - 1);
      assertTrue(pause >= refill - 200, "drilled at " + drilled);
    }
    ring.pass(2 * refill);
    assertEquals(one.shelf.tree(), two.shelf.tree());
  }

  @Test
  void manyNodesTakeTurns() {
    for (int seed = 0; seed < 10; seed++) {
      Ring ring = new Ring(5, seed);
      for (Ring.Node node : ring.nodes) node.write(30);
      for (int one = 0; one < 5; one++) {
        for (int two = one + 1; two < 5; two++) ring.link(one, two);
      }
      ring.pass(20_000);
      for (Ring.Node node : ring.nodes) {
        assertEquals(150, node.shelf.versions.size(), "seed " + seed);
        assertEquals(4, node.met.size(), "seed " + seed);
      }
    }
  }

  @Test
  void linksThatBreakOnlyPutItOff() {
    for (int seed = 0; seed < 20; seed++) {
      Ring ring = new Ring(3, seed);
      Random random = new Random(seed);
      for (Ring.Node node : ring.nodes) node.write(random.nextInt(200));
      int written = 0;
      for (Ring.Node node : ring.nodes) written += node.shelf.versions.size();
      for (int i = 0; i < 30; i++) {
        int one = random.nextInt(3);
        int two = (one + 1 + random.nextInt(2)) % 3;
        ring.cut(one, two);
        if (random.nextInt(4) > 0) ring.link(one, two);
        ring.pass(random.nextInt(60));
      }
      ring.cut(0, 1);
      ring.cut(1, 2);
      ring.link(0, 1);
      ring.link(1, 2);
      ring.pass(30_000);
      for (Ring.Node node : ring.nodes) {
        assertEquals(written, node.shelf.versions.size(), "seed " + seed + " " + node.ended);
        assertTrue(node.shelf.parked.isEmpty(), "seed " + seed);
        for (Session session : node.ended) {
          assertFalse(session.outcome().contains("unequal"), "seed " + seed);
        }
      }
    }
  }

  @Test
  void operatorsGetAnAnswer() {
    Ring ring = new Ring(3, 12);
    Ring.Node first = ring.nodes.get(0);
    first.driver.reconcileNow(new Event.ReconcileNow(7, Optional.empty()), ring.now);
    assertEquals(List.of(new Effect.Reconciled(7, List.of())), first.reconciled);
    ring.link(0, 1);
    ring.link(0, 2);
    ring.pass(2_000);
    ring.nodes.get(1).write(3);
    first.driver.reconcileNow(new Event.ReconcileNow(8, Optional.empty()), ring.now);
    ring.pass(1_000);
    assertEquals(2, first.reconciled.size());
    assertEquals(2, first.reconciled.getLast().sessions().size());
    assertEquals(3, ring.nodes.get(2).shelf.versions.size());
    // A peer that goes away while the operator waits.
    ring.nodes.get(1).mute = true;
    first.driver.reconcileNow(
        new Event.ReconcileNow(9, Optional.of(ring.nodes.get(1).id)), ring.now);
    ring.pass(100);
    ring.cut(0, 1);
    assertEquals(3, first.reconciled.size());
    assertEquals("the link was lost", first.reconciled.getLast().sessions().getFirst().outcome());
  }

  @Test
  void twoRunsOfOneSeedAreTheSame() {
    assertEquals(trace(13), trace(13));
  }

  private static String trace(long seed) {
    Ring ring = new Ring(3, seed);
    for (Ring.Node node : ring.nodes) node.write(100);
    ring.link(0, 1);
    ring.link(1, 2);
    ring.pass(5_000);
    StringBuilder text = new StringBuilder();
    for (Ring.Node node : ring.nodes) text.append(node.ended).append(node.shelf.tree());
    return text.toString();
  }

  private static Intervals held(Shelf shelf, Shelf whose) {
    Intervals rows = shelf.applied.getOrDefault(whose.own, Intervals.EMPTY);
    return rows.union(shelf.adopted.getOrDefault(whose.own, Intervals.EMPTY));
  }
}
