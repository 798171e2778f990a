package io.kdelta.causal;

import io.kdelta.causal.LogState.Chain;
import io.kdelta.causal.StoredRows.Place;
import io.kdelta.causal.StoredRows.Placed;
import io.kdelta.memory.Bytes;
import io.kdelta.reconciliation.Digest;
import io.kdelta.storage.Cursor;
import io.kdelta.storage.Row;
import io.kdelta.storage.RowKey;
import io.kdelta.storage.StorageEngine;
import io.kdelta.storage.WriteBatch;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Makes rows agree again after the store below lost some of them, whichever they were.
 *
 * <p>Owner: the store, before the first turn or with all workers at rest; it does storage work in
 * place. Afterwards: the visible versions of every key are closed downwards and have their
 * documents; those that lack an ancestor are parked; heads, ids and positions say the same as the
 * versions; what is known to be missing has a row in the lost keyspace. Every step can be repeated,
 * so a crash in the middle does no harm: the row {@code causal/repair} stays until all is done.
 */
final class Repair {
  /** Of a batch, unless the log takes only smaller ones. */
  private static final int BATCH_BYTES = 1 << 20;

  private final StorageEngine engine;
  private final NodeId node;
  private final long wallMicros;
  private final int batchBytes;
  private WriteBatch batch = new WriteBatch();
  private HybridClock clock = HybridClock.START;

  Repair(StorageEngine engine, NodeId node, long wallMicros) {
    this.engine = engine;
    this.node = node;
    this.wallMicros = wallMicros;
    this.batchBytes = Math.min(BATCH_BYTES, engine.batchBytesMax() / 2);
  }

  /** Does all of it, and notes the damage below that it has dealt with. */
  void run(SortedSet<String> damage) {
    put(SystemRows.REPAIR, Bytes.EMPTY);
    put(
        SystemRows.REPORT,
        SystemRows.names(DamageReport.with(engine, engine.recovery().setAside())));
    flush();
    mendKeys();
    flush();
    mendConflicts();
    flush();
    mendParked();
    flush();
    mendIds();
    flush();
    mendPositions();
    flush();
    mendChains();
    mendRequests();
    dropAdopted();
    mendState();
    put(SystemRows.REPAIRED, SystemRows.names(damage));
    batch.delete(SystemRows.REPAIR);
    flush();
  }

  private void mendKeys() {
    try (Cursor cursor = engine.cursor(Keyspace.VERSION.start(), Keyspace.VERSION.end())) {
      List<Stored> group = new ArrayList<>();
      Bytes point = Bytes.EMPTY;
      while (cursor.next()) {
        Row row = cursor.row();
        if (!row.key().point().equals(point)) {
          mendKey(point, group);
          group.clear();
          point = row.key().point();
        }
        if (!Keyspace.isOpenHeads(row.key())) group.add(StoredRows.stored(row));
      }
      mendKey(point, group);
    }
  }

  /** All ancestors of a version are versions of its key, so each key is mended on its own. */
  private void mendKey(Bytes point, List<Stored> newestFirst) {
    if (point.isEmpty()) return;
    TreeMap<Digest, Head> heads = new TreeMap<>();
    TreeSet<Digest> visible = new TreeSet<>();
    TreeSet<Digest> here = new TreeSet<>();
    for (Stored stored : newestFirst) here.add(stored.version().id());
    for (Stored stored : newestFirst.reversed()) {
      Version version = stored.version();
      if (!documentIsHere(stored)) {
        here.remove(version.id());
        batch.delete(Keyspace.version(version)).delete(Keyspace.byId(version.id()));
        lose(version.id(), version.key());
        continue;
      }
      Digest missing = null;
      for (Digest parent : version.parents()) {
        if (visible.contains(parent)) continue;
        if (missing == null) missing = parent;
        if (!here.contains(parent) && engine.get(Keyspace.byId(parent)) == null) {
          lose(parent, version.key());
        }
      }
      for (Dot dot : stored.dots()) claim(dot, version.id());
      if (missing == null) {
        visible.add(version.id());
        clock = clock.seen(wallMicros, version.time());
        put(Keyspace.byId(version.id()), StoredRows.visible(version));
        for (Digest parent : version.parents()) heads.remove(parent);
        heads.put(version.id(), Head.of(version));
      } else {
        batch.delete(Keyspace.version(version));
        put(Keyspace.parked(missing, version.id()), StoredRows.version(stored));
        put(Keyspace.byId(version.id()), StoredRows.parked(missing));
      }
      flushIfLarge();
    }
    RowKey open = Keyspace.openHeads(point);
    if (heads.size() > 1) {
      put(open, StoredRows.heads(List.copyOf(heads.values())));
      put(Keyspace.conflict(point), Bytes.EMPTY);
    } else if (engine.get(open) != null) {
      batch.delete(open);
    }
    flushIfLarge();
  }

