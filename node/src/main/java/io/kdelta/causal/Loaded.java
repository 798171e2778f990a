package io.kdelta.causal;

import io.kdelta.reconciliation.MerkleTree;
import java.util.Collections;
import java.util.SortedMap;

/**
 * What a store keeps in memory of rows that were loaded into it: see {@link SnapshotLoad}. Made by
 * any thread, taken over by one store ({@link CausalStore#load}).
 */
public final class Loaded {
  private final MerkleTree tree;
  private final SortedMap<String, CausalStats> counts;
  private final SortedMap<Incarnation, LogState> logs;
  private final HybridClock clock;
  private final long versions;
  private final long requests;

  Loaded(
      MerkleTree tree,
      SortedMap<String, CausalStats> counts,
      SortedMap<Incarnation, LogState> logs,
      HybridClock clock,
      long versions,
      long requests) {
    this.tree = tree;
    this.counts = Collections.unmodifiableSortedMap(counts);
    this.logs = logs;
    this.clock = clock;
    this.versions = versions;
    this.requests = requests;
  }

  /** How many versions they are. */
  public long versions() {
    return versions;
  }

  MerkleTree tree() {
    return tree;
  }

  SortedMap<String, CausalStats> counts() {
    return counts;
  }

  /** By incarnation: what is held of each, and the chain. */
  SortedMap<Incarnation, LogState> logs() {
    return logs;
  }

  /** The latest time among them that a clock takes over. */
  HybridClock clock() {
    return clock;
  }

  /** How many requests are remembered. */
  long requests() {
    return requests;
  }
}
