package io.kdelta.causal;

import io.kdelta.causal.LogState.Chain;
import io.kdelta.causal.LogState.Change;
import io.kdelta.memory.Bytes;
import io.kdelta.reconciliation.Digest;
import io.kdelta.reconciliation.EpochCells;
import io.kdelta.reconciliation.MerkleTree;
import io.kdelta.storage.Cursor;
import io.kdelta.storage.Row;
import io.kdelta.storage.RowKey;
import io.kdelta.storage.Rows;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What the store keeps in memory: everything here is the result of one scan of the rows.
 *
 * <p>Owner: the store, on the core thread.
 */
final class DerivedState {
  static final long NO_CHECKPOINT = -1;

  final NodeId node;
  final Map<String, CausalStats> namespaces = new TreeMap<>();
  final TreeMap<Incarnation, LogState> logs = new TreeMap<>();
  final TreeMap<Digest, Key> lost = new TreeMap<>();
  final Map<Key, Integer> damaged = new TreeMap<>();
  final TreeMap<Digest, Integer> waiting = new TreeMap<>();

  /** Logs whose chain may be behind what is held of them; others are not. */
  final TreeSet<Incarnation> lagging = new TreeSet<>();

  /** Keys of which nothing is held; no part of what a scan gives. */
  final Vacancy vacancy = new Vacancy();

  MerkleTree tree = MerkleTree.empty();

  HybridClock clock = HybridClock.START;
  OwnLog own = OwnLog.NONE;
  long applied;
  long generation;
  long requests;
  long parkedRows;

  /** The apply position at which the newest checkpoint stands. */
  long checkpoint = NO_CHECKPOINT;

  DerivedState(NodeId node) {
    this.node = node;
  }

  /** Reads all rows once. */
  static DerivedState scan(Rows rows, NodeId node) {
    DerivedState state = new DerivedState(node);
    state.scanVersions(rows);
    state.scanSystem(rows);
    state.scanPositions(rows, Keyspace.POSITION.start(), Keyspace.POSITION.end());
    state.scanParked(rows);
    state.scanLost(rows);
    // A load ends with its rows; a crash may come before the first batch that counts them.
    RowKey behind = Keyspace.applied(state.applied + 1);
    try (Cursor cursor = rows.cursor(behind, Keyspace.APPLY.end())) {
      while (cursor.next()) state.applied++;
    }
    state.requests = 0;
    try (Cursor cursor = rows.cursor(Keyspace.REQUEST.start(), Keyspace.REQUEST.end())) {
      while (cursor.next()) state.requests++;
    }
    return state;
  }

  /**
   * Takes memory from a checkpoint, and reads only what came later, and the rows that are few. Null
   * when the rows do not fit it: then all of them have to be read.
   */
  static @Nullable DerivedState restore(
      Rows rows, NodeId node, Checkpoint kept, StoredIds ids, CellKeeper cells) {
    DerivedState state = new DerivedState(node);
    state.scanSystem(rows);
    if (kept.generation() != state.generation || kept.applied() > state.applied) return null;
    List<Digest> later = new ArrayList<>();
    RowKey from = Keyspace.applied(kept.applied() + 1);
    try (Cursor cursor = rows.cursor(from, Keyspace.APPLY.end())) {
      while (cursor.next()) later.add(Digest.fromBytes(cursor.row().value().toArray()));
    }
    if (later.size() != state.applied - kept.applied()) return null;
    later.sort(null);
    MerkleTree tree = kept.tree(later, ids);
    if (tree == null) return null;
    state.tree = tree;
    state.checkpoint = kept.applied();
    state.readCounts(rows);
    long counted = 0;
    for (CausalStats counts : state.namespaces.values()) counted += counts.versions();
    if (counted != tree.count()) return null;
    for (Checkpoint.Mark mark : kept.logs()) {
      LogState log = state.log(mark.incarnation());
      for (Intervals.Range range : mark.received().ranges()) {
        log.receive(range.first(), range.last());
      }
      log.chain(mark.chain());
    }
    state.scanNewPositions(rows, kept.logs());
    state.scanParked(rows);
    state.scanLost(rows);
    EpochCells held = kept.cells();
    if (held != null) {
      for (Digest id : later) held.add(id);
      if (held.count() == tree.count()) cells.restore(held);
    }
    return state;
  }

