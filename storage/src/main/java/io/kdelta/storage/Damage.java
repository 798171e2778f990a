package io.kdelta.storage;

import io.kdelta.error.KdeltaException;

/**
 * A part of a file that is not what was written: set aside, named, never answered as data.
 *
 * @param file its name in the data directory
 * @param offset where the bad part starts, in bytes
 * @param bytes how long it is
 * @param firstLsn the first LSN that is lost with it; 0 for a file that holds no log records
 * @param lastLsn the last LSN that is lost with it; {@link #UNKNOWN} if nothing says where it ends,
 *     {@code firstLsn - 1} if nothing is lost
 * @param reason what was found, as a clause
 * @param known whether an earlier open had already found and reported it
 */
public record Damage(
    String file,
    long offset,
    long bytes,
    long firstLsn,
    long lastLsn,
    String reason,
    boolean known) {
  public static final long UNKNOWN = Long.MAX_VALUE;

  /** What was found wrong with a table. */
  static Damage of(SSTable table) {
    KdeltaException.Corrupt found = table.damage().orElseThrow();
    long rest = table.bytes() - found.offset();
    boolean known = table.wasDamagedBefore();
    return new Damage(table.path(), found.offset(), rest, 0, -1, found.reason(), known);
  }

  @Override
  public String toString() {
    String lost =
        lastLsn < firstLsn
            ? ""
            : lastLsn == UNKNOWN
                ? ", records from " + firstLsn + " on"
                : ", records " + firstLsn + " to " + lastLsn;
    return file + ": " + bytes + " bytes at " + offset + lost + ": " + reason;
  }
}
