package io.kdelta.sim;

import java.util.TreeMap;

/**
 * O11: every request of a client is answered or refused by its deadline and a moment, while the
 * node that was asked lives and runs.
 */
final class ProgressOracle implements Oracle {
  /** Beyond the deadline that a request carries: a turn, a sync, a clock that drifts. */
  private static final long GRACE_NANOS = 2_000_000_000L;

  /** A request on its way. */
  private record Sent(Action.Ask ask, int life, long nanos) {}

  private final World world;
  private final OnTheirWay<Sent> open = new OnTheirWay<>();

  /** By node: when it last ran freely. */
  private final TreeMap<Integer, Long> freeSince = new TreeMap<>();

  private long looks;

  ProgressOracle(World world) {
    this.world = world;
  }

  @Override
  public long looks() {
    return looks;
  }

  @Override
  public void asked(Action.Ask ask, SimNode node) {
    open.left(ask, new Sent(ask, node.life(), world.nowNanos()));
  }

  @Override
  public void ended(Action.Ask ask, Clients.Outcome outcome) {
    var _ = open.ended(ask);
  }

  @Override
  public void acted(Action action) {
    // Whoever stands still or is slow answers later, and piles up what it owes.
    if (action instanceof Action.OnNode on && action instanceof Action.Fault) {
      freeSince.put(on.node(), Long.MAX_VALUE);
    } else if (action instanceof Action.HealDisk heal) {
      freeSince.put(heal.node(), world.nowNanos());
    }
  }

  @Override
  public void glance(SimNode node) {
    for (Sent sent : open.all()) check(sent);
  }

  @Override
  public void end() {
    for (Sent sent : open.all()) check(sent);
  }

  private void check(Sent sent) {
    SimNode node = world.node(sent.ask);
    if (!node.up() || node.stuck() || node.life() != sent.life) return;
    looks++;
    long from = Math.max(sent.nanos, freeSince.getOrDefault(node.index(), 0L));
    if (from == Long.MAX_VALUE) return;
    if (world.nowNanos() - from <= Clients.DEADLINE_NANOS + GRACE_NANOS) return;
    throw new OracleFailure(
        "O11", World.name(node.index()) + " owes an answer since " + sent.nanos + ": " + sent.ask);
  }
}
