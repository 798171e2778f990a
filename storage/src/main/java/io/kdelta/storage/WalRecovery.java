package io.kdelta.storage;

import java.util.List;
import java.util.Optional;

/**
 * What reading the log back found.
 *
 * @param firstLsn the first LSN the log still holds, or the one that will be written next
 * @param lastLsn the last LSN that was recovered; the next one written is one more
 * @param durableMark the highest LSN that was known to be durable before anything was copied
 * @param records how many records were handed over
 * @param copied how many of them lay above the durable mark and were written and synced again
 * @param cut where the tail was torn, if it was
 * @param damage what was set aside, oldest first
 */
public record WalRecovery(
    long firstLsn,
    long lastLsn,
    long durableMark,
    long records,
    long copied,
    Optional<Cut> cut,
    List<Damage> damage) {
  public WalRecovery {
    damage = List.copyOf(damage);
  }

  /**
   * A torn tail: bytes of records that were never acknowledged.
   *
   * @param file name of the segment
   * @param offset where the first bad record would have started
   * @param lsn the LSN it would have had
   */
  public record Cut(String file, long offset, long lsn) {}
}
