package io.kdelta.cluster;

import static io.kdelta.cluster.ModelNet.SECOND;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.causal.NodeId;
import io.kdelta.env.SimEntropy;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;

/**
 * Goal: an address where somebody may wait is dialled, one whose node is reached already is left in
 * peace. Method: a dialler with one seed, told who answered there and where that one lives.
 */
final class DiallerTest {
  private static final NodeId OTHER = new NodeId(3, 4);
  private static final Predicate<NodeId> REACHED = OTHER::equals;

  private final Outbox outbox = new Outbox();
  private final Dialler dialler =
      new Dialler(
          new ClusterConfig(
              new NodeId(1, 2),
              "",
              List.of("here:1"),
              "",
              "",
              "test",
              Optional.empty(),
              List.of(),
              2,
              ClusterConfig.Pace.DEFAULT,
              ClusterConfig.Limits.DEFAULT),
          new SimEntropy(1),
          outbox);

  private static Member.Card at(String... addresses) {
    return new Member.Card(OTHER, "", List.of(addresses), "", "", "test", 1, 1);
  }

  private List<String> dials(long now) {
    return dials(REACHED, now);
  }

  private List<String> dials(Predicate<NodeId> reached, long now) {
    dialler.tick(reached, now);
    List<String> dials = new ArrayList<>();
    for (Effect effect : outbox.drain()) {
      if (effect instanceof Effect.Dial(String address)) dials.add(address);
    }
    return dials;
  }

  /** The seed was dialled, the other node answered there, and is linked by another link now. */
  private void reached(Member.Card card) {
    dialler.seed("seed:1", 0);
    assertEquals(List.of("seed:1"), dials(0));
    dialler.opened("seed:1", 0);
    dialler.answered("seed:1", card);
    dialler.closed("seed:1", false, SECOND);
    dialler.members(List.of(card), SECOND);
  }

  @Test
  void aSeedThatLeadsToALinkedNodeIsLeftInPeace() {
    reached(at("seed:1"));
    for (int i = 2; i < 100; i++) {
      dialler.members(List.of(at("seed:1")), i * SECOND);
      assertEquals(List.of(), dials(i * SECOND));
    }
  }

  @Test
  void soIsOneUnderAnotherNameOfTheNode() {
    reached(at("elsewhere:1"));
    for (int i = 2; i < 100; i++) {
      dialler.members(List.of(at("elsewhere:1")), i * SECOND);
      assertEquals(List.of(), dials(i * SECOND));
    }
  }

  @Test
  void aSeedWhoseNodeLivesElsewhereNowIsDialledAgain() {
    reached(at("seed:1"));
    dialler.members(List.of(at("elsewhere:1")), 2 * SECOND);
    assertEquals(List.of("seed:1"), dials(10 * SECOND));
  }

  @Test
  void allAddressesOfANameAreDialledAndTheNameAgain() {
    dialler.seed("peers:1", 0);
    assertEquals(List.of("peers:1"), dials(0));
    dialler.resolved("peers:1", List.of("10.0.0.1:1", "10.0.0.2:1", "10.0.0.2:1"), 0);
    assertEquals(List.of("10.0.0.1:1", "10.0.0.2:1"), dials(0));
    dialler.opened("10.0.0.1:1", 0);
    dialler.answeredSelf("10.0.0.1:1");
    dialler.closed("10.0.0.1:1", false, 0);
    assertFalse(dialler.alone(), "one of them is somebody else");
    dialler.dialFailed("10.0.0.2:1", 0);
    dialler.members(List.of(), SECOND);
    assertEquals(List.of("10.0.0.2:1"), dials(SECOND));
    assertEquals(List.of("peers:1"), dials(6 * SECOND));
    // One has gone, and nothing of it is left; nobody but this node is there now.
    dialler.resolved("peers:1", List.of("10.0.0.1:1"), 6 * SECOND);
    dialler.dialFailed("10.0.0.2:1", 6 * SECOND);
    assertTrue(dialler.alone());
    assertEquals(List.of(), dials(7 * SECOND));
    // It is not known any more: what it stood for last is as good as anything.
    assertEquals(List.of(), dials(60 * SECOND), "nobody is missed: there is no hurry");
    long later = 100 * SECOND;
    assertEquals(List.of("peers:1"), dials(later));
    dialler.dialFailed("peers:1", later);
    assertEquals(List.of("peers:1"), dials(later + SECOND));
    dialler.resolved("peers:1", List.of("10.0.0.3:1"), later + SECOND);
    assertFalse(dialler.alone());
    assertEquals(List.of("10.0.0.3:1"), dials(later + SECOND));
  }

  @Test
  void aNameOfWhichNobodyIsMissedIsAskedForSeldom() {
    dialler.seed("peers:1", 0);
    assertEquals(List.of("peers:1"), dials(0));
    dialler.resolved("peers:1", List.of("10.0.0.2:1"), 0);
    assertEquals(List.of("10.0.0.2:1"), dials(0));
    dialler.opened("10.0.0.2:1", 0);
    dialler.answered("10.0.0.2:1", at("10.0.0.2:1"));
    dialler.members(List.of(at("10.0.0.2:1")), 0);
    int asked = 0;
    for (long now = SECOND; now < 300 * SECOND; now += SECOND) {
      if (dials(now).contains("peers:1")) {
        asked++;
        dialler.resolved("peers:1", List.of("10.0.0.2:1"), now);
      }
    }
    assertTrue(asked >= 5 && asked <= 12, asked + " times in five minutes");
  }

  /** As at a copy of a node that runs beside it: the other end hangs up on one of both at once. */
  @Test
  void whoAnswersAndIsGoneAtOnceIsDialledEverMoreSlowly() {
    int dialled = timesDialledByWhoHangsUpAtOnce();
    assertTrue(dialled > 10 && dialled < 30, dialled + " times in a minute");
  }

  private int timesDialledByWhoHangsUpAtOnce() {
    dialler.seed("seed:1", 0);
    int dialled = 0;
    for (long now = 0; now < 60 * SECOND; now += SECOND / 100) {
      if (dials(DiallerTest::nobody, now).isEmpty()) continue;
      dialled++;
      dialler.opened("seed:1", now);
      dialler.answered("seed:1", at("seed:1"));
      dialler.closed("seed:1", true, now);
      dialler.lost(OTHER, now);
    }
    return dialled;
  }

  private static boolean nobody(NodeId node) {
    return false;
  }

  @Test
  void whoWasLinkedForAWhileIsDialledAgainAtOnce() {
    assertTrue(timesDialledByWhoHangsUpAtOnce() > 0);
    long later = 70 * SECOND;
    assertEquals(List.of("seed:1"), dials(DiallerTest::nobody, later));
    dialler.opened("seed:1", later);
    dialler.answered("seed:1", at("seed:1"));
    later += 10 * SECOND;
    dialler.closed("seed:1", true, later);
    dialler.lost(OTHER, later);
    assertEquals(List.of("seed:1"), dials(DiallerTest::nobody, later + SECOND / 4));
  }
}
