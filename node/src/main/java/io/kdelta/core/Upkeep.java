package io.kdelta.core;

import io.kdelta.causal.CausalStore;
import io.kdelta.error.KdeltaException;
import io.kdelta.storage.StorageEngine;

/**
 * What is done for the versions beside the turns: cells of a new epoch are built a slice at a time,
 * memory is kept as a checkpoint now and then, and every minute a piece of the tree is compared
 * with the rows. Owned by the core.
 */
final class Upkeep {
  /** Between two checks of a subtree (reconciliation 2.2). */
  private static final long CHECK_NANOS = 60_000_000_000L;

  private static final long RETRY_NANOS = 1_000_000_000L;

  /** Debt of the store from which on no checkpoint is written. Judged. */
  private static final double PRESSURE_MAX = 0.5;

  /** A checkpoint is due when one in so many versions is newer than the one before. */
  private static final long CHECKPOINT_SHARE = 8;

  private final StorageEngine engine;
  private final CausalStore store;
  private final long checkpointVersions;
  private long notBefore = Long.MIN_VALUE;
  private long checkAt = Timers.NEVER;

  /**
   * @param checkpointVersions a checkpoint is due after so many versions
   */
  Upkeep(StorageEngine engine, CausalStore store, long checkpointVersions) {
    this.engine = engine;
    this.store = store;
    this.checkpointVersions = checkpointVersions;
  }

  /** Does a piece of what is due, and answers when to be called again at the latest. */
  long work(long now) {
    if (checkAt == Timers.NEVER) checkAt = now + CHECK_NANOS;
    if (now < notBefore) return notBefore;
    if (!store.sound() || store.needsRepair()) return Timers.NEVER;
    try {
      if (now >= checkAt) {
        checkAt = now + CHECK_NANOS;
        store.checkSubtree();
      }
      boolean more = store.tend();
      if (store.sinceCheckpoint() >= dueAfter() && engine.pressure() < PRESSURE_MAX) {
        store.checkpoint(checkpointVersions);
      }
      return more ? now : checkAt;
    } catch (KdeltaException.ReadOnly | KdeltaException.Overloaded e) {
      // The checkpoint before still counts.
      return rest(now);
    } catch (KdeltaException.Corrupt e) {
      // The engine has noted it, and the repair reads everything anew.
      return rest(now);
    }
  }

  /** The last piece, before the store closes in good order. */
  void finish() {
    if (!store.sound() || store.needsRepair() || store.sinceCheckpoint() == 0) return;
    try {
      store.checkpoint(checkpointVersions);
    } catch (KdeltaException.ReadOnly | KdeltaException.Overloaded | KdeltaException.Corrupt e) {
      // The next open reads what came since the checkpoint before, or everything.
    }
  }

  /** A checkpoint reads the tree and all positions, so it comes after a share of them is new. */
  private long dueAfter() {
    return Math.max(checkpointVersions, store.tree().count() / CHECKPOINT_SHARE);
  }

  private long rest(long now) {
    notBefore = now + RETRY_NANOS;
    return notBefore;
  }
}
