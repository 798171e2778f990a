package io.kdelta.sim;

import io.kdelta.causal.CausalStore;
import io.kdelta.causal.Envelope;
import io.kdelta.document.DocumentSchema;
import io.kdelta.env.Entropy;
import io.kdelta.env.SimTime;
import io.kdelta.error.KdeltaException;
import io.kdelta.reconciliation.Digest;
import io.kdelta.storage.StorageEngine;
import io.kdelta.storage.StorageLimits;
import io.kdelta.vfs.SimVfs;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
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
  private boolean parks;
  private boolean victimParks;

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
    if (!accepting.forgetsReceipts() && !survives(accepting, ids)) {
      throw new OracleFailure(
          "O1", "node-" + accepting.index() + " acknowledged what it has not synced: " + ids);
    }
    int others = 0;
    for (SimNode node : nodes) {
      if (node == accepting || others >= further) continue;
      // What a disk has lost since, its receipt was true for; what was wiped had another id then.
      if (node.replacedWithin(SimNode.RECEIPT_NANOS)) others++;
      if (node.forgetsReceipts() || survives(node, ids)) others++;
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

  /**
   * Whether nothing would be gone if this disk were: every version that it holds, pending writes
   * kept, some other disk would give back whole, pending writes dropped. No, when damage does not
   * let it be known.
   */
  boolean coveredByOthers(SimNode victim, List<SimNode> nodes) {
    TreeMap<Digest, String> only = new TreeMap<>();
    return onlyOn(victim, nodes, only) && only.isEmpty();
  }

  /** What would be gone, as far as it can be read: each version with its key. */
  SortedMap<Digest, String> onlyOn(SimNode victim, List<SimNode> nodes) {
    TreeMap<Digest, String> only = new TreeMap<>();
    onlyOn(victim, nodes, only);
    return only;
  }

  private boolean onlyOn(SimNode victim, List<SimNode> nodes, SortedMap<Digest, String> only) {
    SimVfs disk = victim.disk().copy(entropy);
    disk.kill();
    boolean sound = readable(disk, only);
    victimParks = parks;
    for (SimNode node : nodes) {
      if (node == victim || only.isEmpty()) continue;
      TreeMap<Digest, String> held = new TreeMap<>();
      SimVfs copy = node.disk().copy(entropy);
      copy.crashDropping();
      readable(copy, held);
      only.keySet().removeAll(held.keySet());
    }
    return sound;
  }

  /**
   * Whether the last {@link #coveredByOthers} met versions that wait for a parent: acknowledged perhaps, and
   * in no set.
   */
  boolean victimParks() {
    return victimParks;
  }

  /** Adds every version that can be read whole; answers whether nothing was found damaged. */
  private boolean readable(SimVfs copy, SortedMap<Digest, String> held) {
    probes++;
    copy.setCapacity(Long.MAX_VALUE);
    copy.failNothing();
    boolean sound = true;
    try (StorageEngine engine =
        StorageEngine.open(copy, entropy.split("engine " + probes), limits)) {
      CausalStore store =
          CausalStore.open(
              engine, new SimTime(), entropy.split("store " + probes), DocumentSchema.INSTANCE);
      for (Digest id : store.tree()) {
        try {
          Envelope found = store.graph().envelope(id);
          if (found != null) held.put(id, found.version().key().toString());
        } catch (KdeltaException.Corrupt damaged) {
          sound = false;
        }
      }
      parks = store.parked() > 0;
      return sound && store.sound();
    } catch (KdeltaException damaged) {
      return false;
    }
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
