package io.kdelta.sim;

import io.kdelta.cluster.ClusterConfig;
import io.kdelta.core.CoreConfig;
import io.kdelta.reconciliation.Limits;
import io.kdelta.storage.StorageLimits;

/**
 * What a simulated world is before anything is done to it. Beside the list of actions it is all
 * that a run depends on.
 *
 * @param seed of the low-level streams: latencies, tears, ids, the pace within its bounds
 * @param nodes how many there are, node-0 to node-(nodes - 1)
 * @param backups R of every node
 * @param storage limits of every storage engine
 * @param pace how long things take
 * @param sessions what a session that finds differences may cost
 * @param snapshots when and how a snapshot is taken
 */
record Setup(
    long seed,
    int nodes,
    int backups,
    StorageLimits storage,
    Pace pace,
    Limits sessions,
    ClusterConfig.Snapshots snapshots) {
  /**
   * How long things take, in virtual nanoseconds; drawn evenly from these.
   *
   * @param turnMax longest wait of an event for its turn
   * @param diskMin quickest piece of disk work
   * @param diskMax slowest piece of disk work
   */
  record Pace(int turnMax, long diskMin, long diskMax) {
    /** As a healthy machine has it. */
    static final Pace HEALTHY = new Pace(50_000, 50_000, 3_000_000);
  }

  /** Small enough that flushes and merges happen all the time; a batch still fits. */
  static final StorageLimits SMALL =
      new StorageLimits(32 << 10, 3, 8L << 20, 128 << 10, 1 << 10, 64 << 10, 512 << 10);

  /** A window and a tail that a few writes fill, of every node. */
  static final ClusterConfig.Limits NARROW = new ClusterConfig.Limits(32 << 10, 16 << 10, 1_024);

  /** A checkpoint of the tree every few writes. */
  static final CoreConfig.Limits BOUNDS = CoreConfig.Limits.DEFAULT.withCheckpoints(24);

  /** So little that small sets need the last rung too, and several sessions. */
  static final Limits TIGHT = sessions(8, 2, 0, 256);

  /** A snapshot for next to nothing, in small pieces. */
  static final ClusterConfig.Snapshots EAGER = new ClusterConfig.Snapshots(8, 1 << 10);

  /** Sessions as the protocol has them. */
  Setup(long seed, int nodes, int backups, StorageLimits storage, Pace pace) {
    this(seed, nodes, backups, storage, pace, Limits.STANDARD, ClusterConfig.Snapshots.DEFAULT);
  }

  /** So many nodes as the simulator usually has them. */
  static Setup of(long seed, int nodes) {
    return new Setup(seed, nodes, ClusterConfig.BACKUPS, SMALL, Pace.HEALTHY);
  }

  /**
   * The limits of the protocol but for these.
   *
   * @param filterBytesMax bytes a Bloom filter
   * @param cellsMax cells of one difference
   * @param writersMax writers whose positions are told
   * @param pushesMax ids pushed in a turn
   */
  static Limits sessions(int filterBytesMax, int cellsMax, int writersMax, int pushesMax) {
    Limits of = Limits.STANDARD;
    return new Limits(
        of.frameBytesMax(),
        filterBytesMax,
        cellsMax,
        of.scopeIdsMax(),
        of.scopesInFlightMax(),
        of.treeNodesMax(),
        of.wantEntriesMax(),
        of.refusedMax(),
        writersMax,
        pushesMax,
        of.turnsMax());
  }

  /** The same with another seed. */
  Setup withSeed(long other) {
    return new Setup(other, nodes, backups, storage, pace, sessions, snapshots);
  }

  /** The same with another number of nodes. */
  Setup withNodes(int count) {
    return new Setup(seed, count, backups, storage, pace, sessions, snapshots);
  }

  /** The same with another number of backups. */
  Setup withBackups(int count) {
    return new Setup(seed, nodes, count, storage, pace, sessions, snapshots);
  }

  /** The same with another storage engine. */
  Setup withStorage(StorageLimits other) {
    return new Setup(seed, nodes, backups, other, pace, sessions, snapshots);
  }

  /** The same at another pace. */
  Setup withPace(Pace other) {
    return new Setup(seed, nodes, backups, storage, other, sessions, snapshots);
  }

  /** The same with other sessions. */
  Setup withSessions(Limits other) {
    return new Setup(seed, nodes, backups, storage, pace, other, snapshots);
  }

  /** The same with other snapshots. */
  Setup withSnapshots(ClusterConfig.Snapshots other) {
    return new Setup(seed, nodes, backups, storage, pace, sessions, other);
  }
}
