package io.kdelta.sim;

import io.kdelta.env.Entropy;
import java.util.ArrayList;
import java.util.List;

/** What the {@link Nemesis} does to paths and links. */
final class NetworkFaults {
  private static final long SECOND = 1_000_000_000L;

  private final Nemesis nemesis;
  private final Stage stage;
  private final Entropy dice;

  NetworkFaults(Nemesis nemesis, Stage stage) {
    this.nemesis = nemesis;
    this.stage = stage;
    this.dice = nemesis.dice();
  }

  void cutFor(int from, int to, boolean bothWays, long lasts) {
    if (from == to) return;
    stage.perform(new Action.Cut(from, to));
    if (bothWays) stage.perform(new Action.Cut(to, from));
    nemesis.later(
        lasts,
        () -> {
          stage.perform(new Action.Heal(from, to));
          if (bothWays) stage.perform(new Action.Heal(to, from));
        });
  }

  /** One against all others. */
  void isolate(int victim, long lasts) {
    for (int peer = 0; peer < nemesis.nodes(); peer++) cutFor(victim, peer, true, lasts);
  }

  /** Two parts that see nothing of each other. */
  void halves(long lasts) {
    List<Integer> order = nemesis.shuffled();
    int half = order.size() / 2;
    for (int one : order.subList(0, half)) {
      for (int other : order.subList(half, order.size())) cutFor(one, other, true, lasts);
    }
  }

  /** Two parts that only one node sees both of. */
  void bridge(int over, long lasts) {
    List<Integer> order = new ArrayList<>(nemesis.shuffled());
    order.remove(Integer.valueOf(over));
    int half = order.size() / 2;
    for (int one : order.subList(0, half)) {
      for (int other : order.subList(half, order.size())) cutFor(one, other, true, lasts);
    }
  }

  /** A path that comes and goes. */
  void flap(int from, int to, long lasts) {
    if (from == to) return;
    long period = SECOND / 20 + Math.floorMod(dice.nextLong(), 2 * SECOND);
    for (long at = 0; at < lasts; at += 2 * period) {
      nemesis.later(
          at,
          () -> {
            if (!nemesis.stopped()) cutFor(from, to, true, period);
          });
    }
  }

  /** Bad weather on one directed path. */
  void storm(Nemesis.Fault fault, int from, int to, long lasts) {
    if (from == to) return;
    long min = SimNetwork.Weather.CLEAR.latencyNanosMin();
    long max = SimNetwork.Weather.CLEAR.latencyNanosMax();
    SimNetwork.Weather storm =
        switch (fault) {
          case LOSS -> new SimNetwork.Weather(min, max, 1 + dice.nextInt(300), 0, 0);
          case DELAY -> {
            long slowest = 1_000_000 + Math.floorMod(dice.nextLong(), 2 * SECOND);
            yield new SimNetwork.Weather(min, slowest, 0, 0, 0);
          }
          case DUPLICATION -> new SimNetwork.Weather(min, max, 0, 1 + dice.nextInt(300), 0);
          case REORDERING -> new SimNetwork.Weather(min, 50_000_000, 0, 0, 1 + dice.nextInt(500));
          default -> throw new AssertionError(fault + " is no weather");
        };
    stage.perform(new Action.WeatherTurns(from, to, storm));
    nemesis.later(
        lasts, () -> stage.perform(new Action.WeatherTurns(from, to, SimNetwork.Weather.CLEAR)));
  }

  /** Many paths hold what goes over them, and are let go one by one, in an order of chance. */
  void clog(long lasts) {
    for (int from = 0; from < nemesis.nodes(); from++) {
      for (int to = 0; to < nemesis.nodes(); to++) {
        if (from != to && dice.nextInt(2) == 0) {
          clogFor(from, to, 1 + Math.floorMod(dice.nextLong(), lasts));
        }
      }
    }
  }

  /** A node takes nothing from anybody; it sends, and its links stand. */
  void stall(int reader, long lasts) {
    for (int peer = 0; peer < nemesis.nodes(); peer++) {
      if (peer != reader) clogFor(peer, reader, lasts);
    }
  }

  private void clogFor(int from, int to, long lasts) {
    stage.perform(new Action.Clog(from, to));
    nemesis.later(lasts, () -> stage.perform(new Action.Unclog(from, to)));
  }

  /** A link breaks in the middle of what comes soon. */
  void reset(int from, int to) {
    if (from != to) stage.perform(new Action.Reset(from, to, 1 + dice.nextInt(20)));
  }

  void halfOpen(int from, int to) {
    if (from != to) stage.perform(new Action.HalfOpen(from, to));
  }
}
