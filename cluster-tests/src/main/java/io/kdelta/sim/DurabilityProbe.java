package io.kdelta.sim;

import io.kdelta.causal.CausalStore;
import io.kdelta.document.DocumentSchema;
import io.kdelta.env.Entropy;
import io.kdelta.env.SimTime;
import io.kdelta.reconciliation.Digest;
import io.kdelta.storage.StorageEngine;
import io.kdelta.storage.StorageLimits;
import io.kdelta.vfs.SimVfs;
import java.util.List;
import java.util.TreeSet;
import java.util.function.BiPredicate;

/**
 * Looks at what a disk would still hold if the power failed now: copies it, cuts the power of the
 * copy and recovers that. So DUR-LOCAL and DUR-K are checked at the very moment of an
 * acknowledgement, without waiting for a loss to show it.
 */
final class DurabilityProbe {
  private final Entropy entropy;
  private final StorageLimits limits;
  private long probes;

  DurabilityProbe(Entropy entropy, StorageLimits limits) {
    this.entropy = entropy;
    this.limits = limits;
  }

  /** How many disks were looked at. */
  long probes() {
    return probes;
  }

  /**
   * Holds an acknowledgement against the disks.
   *
   * @param nodes the cluster; the accepting node among them
   * @param further how many further nodes the level names
   * @throws OracleFailure O1 when fewer would still have it
   */
  void check(List<SimNode> nodes, SimNode accepting, List<Digest> ids, int further) {
    if (!survives(accepting, ids)) {
      throw new OracleFailure(
          "O1", "node-" + accepting.index() + " acknowledged what it has not synced: " + ids);
    }
    int others = 0;
    for (SimNode node : nodes) {
      if (node != accepting && others < further && survives(node, ids)) others++;
    }
    if (others < further) {
      throw new OracleFailure(
          "O1",
          "node-"
              + accepting.index()
              + " acknowledged "
              + ids
              + " for "
              + further
              + " further nodes, "
              + others
              + " have it synced");
    }
  }

  private boolean survives(SimNode node, List<Digest> ids) {
    return recovered(
        node.disk(), (store, wanted) -> wanted.stream().allMatch(store.graph()::holds), ids);
  }

  /** Whether everything that {@code rotting} would recover would also be recovered by another. */
  boolean coveredByAnother(SimNode rotting, List<SimNode> nodes) {
    TreeSet<Digest> held = new TreeSet<>();
    recovered(
        rotting.disk(),
        (store, all) -> {
          for (Digest id : store.tree()) all.add(id);
          return true;
        },
        held);
    for (SimNode node : nodes) {
      if (node != rotting
          && recovered(
              node.disk(), (store, all) -> all.stream().allMatch(store.tree()::contains), held)) {
        return true;
      }
    }
    return false;
  }

  private <T> boolean recovered(SimVfs disk, BiPredicate<CausalStore, T> question, T argument) {
    probes++;
    Entropy chance = entropy.split("probe " + probes);
    SimVfs copy = disk.copy(chance.split("disk"));
    copy.setCapacity(Long.MAX_VALUE);
    copy.failNothing();
    copy.crash();
    try (StorageEngine engine = StorageEngine.open(copy, chance.split("engine"), limits)) {
      CausalStore store =
          CausalStore.open(engine, new SimTime(), chance.split("store"), DocumentSchema.INSTANCE);
      return question.test(store, argument);
    }
  }
}
