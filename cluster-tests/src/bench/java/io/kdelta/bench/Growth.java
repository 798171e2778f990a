package io.kdelta.bench;

import io.kdelta.reconciliation.Digest;
import io.kdelta.reconciliation.MerkleTree;
import io.kdelta.reconciliation.Prefix;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;

/** Time of one operation against the number of documents, versions or digests there are. */
final class Growth {
  private static final int DIFFERENCES = 100;

  private final Path root;

  Growth(Path root) {
    this.root = root;
  }

  void run() throws IOException {
    Meter.note(
        "nanoseconds of one operation (p50) with n documents, or n versions of one key, or sets of"
            + " n ids that differ in "
            + DIFFERENCES);
    int most = Sizes.quick() ? 100_000 : 1_000_000;
    for (int n = 1_000; n <= most; n *= 10) {
      Object[] cells = new Object[8];
      try (StoreRig rig = new StoreRig(root.resolve("documents-" + n))) {
        long[] nanos = rig.writeDocuments(n);
        cells[0] = cell(p50(Arrays.copyOfRange(nanos, n - n / 10, n)));
        cells[1] = cell(rig.get(n).p50());
        cells[2] = cell(rig.contains(n).p50());
      }
      Path documents = root.resolve("documents-" + n);
      cells[6] = cell(openMillis(documents, true));
      cells[7] = cell(openMillis(documents, false));
      cells[3] = "-";
      cells[4] = "-";
      if (n <= 100_000) {
        try (StoreRig rig = new StoreRig(root.resolve("versions-" + n))) {
          rig.writeVersions(n);
          cells[3] = cell(rig.getAt().p50());
          cells[4] = cell(rig.historyFields().p50());
        }
      }
      cells[5] = cell(merkleDiff(n).p50());
      Meter.note(
          String.format(
              Locale.ROOT,
              "n = %,d: put %s, get %s, contains %s, get-at %s, history a version %s,"
                  + " Merkle diff %s; open %s ms, from a checkpoint %s ms",
              n,
              cells[0],
              cells[1],
              cells[2],
              cells[3],
              cells[4],
              cells[5],
              cells[6],
              cells[7]));
    }
  }

  /** How long a store takes to open; it leaves a checkpoint behind if asked to. */
  private static double openMillis(Path directory, boolean checkpoint) throws IOException {
    long start = System.nanoTime();
    try (StoreRig rig = new StoreRig(directory)) {
      double millis = (System.nanoTime() - start) / 1e6;
      if (checkpoint) rig.checkpoint();
      return millis;
    }
  }

  private static String cell(double nanos) {
    return String.format(Locale.ROOT, "%,.0f", nanos);
  }

  private static double p50(long[] nanos) {
    Arrays.sort(nanos);
    return nanos[nanos.length / 2];
  }

  /** Finds the digests that only one of two trees holds, as a drill-down does. */
  private static Timing merkleDiff(int n) {
    SplittableRandom chance = new SplittableRandom(n);
    List<Digest> digests = new ArrayList<>();
    for (int i = 0; i < n; i++) digests.add(digest(chance));
    MerkleTree one = MerkleTree.of(digests);
    MerkleTree other = one;
    for (int i = 0; i < DIFFERENCES; i++) other = other.insert(digest(chance));
    MerkleTree more = other;
    one.root();
    more.root();
    return Timing.of(
        50,
        1,
        first -> {
          TreeSet<Digest> found = new TreeSet<>();
          diff(one, more, Prefix.ALL, found);
          if (found.size() != DIFFERENCES) throw new AssertionError(found.size() + " found");
        });
  }

  private static void diff(MerkleTree one, MerkleTree other, Prefix place, Set<Digest> found) {
    Digest left = one.hash(place);
    Digest right = other.hash(place);
    if (left == null ? right == null : left.equals(right)) return;
    if (one.count(place) + other.count(place) <= 2 * MerkleTree.LEAF_MAX) {
      TreeSet<Digest> here = new TreeSet<>(other.digests(place));
      for (Digest digest : one.digests(place)) if (!here.remove(digest)) here.add(digest);
      found.addAll(here);
      return;
    }
    for (int nibble = 0; nibble < 16; nibble++) diff(one, other, place.child(nibble), found);
  }

  private static Digest digest(SplittableRandom chance) {
    return new Digest(chance.nextLong(), chance.nextLong(), chance.nextLong(), chance.nextLong());
  }
}
