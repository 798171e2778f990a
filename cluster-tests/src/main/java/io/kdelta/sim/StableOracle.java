package io.kdelta.sim;

import io.kdelta.causal.Envelope;
import io.kdelta.cluster.AckLevel;
import io.kdelta.core.Reply;
import io.kdelta.env.Entropy;
import io.kdelta.reconciliation.Digest;

/**
 * STABLE: what a stable read shows, no loss of the disks of a minority of the replica set takes
 * back. A sample of the answers is held against the disks as they would be if the power failed now:
 * the node that answers has it synced, and as many others as a majority needs. A disk that was
 * struck before may have been one of these, and so may be a member that says so and lies: before
 * there are identities nobody can know better.
 */
final class StableOracle implements Oracle {
  /** Disks that are looked into in one run: each look recovers a copy of a whole disk. */
  private static final long PROBES_MAX = 40;

  private static final int SAMPLED_ONE_IN = 4;

  private final World world;
  private final Entropy sampling;
  private final DurabilityProbe probe;

  StableOracle(World world) {
    this.world = world;
    this.sampling = world.chance("oracle STABLE");
    this.probe = new DurabilityProbe(world.chance("stable probe"), world.setup().storage());
  }

  @Override
  public long looks() {
    return probe.probes();
  }

  @Override
  public void ended(Action.Ask ask, Clients.Outcome outcome) {
    if (!(ask.request() instanceof Request.Stable)) return;
    if (!(outcome.reply() instanceof Reply.Value value)) return;
    if (probe.probes() > PROBES_MAX || sampling.nextInt(SAMPLED_ONE_IN) != 0) return;
    // A place that the liar took from a version says nothing of who holds the version.
    if (!world.liar().claimed().isEmpty()) return;
    check(world.nodes().get(outcome.by()), value.version());
  }

  private void check(SimNode answering, Envelope shown) {
    Digest id = shown.version().id();
    int further = AckLevel.QUORUM.further(world.backups(answering));
    if (!has(answering, id)) fail(answering, id, "has not synced it itself");
    int others = liarSaysToHold(answering, shown) ? 1 : 0;
    for (SimNode node : world.nodes()) {
      if (node != answering && others < further && has(node, id)) others++;
    }
    if (others < further) {
      fail(answering, id, others + " of the others have it synced, not " + further);
    }
  }

  private boolean liarSaysToHold(SimNode answering, Envelope shown) {
    return shown.dots().stream().anyMatch(dot -> world.liar().saysToHold(answering.index(), dot));
  }

  private boolean has(SimNode node, Digest id) {
    return node.receipts().struck() || probe.synced(node, id);
  }

  private static void fail(SimNode answering, Digest id, String why) {
    throw new OracleFailure(
        "STABLE", World.name(answering.index()) + " showed " + id + " as replicated: " + why);
  }
}
