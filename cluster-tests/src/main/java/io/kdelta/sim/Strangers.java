package io.kdelta.sim;

import io.kdelta.env.Entropy;
import java.util.List;

/**
 * Who is not what it seems in a run ({@link Fates}): a peer that lies, and a disk that is copied
 * and runs twice under one id, until the copy is taken away. It only decides; {@link Stage}
 * performs it.
 */
final class Strangers {
  private static final long SECOND = 1_000_000_000L;

  /** The copy and its origin both live for up to so long. */
  private static final long TWINS_LIVE = 15 * SECOND;

  private static final long POLL = 2 * SECOND;

  /** How many looks later the copy goes, whatever it holds. */
  private static final int POLLS_MAX = 12;

  private final Stage stage;
  private final World world;
  private final Fates fates;
  private final Entropy dice;
  private boolean stopped;

  Strangers(Stage stage, Fates fates) {
    this.stage = stage;
    this.world = stage.world();
    this.fates = fates;
    this.dice = world.chance("strangers");
  }

  void start() {
    if (fates.liar()) lie();
    if (fates.twins() && world.nodes().size() > 2) later(draw(10 * SECOND), this::copy);
  }

  /** The liar goes, and no disk is copied any more. */
  void stop() {
    stopped = true;
    if (fates.liar()) stage.perform(new Action.LiarVanishes());
  }

  /** It meets somebody and tells a lie, again and again. */
  private void lie() {
    int node = any(world.standing());
    List<Liar.Lie> lies = List.of(Liar.Lie.values());
    Liar.Lie lie = lies.get(dice.nextInt(lies.size()));
    long salt = dice.nextInt(Integer.MAX_VALUE);
    stage.perform(new Action.LiarMeets(node));
    later(
        SECOND / 4,
        () -> {
          if (!stopped) stage.perform(new Action.Lies(node, lie, salt));
        });
    later(
        SECOND / 2 + draw(2 * SECOND),
        () -> {
          if (!stopped) lie();
        });
  }

  private void copy() {
    int source = any(world.standing());
    stage.perform(new Action.Remember(source));
    later(
        draw(10 * SECOND),
        () -> {
          List<SimNode> others =
              world.standing().stream().filter(node -> node.index() != source).toList();
          if (stopped || others.isEmpty()) return;
          SimNode victim = others.get(dice.nextInt(others.size()));
          if (!world.atlas().covers(victim)) return;
          int copy = victim.index();
          stage.perform(new Action.Clone(copy, source));
          stage.perform(new Action.Start(copy));
          later(SECOND + draw(TWINS_LIVE), () -> part(source, copy, POLLS_MAX));
        });
  }

  /**
   * The origin is off until the others have what only the copy wrote; then the copy gets an empty
   * disk.
   */
  private void part(int source, int copy, int polls) {
    List<SimNode> standing = world.standing();
    if (!standing.contains(world.nodes().get(copy))) return;
    if (polls > 0 && !world.atlas().covers(world.nodes().get(copy))) {
      stage.perform(new Action.PowerLoss(source));
      stage.perform(new Action.Start(copy));
      later(POLL, () -> part(source, copy, polls - 1));
      return;
    }
    stage.perform(new Action.Wipe(copy));
    stage.perform(new Action.Start(copy));
    stage.perform(new Action.Start(source));
  }

  private int any(List<SimNode> nodes) {
    return nodes.get(dice.nextInt(nodes.size())).index();
  }

  private long draw(long bound) {
    return Math.floorMod(dice.nextLong(), bound);
  }

  private void later(long nanos, Runnable decision) {
    world.simulator().outside(world.nowNanos() + nanos, decision);
  }
}
