package io.kdelta.reconciliation;

import java.util.Arrays;

/**
 * The cells of a set at one instant, under the key of an epoch.
 *
 * <p>Immutable to who has one; any thread. Made by {@link EpochCells#snapshot} for nothing, or from
 * a set that nobody keeps cells of, by a pass over it for each use.
 */
public final class CellSketch {
  private final long epoch;
  private final CellCode code;
  private final MerkleTree set;
  private final long[] cells;
  private final boolean mine;

  private CellSketch(long epoch, CellCode code, MerkleTree set, long[] cells, boolean mine) {
    this.epoch = epoch;
    this.code = code;
    this.set = set;
    this.cells = cells;
    this.mine = mine;
  }

  /** What is maintained; the words are not changed any more. */
  static CellSketch maintained(long epoch, CellCode code, long[] cells) {
    return new CellSketch(epoch, code, MerkleTree.empty(), cells, false);
  }

  /** The cells of {@code set}, encoded when they are asked for. */
  public static CellSketch of(long epoch, Digest key, MerkleTree set) {
    return new CellSketch(epoch, CellCode.of(key), set, new long[0], false);
  }

  long epoch() {
    return epoch;
  }

  CellCode code() {
    return code;
  }

  /**
   * The cells after {@code id} came or went, which makes the set {@code changed}. Who asks gives
   * this one up: from the second change on the words are changed in place.
   */
  CellSketch with(Digest id, MerkleTree changed) {
    if (cells.length == 0) return new CellSketch(epoch, code, changed, cells, false);
    long[] words = mine ? cells : cells.clone();
    code.toggle(code.symbol(id), words);
    return mine ? this : new CellSketch(epoch, code, set, words, true);
  }

  /** Cells {@code from} to {@code to}, exclusive; at most {@link EpochCells#COUNT} of them are. */
  long[] range(int from, int to) {
    if (cells.length > 0) return Arrays.copyOfRange(cells, from, to);
    return encode(code, set, from, to);
  }

  /** Cells {@code from} to {@code to} of {@code ids}, by one pass over them. */
  static long[] encode(CellCode code, Iterable<Digest> ids, int from, int to) {
    long[] encoded = new long[to - from];
    for (Digest id : ids) code.toggle(code.symbol(id), encoded, from, to);
    return encoded;
  }
}
