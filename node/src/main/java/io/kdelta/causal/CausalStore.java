package io.kdelta.causal;

import io.kdelta.env.Entropy;
import io.kdelta.env.Time;
import io.kdelta.error.KdeltaException;
import io.kdelta.reconciliation.CellSketch;
import io.kdelta.reconciliation.Digest;
import io.kdelta.reconciliation.EpochCells;
import io.kdelta.reconciliation.MerkleTree;
import io.kdelta.reconciliation.Prefix;
import io.kdelta.storage.Cursor;
import io.kdelta.storage.Damage;
import io.kdelta.storage.Row;
import io.kdelta.storage.StorageEngine;
import io.kdelta.storage.WriteBatch;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;

/**
 * The versions of this node: the rows below, and in memory what is derived from them (the set's
 * tree, positions, counts, the clock).
 *
 * <p>Owner: the core thread. Invariant: what is in memory equals what a scan of the rows gives; it
 * changes only when a transaction's batch was applied.
 */
public final class CausalStore {
  private static final int REFUSED_MAX = 10_000;

  /** About so many ids does a check of a subtree compare. */
  private static final int SUBTREE_IDS = 1_024;

  /** Places over which one call of {@link #tend} carries chains on; a microsecond each. */
  private static final int CHAIN_SLICE = 1_024;

  /** The memory of a batch up to this size is used for the next one. */
  private static final int BATCH_BYTES_KEPT = 1 << 20;

  private final StorageEngine engine;
  private final Time time;
  private final Entropy entropy;
  private final ContentSchema schema;
  private final CausalGraph graph;
  private final WaitingRoom room = new WaitingRoom();
  private final ArrayDeque<Digest> undrained = new ArrayDeque<>();
  private final LinkedHashMap<Digest, String> refused = new LinkedHashMap<>();
  private final Entropy chance;
  private DerivedState state;
  private CellKeeper cells;
  private StoredIds ids;
  private long rebuilds;
  private SortedSet<String> repaired;
  private boolean unsound;
  private @Nullable Transaction open;
  private WriteBatch batch = new WriteBatch();
  private long revision;
  private @Nullable Coverage coverage;

  private CausalStore(
      StorageEngine engine, Time time, Entropy entropy, ContentSchema schema, NodeId node) {
    this.engine = engine;
    this.time = time;
    this.entropy = entropy;
    this.schema = schema;
    this.graph = new CausalGraph(engine);
    this.chance = entropy.split("subtrees");
    this.state = new DerivedState(node);
    this.cells = new CellKeeper(time);
    this.ids = new StoredIds(engine);
    Row row = engine.get(SystemRows.REPAIRED);
    this.repaired = row == null ? new TreeSet<>() : SystemRows.names(row);
    this.unsound = engine.get(SystemRows.REPAIR) != null;
    if (needsRepair()) {
      unsound = true;
    } else {
      // Whoever dealt with it may have ended before the engine forgot it.
      engine.forgetSetAside();
      scan();
    }
  }

  /**
   * Opens the versions that lie in {@code engine}. A store without a node id draws one and applies
   * it: as with any write, nobody may be told of it before it is durable. When the engine lost rows
   * {@link #needsRepair} answers true and {@link #repair} has to come first. Throws Corrupt as
   * {@link #repair} does, and when the very first rows lie in a part that has to be set aside.
   */
  public static CausalStore open(
      StorageEngine engine, Time time, Entropy entropy, ContentSchema schema) {
    Row row = engine.get(SystemRows.NODE);
    NodeId node;
    if (row == null) {
      node = NodeId.draw(entropy);
      applyFirst(engine, new WriteBatch().put(SystemRows.NODE, SystemRows.node(node)));
    } else {
      node = SystemRows.node(row);
    }
    return new CausalStore(engine, time, entropy, schema, node);
  }

  /**
   * A store that lost this row may have lost tables too, and owe more work than it takes writes.
   */
  private static void applyFirst(StorageEngine engine, WriteBatch batch) {
    try {
      engine.apply(batch);
    } catch (KdeltaException.Overloaded owes) {
      engine.runInline();
      engine.apply(batch);
    }
  }

