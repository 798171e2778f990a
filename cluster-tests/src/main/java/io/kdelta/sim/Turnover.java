package io.kdelta.sim;

import io.kdelta.env.Entropy;
import java.util.List;

/**
 * Who comes and who goes in a run ({@link Fates}): nodes that join late, that leave in good order,
 * that die and are removed, that are replaced with an empty disk. Nobody goes of whose disk the
 * others do not hold everything ({@link Atlas}); the first node, by which all join, stays. It only
 * decides; {@link Stage} performs it.
 */
final class Turnover {
  /** The ways to go. */
  private enum Way {
    LEAVE,
    REMOVE,
    REPLACE
  }

  /** Who asks for it: no client of a workload. */
  private static final int OPERATOR = 2_000;

  private static final long SECOND = 1_000_000_000L;
  private static final long JOINS_WITHIN = 50 * SECOND;
  private static final long GOES_WITHIN = 40 * SECOND;

  /** How long after its death a member may be expected to be called dead. */
  private static final long DEAD_AFTER = 12 * SECOND;

  private static final int REMOVALS_TRIED = 3;

  private final Stage stage;
  private final World world;
  private final Fates fates;
  private final Entropy dice;
  private boolean stopped;

  Turnover(Stage stage, Fates fates) {
    this.stage = stage;
    this.world = stage.world();
    this.fates = fates;
    this.dice = world.chance("turnover");
  }

  void start() {
    int nodes = world.nodes().size();
    for (int node = nodes - fates.later(); node < nodes; node++) {
      Action joins = new Action.Start(node);
      later(draw(JOINS_WITHIN), () -> stage.perform(joins));
    }
    if (!fates.turnover()) return;
    int go = 1 + dice.nextInt(nodes);
    for (int i = 0; i < go; i++) later(draw(GOES_WITHIN), this::goes);
  }

  /** Nobody goes any more; what was begun is brought to its end. */
  void stop() {
    stopped = true;
  }

  private void goes() {
    List<SimNode> standing = world.standing();
    if (standing.size() < 2) return;
    SimNode goes = standing.get(1 + dice.nextInt(standing.size() - 1));
    Way way = Way.values()[dice.nextInt(Way.values().length)];
    if (!goes.up() || goes.stuck() || !world.atlas().covers(goes)) return;
    int node = goes.index();
    switch (way) {
      case LEAVE -> stage.perform(new Action.Ask(OPERATOR, node, new Request.Leave(), 1));
      case REMOVE -> {
        stage.perform(new Action.Lose(node));
        remove(node, REMOVALS_TRIED);
      }
      case REPLACE -> {
        stage.perform(new Action.Wipe(node));
        later(draw(5 * SECOND), () -> stage.perform(new Action.Start(node)));
        remove(node, REMOVALS_TRIED);
      }
    }
  }

  /** Somebody is told that the old member of that name will not come back. */
  private void remove(int gone, int tries) {
    later(
        DEAD_AFTER + draw(5 * SECOND),
        () -> {
          if (stopped || tries == 0) return;
          List<SimNode> standing = world.standing();
          int at = standing.get(dice.nextInt(standing.size())).index();
          Request remove = new Request.Remove(gone);
          stage.perform(new Action.Ask(OPERATOR + tries, at, remove, 1));
          remove(gone, tries - 1);
        });
  }

  private long draw(long bound) {
    return Math.floorMod(dice.nextLong(), bound);
  }

  private void later(long nanos, Runnable decision) {
    world.simulator().outside(world.nowNanos() + nanos, decision);
  }
}