  /** Takes over what the batch {@code lsn}, which was applied, has changed. */
  void take(Staging staged, long lsn) {
    tree = staged.tree;
    if (staged.released) checkpoint = NO_CHECKPOINT;
    clock = staged.clock;
    own = staged.own;
    applied += staged.shown();
    requests += staged.requestsChange;
    staged.counts.forEach((name, change) -> namespaces.merge(name, change, CausalStats::plus));
    staged.chains.forEach((incarnation, chain) -> log(incarnation).chain(chain));
    for (Staging.LogChange change : staged.logChanges) {
      LogState log = log(change.dot().incarnation());
      log.change(change.dot().seq(), change.change(), lsn);
      if (log.lags()) lagging.add(log.incarnation());
    }
    for (Applied one : staged.applied) vacancy.taken(one.version().key().group());
    Consignment whole = staged.consignment();
    if (whole != null) {
      vacancy.takenUpTo(whole.keys().getLast().group());
      LogState log = null;
      for (Consignment.Places places : whole.places()) {
        if (log == null || !log.incarnation().equals(places.incarnation())) {
          log = log(places.incarnation());
          lagging.add(places.incarnation());
        }
        log.show(places.first(), places.last(), lsn);
      }
    }
    staged.nodes.forEach((incarnation, owner) -> log(incarnation).belongTo(owner));
    staged.adopted.forEach((incarnation, positions) -> log(incarnation).adopt(positions));
    for (Incarnation incarnation : staged.disputed) log(incarnation).dispute();
    staged.waiting.forEach(this::await);
    for (Digest id : staged.found) find(id);
  }

  /** Whether no version is held, and nothing is remembered of any. */
  boolean vacant() {
    boolean logless = true;
    for (LogState log : logs.values()) logless &= log.empty();
    boolean nobody = parkedRows == 0 && lost.isEmpty() && waiting.isEmpty() && requests == 0;
    return tree.count() == 0 && applied == 0 && own.incarnation() == null && logless && nobody;
  }

  /** Takes over what lies in the rows by now of a store that was {@link #vacant}. */
  void load(Loaded loaded, long wallMicros) {
    if (!vacant()) throw new IllegalStateException("something was written meanwhile");
    tree = loaded.tree();
    namespaces.putAll(loaded.counts());
    clock = clock.seen(wallMicros, loaded.clock().last());
    applied = loaded.versions();
    requests = loaded.requests();
    checkpoint = NO_CHECKPOINT;
    vacancy.forget();
    loaded
        .logs()
        .forEach((incarnation, held) -> {
          LogState log = log(incarnation);
          for (Intervals.Range range : held.position().received().ranges()) {
            log.receive(range.first(), range.last());
          }
          log.chain(held.chain());
        });
  }

  /**
   * Carries the chains of logs on over rows that are there already, over so many at most: in memory
   * alone, as an open does. Logs whose rows contradict that are to be disputed.
   */
  List<Incarnation> followChains(Rows rows, int rowsMax) {
    List<Incarnation> broken = new ArrayList<>();
    PositionView shown = new PositionView();
    int left = rowsMax;
    while (!lagging.isEmpty() && left > 0 && broken.isEmpty()) {
      LogState log = log(lagging.first());
      if (!log.lags()) {
        lagging.remove(log.incarnation());
        continue;
      }
      Chain reached = log.chain();
      long last = Math.min(log.prefix(), reached.seq() + left);
      RowKey from = Keyspace.position(log.incarnation(), reached.seq() + 1);
      try (Cursor cursor = rows.cursor(from, Keyspace.position(log.incarnation(), last + 1))) {
        while (cursor.next()) {
          left--;
          shown.show(cursor.view());
          if (shown.seq() != reached.seq() + 1) break;
          Chain next = reached.then(shown.id());
          if (shown.chained() && !shown.chain().equals(next.value())) {
            broken.add(log.incarnation());
            break;
          }
          reached = next;
        }
      }
      if (reached.seq() == log.chain().seq() && broken.isEmpty()) {
        lagging.remove(log.incarnation());
      }
      log.chain(reached);
    }
    return broken;
  }

  /** The log of that name, made when it is new. */
  LogState log(Incarnation incarnation) {
    return logs.computeIfAbsent(incarnation, LogState::new);
  }

  private void await(Digest parent, int change) {
    parkedRows += change;
    int count = waiting.getOrDefault(parent, 0) + change;
    if (count == 0) {
      waiting.remove(parent);
    } else {
      waiting.put(parent, count);
    }
  }

  private void lose(Digest id, Key key) {
    if (lost.put(id, key) == null) damaged.merge(key, 1, Integer::sum);
  }

  private void find(Digest id) {
    Key key = lost.remove(id);
    if (key != null) damaged.computeIfPresent(key, (k, count) -> count == 1 ? null : count - 1);
  }

  private void scanVersions(Rows rows) {
    List<Digest> ids = new ArrayList<>();
    VersionView shown = new VersionView();
    try (Cursor cursor = rows.cursor(Keyspace.VERSION.start(), Keyspace.VERSION.end())) {
      Bytes group = Bytes.EMPTY;
      String namespace = "";
      CausalStats counted = CausalStats.NONE;
      while (cursor.next()) {
        shown.show(cursor.view());
        if (!shown.inGroup(group)) {
          group = shown.group();
          Key key = Keyspace.keyOf(group);
          if (!key.namespace().equals(namespace)) {
            count(namespace, counted);
            counted = CausalStats.NONE;
            namespace = key.namespace();
          }
          counted = counted.plus(CausalStats.ofKey(CausalGraph.headsOf(key, cursor.view(), shown)));
        }
        if (shown.isOpenHeads()) continue;
        ids.add(shown.id());
        counted =
            counted.plus(
                CausalStats.ofVersion(shown.parentCount(), shown.deleted(), shown.documentBytes()));
      }
      count(namespace, counted);
    }
    tree = MerkleTree.of(ids);
  }