  /** A key is listed as long as it has open heads. */
  private void mendConflicts() {
    try (Cursor cursor = engine.cursor(Keyspace.CONFLICT.start(), Keyspace.CONFLICT.end())) {
      while (cursor.next()) {
        RowKey row = cursor.row().key();
        Bytes group = Keyspace.group(Keyspace.keyOf(row.point()));
        if (engine.get(Keyspace.openHeads(group)) == null) batch.delete(row);
        flushIfLarge();
      }
    }
  }

  private boolean documentIsHere(Stored stored) {
    if (stored.inline() != null) return true;
    Digest content = stored.version().content();
    Row row = engine.get(Keyspace.content(content));
    return row != null && stored.version().contentType().idOf(row.value()).equals(content);
  }

  /** A parked row stays unless the version is visible; without its document it is lost. */
  private void mendParked() {
    try (Cursor cursor = engine.cursor(Keyspace.PARKED.start(), Keyspace.PARKED.end())) {
      while (cursor.next()) {
        Row row = cursor.row();
        Stored stored = StoredRows.stored(row);
        Digest id = stored.version().id();
        Digest parent = Keyspace.digestOf(row.key().point());
        Place place = place(id);
        if (place instanceof Place.Visible) {
          batch.delete(row.key());
        } else if (place instanceof Place.Parked other && !other.missingParent().equals(parent)) {
          batch.delete(row.key());
        } else if (!documentIsHere(stored)) {
          batch.delete(row.key()).delete(Keyspace.byId(id));
        } else {
          put(Keyspace.byId(id), StoredRows.parked(parent));
          for (Dot dot : stored.dots()) claim(dot, id);
        }
        flushIfLarge();
      }
    }
  }

  /** An id whose row is gone is lost; a lost one whose row is here after all is not. */
  private void mendIds() {
    try (Cursor cursor = engine.cursor(Keyspace.BY_ID.start(), Keyspace.BY_ID.end())) {
      while (cursor.next()) {
        Digest id = Keyspace.digestOf(cursor.row().key().point());
        switch (StoredRows.place(cursor.row())) {
          case Place.Visible(Key key, Timestamp time) -> {
            if (engine.get(Keyspace.version(Keyspace.group(key), time, id)) == null) {
              batch.delete(Keyspace.byId(id));
              lose(id, key);
            } else if (engine.get(Keyspace.lost(id)) != null) {
              batch.delete(Keyspace.lost(id));
            }
          }
          case Place.Parked(Digest parent) -> {
            if (engine.get(Keyspace.parked(parent, id)) == null) batch.delete(Keyspace.byId(id));
          }
        }
        flushIfLarge();
      }
    }
  }

  /** A position whose version is gone is free again, so that the version is asked for. */
  private void mendPositions() {
    try (Cursor cursor = engine.cursor(Keyspace.POSITION.start(), Keyspace.POSITION.end())) {
      while (cursor.next()) {
        Row row = cursor.row();
        if (place(StoredRows.position(row).id()) == null) batch.delete(row.key());
        flushIfLarge();
      }
    }
  }

