package io.kdelta.causal;

import io.kdelta.env.Time;
import io.kdelta.reconciliation.CellSketch;
import io.kdelta.reconciliation.Digest;
import io.kdelta.reconciliation.EpochCells;
import io.kdelta.reconciliation.MerkleTree;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;

/**
 * Keeps the cells of the set under the keys of the epochs that peers may be in, and goes over to
 * the next epoch every week.
 *
 * <p>Owned by the store, on the core thread. Invariant: cells that are kept hold exactly the ids of
 * the newest tree; {@link #add} is called once for each id, after its commit. Peers are told the
 * cells of the epoch in which an hour ago was, so that one whose clock is an hour off has them too;
 * that is one epoch in all but two hours of a week. Missing ones are built beside, a slice at a
 * time, from a tree as it was; what is added meanwhile goes into both.
 */
final class CellKeeper {
  static final long EPOCH_MICROS = 7L * 24 * 3_600 * 1_000_000;
  static final long SKEW_MICROS = 3_600L * 1_000_000;

  /** Ids a slice; 273 ns each. */
  static final int SLICE = 2_048;

  private final Time time;
  private final TreeMap<Long, EpochCells> kept = new TreeMap<>();
  private @Nullable LongFunction<Digest> keys;
  private @Nullable EpochCells building;
  private Iterator<Digest> rest = List.<Digest>of().iterator();

  CellKeeper(Time time) {
    this.time = time;
  }

  /** Takes cells that hold what the tree does. */
  void restore(EpochCells cells) {
    kept.put(cells.epoch(), cells);
  }

  /** An id became a member. */
  void add(Digest id) {
    for (EpochCells cells : kept.values()) cells.add(id);
    if (building != null) building.add(id);
  }

  /** The cells of the epoch that peers are told; null while they are not complete. */
  @Nullable EpochCells told() {
    return kept.get(epoch(SKEW_MICROS));
  }

  /** What a session may use, first what peers are told. */
  List<CellSketch> sketches(LongFunction<Digest> keyOf, MerkleTree tree) {
    keys = keyOf;
    dropUnfit(keyOf, tree);
    long told = epoch(SKEW_MICROS);
    EpochCells first = kept.get(told);
    List<CellSketch> sketches = new ArrayList<>();
    sketches.add(first == null ? CellSketch.of(told, keyOf.apply(told), tree) : first.snapshot());
    kept.forEach((epoch, cells) -> {
      if (epoch != told) sketches.add(cells.snapshot());
    });
    return sketches;
  }

  /** Builds on what is missing; whether there is more to do. Nothing before the first question. */
  boolean tend(MerkleTree tree) {
    LongFunction<Digest> keyOf = keys;
    if (keyOf == null) return false;
    // All are under the keys of the latest question: a turn has no time to hash them once more.
    dropStale(tree);
    EpochCells cells = building;
    if (cells == null) {
      Long missing = missing();
      if (missing == null) return false;
      cells = EpochCells.empty(missing, keyOf.apply(missing));
      building = cells;
      rest = tree.iterator();
    }
    for (int n = 0; n < SLICE && rest.hasNext(); n++) cells.add(rest.next());
    if (rest.hasNext()) return true;
    kept.put(cells.epoch(), cells);
    forgetBuilding();
    return missing() != null;
  }

  /** Drops what is under another key, too. */
  private void dropUnfit(LongFunction<Digest> keyOf, MerkleTree tree) {
    dropStale(tree);
    kept.values().removeIf(cells -> !cells.key().equals(keyOf.apply(cells.epoch())));
    EpochCells cells = building;
    if (cells != null && !cells.key().equals(keyOf.apply(cells.epoch()))) forgetBuilding();
  }

  /** Drops what nobody may ask for, and what is not of this tree. */
  private void dropStale(MerkleTree tree) {
    SortedSet<Long> wanted = wanted();
    kept.values()
        .removeIf(cells -> !wanted.contains(cells.epoch()) || cells.count() != tree.count());
    EpochCells cells = building;
    if (cells != null && !wanted.contains(cells.epoch())) forgetBuilding();
  }

  private void forgetBuilding() {
    building = null;
    rest = List.<Digest>of().iterator();
  }

  /** The epoch told first. */
  private @Nullable Long missing() {
    long told = epoch(SKEW_MICROS);
    if (!kept.containsKey(told)) return told;
    for (Long epoch : wanted()) if (!kept.containsKey(epoch)) return epoch;
    return null;
  }

  private SortedSet<Long> wanted() {
    return new TreeSet<>(List.of(epoch(0), epoch(SKEW_MICROS), epoch(2 * SKEW_MICROS)));
  }

  private long epoch(long earlierMicros) {
    return Math.max(0, Math.floorDiv(time.epochMicros() - earlierMicros, EPOCH_MICROS));
  }
}
