package io.kdelta.core;

import io.kdelta.causal.CausalStore;
import io.kdelta.error.KdeltaException;
import io.kdelta.storage.StorageEngine;

/**
 * When damage under the store is repaired, at the start and while it runs. Owned by the core.
 *
 * <p>The repair works in place, so it waits until no work is out, and it writes, so it waits for
 * room. While it waits nothing is taken away: what is whole is served, and what a damaged part
 * holds is refused with every touch. A repair that ran out of room half way leaves nothing that may
 * be read; it is tried again, from its beginning.
 */
final class Mending {
  private static final long RETRY_NANOS = 1_000_000_000L;

  private final StorageEngine engine;
  private final CausalStore store;
  private long notBefore = Long.MIN_VALUE;
  private String waitsFor = "";

  Mending(StorageEngine engine, CausalStore store) {
    this.engine = engine;
    this.store = store;
  }

  /** Whether a repair is due now, so that no further work may go out. */
  boolean due(long now) {
    boolean possible = !engine.fenced() && engine.readOnlyReason().isEmpty();
    return store.needsRepair() && possible && now >= notBefore;
  }

  /**
   * Repairs; no work may be out. Whether it is done: if not, {@link #waitsFor} says why.
   *
   * @throws KdeltaException.Corrupt when what is left contradicts itself beyond any repair
   */
  boolean run(long now) {
    try {
      store.repair();
      waitsFor = "";
      return true;
    } catch (KdeltaException.ReadOnly | KdeltaException.Overloaded e) {
      notBefore = now + RETRY_NANOS;
      waitsFor = String.valueOf(e.getMessage());
      return false;
    }
  }

  /** Why nothing can be read or written now, as a clause. */
  String waitsFor() {
    String reason =
        waitsFor.isEmpty() ? engine.readOnlyReason().orElse("it is about to begin") : waitsFor;
    return "damaged data is to be repaired first, and that waits: " + reason;
  }
}
