package io.kdelta.sim;

import io.kdelta.cluster.AckLevel;
import io.kdelta.env.Entropy;

/**
 * Decides when one node is suddenly given much to write: in a share of the runs, every now and
 * then, more than any window holds and nothing that can be made smaller, while one of its peers
 * often takes nothing. What a node keeps for that peer has to stay within its bound (O8).
 *
 * <p>Every request has a client of its own, as nobody waits for the answer before.
 */
final class Bursts {
  private static final int RUNS_ONE_IN = 4;
  private static final int WRITES = 40;
  private static final int DOCUMENT_BYTES = 8_000;
  private static final int FIRST_CLIENT = 10_000;
  private static final long MILLI = 1_000_000L;
  private static final long EACH_NANOS = 50 * MILLI;
  private static final long PAUSE_MIN = 8_000 * MILLI;
  private static final long PAUSE_SPAN = 12_000 * MILLI;
  private static final long STALLED_MAX = 6_000 * MILLI;
  private static final String LETTERS =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";

  private final Stage stage;
  private final Entropy dice;
  private final int nodes;
  private final boolean exist;
  private int asked;
  private boolean stopped;

  Bursts(Stage stage) {
    this.stage = stage;
    this.dice = stage.world().chance("bursts");
    this.nodes = stage.world().nodes().size();
    this.exist = dice.nextInt(RUNS_ONE_IN) == 0 && nodes > 1;
  }

  void start() {
    if (exist) next();
  }

  void stop() {
    stopped = true;
  }

  private void next() {
    later(
        PAUSE_MIN + Math.floorMod(dice.nextLong(), PAUSE_SPAN),
        () -> {
          burst();
          next();
        });
  }

  private void burst() {
    int writer = dice.nextInt(nodes);
    int reader = (writer + 1 + dice.nextInt(nodes - 1)) % nodes;
    if (dice.nextInt(2) == 0) {
      stage.perform(new Action.Clog(writer, reader));
      later(
          Math.floorMod(dice.nextLong(), STALLED_MAX),
          () -> stage.perform(new Action.Unclog(writer, reader)));
    }
    for (int i = 0; i < WRITES; i++) later(i * EACH_NANOS, () -> write(writer));
  }

  private void write(int node) {
    int number = ++asked;
    String marker = "burst-" + number;
    StringBuilder pad = new StringBuilder(DOCUMENT_BYTES);
    for (int i = 0; i < DOCUMENT_BYTES; i++) pad.append(LETTERS.charAt(dice.nextInt(64)));
    Request put =
        new Request.Put(
            "t/burst" + number % 4,
            "{\"by\":\"" + marker + "\",\"pad\":\"" + pad + "\"}",
            false,
            marker,
            new Request.Terms("", AckLevel.LOCAL));
    stage.perform(new Action.Ask(FIRST_CLIENT + number, node, put, 1));
  }

  private void later(long nanos, Runnable decision) {
    stage
        .world()
        .simulator()
        .outside(
            stage.world().nowNanos() + nanos,
            () -> {
              if (!stopped) decision.run();
            });
  }
}
