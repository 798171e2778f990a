package io.kdelta.sim;

import io.kdelta.env.Entropy;
import java.util.List;

/**
 * Asks nodes to stop in good order, in the middle of everything, as an upgrade or a machine that is
 * shut down does, and starts them again ({@link Fates}). It only decides; {@link Stage} performs
 * it.
 */
final class Drains {
  private static final long SECOND = 1_000_000_000L;
  private static final long DRAINS_WITHIN = 50 * SECOND;
  private static final long AWAY_MAX = 20 * SECOND;
  private static final int TIMES_MAX = 8;

  private final Stage stage;
  private final World world;
  private final Fates fates;
  private final Entropy dice;
  private boolean stopped;

  Drains(Stage stage, Fates fates) {
    this.stage = stage;
    this.world = stage.world();
    this.fates = fates;
    this.dice = world.chance("drains");
  }

  void start() {
    if (!fates.drains()) return;
    int times = 1 + dice.nextInt(TIMES_MAX);
    for (int i = 0; i < times; i++) later(draw(DRAINS_WITHIN), this::drains);
  }

  /** Nobody is asked any more; whoever was comes back. */
  void stop() {
    if (!fates.drains()) return;
    stopped = true;
    for (SimNode node : world.standing()) stage.perform(new Action.Start(node.index()));
  }

  private void drains() {
    if (stopped) return;
    List<SimNode> standing = world.standing();
    SimNode chosen = standing.get(dice.nextInt(standing.size()));
    if (!chosen.up() || chosen.stuck()) return;
    int node = chosen.index();
    stage.perform(new Action.Drain(node));
    later(
        SECOND + draw(AWAY_MAX),
        () -> {
          if (!stopped) stage.perform(new Action.Start(node));
        });
  }

  private long draw(long bound) {
    return Math.floorMod(dice.nextLong(), bound);
  }

  private void later(long nanos, Runnable decision) {
    world.simulator().outside(world.nowNanos() + nanos, decision);
  }
}
