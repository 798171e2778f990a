package io.kdelta.sim;

import io.kdelta.env.Entropy;
import io.kdelta.error.KdeltaException;
import java.util.ArrayList;
import java.util.List;

/**
 * Clients that read what is replicated, in half of all runs: one or two, each from its own stream
 * of chance, that ask for the keys of everybody at any node, with a token or without.
 */
final class Cautious implements Clients.Listener {
  /** The number of the first of them: between the watchers and the couriers. */
  private static final int FIRST = 4_000;

  private static final int KEYS = 8;
  private static final long PAUSE_NANOS_MAX = 900_000_000L;

  /** After so many answers in a row that a node is behind a reader begins a new session. */
  private static final int PATIENCE = 2;

  private final Stage stage;
  private final Simulator simulator;
  private final List<One> readers = new ArrayList<>();
  private final int nodes;
  private boolean stopped;

  /** One reader. */
  private static final class One {
    private final Entropy chance;
    private int session;
    private int behind;

    One(Entropy chance) {
      this.chance = chance;
      this.session = chance.nextInt(2);
    }
  }

  Cautious(Stage stage) {
    this.stage = stage;
    this.simulator = stage.world().simulator();
    this.nodes = stage.world().setup().nodes();
    Entropy entropy = stage.world().chance("cautious");
    int count = Math.max(0, entropy.nextInt(4) - 1);
    for (int i = 0; i < count; i++) readers.add(new One(entropy.split("reader " + i)));
  }

  void start() {
    stage.world().clients().tell(this);
    for (int i = 0; i < readers.size(); i++) next(i);
  }

  void stop() {
    stopped = true;
  }

  private void next(int number) {
    long pause = Math.floorMod(readers.get(number).chance.nextLong(), PAUSE_NANOS_MAX);
    simulator.outside(
        simulator.nowNanos() + pause,
        () -> {
          if (!stopped) ask(number);
        });
  }

  private void ask(int number) {
    One one = readers.get(number);
    String path = "t/k" + one.chance.nextInt(1 + one.chance.nextInt(KEYS));
    boolean plain = one.session > 0 && one.chance.nextInt(4) == 0;
    Request request = plain ? new Request.Get(path) : new Request.Stable(path);
    int node = one.chance.nextInt(nodes);
    stage.perform(new Action.Ask(FIRST + number, node, request, 1, one.session));
  }

  @Override
  public void ended(Action.Ask ask, Clients.Outcome outcome) {
    int number = ask.client() - FIRST;
    if (number < 0 || number >= readers.size()) return;
    One one = readers.get(number);
    one.behind = outcome.error() instanceof KdeltaException.Behind ? one.behind + 1 : 0;
    if (one.behind == PATIENCE) {
      one.session++;
      one.behind = 0;
    }
    if (!stopped) next(number);
  }
}
