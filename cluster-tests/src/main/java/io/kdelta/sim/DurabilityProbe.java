package io.kdelta.sim;

import io.kdelta.causal.CausalStore;
import io.kdelta.causal.CausalToken;
import io.kdelta.causal.Envelope;
import io.kdelta.causal.Intervals;
import io.kdelta.causal.Position;
import io.kdelta.document.DocumentSchema;
import io.kdelta.env.Entropy;
import io.kdelta.env.SimTime;
import io.kdelta.error.KdeltaException;
import io.kdelta.reconciliation.Digest;
import io.kdelta.storage.Damage;
import io.kdelta.storage.StorageEngine;
import io.kdelta.storage.StorageLimits;
import io.kdelta.storage.WalRecovery;
import io.kdelta.vfs.SimVfs;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.BiPredicate;
import org.jspecify.annotations.Nullable;

/**
 * Looks at what a disk would still hold if the power failed now: copies it, cuts the power of the
 * copy and recovers that. So DUR-LOCAL and DUR-K are checked at the very moment of an
 * acknowledgement, without waiting for a loss to show it.
 */
final class DurabilityProbe {
  /** Damage that only a read of a large value finds is repaired so often. */
  private static final int REPAIRS_MAX = 10;

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
    if (!accepting.receipts().forgotten() && !survives(accepting, ids)) {
      throw new OracleFailure(
          "O1", "node-" + accepting.index() + " acknowledged what it has not synced: " + ids);
    }
    int others = 0;
    for (SimNode node : nodes) {
      if (node == accepting || others >= further) continue;
      // What a disk has lost since, its receipt was true for; under each of its ids.
      if (node.receipts().underAnotherId()) others++;
      if (node.receipts().forgotten() || survives(node, ids)) others++;
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

  /** Whether a node would still have a version if the power failed now. */
  boolean synced(SimNode node, Digest id) {
    return survives(node, List.of(id));
  }

  /** Whether a node would still have all the places that a token names. */
  boolean synced(SimNode node, CausalToken token) {
    return recovered(node.disk(), DurabilityProbe::has, token);
  }

  private static boolean has(CausalStore store, CausalToken token) {
    TreeMap<Long, Intervals> held = new TreeMap<>();
    for (Position position : store.positions()) {
      Intervals places = position.applied().union(position.adopted());
      held.merge(position.incarnation().high(), places, Intervals::union);
    }
    for (Map.Entry<Long, Intervals> named : token.logs().entrySet()) {
      Intervals places = held.getOrDefault(named.getKey(), Intervals.EMPTY);
      if (!places.containsAll(named.getValue())) return false;
    }
    return true;
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
    leaveOnlyOn(victim, nodes, only);
    return sound;
  }

  /** Takes out of {@code versions} what another disk would give back, pending writes dropped. */
  void leaveOnlyOn(SimNode victim, List<SimNode> nodes, SortedMap<Digest, String> versions) {
    for (SimNode node : nodes) {
      if (node == victim || versions.isEmpty()) continue;
      TreeMap<Digest, String> held = new TreeMap<>();
      boolean sound = readable(withoutPower(node), held);
      // What is whole and lies in a file that has to be set aside goes with it.
      if (!sound) held.keySet().retainAll(started(withoutPower(node)).versions().keySet());
      versions.keySet().removeAll(held.keySet());
    }
  }

  /**
   * Whether the last {@link #coveredByOthers} met versions that wait for a parent: acknowledged
   * perhaps, and in no set.
   */
  boolean victimParks() {
    return victimParks;
  }

  /**
   * What a start makes of a disk as it lies there.
   *
   * @param versions every version that is left when all damage is dealt with, with its key
   * @param durableMark the log proves to have held everything up to it durably
   * @param lastLsn the log goes on behind it
   * @param setAside the files of which something is set aside
   */
  record Start(
      SortedMap<Digest, String> versions,
      long durableMark,
      long lastLsn,
      SortedSet<String> setAside) {
    /** A disk that no start makes anything of. */
    static final Start REFUSED = new Start(new TreeMap<>(), Long.MAX_VALUE, 0, new TreeSet<>());
  }

  /** What a start would make of that disk now. */
  Start started(SimNode node) {
    SimVfs copy = node.disk().copy(entropy);
    copy.kill();
    return started(copy);
  }

  private SimVfs withoutPower(SimNode node) {
    SimVfs copy = node.disk().copy(entropy);
    copy.crashDropping();
    return copy;
  }

  private Start started(SimVfs copy) {
    try (StorageEngine engine = open(copy)) {
      engine.setDamagedAside();
      CausalStore store = store(engine);
      WalRecovery log = engine.recovery().log();
      TreeSet<String> setAside = new TreeSet<>();
      SortedMap<Digest, String> left = null;
      for (int pass = 0; left == null; pass++) {
        if (pass == REPAIRS_MAX) return Start.REFUSED;
        for (Damage damage : engine.recovery().setAside()) setAside.add(damage.file());
        engine.runInline();
        if (store.needsRepair()) store.repair();
        for (Damage damage : engine.recovery().setAside()) setAside.add(damage.file());
        left = all(store);
      }
      return new Start(left, log.durableMark(), log.lastLsn(), setAside);
    } catch (KdeltaException damaged) {
      return Start.REFUSED;
    }
  }

  /**
   * The files of that disk as it lies there which a read of these versions finds damaged: before
   * any work of a start has moved their rows into files of its own.
   */
  SortedSet<String> homes(SimNode node, Collection<Digest> versions) {
    TreeSet<String> homes = new TreeSet<>();
    SimVfs copy = node.disk().copy(entropy);
    copy.kill();
    try (StorageEngine engine = open(copy)) {
      CausalStore store = store(engine);
      for (Digest id : versions) touch(store, id);
      engine.setDamagedAside();
      for (Damage damage : engine.recovery().setAside()) homes.add(damage.file());
    } catch (KdeltaException damaged) {
      // No start makes anything of it, and says so.
    }
    return homes;
  }

  private static void touch(CausalStore store, Digest id) {
    try {
      store.graph().envelope(id);
    } catch (KdeltaException.Corrupt found) {
      // Its file is known to be damaged from now on.
    }
  }

  /** Every version with its key; null when that found damage, which is to be repaired first. */
  private static @Nullable SortedMap<Digest, String> all(CausalStore store) {
    TreeMap<Digest, String> all = new TreeMap<>();
    try {
      for (Digest id : store.tree()) {
        Envelope found = store.graph().envelope(id);
        if (found != null) all.put(id, found.version().key().toString());
      }
    } catch (KdeltaException.Corrupt touched) {
      if (!store.needsRepair()) throw touched;
      return null;
    }
    return all;
  }

  /** Adds every version that can be read whole; answers whether nothing was found damaged. */
  private boolean readable(SimVfs copy, SortedMap<Digest, String> held) {
    boolean sound = true;
    try (StorageEngine engine = open(copy)) {
      CausalStore store = store(engine);
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

  /** A copy of a disk, with room and without faults, as the next probe. */
  private StorageEngine open(SimVfs copy) {
    probes++;
    copy.setCapacity(Long.MAX_VALUE);
    copy.failNothing();
    return StorageEngine.open(copy, entropy.split("engine " + probes), limits);
  }

  private CausalStore store(StorageEngine engine) {
    return CausalStore.open(
        engine, new SimTime(), entropy.split("store " + probes), DocumentSchema.INSTANCE);
  }

  private <T> boolean recovered(SimVfs disk, BiPredicate<CausalStore, T> question, T argument) {
    probes++;
    Entropy chance = entropy.split("probe " + probes);
    SimVfs copy = disk.copy(chance.split("disk"));
    copy.setCapacity(Long.MAX_VALUE);
    copy.failNothing();
    copy.crash();
    try (StorageEngine engine = StorageEngine.open(copy, chance.split("engine"), limits)) {
      engine.setDamagedAside();
      CausalStore store =
          CausalStore.open(engine, new SimTime(), chance.split("store"), DocumentSchema.INSTANCE);
      return question.test(store, argument);
    }
  }
}