  /**
   * What makes a copy of a store the store of another node, as its first batch: for a copy that is
   * to run beside the store it was made of.
   */
  public static WriteBatch anotherNode(Entropy entropy) {
    return new WriteBatch().put(SystemRows.NODE, SystemRows.node(NodeId.draw(entropy)));
  }

  /** Fills the memory, unless that finds damage, so that there is nothing sound to fill it with. */
  private void scan() {
    try {
      load();
    } catch (KdeltaException.Corrupt e) {
      if (!needsRepair()) throw e;
      unsound = true;
    }
  }

  /** From the newest checkpoint, if there is one that fits; else from all rows. */
  private void load() {
    cells = new CellKeeper(time);
    ids = new StoredIds(engine);
    Checkpoint kept = Checkpoint.read(engine);
    DerivedState restored =
        kept == null ? null : DerivedState.restore(engine, state.node, kept, ids, cells);
    if (restored == null) {
      cells = new CellKeeper(time);
      restored = DerivedState.scan(engine, state.node);
    }
    state = restored;
    undrained.clear();
    changed();
    for (Digest parent : state.waiting.keySet()) if (graph.contains(parent)) undrained.add(parent);
  }

  /** The identity of this store. */
  public NodeId node() {
    return state.node;
  }

  /** The log that this process writes; absent before its first write. */
  public Optional<Incarnation> incarnation() {
    return Optional.ofNullable(state.own.incarnation());
  }

  /**
   * Writes no more under that incarnation, if it is the one of this process: the next write begins
   * a new log. What lies in the old one stays there.
   */
  public void endLog(Incarnation incarnation) {
    if (open != null) throw new IllegalStateException("a transaction is open");
    if (state.own.writes(incarnation)) state.own = OwnLog.NONE;
  }

  /** Whether there is nothing yet of what {@link #load} brings. */
  public boolean vacant() {
    return open == null && !needsRepair() && state.vacant() && room.count() == 0;
  }

  /** Takes over what lies in the rows below by now; it was {@link #vacant}. */
  public void load(Loaded loaded) {
    if (unsound) return; // The repair that is under way ends with a scan of all rows.
    state.load(loaded, time.epochMicros());
    cells = new CellKeeper(time);
    ids = new StoredIds(engine);
    changed();
  }

  /** Reads of the newest state. */
  public CausalGraph graph() {
    return graph;
  }

  /** Starts a transaction; the one before must have ended. */
  public Transaction begin() {
    if (open != null) throw new IllegalStateException("the transaction before is still open");
    if (unsound) throw new IllegalStateException("the store needs a repair first");
    Staging staging = stage();
    Arrivals arrivals = new Arrivals(staging, room, refused, schema, engine.batchBytesMax());
    open = new Transaction(this, staging, arrivals);
    return open;
  }

  /** The set of visible versions; an immutable value. */
  public MerkleTree tree() {
    return state.tree;
  }

  /**
   * The cells of {@link #tree}, immutable values: first those that peers are told. From the first
   * question on they follow every commit: what it shows is added once it is applied, so exactly
   * once. Until {@link #tend} has built them, those told cost a pass over the tree when used.
   *
   * @param keys the key of an epoch, one for each week
   */
  public List<CellSketch> cells(LongFunction<Digest> keys) {
    return cells.sketches(keys, state.tree);
  }

  /**
   * Goes on with what is built beside: cells of another epoch, chains behind a hole that was filled
   * or over versions that came without their order, and memory as a whole once it was found to
   * differ from the rows. Whether there is more to do.
   */
  public boolean tend() {
    if (open != null) throw new IllegalStateException("a transaction is open");
    if (ids.doubted()) {
      OwnLog own = state.own;
      cells = new CellKeeper(time);
      ids = new StoredIds(engine);
      state = DerivedState.scan(engine, state.node);
      state.own = own;
      rebuilds++;
      changed();
    }
    for (Incarnation broken : state.followChains(engine, CHAIN_SLICE)) dispute(broken);
    return cells.tend(state.tree) || !state.lagging.isEmpty();
  }

