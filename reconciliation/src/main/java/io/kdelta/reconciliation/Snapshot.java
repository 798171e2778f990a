package io.kdelta.reconciliation;

import io.kdelta.reconciliation.DotSummary.Name;
import io.kdelta.reconciliation.DotSummary.Run;
import java.util.List;
import java.util.Optional;

/**
 * What one side holds at one instant, taken by its driver in one piece.
 *
 * @param set the ids of the versions held
 * @param refused ids that this side will not accept from any peer; subtracted from the peer's side
 * @param cells of {@code set}: the first are told to the peer; further ones are under the keys of
 *     other epochs, for a peer whose clock is in one of them
 * @param dots the positions held, for the rung of dots, and for the peer to adopt when the sets
 *     turn out equal
 * @param places which ids stand at positions
 * @param base what this peer and this side told each other before, if both still know it
 */
public record Snapshot(
    MerkleTree set,
    List<Digest> refused,
    List<CellSketch> cells,
    DotSummary dots,
    Places places,
    Optional<SharedDots> base) {
  /** Keeps its own copies of the lists. */
  public Snapshot {
    refused = List.copyOf(refused);
    cells = List.copyOf(cells);
    if (cells.isEmpty()) throw new IllegalArgumentException("no cells");
  }

  /** Tells which versions stand at positions. */
  public interface Places {
    /** The ids at those positions as far as they are known, in any order. */
    List<Digest> at(Name incarnation, Run run);

    /**
     * A number that grows with the time at which a version was written, compared as unsigned: where
     * not all can be pushed at once, those written first go first, and with them the parents. The
     * same for all = nothing is known.
     */
    default long writtenAt(Digest id) {
      return 0;
    }
  }

  /** A snapshot of a side that has neither positions nor refusals, and keeps no cells. */
  public static Snapshot of(MerkleTree set) {
    return of(set, List.of());
  }

  /** A snapshot of a side that has no positions and keeps no cells. */
  public static Snapshot of(MerkleTree set, List<Digest> refused) {
    CellSketch cells = CellSketch.of(0, CellCode.epochKey(0, 0, 0), set);
    return new Snapshot(
        set, refused, List.of(cells), DotSummary.NONE, (name, run) -> List.of(), Optional.empty());
  }
}
