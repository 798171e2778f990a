package io.kdelta.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.causal.CausalToken;
import io.kdelta.causal.Dot;
import io.kdelta.causal.Incarnation;
import io.kdelta.causal.NodeId;
import io.kdelta.cluster.AckLevel;
import io.kdelta.core.CommitGate.Need;
import io.kdelta.env.SimEntropy;
import io.kdelta.error.KdeltaException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/**
 * Goal: a reply leaves if and only if its local log and as many different other members as its
 * level asks for have it synced; in every other case it is refused, once, with what was reached.
 * Method: examples of each rule, then random schedules against a model that recounts everything
 * from raw receipts.
 */
final class CommitGateTest {
  private static final NodeId SELF = new NodeId(0, 1);
  private static final NodeId B = new NodeId(0, 2);
  private static final NodeId C = new NodeId(0, 3);
  private static final Incarnation LOG = new Incarnation(7, 7);
  private static final Incarnation OTHER_LOG = new Incarnation(8, 8);
  private static final long LATE = 1_000;

  private final CommitGate gate = new CommitGate(SELF, 0);
  private final Outbox outbox = new Outbox();

  @Test
  void localWriteLeavesWithItsSyncAndNotBefore() {
    park(1, write(5, AckLevel.LOCAL, 0, 1));
    assertEquals(List.of(), settle(0));
    gate.durable(4);
    assertEquals(List.of(), settle(0));
    gate.durable(5);
    assertEquals(List.of("1 ok 1"), settle(0));
    assertEquals(0, gate.parked());
  }

  @Test
  void readsWaitForTheNewestBatchTheyTouchedOnly() {
    park(1, Need.read(0));
    park(2, Need.read(3));
    assertEquals(List.of("1 ok 1"), settle(0));
    gate.durable(3);
    assertEquals(List.of("2 ok 1"), settle(0));
  }

  @Test
  void aLevelNeedsDifferentMembersAndTheLocalSync() {
    members(B, C);
    park(1, write(1, AckLevel.ALL, 2, 10));
    gate.receipt(B, LOG, 1, 10);
    gate.receipt(B, LOG, 1, 10);
    gate.receipt(B, LOG, 5, 10);
    gate.durable(1);
    assertEquals(List.of(), settle(0), "one member counts once");
    gate.receipt(SELF, LOG, 1, 10);
    assertEquals(List.of(), settle(0), "this node is no further member");
    gate.receipt(C, LOG, 1, 9);
    assertEquals(List.of(), settle(0), "the write itself must be covered");
    gate.receipt(C, OTHER_LOG, 1, 10);
    assertEquals(List.of(), settle(0), "another log proves nothing");
    gate.receipt(C, LOG, 10, 10);
    assertEquals(List.of("1 ok 3"), settle(0));
  }

  @Test
  void receiptsBeforeTheLocalSyncAreKept() {
    members(B);
    park(1, write(1, AckLevel.ONE, 1, 1));
    gate.receipt(B, LOG, 1, 1);
    assertEquals(List.of(), settle(0));
    gate.durable(1);
    assertEquals(List.of("1 ok 2"), settle(0));
  }

  @Test
  void receiptsOfLogsThatNobodyWaitsForAreForgottenInTheEnd() {
    members(B, C);
    park(1, write(1, AckLevel.ALL, 2, 1));
    gate.durable(1);
    gate.receipt(B, LOG, 1, 1);
    for (int i = 0; i < 10 * CommitGate.LOGS_MAX; i++) {
      gate.receipt(B, new Incarnation(1_000, i), 1, 1);
      assertTrue(gate.logs() <= CommitGate.LOGS_MAX + 1, gate.logs() + " logs");
    }
    gate.receipt(C, LOG, 1, 1);
    assertEquals(List.of("1 ok 3"), settle(0), "what somebody waits for is kept");
  }