  private void count(String namespace, CausalStats counted) {
    if (!namespace.isEmpty()) namespaces.merge(namespace, counted, CausalStats::plus);
  }

  /**
   * Positions that follow each other are taken together. The chain value of a row is believed, as
   * it was checked when the row was written behind the one before; only a disputed log may hold
   * rows that contradict each other.
   */
  private void scanPositions(Rows rows, RowKey from, RowKey to) {
    PositionView shown = new PositionView();
    try (Cursor cursor = rows.cursor(from, to)) {
      LogState log = null;
      long first = 0;
      long last = 0;
      while (cursor.next()) {
        shown.show(cursor.view());
        if (log == null || !shown.of(log.incarnation())) {
          if (log != null) log.receive(first, last);
          log = log(shown.incarnation());
          first = shown.seq();
        } else if (shown.seq() != last + 1) {
          log.receive(first, last);
          first = shown.seq();
        }
        last = shown.seq();
        Chain reached = log.chain();
        if (last != reached.seq() + 1) continue;
        if (shown.chained() && !log.disputed()) {
          log.chain(new Chain(last, shown.chain()));
          continue;
        }
        Chain next = reached.then(shown.id());
        if (!shown.chained() || shown.chain().equals(next.value())) log.chain(next);
      }
      if (log != null) log.receive(first, last);
    }
  }

  /** Reads the logs that no mark knows, and of the others the holes and what lies behind. */
  private void scanNewPositions(Rows rows, List<Checkpoint.Mark> marks) {
    RowKey from = Keyspace.POSITION.start();
    for (Checkpoint.Mark mark : marks) {
      Incarnation known = mark.incarnation();
      scanPositions(rows, from, Keyspace.position(known, 0));
      long next = 1;
      for (Intervals.Range range : mark.received().ranges()) {
        if (range.first() > next) {
          scanPositions(
              rows, Keyspace.position(known, next), Keyspace.position(known, range.first()));
        }
        next = range.last() + 1;
      }
      from = Keyspace.position(known, Long.MAX_VALUE);
      scanPositions(rows, Keyspace.position(known, next), from);
      // Behind a hole that was filled the chain goes on over rows that the mark knows.
      long reached = log(known).chain().seq();
      Intervals received = log(known).position().received();
      if (received.prefix() > reached) {
        long end = received.prefix() + 1;
        scanPositions(rows, Keyspace.position(known, reached + 1), Keyspace.position(known, end));
      }
    }
    scanPositions(rows, from, Keyspace.POSITION.end());
  }

  private void scanLost(Rows rows) {
    try (Cursor cursor = rows.cursor(Keyspace.LOST.start(), Keyspace.LOST.end())) {
      while (cursor.next()) {
        Row row = cursor.row();
        lose(Keyspace.digestOf(row.key().point()), StoredRows.key(row));
      }
    }
  }

  /** The counts as the batches wrote them; they are whole from a checkpoint on. */
  private void readCounts(Rows rows) {
    try (Cursor cursor = rows.cursor(Keyspace.SYSTEM.start(), Keyspace.SYSTEM.end())) {
      while (cursor.next()) {
        Row row = cursor.row();
        String namespace = SystemRows.countedNamespace(Keyspace.nameOf(row.key()));
        if (!namespace.isEmpty()) namespaces.put(namespace, SystemRows.counts(row));
      }
    }
  }

  private void scanParked(Rows rows) {
    try (Cursor cursor = rows.cursor(Keyspace.PARKED.start(), Keyspace.PARKED.end())) {
      while (cursor.next()) {
        Row row = cursor.row();
        await(Keyspace.digestOf(row.key().point()), 1);
        for (Dot dot : StoredRows.stored(row).dots()) {
          log(dot.incarnation()).change(dot.seq(), Change.PARKED, 0);
        }
      }
    }
  }

  private void scanSystem(Rows rows) {
    Row stateRow = rows.get(SystemRows.STATE);
    if (stateRow != null) {
      SystemRows.State kept = SystemRows.State.decode(stateRow);
      clock = kept.clock();
      applied = kept.applied();
      generation = kept.generation();
      requests = kept.requests();
    }
    try (Cursor cursor = rows.cursor(Keyspace.SYSTEM.start(), Keyspace.SYSTEM.end())) {
      while (cursor.next()) {
        Row row = cursor.row();
        String name = Keyspace.nameOf(row.key());
        if (SystemRows.isLog(name)) {
          log(SystemRows.incarnation(name)).belongTo(SystemRows.node(row));
        } else if (SystemRows.isAdopted(name)) {
          log(SystemRows.incarnation(name)).adopt(Intervals.decode(row.value()));
        } else if (SystemRows.isDisputed(name)) {
          log(SystemRows.incarnation(name)).dispute();
        }
      }
    }
  }
}
