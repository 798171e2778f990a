package io.kdelta.reconciliation;

import java.util.List;

/**
 * What one side holds at one instant, taken by its driver in one piece.
 *
 * @param set the ids of the versions held
 * @param dots the positions held, for the peer to adopt when the sets turn out equal
 * @param refused ids that this side will not accept from any peer; subtracted from the peer's side
 */
public record Snapshot(MerkleTree set, DotSummary dots, List<Digest> refused) {
  /** Keeps its own copy of the list. */
  public Snapshot {
    refused = List.copyOf(refused);
  }

  /** A snapshot of a side that has neither dots nor refusals. */
  public static Snapshot of(MerkleTree set) {
    return new Snapshot(set, DotSummary.NONE, List.of());
  }
}
