package io.kdelta.storage;

import java.util.List;

/**
 * What opening the store found, and what was set aside since. Immutable; any thread.
 *
 * @param firstLsn the first LSN read back from the log, 0 when there was none
 * @param lastLsn the last LSN the store stands at: tables and log together
 * @param records log records read back
 * @param cutBytes bytes of a torn tail that nobody was ever told about, cut
 * @param setAside what failed a check above: named, never answered as data, to be fetched from
 *     peers
 * @param lost files no manifest names, moved into {@code lost/}
 */
public record Recovery(
    long firstLsn,
    long lastLsn,
    long records,
    long cutBytes,
    List<SetAside> setAside,
    List<String> lost) {

  /** Copies the lists. */
  public Recovery {
    setAside = List.copyOf(setAside);
    lost = List.copyOf(lost);
  }

  /** Whether data that was once acknowledged is missing from this store. */
  public boolean lossy() {
    return !setAside.isEmpty();
  }

  /**
   * One corrupt region or file.
   *
   * @param file its path in the data directory
   * @param offset where the bad bytes begin, 0 for a whole file
   * @param firstLsn the first LSN that is lost with it, 0 when unknown (a table)
   * @param lastLsn the last LSN that is lost with it, 0 when unknown
   * @param reason which check failed
   */
  public record SetAside(String file, long offset, long firstLsn, long lastLsn, String reason) {}
}
