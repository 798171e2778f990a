package io.kdelta.core;

import io.kdelta.causal.NodeId;
import io.kdelta.error.KdeltaException;
import io.kdelta.memory.Bytes;
import io.kdelta.storage.Errand;
import io.kdelta.storage.StorageEngine;
import org.jspecify.annotations.Nullable;

/**
 * What people ask of the store, and the scrubbing: gives it to the engine, which does it a piece at
 * a time beside its own work, and answers when it is done. Owned by the core.
 */
final class Errands {
  /** How much the scrub reads at a time. Judged: a few milliseconds of a disk. */
  private static final long SCRUB_BYTES = 4 << 20;

  private static final long LOOK_NANOS = 100_000_000L;
  private static final long NANOS_PER_SECOND = 1_000_000_000L;

  private final StorageEngine engine;
  private final NodeId node;
  private final String owner;
  private final long scrubSeconds;
  private @Nullable Waiting waiting;
  private long scrubAt = Timers.NEVER;

  /** Who waits for what. */
  private record Waiting(long ticket, Errand errand) {}

  /**
   * @param owner one line about this process
   * @param scrubSeconds how long reading everything once may take; 0 for never
   */
  Errands(StorageEngine engine, NodeId node, String owner, long scrubSeconds) {
    this.engine = engine;
    this.node = node;
    this.owner = owner;
    this.scrubSeconds = scrubSeconds;
  }

  /** Takes a command on; throws Overloaded while there is another one, Invalid, or ReadOnly. */
  void begin(long ticket, Command.StoreErrand command) {
    if (engine.fenced()) {
      throw new KdeltaException.ReadOnly(engine.readOnlyReason().orElse("the log failed"));
    }
    // Backups are told apart by the node whose they are.
    Bytes label = Bytes.utf8("node " + node.hex());
    Errand errand =
        switch (command) {
          case Command.Backup(var target) -> engine.backup(target, label, owner);
          case Command.Compact() -> engine.compact();
          case Command.KeepSnapshot(String name) -> engine.keepSnapshot(name, label, owner);
          case Command.ListSnapshots() -> engine.keptSnapshots();
          case Command.DropSnapshot(String name) -> engine.dropSnapshot(name);
        };
    waiting = new Waiting(ticket, errand);
  }

  /** The client went away: what it asked for goes on. */
  void abandon(long ticket) {
    if (waiting != null && waiting.ticket() == ticket) waiting = null;
  }

  /** Lets the scrub go on when it is time; before work is given out. */
  void scrubOn(long now) {
    if (scrubSeconds == 0) return;
    if (scrubAt == Timers.NEVER) scrubAt = now + pause();
    if (now < scrubAt) return;
    engine.scrub(SCRUB_BYTES);
    scrubAt = now + pause();
  }

  /** Answers what is done; after work is given out. */
  void answer(Outbox outbox) {
    Waiting asked = waiting;
    if (asked != null && asked.errand().done()) {
      waiting = null;
      asked
          .errand()
          .failure()
          .ifPresentOrElse(
              failure -> outbox.refuse(asked.ticket(), failure),
              () -> outbox.answer(asked.ticket(), new Reply.StoreDone(asked.errand().report())));
    }
  }

  /** When the core has to look again at the latest: an errand may wait for a disk to recover. */
  long nextMoment(long now) {
    return waiting == null ? scrubAt : Math.min(scrubAt, now + LOOK_NANOS);
  }

  /** Between two pieces, so that a pass takes what it may. */
  private long pause() {
    long pieces = 1 + engine.stats().tableBytes() / SCRUB_BYTES;
    return Math.max(1, scrubSeconds * NANOS_PER_SECOND / pieces);
  }
}