  @Test
  void strangersAndThoseWhoLeftDoNotCount() {
    members(B);
    park(1, write(1, AckLevel.ONE, 1, 1));
    gate.durable(1);
    gate.receipt(C, LOG, 1, 1);
    assertEquals(List.of(), settle(0));
    gate.members(new TreeSet<>(List.of(B, C)), new TreeSet<>(List.of(B)));
    assertEquals(List.of("1 ok 2"), settle(0), "a dead member's synced receipt counts");
  }

  @Test
  void tooFewAliveIsToldAfterTheLocalSyncAndAtOnce() {
    members();
    park(1, write(1, AckLevel.ONE, 1, 1));
    assertEquals(List.of(), settle(0));
    gate.durable(1);
    assertEquals(List.of("1 unmet one on 1 node: too few other members are alive"), settle(0));
    members(B, C);
    park(2, write(2, AckLevel.ALL, 2, 2));
    gate.durable(2);
    gate.receipt(B, LOG, 2, 2);
    assertEquals(List.of(), settle(0));
    gate.members(new TreeSet<>(List.of(B, C)), new TreeSet<>(List.of(B)));
    assertEquals(List.of("2 unmet all on 2 nodes: too few other members are alive"), settle(0));
    assertEquals(2, gate.unmet());
  }

  @Test
  void theDeadlineTellsWhatWasReached() {
    members(B, C);
    park(1, write(1, AckLevel.ALL, 2, 1));
    park(2, write(9, AckLevel.LOCAL, 0, 2));
    gate.durable(1);
    gate.receipt(B, LOG, 1, 1);
    assertEquals(List.of(), settle(LATE - 1));
    assertEquals(LATE, gate.nextMoment());
    assertEquals(
        List.of(
            "1 unmet all on 2 nodes: the deadline has passed",
            "2 unmet local on 0 nodes: the deadline has passed"),
        settle(LATE));
    gate.durable(9);
    assertEquals(List.of(), settle(LATE), "what was refused is not answered again");
    assertEquals(Timers.NEVER, gate.nextMoment());
  }

  @Test
  void aRetryCountsEveryLogThatHoldsItsVersions() {
    members(B, C);
    List<List<Dot>> places =
        List.of(List.of(new Dot(LOG, 3), new Dot(OTHER_LOG, 4)), List.of(new Dot(LOG, 4)));
    gate.durable(2);
    gate.receipt(B, OTHER_LOG, 4, 4);
    gate.receipt(C, LOG, 3, 4);
    gate.receipt(B, LOG, 5, 9);
    gate.park(1, Need.write(2, AckLevel.ALL, 2, places), LATE, reply(1));
    assertEquals(List.of(), settle(0));
    gate.receipt(B, LOG, 4, 4);
    assertEquals(List.of("1 ok 3"), settle(0));
  }

  @Test
  void afterAFenceNothingUnsyncedIsAcknowledged() {
    members(B);
    park(1, write(1, AckLevel.LOCAL, 0, 1));
    park(2, write(2, AckLevel.LOCAL, 0, 2));
    park(3, Need.read(2));
    park(4, write(1, AckLevel.ONE, 1, 1));
    gate.durable(1);
    gate.fence("the disk died");
    assertEquals(
        List.of(
            "1 ok 1",
            "2 unmet local on 0 nodes: the disk died",
            "3 unmet local on 0 nodes: the disk died"),
        settle(0));
    park(5, Need.read(1));
    park(6, Need.read(2));
    gate.receipt(B, LOG, 1, 1);
    assertEquals(
        List.of("5 ok 1", "6 unmet local on 0 nodes: the disk died", "4 ok 2").stream()
            .sorted()
            .toList(),
        settle(0).stream().sorted().toList());
  }

