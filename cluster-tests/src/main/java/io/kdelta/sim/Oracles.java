package io.kdelta.sim;

import java.util.List;

/** The oracles of every run, in the order in which they look. */
final class Oracles {
  private Oracles() {}

  static List<Oracle> of(World world) {
    return List.of(
        new DurabilityOracle(world),
        new SoundOracle(world),
        new CausalOracle(world),
        new ModelOracle(world),
        new LedgerOracle(world));
  }
}