  /**
   * Compares the ids below one place of the tree, drawn by chance, with the rows. A difference is
   * dealt with by {@link #tend}.
   */
  public void checkSubtree() {
    int depth = 0;
    for (long left = state.tree.count(); left > SUBTREE_IDS; left /= 16) depth++;
    Digest bits = new Digest(chance.nextLong(), 0, 0, 0);
    Prefix place = new Prefix(bits, depth);
    if (!state.tree.digests(place).equals(ids.below(place))) ids.differ();
  }

  /** How often memory was found to differ from the rows, and made anew. */
  public long rebuilds() {
    return rebuilds;
  }

  /** The cells that peers are told, once they are complete. */
  @Nullable EpochCells toldCells() {
    return cells.told();
  }

  /** How many versions became visible since the newest checkpoint; all of them without one. */
  public long sinceCheckpoint() {
    return state.applied - Math.max(0, state.checkpoint);
  }

  /**
   * Keeps what is in memory as rows, so that the next open need not read every version. Throws
   * ReadOnly or Overloaded as any write; then the checkpoint before still counts.
   *
   * @param cellsFrom from so many versions on the cells are kept too
   */
  public void checkpoint(long cellsFrom) {
    if (open != null) throw new IllegalStateException("a transaction is open");
    if (unsound) throw new IllegalStateException("the store needs a repair first");
    WriteBatch last = new WriteBatch();
    SystemRows.State now =
        new SystemRows.State(state.clock, state.applied, state.generation, state.requests);
    last.put(SystemRows.STATE, now.encode());
    state.namespaces.forEach(
        (name, counts) -> last.put(SystemRows.counts(name), SystemRows.counts(counts)));
    boolean large = state.tree.count() >= cellsFrom;
    Checkpoint.of(state, large ? cells.told() : null).write(engine, last);
    state.checkpoint = state.applied;
  }

  /** Counts over all namespaces. */
  public CausalStats stats() {
    CausalStats all = CausalStats.NONE;
    for (CausalStats one : state.namespaces.values()) all = all.plus(one);
    return all;
  }

  /** Counts for each namespace that ever had a key, in order. */
  public SortedMap<String, CausalStats> namespaces() {
    return new TreeMap<>(state.namespaces);
  }

  /** How far each log that a row tells of is held, in order of incarnation. */
  public List<Position> positions() {
    List<Position> positions = new ArrayList<>(state.logs.size());
    for (LogState log : state.logs.values()) if (log.told()) positions.add(log.position());
    return positions;
  }

  /** Every log that a row tells of, in order. */
  public List<Incarnation> incarnations() {
    List<Incarnation> known = new ArrayList<>(state.logs.size());
    for (LogState log : state.logs.values()) if (log.told()) known.add(log.incarnation());
    return known;
  }

  /** How far one log is held; all empty when nothing of it is. */
  public Position position(Incarnation incarnation) {
    LogState log = state.logs.get(incarnation);
    return (log == null ? new LogState(incarnation) : log).position();
  }

  /** The places of versions, compared with tokens; of this state, until the next commit. */
  public Coverage coverage() {
    Coverage now = coverage;
    if (now == null) {
      now = new Coverage(state.logs, engine.lastLsn());
      coverage = now;
    }
    return now;
  }

  /** Grows whenever anything here changes. */
  public long revision() {
    return revision;
  }

  /** The chain value after {@code seq} (0: the start), or null when it is not known here. */
  public @Nullable Digest chain(Incarnation incarnation, long seq) {
    LogState log = state.logs.get(incarnation);
    if (log != null && seq == log.chain().seq()) return log.chain().value();
    if (seq == 0) return Distinction.chainStart(incarnation);
    Row row = engine.get(Keyspace.position(incarnation, seq));
    return row == null ? null : StoredRows.position(row).chain();
  }

  /**
   * A frame of visible versions that starts exactly at {@code fromSeq}: whole batches, at least
   * one, then as many as fit {@code bytesMax}. Null when there is nothing to ship from there: no
   * such row, a version that still waits, a batch that is not whole, or a disputed log.
   */
  public @Nullable Frame frame(Incarnation incarnation, long fromSeq, int bytesMax) {
    LogState log = state.logs.get(incarnation);
    if (log == null || log.disputed()) return null;
    Digest before = chain(incarnation, fromSeq - 1);
    return FrameReader.read(engine, graph, log, before, fromSeq, bytesMax);
  }

