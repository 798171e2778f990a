package io.kdelta.bench;

import io.kdelta.reconciliation.CellCode;
import io.kdelta.reconciliation.Digest;
import io.kdelta.reconciliation.EpochCells;
import io.kdelta.reconciliation.MerkleTree;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.NavigableSet;
import java.util.TreeSet;

/**
 * The table of reconciliation: the product's sessions beside three other ways, for sets of 10^4 and
 * 10^6 ids. Cells: bytes both ways (a difference); round trips; CPU of both sides in ms, to find
 * the difference and, behind the plus, to take in what came and compare the roots; rungs.
 */
final class SyncPhase {
  private static final int REPETITIONS = 3;

  /** Of sessions so short that they are compiled only after some. */
  private static final int REPETITIONS_SHORT = 100;

  private static final int SHORT = 10_000;

  private SyncPhase() {}

  /** Prints it. */
  static void run() {
    System.out.println(
        "| n | d | where | bound | never met | shared logs | Merkle | range-based | rateless |");
    System.out.println("|---|---|---|---|---|---|---|---|---|");
    int[] sizes = Sizes.quick() ? new int[] {10_000} : new int[] {10_000, 1_000_000};
    for (int n : sizes) {
      for (int d : differences(n)) {
        for (SyncCase.Shape shape : SyncCase.Shape.values()) {
          if (d < 2 && shape != SyncCase.Shape.BEHIND) continue;
          row(new SyncCase(shape, n, d, 31L * n + d));
        }
      }
    }
    upkeep();
  }

  /** Those of the table, or of the property rows. */
  private static NavigableSet<Integer> differences(int n) {
    TreeSet<Integer> all = new TreeSet<>(List.of(0, 1, 10, 100, 1_000, n / 100, n / 2));
    String rows = System.getProperty("rows", "");
    if (rows.isEmpty()) return all;
    TreeSet<Integer> chosen = new TreeSet<>();
    for (String row : rows.split(",", -1)) chosen.add(Integer.parseInt(row));
    chosen.retainAll(all);
    return chosen;
  }

  private static void row(SyncCase sync) {
    List<Digest> ones = sync.held(true);
    List<Digest> twos = sync.held(false);
    MerkleTree one = MerkleTree.of(ones);
    MerkleTree two = MerkleTree.of(twos);
    one.root();
    two.root();
    LadderRig rig = new LadderRig(sync, one, two);
    System.out.printf(
        Locale.ROOT,
        "| %,d | %,d | %s | %,.0f | %s | %s | %s | %s | %s |%n",
        sync.n,
        sync.d,
        sync.title,
        sync.bound(),
        median(rig, false, sync.d).cell(sync.d),
        median(rig, true, sync.d).cell(sync.d),
        MerkleRig.run(one, two).cell(sync.d),
        RangeRig.run(ones, twos).cell(sync.d),
        RatelessRig.run(ones, twos, sync.d).cell(sync.d));
  }

  /** The run in the middle by bytes, with the least CPU of all: the others compile. */
  private static SyncCost median(LadderRig rig, boolean shared, int d) {
    List<SyncCost> costs = new ArrayList<>();
    int repetitions = d <= SHORT ? REPETITIONS_SHORT : REPETITIONS;
    for (int i = 0; i < repetitions; i++) costs.add(rig.run(shared, i));
    long find = costs.stream().mapToLong(SyncCost::findNanos).min().orElseThrow();
    long check = costs.stream().mapToLong(SyncCost::checkNanos).min().orElseThrow();
    costs.sort(Comparator.comparingLong(SyncCost::bytes));
    SyncCost middle = costs.get(repetitions / 2);
    return new SyncCost(middle.bytes(), middle.trips(), find, check, middle.how());
  }

  private static void upkeep() {
    Digest[] ids = new SyncCase(SyncCase.Shape.SPLIT, 200_000, 0, 5).ids;
    EpochCells cells = EpochCells.empty(1, CellCode.epochKey(1, 1, 1));
    long[] nanos = new long[5];
    for (int i = 0; i < nanos.length; i++) {
      long start = Meter.cpuNanos();
      for (Digest id : ids) cells.add(id);
      nanos[i] = (Meter.cpuNanos() - start) / ids.length;
    }
    Arrays.sort(nanos);
    System.out.printf(
        Locale.ROOT,
        "%nUpkeep: %d ns of CPU a write, no reads, %,d bytes.%n",
        nanos[nanos.length / 2],
        8L * EpochCells.COUNT);
  }
}
