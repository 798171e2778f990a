package io.kdelta.cluster;

import io.kdelta.causal.Incarnation;
import io.kdelta.causal.Intervals;
import io.kdelta.memory.ByteWriter;
import io.kdelta.reconciliation.Digest;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;

/**
 * What a node holds of many logs in 64 sums: the logs lie in buckets by the first six bits of their
 * names, and a bucket is the sum of a hash of each log with its places. Two nodes with equal sums
 * hold the same of these logs. An immutable value.
 *
 * @param sums one for each bucket; 0 for an empty one
 */
record Tally(List<Long> sums) {
  /** How many there are: one for each bit of a mask. */
  static final int BUCKETS = Long.SIZE;

  /** Checks the count. */
  Tally {
    sums = List.copyOf(sums);
    if (sums.size() != BUCKETS) throw new IllegalArgumentException(sums.size() + " sums");
  }

  /** Of these places; no log without any. */
  static Tally of(SortedMap<Incarnation, Intervals> held) {
    long[] sums = new long[BUCKETS];
    held.forEach((log, places) -> {
      ByteWriter out = new ByteWriter(Incarnation.SIZE + 20);
      log.write(out);
      places.write(out);
      sums[bucket(log)] += Digest.sha256(out.toBytes().toArray()).first();
    });
    List<Long> all = new ArrayList<>(BUCKETS);
    for (long sum : sums) all.add(sum);
    return new Tally(all);
  }

  /** The buckets, as bits, that are equal and not empty. */
  long equal(Tally other) {
    long equal = 0;
    for (int i = 0; i < BUCKETS; i++) {
      long sum = sums.get(i);
      if (sum != 0 && sum == other.sums.get(i)) equal |= 1L << i;
    }
    return equal;
  }

  /** Whether a log lies in one of these buckets. */
  static boolean names(long buckets, Incarnation log) {
    return (buckets >>> bucket(log) & 1) != 0;
  }

  /** Whether both ends of a link speak a format that has sums. */
  static boolean known(ClusterConfig config, PeerMessage.Hello hello) {
    return Math.min(config.formatMax(), hello.card().formatMax()) >= PeerCodec.TALLY_FORMAT;
  }

  private static int bucket(Incarnation log) {
    return (int) (log.high() >>> 58);
  }
}