  @Test
  void aSlowedReplyLeavesAtItsMomentAndNeverLate() {
    Need need = write(1, AckLevel.LOCAL, 0, 1);
    gate.park(1, need, 30, LATE, reply(1));
    gate.park(2, need, LATE + 5, LATE, reply(2));
    gate.park(3, write(2, AckLevel.LOCAL, 0, 2), 30, LATE, reply(3));
    gate.durable(1);
    assertEquals(List.of(), settle(29));
    assertEquals(30, gate.nextMoment());
    assertEquals(List.of("1 ok 1"), settle(30));
    assertEquals(
        List.of("2 ok 1", "3 unmet local on 0 nodes: the deadline has passed"), settle(LATE));
    assertEquals(0, gate.parked());
  }

  @Test
  void anAbandonedReplyNeverLeaves() {
    park(1, write(1, AckLevel.LOCAL, 0, 1));
    gate.abandon(1);
    gate.abandon(2);
    gate.durable(1);
    assertEquals(List.of(), settle(LATE));
    assertEquals(0, gate.parked());
  }

  @Test
  void stoppingRefusesEverythingOnce() {
    members(B);
    park(1, write(1, AckLevel.LOCAL, 0, 1));
    park(2, write(1, AckLevel.ONE, 1, 1));
    gate.stop("the node stops", outbox);
    assertEquals(
        List.of(
            "1 unmet local on 0 nodes: the node stops", "2 unmet one on 0 nodes: the node stops"),
        texts(outbox.take()));
    assertEquals(0, gate.parked());
  }

  @Test
  void bugsOfOursAreNotSwallowed() {
    assertThrows(AssertionError.class, () -> Need.write(1, AckLevel.ONE, 1, List.of()));
    assertThrows(
        AssertionError.class,
        () -> new Need(1, null, 1, new TreeMap<>(), List.of(List.of(new Dot(LOG, 1)))));
    assertThrows(
        AssertionError.class,
        () -> gate.members(new TreeSet<>(List.of(B)), new TreeSet<>(List.of(C))));
    park(1, Need.read(1));
    assertThrows(AssertionError.class, () -> park(1, Need.read(1)));
  }

  @Test
  void randomSchedulesAgreeWithAModelThatRecounts() {
    for (long seed = 1; seed <= 300; seed++) new Schedule(seed).run();
  }

  private void park(long ticket, Need need) {
    gate.park(ticket, need, LATE, reply(ticket));
  }

  private void members(NodeId... alive) {
    gate.members(new TreeSet<>(List.of(alive)), new TreeSet<>(List.of(alive)));
  }

  private List<String> settle(long now) {
    gate.settle(now, outbox);
    return texts(outbox.take());
  }

  private static Need write(long lsn, AckLevel level, int further, long seq) {
    return Need.write(lsn, level, further, List.of(List.of(new Dot(LOG, seq))));
  }

  private static CommitGate.Departure reply(long ticket) {
    return (outbox, synced) ->
        outbox.answer(ticket, new Reply.Written(List.of(), AckLevel.LOCAL, synced));
  }

  private static List<String> texts(List<Effect> effects) {
    List<String> texts = new ArrayList<>();
    for (Effect effect : effects) {
      texts.add(
          switch (effect) {
            case Effect.Answer(long ticket, Reply reply, CausalToken _) ->
                ticket + " ok " + assertInstanceOf(Reply.Written.class, reply).synced();
            case Effect.Refuse(long ticket, KdeltaException error, CausalToken _) -> {
              var unmet = assertInstanceOf(KdeltaException.DurabilityUnmet.class, error);
              yield ticket + " unmet " + unmet.level() + " " + unmet.reached();
            }
            default -> throw new AssertionError(effect);
          });
    }
    return texts;
  }

  /** One random schedule with a model that keeps nothing but raw facts. */
  private static final class Schedule {
    /** What a write waits for, in the words of the test. */
    private record Asked(long lsn, int further, List<List<Dot>> places) {}

