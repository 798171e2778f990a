package io.kdelta.sim;

import io.kdelta.causal.CausalStore;
import io.kdelta.document.DocumentSchema;
import io.kdelta.env.Entropy;
import io.kdelta.env.SimTime;
import io.kdelta.reconciliation.Digest;
import io.kdelta.storage.Recovery;
import io.kdelta.storage.StorageEngine;
import io.kdelta.storage.WalRecovery;
import io.kdelta.vfs.SimVfs;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * A byte of a log that changed by itself, in the moment it did: what recovery makes of the disk
 * before and after is compared. What the log proves to have been durable, so that it may be
 * acknowledged, is never taken for a torn tail and cut (O1); whatever is missing behind the change
 * is named, never skipped in silence (NOHOLE).
 */
final class DamageOracle implements Oracle {
  /** What recovery finds on a disk. */
  private record Recovered(Recovery report, TreeSet<Digest> versions) {}

  private final World world;
  private final Entropy chance;
  private @Nullable Recovered whole;
  private long looks;

  DamageOracle(World world) {
    this.world = world;
    this.chance = world.chance("oracle O12");
  }

  @Override
  public long looks() {
    return looks;
  }

  @Override
  public void before(Action action) {
    boolean log = action instanceof Action.Flip flip && flip.file().endsWith(".log");
    whole = log && !world.node((Action.Flip) action).rotten() ? recovered(action) : null;
  }

  @Override
  public void acted(Action action) {
    Recovered before = whole;
    if (before == null) return;
    whole = null;
    Recovered after = recovered(action);
    long durable = before.report.log().durableMark();
    WalRecovery.Cut cut = after.report.log().cut().orElse(null);
    TreeSet<Digest> missing = new TreeSet<>(before.versions);
    missing.removeAll(after.versions);
    if (cut != null && cut.lsn() <= durable) {
      throw new OracleFailure(
          "O1",
          action
              + " made recovery cut what was durable up to "
              + durable
              + ": "
              + cut
              + ", "
              + missing);
    }
    if (!missing.isEmpty() && cut == null && after.report.setAside().isEmpty()) {
      throw new OracleFailure("NOHOLE", action + " took away in silence: " + missing);
    }
  }

  private Recovered recovered(Action action) {
    SimNode node = world.node((Action.Flip) action);
    Entropy of = chance.split("look " + ++looks);
    SimVfs copy = node.disk().copy(of.split("disk"));
    copy.setCapacity(Long.MAX_VALUE);
    copy.failNothing();
    try (StorageEngine engine =
        StorageEngine.open(copy, of.split("engine"), world.setup().storage())) {
      engine.setDamagedAside();
      Recovery report = engine.recovery();
      CausalStore store =
          CausalStore.open(engine, new SimTime(), of.split("store"), DocumentSchema.INSTANCE);
      engine.runInline();
      if (store.needsRepair()) store.repair();
      TreeSet<Digest> versions = new TreeSet<>();
      for (Digest id : store.tree()) versions.add(id);
      return new Recovered(report, versions);
    }
  }
}
