package io.kdelta.causal;

import java.util.List;

/**
 * What a commit did.
 *
 * @param lsn the LSN that everything answered in the transaction depends on: of the batch written,
 *     or, when there was nothing to write, of the newest row that was found held already
 * @param applied the versions that became visible, in causal order: those of the transaction and
 *     the parked ones that waited for them
 * @param refused parked versions that turned out to break a rule once their parents were here, and
 *     their descendants; they are gone
 */
public record Committed(long lsn, List<Applied> applied, List<Reception.Refused> refused) {
  /** Copies the lists. */
  public Committed {
    applied = List.copyOf(applied);
    refused = List.copyOf(refused);
  }
}
