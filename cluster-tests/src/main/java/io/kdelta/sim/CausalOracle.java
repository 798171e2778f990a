package io.kdelta.sim;

import io.kdelta.error.KdeltaException;

/** CAUSAL, in the middle of a run: nothing is shown whose parents are not. */
final class CausalOracle implements Oracle {
  private final World world;

  CausalOracle(World world) {
    this.world = world;
  }

  @Override
  public void glance(SimNode node) {
    RawGraph graph;
    try {
      graph = world.subject(node).atOneMoment();
    } catch (KdeltaException refused) {
      ModelOracle.undue(node, refused);
      return; // It went down, or says itself that something is missing: no silent hole.
    }
    graph.check();
  }
}
