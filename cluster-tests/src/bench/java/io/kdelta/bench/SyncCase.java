package io.kdelta.bench;

import io.kdelta.reconciliation.Digest;
import io.kdelta.reconciliation.DotSummary;
import io.kdelta.reconciliation.DotSummary.Name;
import io.kdelta.reconciliation.DotSummary.Run;
import io.kdelta.reconciliation.DotSummary.Writer;
import io.kdelta.reconciliation.MerkleTree;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;

/**
 * Two sets of about {@code n} ids that differ in {@code d}: who lacks which, and at which positions
 * of the logs of sixteen writers they stand.
 *
 * <p>Immutable after its making. Id i is the version (i / 16) + 1 of writer i mod 16.
 */
final class SyncCase {
  static final int WRITERS = 16;

  final String title;
  final int n;
  final int d;
  final Digest[] ids;
  final BitSet lackedByOne = new BitSet();
  final BitSet lackedByTwo = new BitSet();

  /** Where differences lie. */
  enum Shape {
    /** The initiator lacks the newest. */
    BEHIND,
    /** The responder lacks the newest. */
    AHEAD,
    /** Each lacks one half, anywhere. */
    SPLIT
  }

  SyncCase(Shape shape, int n, int d, long seed) {
    this.title = shape.name().toLowerCase(Locale.ROOT);
    this.n = n;
    this.d = d;
    SplittableRandom random = new SplittableRandom(seed);
    ids = new Digest[n];
    for (int i = 0; i < n; i++) {
      ids[i] =
          new Digest(random.nextLong(), random.nextLong(), random.nextLong(), random.nextLong());
    }
    if (shape == Shape.BEHIND) lackedByOne.set(n - d, n);
    if (shape == Shape.AHEAD) lackedByTwo.set(n - d, n);
    if (shape != Shape.SPLIT) return;
    // The newest of every writer is held by both, so that holes are holes.
    while (lackedByOne.cardinality() < d / 2) lackedByOne.set(random.nextInt(n - WRITERS));
    while (lackedByTwo.cardinality() < d - d / 2) {
      int at = random.nextInt(n - WRITERS);
      if (!lackedByOne.get(at)) lackedByTwo.set(at);
    }
  }

  BitSet lacked(boolean one) {
    return one ? lackedByOne : lackedByTwo;
  }

  /** The ids of one side. */
  List<Digest> held(boolean one) {
    BitSet lacked = lacked(one);
    List<Digest> held = new ArrayList<>(n);
    for (int i = 0; i < n; i++) if (!lacked.get(i)) held.add(ids[i]);
    return held;
  }

  MerkleTree tree(boolean one) {
    return MerkleTree.of(held(one));
  }

  /** The positions of one side. */
  DotSummary dots(boolean one) {
    return summary(lacked(one), n);
  }

  /** What both held before: everything but the newest versions of every writer. */
  DotSummary before() {
    return summary(new BitSet(), d == 0 ? n : Math.max(WRITERS, n - Math.max(d, WRITERS)));
  }

  /** The ids at positions of a writer. */
  List<Digest> at(Name writer, Run run) {
    List<Digest> found = new ArrayList<>();
    for (long seq = run.first(); seq <= run.last(); seq++) {
      long index = (seq - 1) * WRITERS + writer.low();
      if (index < n) found.add(ids[(int) index]);
    }
    return found;
  }

  /** The fewest bytes that tell each side what it lacks: log2 of the ways to lack so many. */
  double bound() {
    return (ways(n, lackedByOne.cardinality()) + ways(n, lackedByTwo.cardinality())) / 8;
  }

  private static double ways(double of, int taken) {
    double bits = 0;
    for (int i = 0; i < taken; i++) bits += Math.log((of - i) / (taken - i));
    return bits / Math.log(2);
  }

  private DotSummary summary(BitSet lacked, int end) {
    List<Writer> writers = new ArrayList<>();
    for (int writer = 0; writer < WRITERS; writer++) {
      List<Run> runs = new ArrayList<>();
      int last = -1;
      for (int i = writer; i < end; i += WRITERS) {
        if (lacked.get(i)) continue;
        long seq = i / WRITERS + 1L;
        Run before = runs.isEmpty() ? null : runs.getLast();
        if (before != null && before.last() + 1 == seq) {
          runs.set(runs.size() - 1, new Run(before.first(), seq));
        } else {
          runs.add(new Run(seq, seq));
        }
        last = i;
      }
      if (last < 0) continue;
      int chain = (int) ids[last].first() | 1;
      writers.add(new Writer(new Name(0, writer), chain, runs));
    }
    return new DotSummary(writers);
  }
}
