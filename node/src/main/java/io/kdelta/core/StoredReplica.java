package io.kdelta.core;

import io.kdelta.causal.CausalStats;
import io.kdelta.causal.CausalStore;
import io.kdelta.causal.Dot;
import io.kdelta.causal.Envelope;
import io.kdelta.causal.Frame;
import io.kdelta.causal.Incarnation;
import io.kdelta.causal.Position;
import io.kdelta.cluster.Replica;
import io.kdelta.error.KdeltaException;
import io.kdelta.memory.Bytes;
import io.kdelta.reconciliation.CellSketch;
import io.kdelta.reconciliation.Digest;
import io.kdelta.reconciliation.MerkleTree;
import io.kdelta.storage.StorageEngine;
import io.kdelta.storage.StorageStats;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.LongFunction;

/**
 * What the cluster reads of the store. Owned by the core.
 *
 * <p>A row that turns out to be damaged while a peer is served is as good as absent to the peer: it
 * asks somebody else, and the engine has noted the damage for the repair.
 */
final class StoredReplica implements Replica {
  /** Where the cluster's rows lie among those of the system. */
  private static final String CLUSTER_ROWS = "cluster.";

  private final StorageEngine engine;
  private final CausalStore store;
  private final TreeMap<String, Bytes> unsaved = new TreeMap<>();

  StoredReplica(StorageEngine engine, CausalStore store) {
    this.engine = engine;
    this.store = store;
  }

  /** Under which name the store keeps a row of the cluster's. */
  static String rowName(String name) {
    return CLUSTER_ROWS + name;
  }

  /** Bytes of data: what lies in tables, and what only the log and the memtables have yet. */
  static long diskBytes(StorageStats stats) {
    return stats.tableBytes() + stats.memtableBytes();
  }

  /** Rows that are to be written, newest value of each; {@link #recall} knows them already. */
  SortedMap<String, Bytes> unsaved() {
    return unsaved;
  }

  @Override
  public MerkleTree tree() {
    return store.tree();
  }

  @Override
  public boolean holds(Digest id) {
    try {
      return store.tree().contains(id);
    } catch (KdeltaException.Corrupt e) {
      return false;
    }
  }

  @Override
  public List<CellSketch> cells(LongFunction<Digest> keys) {
    return store.cells(keys);
  }

  @Override
  public Counts counts() {
    CausalStats stats = store.stats();
    return new Counts(
        stats.keysLive(), stats.keysEver(), stats.versions(), diskBytes(engine.stats()), load());
  }

  /** In steps: it is told to peers, and every change is told. */
  private int load() {
    return Math.clamp(Math.round(10 * engine.pressure()), 0, 10) * 10;
  }

  @Override
  public long generation() {
    return store.applyGeneration();
  }

  @Override
  public Optional<Incarnation> own() {
    return store.incarnation();
  }

  @Override
  public List<Incarnation> incarnations() {
    return store.incarnations();
  }

  @Override
  public Optional<Position> position(Incarnation incarnation) {
    Position position = store.position(incarnation);
    boolean known = !position.held().isEmpty() || position.disputed();
    return known ? Optional.of(position) : Optional.empty();
  }

  @Override
  public Optional<Digest> chain(Incarnation incarnation, long seq) {
    try {
      return Optional.ofNullable(store.chain(incarnation, seq));
    } catch (KdeltaException.Corrupt e) {
      return Optional.empty();
    }
  }

  @Override
  public Optional<Digest> versionAt(Incarnation incarnation, long seq) {
    try {
      return Optional.ofNullable(store.graph().versionAt(new Dot(incarnation, seq)));
    } catch (KdeltaException.Corrupt e) {
      return Optional.empty();
    }
  }

  @Override
  public List<Digest> versionsAt(Incarnation incarnation, long first, long last) {
    try {
      return store.graph().versionsAt(incarnation, first, last);
    } catch (KdeltaException.Corrupt e) {
      return List.of();
    }
  }

  @Override
  public List<Frame> frames(Incarnation incarnation, long from, int bytesMax) {
    List<Frame> frames = new ArrayList<>();
    long next = from;
    long left = bytesMax;
    try {
      while (left > 0) {
        Frame frame = store.frame(incarnation, next, (int) left);
        if (frame == null) break;
        frames.add(frame);
        next = frame.lastSeq() + 1;
        for (Envelope envelope : frame.envelopes()) left -= envelope.document().size() + 256L;
      }
    } catch (KdeltaException.Corrupt e) {
      // What was read before the damage is sound.
      return frames;
    }
    return frames;
  }

  @Override
  public Optional<Envelope> envelope(Digest id) {
    try {
      return Optional.ofNullable(store.graph().envelope(id));
    } catch (KdeltaException.Corrupt e) {
      return Optional.empty();
    }
  }

  @Override
  public long lastLsn() {
    return engine.lastLsn();
  }

  @Override
  public long durableLsn() {
    return engine.durableLsn();
  }

  @Override
  public Optional<Bytes> recall(String name) {
    Bytes waiting = unsaved.get(name);
    return Optional.ofNullable(waiting == null ? store.graph().system(rowName(name)) : waiting);
  }
}