    private final long seed;
    private final SimEntropy chance;
    private final CommitGate gate = new CommitGate(SELF, 0);
    private final Outbox outbox = new Outbox();
    private final TreeMap<Long, Asked> waiting = new TreeMap<>();
    private final List<String> receipts = new ArrayList<>();
    private final TreeSet<NodeId> counted = new TreeSet<>();
    private final TreeSet<NodeId> alive = new TreeSet<>();
    private long durable;
    private long appended;

    Schedule(long seed) {
      this.seed = seed;
      this.chance = new SimEntropy(seed);
    }

    void run() {
      for (int step = 0; step < 200; step++) {
        switch (chance.nextInt(6)) {
          case 0, 1 -> park();
          case 2 -> {
            durable = Math.min(appended, durable + chance.nextInt(4));
            gate.durable(durable);
          }
          case 3, 4 -> receipt();
          default -> membership();
        }
        gate.settle(0, outbox);
        for (Effect effect : outbox.take()) check(effect);
        for (long ticket : waiting.keySet()) {
          assertFalse(met(ticket), () -> "seed " + seed + ": a reply was kept back");
        }
      }
    }

    private void park() {
      appended++;
      int further = chance.nextInt(4);
      List<List<Dot>> places = new ArrayList<>();
      for (int i = chance.nextInt(2); i >= 0; i--) {
        List<Dot> place = new ArrayList<>();
        for (int j = chance.nextInt(2); j >= 0; j--) {
          place.add(new Dot(chance.nextInt(2) == 0 ? LOG : OTHER_LOG, 1L + chance.nextInt(12)));
        }
        places.add(place);
      }
      waiting.put(appended, new Asked(appended, further, places));
      Need need = Need.write(appended, AckLevel.ALL, further, places);
      gate.park(appended, need, LATE, reply(appended));
    }

    private void receipt() {
      NodeId node = new NodeId(0, 1 + chance.nextInt(5));
      Incarnation log = chance.nextInt(2) == 0 ? LOG : OTHER_LOG;
      long first = 1L + chance.nextInt(12);
      long last = first + chance.nextInt(4);
      gate.receipt(node, log, first, last);
      for (long seq = first; seq <= last; seq++) receipts.add(node + " " + log + " " + seq);
    }

    private void membership() {
      counted.clear();
      alive.clear();
      for (int id = 2; id <= 5; id++) {
        int state = chance.nextInt(4);
        if (state > 0) counted.add(new NodeId(0, id));
        if (state > 1) alive.add(new NodeId(0, id));
      }
      gate.members(counted, alive);
    }

    private void check(Effect effect) {
      switch (effect) {
        case Effect.Answer(long ticket, Reply _, CausalToken _) -> {
          assertTrue(met(ticket), () -> "seed " + seed + ": answered too early");
          waiting.remove(ticket);
        }
        case Effect.Refuse(long ticket, KdeltaException _, CausalToken _) -> {
          Asked need = Objects.requireNonNull(waiting.remove(ticket));
          assertTrue(need.lsn() <= durable, () -> "seed " + seed + ": refused before its sync");
          long possible = count(need, counted);
          for (NodeId node : alive) if (!holds(node, need)) possible++;
          assertTrue(possible < need.further(), () -> "seed " + seed + ": still reachable");
        }
        default -> throw new AssertionError("seed " + seed + ": " + effect);
      }
    }

    private boolean met(long ticket) {
      Asked need = Objects.requireNonNull(waiting.get(ticket));
      return need.lsn() <= durable && count(need, counted) >= need.further();
    }

    private long count(Asked need, SortedSet<NodeId> nodes) {
      return nodes.stream().filter(node -> holds(node, need)).count();
    }

    private boolean holds(NodeId node, Asked need) {
      return need.places().stream()
          .allMatch(place ->
              place.stream()
                  .anyMatch(
                      dot -> receipts.contains(node + " " + dot.incarnation() + " " + dot.seq())));
    }
  }
}
