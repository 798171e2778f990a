package io.kdelta.sim;

import io.kdelta.cluster.AckLevel;
import io.kdelta.core.Reply;
import io.kdelta.env.Entropy;
import io.kdelta.reconciliation.Digest;
import java.util.List;

/**
 * O1 in the moment of the promise (DUR-LOCAL, DUR-K): a sample of the acknowledgements is held
 * against the disks as they would be if the power failed now.
 */
final class DurabilityOracle implements Oracle {
  /** Disks that are looked into in one run: each look recovers a copy of a whole disk. */
  private static final long PROBES_MAX = 60;

  private static final int LOCAL_ONE_IN = 40;
  private static final int FURTHER_ONE_IN = 10;

  private final World world;
  private final Entropy sampling;
  private final DurabilityProbe probe;

  DurabilityOracle(World world) {
    this.world = world;
    this.sampling = world.chance("oracle O1");
    this.probe = new DurabilityProbe(world.chance("probe"), world.setup().storage());
  }

  @Override
  public long looks() {
    return probe.probes();
  }

  @Override
  public void acknowledged(SimNode node, Reply.Written written) {
    int oneIn = written.level() == AckLevel.LOCAL ? LOCAL_ONE_IN : FURTHER_ONE_IN;
    if (probe.probes() > PROBES_MAX || sampling.nextInt(oneIn) != 0) return;
    List<Digest> ids = written.versions().stream().map(result -> result.version().id()).toList();
    probe.check(world.nodes(), node, ids, written.level().further(world.backups(node)));
  }
}
