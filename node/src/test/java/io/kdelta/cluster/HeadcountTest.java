package io.kdelta.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.causal.NodeId;
import io.kdelta.cluster.PeerMessage.Members.Knowledge;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/**
 * Goal: a node that may be one of many without knowing is uncertain until somebody who knows tells
 * it, over restarts too. Method: what a store remembers, its generation and what peers say, case by
 * case.
 */
final class HeadcountTest {
  private static final List<String> SEED = List.of("a:1");

  private final ModelReplica replica = new ModelReplica();
  private final Outbox outbox = new Outbox();

  private Headcount start(List<String> seeds) {
    ClusterConfig config =
        new ClusterConfig(
            new NodeId(1, 2),
            "",
            List.of("b:1"),
            "",
            "",
            "test",
            Optional.of("c"),
            seeds,
            2,
            ClusterConfig.Pace.DEFAULT,
            ClusterConfig.Limits.DEFAULT);
    return new Headcount(config, replica, outbox);
  }

  private void keep() {
    for (Effect effect : outbox.drain()) {
      if (effect instanceof Effect.Remember row) replica.remember(row.name(), row.value());
    }
  }

  @Test
  void aNewNodeWithoutSeedsIsAllThereIs() {
    Headcount headcount = start(List.of());
    assertEquals(Knowledge.NEW, headcount.knowledge());
    assertTrue(headcount.alone());
    assertTrue(headcount.certain());
    keep();
    assertTrue(start(List.of()).certain());
  }

  @Test
  void aNewNodeWithSeedsWaitsForTheListOfAPeer() {
    Headcount headcount = start(SEED);
    assertFalse(headcount.certain());
    assertFalse(headcount.heard(Knowledge.DAMAGED));
    keep();
    assertFalse(start(SEED).certain());
    assertTrue(headcount.heard(Knowledge.NEW));
    assertTrue(headcount.certain());
    assertFalse(headcount.heard(Knowledge.WHOLE), "no news any more");
    keep();
    assertTrue(start(SEED).certain());
  }

  @Test
  void damageEndsCertaintyUntilOneWhoKnowsIsMet() {
    start(List.of()).alone();
    keep();
    replica.repaired();
    Headcount headcount = start(List.of());
    assertEquals(Knowledge.DAMAGED, headcount.knowledge());
    assertFalse(headcount.alone(), "that nobody was named to join says nothing");
    assertFalse(headcount.heard(Knowledge.NEW));
    assertFalse(headcount.heard(Knowledge.DAMAGED));
    headcount.remember();
    keep();
    assertFalse(start(List.of()).certain(), "a restart is no answer");
    assertTrue(headcount.heard(Knowledge.WHOLE));
    keep();
    assertTrue(start(List.of()).certain());
  }

  @Test
  void seedsThatAreAllThisNodeSayThatThereIsNoOther() {
    replica.repaired();
    assertEquals(Knowledge.DAMAGED, start(SEED).knowledge());
    assertTrue(start(SEED).alone());
    keep();
    assertTrue(start(SEED).certain());
  }

  @Test
  void aProcessThatMendsItselfKeepsWhatItKnows() {
    Headcount headcount = start(SEED);
    assertTrue(headcount.heard(Knowledge.WHOLE));
    keep();
    replica.repaired();
    assertEquals(Knowledge.DAMAGED, start(SEED).knowledge(), "if it stops before it says so");
    headcount.remember();
    keep();
    assertTrue(start(SEED).certain());
  }
}
