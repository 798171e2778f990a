package io.kdelta.sim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.cluster.AckLevel;
import org.junit.jupiter.api.Test;

/**
 * Goal: a peer that speaks the protocol and lies makes no honest node store what is not what its id
 * says, count what is not true, stop, or lose anything (SEC). Method: it tells every lie to every
 * node, many times, in the middle of writes of every level; then it is gone, and the nodes are
 * judged as at the end of every run.
 */
final class LiarTest {
  private static final long SECOND = 1_000_000_000L;
  private static final int NODES = 3;
  private static final int ROUNDS = 12;

  @Test
  void noLieIsBelieved() {
    for (long seed = 1; seed <= 4; seed++) {
      World world = new World(Setup.of(seed, NODES));
      Stage stage = new Stage(world);
      for (int node = 0; node < NODES; node++) stage.perform(new Action.Start(node));
      pass(world, 3 * SECOND);
      Liar liar =
          new Liar(
              NODES,
              "liar:7878",
              world.simulator(),
              world.network(),
              world.trace(),
              world.chance("liar"));
      long salt = 1_000 * seed;
      for (int round = 0; round < ROUNDS; round++) {
        for (Liar.Lie lie : Liar.Lie.values()) {
          salt++;
          int node = (int) (salt % NODES);
          liar.meet(node, World.name(node) + ":7878");
          write(stage, salt, node);
          pass(world, SECOND / 4);
          liar.lie(node, lie, salt);
          write(stage, 100_000 + salt, (node + 1) % NODES);
          pass(world, SECOND / 4);
        }
      }
      assertTrue(liar.told() > ROUNDS * Liar.Lie.values().length / 3, "told " + liar.told());
      liar.vanish();
      for (SimNode node : world.nodes()) assertEquals(1, node.life(), "it never stopped");
      // What still waits for the liar's receipt is answered at its deadline.
      pass(world, 12 * SECOND);
      stage.perform(new Action.Judge());
      assertTrue(world.ledger().acknowledgedCount() > ROUNDS, "seed " + seed);
    }
  }

  private static void write(Stage stage, long number, int node) {
    AckLevel level =
        switch ((int) (number % 3)) {
          case 0 -> AckLevel.LOCAL;
          case 1 -> AckLevel.ONE;
          default -> AckLevel.ALL;
        };
    Request put =
        new Request.Put(
            "t/k" + number % 5,
            "{\"n\":" + number + "}",
            false,
            "m" + number,
            new Request.Terms("", level));
    stage.perform(new Action.Ask(0, node, put, 1));
  }

  private static void pass(World world, long nanos) {
    world.simulator().runUntil(world.nowNanos() + nanos);
  }
}
