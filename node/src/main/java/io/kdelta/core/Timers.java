package io.kdelta.core;

import java.util.EnumMap;
import java.util.EnumSet;

/**
 * When the core wants to be woken: one moment for each purpose, the earliest of them goes out as
 * {@link Effect.WakeAt}. Owned by the core.
 */
final class Timers {
  /** Who wants to be woken. */
  enum Purpose {
    /** The next deadline of a parked reply. */
    GATE,
    /** Probes, suspicions, retries of the cluster. */
    CLUSTER,
    /** Parked versions that were freed and are taken in bit by bit. */
    DRAIN,
    /** The scrub reads on, or somebody waits for an errand of the store. */
    ERRAND,
    /** Something is built beside the turns, or a piece of the tree is to be checked. */
    UPKEEP,
    /** A read-only store looks whether there is room again. */
    STORAGE
  }

  /** No moment at all. */
  static final long NEVER = Long.MAX_VALUE;

  private final EnumMap<Purpose, Long> moments = new EnumMap<>(Purpose.class);
  private long announced = NEVER;

  /** Replaces the moment of a purpose; {@link #NEVER} takes it away. */
  void set(Purpose purpose, long nanos) {
    moments.put(purpose, nanos);
  }

  /** The purposes whose moment has come; each is taken away and must be set anew. */
  EnumSet<Purpose> due(long now) {
    EnumSet<Purpose> due = EnumSet.noneOf(Purpose.class);
    moments.forEach((purpose, moment) -> {
      if (moment <= now) due.add(purpose);
    });
    for (Purpose purpose : due) moments.remove(purpose);
    // What was announced has fired, so even the same moment must be announced again.
    if (announced <= now) announced = NEVER;
    return due;
  }

  /** The earliest moment, or {@link #NEVER}. */
  long next() {
    long next = NEVER;
    for (long moment : moments.values()) next = Math.min(next, moment);
    return next;
  }

  /**
   * Whether the earliest moment must be told to the world: true once for each earlier one. A later
   * one needs no word, the early tick is harmless and asks again.
   */
  boolean announce() {
    long next = next();
    if (next >= announced) return false;
    announced = next;
    return true;
  }
}
