package io.kdelta.storage;

import java.util.List;

/**
 * What opening the store found, and what was found wrong since. Immutable; any thread.
 *
 * @param log what reading the log back found
 * @param setAside everything that failed a check, in the log, the manifest and the tables: named,
 *     never answered as data, to be fetched from peers
 */
public record Recovery(WalRecovery log, List<Damage> setAside) {
  /** Copies the list. */
  public Recovery {
    setAside = List.copyOf(setAside);
  }

  /** Whether data that was once acknowledged may be missing from this store. */
  public boolean lossy() {
    return !setAside.isEmpty();
  }
}
