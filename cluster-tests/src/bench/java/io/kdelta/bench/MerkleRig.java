package io.kdelta.bench;

import io.kdelta.reconciliation.Digest;
import io.kdelta.reconciliation.MerkleTree;
import io.kdelta.reconciliation.Prefix;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;

/** A plain walk of two 16-ary Merkle trees, a level a trip, hashes whole. */
final class MerkleRig {
  private static final int FANOUT = 16;

  private MerkleRig() {}

  static SyncCost run(MerkleTree one, MerkleTree two) {
    long start = Meter.cpuNanos();
    long bytes = 1L + Digest.SIZE;
    int trips = 1;
    List<Prefix> open = new ArrayList<>();
    if (!one.root().equals(two.root())) open.add(Prefix.ALL);
    MerkleTree teller = two;
    MerkleTree hearer = one;
    if (open.isEmpty()) trips++;
    while (!open.isEmpty()) {
      List<Prefix> next = new ArrayList<>();
      for (Prefix place : open) {
        int place1 = 1 + (place.depth() + 1) / 2;
        if (teller.count(place) <= MerkleTree.LEAF_MAX) {
          List<Digest> told = teller.digests(place);
          bytes += place1 + 1L + (long) told.size() * Digest.SIZE;
          TreeSet<Digest> wanted = new TreeSet<>(told);
          wanted.removeAll(hearer.digests(place));
          bytes += (long) wanted.size() * Digest.SIZE;
          continue;
        }
        bytes += place1 + 2;
        for (int nibble = 0; nibble < FANOUT; nibble++) {
          Prefix child = place.child(nibble);
          Digest told = teller.hash(child);
          if (told != null) bytes += Digest.SIZE;
          if (told != null && !told.equals(hearer.hash(child))) next.add(child);
        }
      }
      trips++;
      open = next;
      MerkleTree turn = teller;
      teller = hearer;
      hearer = turn;
    }
    return new SyncCost(bytes, trips, Meter.cpuNanos() - start, 0, "");
  }
}
