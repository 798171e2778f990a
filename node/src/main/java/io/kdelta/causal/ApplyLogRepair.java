package io.kdelta.causal;

import io.kdelta.causal.StoredRows.Place;
import io.kdelta.memory.Bytes;
import io.kdelta.reconciliation.Digest;
import io.kdelta.storage.Cursor;
import io.kdelta.storage.Row;
import io.kdelta.storage.RowKey;
import io.kdelta.storage.StorageEngine;
import io.kdelta.storage.WriteBatch;
import java.util.ArrayList;
import java.util.List;

/**
 * Makes the apply log name every visible version exactly once again, after rows of it were lost or
 * versions that it names were taken back: whoever reads it from its first row on sees everything.
 *
 * <p>Owner: {@link Repair}, once ids and versions agree. A log that is whole stays as it is. Else
 * all of it is written anew behind every position that was ever given, each key's oldest version
 * first, so that parents still come before their children; then the old rows go. A crash in between
 * leaves both, and the repair that is done again then begins behind both.
 */
final class ApplyLogRepair {
  private final StorageEngine engine;
  private final int batchBytes;
  private WriteBatch batch = new WriteBatch();

  ApplyLogRepair(StorageEngine engine, int batchBytes) {
    this.engine = engine;
    this.batchBytes = batchBytes;
  }

  /**
   * Does it.
   *
   * @param applied the position that the state names as the last one
   * @return the last position of the log
   */
  long run(long applied) {
    long last = applied;
    long named = 0;
    boolean whole = true;
    try (Cursor cursor = engine.cursor(Keyspace.APPLY.start(), Keyspace.APPLY.end())) {
      while (cursor.next()) {
        Row row = cursor.row();
        last = Math.max(last, Keyspace.appliedOf(row.key()));
        named++;
        whole &= visible(StoredRows.digest(row));
      }
    }
    if (whole && named == visibleCount() && last == applied) return applied;
    long reached = writeBehind(last);
    try (Cursor cursor = engine.cursor(Keyspace.APPLY.start(), Keyspace.applied(last + 1))) {
      while (cursor.next()) {
        batch.delete(cursor.row().key());
        flushIfLarge();
      }
    }
    flush();
    return reached;
  }

  private long writeBehind(long last) {
    long position = last;
    try (Cursor cursor = engine.cursor(Keyspace.VERSION.start(), Keyspace.VERSION.end())) {
      List<Digest> newestFirst = new ArrayList<>();
      Bytes point = Bytes.EMPTY;
      while (cursor.next()) {
        RowKey row = cursor.row().key();
        if (!row.point().equals(point)) {
          position = write(newestFirst, position);
          newestFirst.clear();
          point = row.point();
        }
        if (!Keyspace.isOpenHeads(row)) newestFirst.add(Keyspace.idOf(row));
      }
      position = write(newestFirst, position);
    }
    flush();
    return position;
  }

  private long write(List<Digest> newestFirst, long after) {
    long position = after;
    for (Digest id : newestFirst.reversed()) {
      batch.put(Keyspace.applied(++position), Bytes.wrap(id.toBytes()));
      flushIfLarge();
    }
    return position;
  }

  private boolean visible(Digest id) {
    Row row = engine.get(Keyspace.byId(id));
    return row != null && StoredRows.place(row) instanceof Place.Visible;
  }

  private long visibleCount() {
    long count = 0;
    try (Cursor cursor = engine.cursor(Keyspace.BY_ID.start(), Keyspace.BY_ID.end())) {
      while (cursor.next()) {
        if (StoredRows.place(cursor.row()) instanceof Place.Visible) count++;
      }
    }
    return count;
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
