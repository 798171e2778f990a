package io.kdelta.sim;

import java.util.List;

/** The oracles of every run, in the order in which they look. */
final class Oracles {
  private Oracles() {}

  static List<Oracle> of(World world) {
    Sightings sightings = new Sightings(world);
    return List.of(
        sightings,
        new DurabilityOracle(world),
        new ModelOracle(world, sightings),
        new DiskOracle(world, sightings),
        new LedgerOracle(world),
        new HistoryOracle(world),
        new ConditionOracle(world),
        new SessionOracle(world),
        new PromptOracle(world),
        new SubscriptionOracle(world),
        new ResourceOracle(world),
        new VerdictOracle(world),
        new ProgressOracle(world),
        new DamageOracle(world),
        new HonestyOracle(world),
        new SnapshotOracle(world),
        new DrainOracle(world),
        new StableOracle(world));
  }
}
