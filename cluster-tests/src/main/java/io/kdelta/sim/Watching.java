package io.kdelta.sim;

import io.kdelta.env.Entropy;
import io.kdelta.error.KdeltaException;
import java.util.ArrayList;
import java.util.List;

/**
 * Decides who follows what and asks which node, in half of all runs: one or two watchers, each from
 * its own stream of chance, fast or slow, that stay at a node and now and then go on at another.
 */
final class Watching implements Clients.Listener {
  /** The number of the first of them: beyond all other clients. */
  private static final int FIRST = 2_000;

  private static final long PAUSE_NANOS_MAX = 400_000_000L;

  /** After so many answers in a row that a node is behind a watcher begins a new session. */
  private static final int PATIENCE = 3;

  private final Stage stage;
  private final Simulator simulator;
  private final List<One> watchers = new ArrayList<>();
  private final int nodes;
  private boolean stopped;

  /** One watcher: where it is, and how it goes about it. */
  private static final class One {
    private final Entropy chance;
    private final Request.Watch watch;
    private final boolean slow;
    private int node;
    private int session = 1;
    private int behind;

    One(Entropy chance, int nodes) {
      this.chance = chance;
      String scope =
          switch (chance.nextInt(3)) {
            case 0 -> "";
            case 1 -> "t";
            default -> "t/k" + chance.nextInt(3);
          };
      var froms = Request.Watch.From.values();
      Request.Watch.From from = froms[chance.nextInt(froms.length)];
      this.watch = new Request.Watch(scope, from, 1 + chance.nextInt(20));
      this.slow = chance.nextInt(3) == 0;
      this.node = chance.nextInt(nodes);
    }
  }

  Watching(Stage stage) {
    this.stage = stage;
    this.simulator = stage.world().simulator();
    this.nodes = stage.world().setup().nodes();
    Entropy entropy = stage.world().chance("watchers");
    int count = Math.max(0, entropy.nextInt(4) - 1);
    for (int i = 0; i < count; i++) watchers.add(new One(entropy.split("watcher " + i), nodes));
  }

  void start() {
    stage.world().clients().tell(this);
    for (int i = 0; i < watchers.size(); i++) next(i);
  }

  void stop() {
    stopped = true;
  }

  private void next(int number) {
    One one = watchers.get(number);
    long pause = Math.floorMod(one.chance.nextLong(), PAUSE_NANOS_MAX) * (one.slow ? 8 : 1);
    simulator.outside(
        simulator.nowNanos() + pause,
        () -> {
          if (!stopped) ask(number);
        });
  }

  private void ask(int number) {
    One one = watchers.get(number);
    stage.perform(new Action.Ask(FIRST + number, one.node, one.watch, 1, one.session));
  }

  @Override
  public void ended(Action.Ask ask, Clients.Outcome outcome) {
    int number = ask.client() - FIRST;
    if (number < 0 || number >= watchers.size()) return;
    One one = watchers.get(number);
    one.behind = outcome.error() instanceof KdeltaException.Behind ? one.behind + 1 : 0;
    if (one.behind == PATIENCE) {
      one.session++;
      one.behind = 0;
    }
    boolean moves = one.chance.nextInt(outcome.end() == Clients.End.OK ? 12 : 2) == 0;
    if (moves) one.node = one.chance.nextInt(nodes);
    if (!stopped) next(number);
  }
}
