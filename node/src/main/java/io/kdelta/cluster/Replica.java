package io.kdelta.cluster;

import io.kdelta.causal.Envelope;
import io.kdelta.causal.Frame;
import io.kdelta.causal.Incarnation;
import io.kdelta.causal.Position;
import io.kdelta.memory.Bytes;
import io.kdelta.reconciliation.CellSketch;
import io.kdelta.reconciliation.Digest;
import io.kdelta.reconciliation.MerkleTree;
import java.util.List;
import java.util.Optional;
import java.util.function.LongFunction;

/**
 * What the cluster reads of the store below it; core implements it over CausalStore. Called on the
 * core thread only, within {@link Cluster#step}. It answers the state as of the last commit, synced
 * or not; writing goes through {@link Effect.Store}.
 */
public interface Replica {
  /** The set S: every version that is in it with all its ancestors. */
  MerkleTree tree();

  /** Whether a version is in the set; false too where damage keeps it from being known. */
  boolean holds(Digest id);

  /**
   * The cells of {@link #tree} under the keys of the epochs that peers may be in, first those that
   * peers are told. They are kept from the first question on; until they are complete, an answer
   * costs a pass over the set when it is used.
   *
   * @param keys the key of an epoch
   */
  List<CellSketch> cells(LongFunction<Digest> keys);

  /** Numbers for the gossip. */
  Counts counts();

  /** Changes when a repair took rows away; 0 as long as none has. */
  long generation();

  /** The incarnation that this process writes under; empty before its first write. */
  Optional<Incarnation> own();

  /** Every incarnation of which a position is known, in order. */
  List<Incarnation> incarnations();

  /** How far that log is held; empty for one never heard of. */
  Optional<Position> position(Incarnation incarnation);

  /** The chain value after {@code seq}, where every version up to it is known; h_0 for seq 0. */
  Optional<Digest> chain(Incarnation incarnation, long seq);

  /** The version at a place in a log, visible or parked; empty if no row tells. */
  Optional<Digest> versionAt(Incarnation incarnation, long seq);

  /** The versions at places in a log as far as rows tell, visible or parked. */
  List<Digest> versionsAt(Incarnation incarnation, long first, long last);

  /**
   * The log of {@code incarnation} from {@code from} on, rebuilt from rows: frames that join one
   * another, versions of the set only, whole batches, about {@code bytesMax} in all but at least
   * one frame. Empty if the version at {@code from} has no row here or is not in the set.
   */
  List<Frame> frames(Incarnation incarnation, long from, int bytesMax);

  /** A version of the set with all its dots; empty if it is not in the set. */
  Optional<Envelope> envelope(Digest id);

  /** Everything that was committed has an LSN up to this one. */
  long lastLsn();

  /** Everything up to this LSN is synced. */
  long durableLsn();

  /** What {@link Effect.Remember} last stored under that name. */
  Optional<Bytes> recall(String name);

  /**
   * Numbers of a node.
   *
   * @param keys keys with a live winner
   * @param keysEver keys that ever had a version
   * @param versions size of the set
   * @param diskBytes size of the files
   * @param load how much the store owes, of a hundred, in tens
   */
  record Counts(long keys, long keysEver, long versions, long diskBytes, int load) {}
}
