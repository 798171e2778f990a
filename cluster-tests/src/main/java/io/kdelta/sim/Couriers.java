package io.kdelta.sim;

import io.kdelta.cluster.AckLevel;
import io.kdelta.env.Entropy;
import io.kdelta.error.KdeltaException;
import java.util.ArrayList;
import java.util.List;

/**
 * Clients that do nothing but carry tokens: each writes at one node, reads at others what it wrote,
 * or what its neighbour did, and so on without rest. Now and then the same is asked without a token
 * behind it, which must not be answered first ({@link PromptOracle}). A few of them exist in some
 * runs, many in runs that are to hold very many sessions against O5 ({@link SimMain} with {@code
 * --couriers}), beside everything else that a seed draws.
 */
final class Couriers implements Clients.Listener {
  /** The number of the first of them: between the watchers and the bursts. */
  private static final int FIRST = 5_000;

  /** The number of the first of those without a token: each stands beside a courier. */
  private static final int FIRST_BARE = 5_500;

  /** Who holds very many sessions sends so many. */
  static final int MANY = 8;

  private static final int FEW = 2;

  /** In one seed of so many there are a few. */
  private static final int FEW_ONE_IN = 16;

  private static final long PAUSE_NANOS_MAX = 50_000_000L;

  /** Reads behind each write. */
  private static final int READS = 4;

  /** One read of so many is asked without a token, too. */
  private static final int BARE_ONE_IN = 8;

  /** So many writes go to one key, then comes the next. */
  private static final int WRITES_A_KEY = 8;

  /** After so many answers in a row that a node is behind a courier begins a new session. */
  private static final int PATIENCE = 3;

  private final Stage stage;
  private final Simulator simulator;
  private final int nodes;
  private final List<One> couriers = new ArrayList<>();
  private boolean stopped;

  /** One courier. */
  private static final class One {
    private final Entropy chance;
    private int session = 1;
    private int behind;
    private int writes;
    private int node;
    private int reads;

    One(Entropy chance) {
      this.chance = chance;
    }
  }

  Couriers(Stage stage, int count) {
    this.stage = stage;
    this.simulator = stage.world().simulator();
    this.nodes = stage.world().setup().nodes();
    Entropy entropy = stage.world().chance("couriers");
    for (int i = 0; i < count; i++) couriers.add(new One(entropy.split("courier " + i)));
  }

  /** How many there are in every run of a seed. */
  static int usual(long seed) {
    return Math.floorMod(seed, FEW_ONE_IN) == 2 ? FEW : 0;
  }

  void start() {
    stage.world().clients().tell(this);
    for (int i = 0; i < couriers.size(); i++) next(i);
  }

  void stop() {
    stopped = true;
  }

  /** Again, after {@link #stop}. */
  void goOn() {
    stopped = false;
    for (int i = 0; i < couriers.size(); i++) next(i);
  }

  private void next(int number) {
    long pause = Math.floorMod(couriers.get(number).chance.nextLong(), PAUSE_NANOS_MAX);
    simulator.outside(
        simulator.nowNanos() + pause,
        () -> {
          if (!stopped) ask(number);
        });
  }

  private void ask(int number) {
    One one = couriers.get(number);
    Request request;
    boolean bare = false;
    if (one.reads > 0) {
      one.reads--;
      if (nodes > 1) one.node = (one.node + 1 + one.chance.nextInt(nodes - 1)) % nodes;
      boolean others = one.chance.nextInt(4) == 0;
      request = new Request.Get(path(others ? (number + 1) % couriers.size() : number));
      bare = one.chance.nextInt(BARE_ONE_IN) == 0;
    } else {
      one.node = one.chance.nextInt(nodes);
      one.writes++;
      one.reads = READS;
      String marker = "courier" + number + "-" + one.writes;
      AckLevel level = one.chance.nextInt(2) == 0 ? AckLevel.LOCAL : AckLevel.ONE;
      Request.Terms terms = new Request.Terms("", level);
      request = new Request.Put(path(number), "{\"by\":\"" + marker + "\"}", false, marker, terms);
    }
    int node = one.node;
    stage.perform(new Action.Ask(FIRST + number, node, request, 1, one.session));
    if (bare) stage.perform(new Action.Ask(FIRST_BARE + number, node, request, 1));
  }

  private String path(int number) {
    return "s/courier" + number + "-" + couriers.get(number).writes / WRITES_A_KEY;
  }

  @Override
  public void ended(Action.Ask ask, Clients.Outcome outcome) {
    int number = ask.client() - FIRST;
    if (number < 0 || number >= couriers.size()) return;
    One one = couriers.get(number);
    one.behind = outcome.error() instanceof KdeltaException.Behind ? one.behind + 1 : 0;
    if (one.behind == PATIENCE) {
      one.session++;
      one.behind = 0;
    }
    if (!stopped) next(number);
  }
}