  /** Position of the newest row of the apply log; 0 before the first. */
  public long appliedPosition() {
    return state.applied;
  }

  /** Changes when a repair took versions away: whoever derives something from them starts anew. */
  public long applyGeneration() {
    return state.generation;
  }

  /** The latest time that the clock of this store issued or took over. */
  public Timestamp clock() {
    return state.clock.last();
  }

  /** How many requests are remembered. */
  public long requests() {
    return state.requests;
  }

  /** How many versions wait for a parent, as rows and in memory. */
  public long parked() {
    return state.parkedRows + room.count();
  }

  /**
   * Whether versions wait although their parents are here, because one batch could not hold them
   * all: the next commit goes on, an empty one too.
   */
  public boolean draining() {
    return !undrained.isEmpty();
  }

  /** The parents that parked versions wait for, ascending, at most {@code max}. */
  public List<Digest> missingParents(int max) {
    return room.missingParents(state.waiting.navigableKeySet(), max);
  }

  /** The latest versions refused in this process, and why; bounded. */
  public Map<Digest, String> refused() {
    return Collections.unmodifiableMap(refused);
  }

  /** Whether the key lost versions to corruption that no peer has brought back yet. */
  public boolean damaged(Key key) {
    return state.damaged.containsKey(key);
  }

  /** Versions known to be lost to corruption, to be asked from peers, ascending. */
  public List<Digest> lost() {
    return List.copyOf(state.lost.keySet());
  }

  /** The key of one of them; null for any other version. */
  public @Nullable Key keyOfLost(Digest id) {
    return state.lost.get(id);
  }

  /**
   * Whether the store below lost rows that no {@link #repair} has dealt with, when it was opened or
   * since: then a repair has to come before anything is answered.
   */
  public boolean needsRepair() {
    return unsound || !repaired.containsAll(damage());
  }

  /**
   * Whether what is in memory and in the rows may be read: not before the repair of a store that
   * was opened damaged, and not after one that could not be finished.
   */
  public boolean sound() {
    return !unsound;
  }

  /**
   * Makes a whole again of what rows are left after a loss: damaged tables are set aside, versions
   * that lack an ancestor or their document leave the set, heads and positions follow, adopted
   * positions are dropped. Does storage work in place, so it runs with the workers at rest: before
   * the first turn, or in one of its own. Idempotent; may be cut by a crash.
   *
   * <p>The log of this process goes on only if all of it is still known here; else the next write
   * begins a new one.
   *
   * <p>Throws ReadOnly or Overloaded when there is no room: then the store is not {@link #sound}
   * until it is called again. Throws Corrupt when rows that pass every check of the store below
   * contradict one another.
   */
  public void repair() {
    if (open != null) throw new IllegalStateException("a transaction is open");
    while (needsRepair()) {
      unsound = true;
      if (!engine.setDamagedAside()) throw new IllegalStateException("table work is out");
      SortedSet<String> damage = damage();
      try {
        touchEverything();
        new Repair(engine, state.node, time.epochMicros()).run(damage);
        OwnLog own = state.own;
        Incarnation log = own.incarnation();
        LogState.Chain written = log == null ? null : state.log(log).chain();
        load();
        if (log != null && isOwn(log, written)) state.own = own;
        repaired = damage;
        unsound = false;
      } catch (KdeltaException.Corrupt e) {
        // More damage than was known: all of it is set aside before conclusions are drawn.
        if (damage().equals(damage)) throw e;
      }
    }
    engine.forgetSetAside();
  }

  /** Whether a log is known to be this node's, up to where it was written. */
  private boolean isOwn(Incarnation log, LogState.@Nullable Chain written) {
    LogState held = state.log(log);
    return held.node().equals(state.node) && held.chain().equals(written);
  }

  /** Finds all the damage there is before a repair draws conclusions from what is missing. */
  private void touchEverything() {
    try (Cursor cursor = engine.cursor(Keyspace.VERSION.start(), null)) {
      while (cursor.next()) cursor.row();
    }
  }