  private void mendChains() {
    try (Cursor cursor = engine.cursor(Keyspace.POSITION.start(), Keyspace.POSITION.end())) {
      Chain reached = null;
      Incarnation incarnation = null;
      while (cursor.next()) {
        Row row = cursor.row();
        Dot dot = Keyspace.dotOf(row.key());
        if (reached == null || !dot.incarnation().equals(incarnation)) {
          incarnation = dot.incarnation();
          reached = Chain.start(incarnation);
        }
        if (dot.seq() != reached.seq() + 1) continue;
        Placed placed = StoredRows.position(row);
        reached = reached.then(placed.id());
        if (placed.chain() == null) {
          put(row.key(), StoredRows.position(placed.chained(reached.value())));
          flushIfLarge();
        }
      }
    }
  }

  /** A request is remembered while its version is here, and has one row by age. */
  private void mendRequests() {
    try (Cursor cursor = engine.cursor(Keyspace.REQUEST.start(), Keyspace.REQUEST.end())) {
      while (cursor.next()) {
        RequestRecord record = StoredRows.request(cursor.row());
        RowKey age = Keyspace.requestAge(record.recordedMicros(), record.request());
        if (place(record.version()) == null) {
          batch.delete(cursor.row().key()).delete(age);
        } else if (engine.get(age) == null) {
          put(age, Bytes.EMPTY);
        }
        flushIfLarge();
      }
    }
    try (Cursor cursor = engine.cursor(Keyspace.REQUEST_AGE.start(), Keyspace.REQUEST_AGE.end())) {
      while (cursor.next()) {
        RowKey age = cursor.row().key();
        if (engine.get(Keyspace.requestOf(age)) == null) batch.delete(age);
        flushIfLarge();
      }
    }
  }

  /** Positions without rows rested on what was held then. */
  private void dropAdopted() {
    try (Cursor cursor = engine.cursor(Keyspace.SYSTEM.start(), Keyspace.SYSTEM.end())) {
      while (cursor.next()) {
        RowKey key = cursor.row().key();
        if (SystemRows.isAdopted(Keyspace.nameOf(key))) batch.delete(key);
      }
    }
  }

  private void mendState() {
    flush();
    put(SystemRows.NODE, SystemRows.node(node));
    Row row = engine.get(SystemRows.STATE);
    SystemRows.State kept =
        row == null
            ? new SystemRows.State(HybridClock.START, 0, 0, 0)
            : SystemRows.State.decode(row);
    long applied = new ApplyLogRepair(engine, batchBytes).run(kept.applied());
    Timestamp latest = Timestamp.later(kept.clock().last(), clock.last());
    long generation = Math.max(kept.generation() + 1, wallMicros);
    dropCounts();
    put(
        SystemRows.STATE,
        new SystemRows.State(new HybridClock(latest), applied, generation, 0).encode());
  }

  /** The counts that batches carried on are whole again from the next checkpoint on. */
  private void dropCounts() {
    try (Cursor cursor = engine.cursor(Keyspace.SYSTEM.start(), Keyspace.SYSTEM.end())) {
      while (cursor.next()) {
        RowKey row = cursor.row().key();
        if (!SystemRows.countedNamespace(Keyspace.nameOf(row)).isEmpty()) batch.delete(row);
      }
    }
    batch.delete(SystemRows.CHECKPOINT);
  }

  private void claim(Dot dot, Digest id) {
    RowKey key = Keyspace.position(dot);
    if (engine.get(key) == null) put(key, StoredRows.position(new Placed(id, null, false)));
  }

  private void lose(Digest id, Key key) {
    put(Keyspace.lost(id), StoredRows.key(key));
  }

  private @Nullable Place place(Digest id) {
    Row row = engine.get(Keyspace.byId(id));
    return row == null ? null : StoredRows.place(row);
  }

  private void put(RowKey key, Bytes value) {
    Row row = engine.get(key);
    if (row == null || !row.value().equals(value)) batch.put(key, value);
  }

  private void flushIfLarge() {
    if (batch.encodedSize() >= batchBytes) flush();
  }

  private void flush() {
    if (batch.rows() == 0) return;
    engine.apply(batch);
    engine.runInline();
    batch = new WriteBatch();
  }
}
