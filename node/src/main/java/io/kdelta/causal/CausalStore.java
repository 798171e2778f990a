package io.kdelta.causal;

import io.kdelta.env.Entropy;
import io.kdelta.env.Time;
import io.kdelta.reconciliation.Digest;
import io.kdelta.reconciliation.MerkleTree;
import io.kdelta.storage.StorageEngine;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/**
 * The versions of this node: the rows below, and in memory what is derived from them (the set's
 * tree, positions, counts, the clock).
 *
 * <p>Owner: the core thread. Invariant: what is in memory equals what a scan of the rows gives; it
 * changes only when a transaction's batch was applied.
 */
@SuppressWarnings("DoNotCallSuggester")
public final class CausalStore {
  private CausalStore() {}

  /**
   * Opens the versions that lie in {@code engine}. A store without a node id draws one and applies
   * it: as with any write, nobody may be told of it before it is durable.
   */
  public static CausalStore open(
      StorageEngine engine, Time time, Entropy entropy, ContentSchema schema) {
    throw new UnsupportedOperationException("" + engine.lastLsn() + time + entropy + schema);
  }

  /** The identity of this store. */
  public NodeId node() {
    throw new UnsupportedOperationException();
  }

  /** The log that this process writes; absent before its first write. */
  public Optional<Incarnation> incarnation() {
    throw new UnsupportedOperationException();
  }

  /** Reads of the newest state. */
  public CausalGraph graph() {
    throw new UnsupportedOperationException();
  }

  /** Starts a transaction; the one before must have ended. */
  public Transaction begin() {
    throw new UnsupportedOperationException();
  }

  /** The set of visible versions; an immutable value. */
  public MerkleTree tree() {
    throw new UnsupportedOperationException();
  }

  /** Counts over all namespaces. */
  public CausalStats stats() {
    throw new UnsupportedOperationException();
  }

  /** Counts for each namespace that ever had a key, in order. */
  public SortedMap<String, CausalStats> namespaces() {
    throw new UnsupportedOperationException();
  }

  /** How far each log is held, in order of incarnation. */
  public List<Position> positions() {
    throw new UnsupportedOperationException();
  }

  /** How far one log is held; all empty when nothing of it is. */
  public Position position(Incarnation incarnation) {
    throw new UnsupportedOperationException();
  }

  /** The chain value after {@code seq} (0: the start), or null when it is not known here. */
  public @Nullable Digest chain(Incarnation incarnation, long seq) {
    throw new UnsupportedOperationException();
  }

  /**
   * A frame of visible versions that starts exactly at {@code fromSeq}: whole batches, at least
   * one, then as many as fit {@code bytesMax}. Null when there is nothing to ship from there.
   */
  public @Nullable Frame frame(Incarnation incarnation, long fromSeq, int bytesMax) {
    throw new UnsupportedOperationException();
  }

  /** Position of the newest row of the apply log; 0 before the first. */
  public long appliedPosition() {
    throw new UnsupportedOperationException();
  }

  /** Changes when a repair took versions away: whoever derives something from them starts anew. */
  public long applyGeneration() {
    throw new UnsupportedOperationException();
  }

  /** How many versions wait for a parent, as rows and in memory. */
  public long parked() {
    throw new UnsupportedOperationException();
  }

  /** The parents that parked versions wait for, ascending, at most {@code max}. */
  public List<Digest> missingParents(int max) {
    throw new UnsupportedOperationException();
  }

  /** The latest versions refused in this process, and why; bounded. */
  public Map<Digest, String> refused() {
    throw new UnsupportedOperationException();
  }

  /** Whether the key lost versions to corruption that no peer has brought back yet. */
  public boolean damaged(Key key) {
    throw new UnsupportedOperationException();
  }

  /** Versions known to be lost to corruption, to be asked from peers, ascending. */
  public List<Digest> lost() {
    throw new UnsupportedOperationException();
  }

  /** Whether the store below lost rows, so that {@link #repair} has to run before anything else. */
  public boolean needsRepair() {
    throw new UnsupportedOperationException();
  }

  /** Makes a whole again of what rows are left after a loss; idempotent, may be cut by a crash. */
  public void repair() {
    throw new UnsupportedOperationException();
  }
}