  /** What the store below reports as damaged, each part under a name of its own. */
  private SortedSet<String> damage() {
    SortedSet<String> names = new TreeSet<>();
    for (Damage damage : engine.recovery().setAside()) {
      names.add(
          damage.file() + ":" + damage.offset() + ":" + damage.firstLsn() + ":" + damage.lastLsn());
    }
    return names;
  }

  ContentSchema schema() {
    return schema;
  }

  int batchBytesMax() {
    return engine.batchBytesMax();
  }

  /** The name of a log that is about to begin. */
  Incarnation drawIncarnation() {
    return Incarnation.draw(entropy);
  }

  /** Applies what a transaction has gathered, then lets memory follow, and what waited for it. */
  Committed commit(Transaction transaction, Staging staging, Arrivals arrivals) {
    end(transaction);
    Committed committed = apply(staging, arrivals);
    return undrained.isEmpty() ? committed : drainOn(committed);
  }

  /** Ends a transaction, unless its commit has done so; whether there was anything to end. */
  boolean abandon(Transaction transaction) {
    if (!transaction.equals(open)) return false;
    open = null;
    return true;
  }

  private void end(Transaction transaction) {
    if (!transaction.equals(open)) throw new IllegalStateException("the transaction is over");
    open = null;
  }

  private Staging stage() {
    return new Staging(state, new Overlay(engine, engine.lastLsn() + 1), time.epochMicros());
  }

  private Committed apply(Staging staging, Arrivals arrivals) {
    long lsn = arrivals.dependsOn();
    if (!staging.isEmpty()) {
      boolean applied = false;
      try {
        staging.close();
        staging.fill(batch);
        lsn = engine.apply(batch);
        if (batch.encodedSize() > BATCH_BYTES_KEPT) batch = new WriteBatch();
        applied = true;
      } finally {
        if (!applied) arrivals.undo();
      }
      state.take(staging, lsn);
      for (Applied one : staging.applied) cells.add(one.version().id());
      Consignment whole = staging.consignment();
      if (whole != null) whole.envelopes().forEach(one -> cells.add(one.version().id()));
      changed();
    }
    undrained.addAll(arrivals.undrained());
    List<Reception.Refused> refusals = new ArrayList<>();
    arrivals.refused().forEach((id, why) -> refusals.add(new Reception.Refused(id, why, true)));
    arrivals.refused().forEach(this::refuse);
    return new Committed(lsn, staging.applied, refusals);
  }

  /**
   * Shows more of what waited, a batch at a time, until all is shown or the engine takes no more.
   * What was committed before stands whatever happens here: children that can not be read stay
   * where they wait, and the next commit, or the repair of the damage, goes on with them.
   */
  private Committed drainOn(Committed first) {
    List<Applied> applied = new ArrayList<>(first.applied());
    List<Reception.Refused> refusals = new ArrayList<>(first.refused());
    long lsn = first.lsn();
    List<Digest> stuck = new ArrayList<>();
    while (!undrained.isEmpty()) {
      Digest parent = undrained.removeFirst();
      Staging staging = stage();
      Arrivals arrivals = new Arrivals(staging, room, refused, schema, engine.batchBytesMax());
      try {
        arrivals.drain(parent);
        Committed more = apply(staging, arrivals);
        applied.addAll(more.applied());
        refusals.addAll(more.refused());
        lsn = Math.max(lsn, more.lsn());
      } catch (KdeltaException.ReadOnly | KdeltaException.Overloaded e) {
        undrained.addFirst(parent);
        break;
      } catch (KdeltaException.Corrupt e) {
        arrivals.undo();
        stuck.add(parent);
      }
    }
    undrained.addAll(stuck);
    return new Committed(lsn, applied, refusals);
  }

  private void dispute(Incarnation log) {
    Staging staging = stage();
    staging.dispute(log);
    apply(staging, new Arrivals(staging, room, refused, schema, batchBytesMax()));
  }

  private void changed() {
    revision++;
    coverage = null;
  }

  private void refuse(Digest id, String reason) {
    refused.put(id, reason);
    if (refused.size() > REFUSED_MAX) refused.pollFirstEntry();
  }
}
