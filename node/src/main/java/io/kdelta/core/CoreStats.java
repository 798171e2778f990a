package io.kdelta.core;

import io.kdelta.cluster.Traffic;
import io.kdelta.storage.StorageStats;

/**
 * Counters of a core since it was opened: an immutable picture taken at the end of a turn, read by
 * metrics on any thread. The counters themselves are plain longs of the core.
 *
 * @param turns turns taken
 * @param events events handled
 * @param commands commands of clients
 * @param writes versions that clients wrote
 * @param replies answers that left
 * @param refusals errors that left
 * @param overloads requests refused because the inbox was full
 * @param unmet writes answered DURABILITY_UNMET
 * @param parked answers that wait in the commit gate now
 * @param inboxEvents events waiting now
 * @param inboxBytes bytes waiting now
 * @param versions versions in the set
 * @param conflictedKeys keys with two or more heads
 * @param diskBytes bytes of its files
 * @param lastLsn newest batch in the log
 * @param durableLsn newest batch that is synced
 * @param storage counters of the store
 * @param traffic what was said to peers and heard from them
 * @param waiting who waits for the store to grow
 */
public record CoreStats(
    long turns,
    long events,
    long commands,
    long writes,
    long replies,
    long refusals,
    long overloads,
    long unmet,
    long parked,
    long inboxEvents,
    long inboxBytes,
    long versions,
    long conflictedKeys,
    long diskBytes,
    long lastLsn,
    long durableLsn,
    StorageStats storage,
    Traffic traffic,
    Waiting waiting) {
  /**
   * Who waits for the store to grow.
   *
   * @param requests with a token that names more than is here, now
   * @param behind those that were told so, since the start
   * @param watchers that have read everything, now
   */
  public record Waiting(int requests, long behind, int watchers) {
    /** Nobody. */
    static final Waiting NONE = new Waiting(0, 0, 0);
  }

  /** The same with what only the thread around the core knows. */
  CoreStats with(long overloads, long inboxEvents, long inboxBytes) {
    return new CoreStats(
        turns,
        events,
        commands,
        writes,
        replies,
        refusals,
        overloads,
        unmet,
        parked,
        inboxEvents,
        inboxBytes,
        versions,
        conflictedKeys,
        diskBytes,
        lastLsn,
        durableLsn,
        storage,
        traffic,
        waiting);
  }
}
