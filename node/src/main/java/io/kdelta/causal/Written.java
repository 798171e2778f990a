package io.kdelta.causal;

import java.util.List;

/**
 * What became of a local write.
 *
 * @param version the version written, or the one that was held already
 * @param dots its places in logs: the new one, or all of the one held already
 * @param repeated whether it was held already, so that nothing was written
 * @param superseded how many heads the key had that are none now
 * @param headsLeft how many heads the key has now, this version included
 * @param lsn for one held already the LSN of its row (0 from a table); else 0, see {@link
 *     Committed}
 */
public record Written(
    Version version, List<Dot> dots, boolean repeated, int superseded, int headsLeft, long lsn) {
  /** Copies the list. */
  public Written {
    dots = List.copyOf(dots);
  }
}
