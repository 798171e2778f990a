package io.kdelta.causal;

import io.kdelta.memory.Bytes;
import io.kdelta.storage.Cursor;
import io.kdelta.storage.Row;
import io.kdelta.storage.RowKey;
import io.kdelta.storage.RowView;
import io.kdelta.storage.Rows;
import io.kdelta.storage.WriteBatch;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Rows as they will be once a batch that is still being gathered is applied.
 *
 * <p>Owner: the transaction it belongs to. Gathered rows carry the LSN that the batch will get.
 */
final class Overlay implements Rows {
  private final Rows below;
  private final long lsn;
  private final TreeMap<RowKey, Optional<Bytes>> gathered = new TreeMap<>();
  private long bytes;

  Overlay(Rows below, long lsn) {
    this.below = below;
    this.lsn = lsn;
  }

  void put(RowKey key, Bytes value) {
    gathered.put(key, Optional.of(value));
    bytes += key.size() + value.size();
  }

  void delete(RowKey key) {
    gathered.put(key, Optional.empty());
    bytes += key.size();
  }

  boolean isEmpty() {
    return gathered.isEmpty();
  }

  /** About how large the batch is, never less than it is. */
  long bytes() {
    return bytes;
  }

  /** Makes {@code batch} hold everything gathered, in key order, and nothing else. */
  void fill(WriteBatch batch) {
    batch.clear();
    gathered.forEach((key, value) -> {
      if (value.isPresent()) {
        batch.put(key, value.get());
      } else {
        batch.delete(key);
      }
    });
  }

  @Override
  public @Nullable Row get(RowKey key) {
    Optional<Bytes> value = gathered.get(key);
    if (value == null) return below.get(key);
    return value.isPresent() ? new Row(key, value.get(), lsn) : null;
  }

  @Override
  public boolean get(byte[] key, int from, int pointSize, int suffixSize, RowView into) {
    if (gathered.isEmpty()) return below.get(key, from, pointSize, suffixSize, into);
    return Rows.super.get(key, from, pointSize, suffixSize, into);
  }

  @Override
  public boolean ceiling(byte[] key, int from, int pointSize, int suffixSize, RowView into) {
    if (gathered.isEmpty()) return below.ceiling(key, from, pointSize, suffixSize, into);
    return Rows.super.ceiling(key, from, pointSize, suffixSize, into);
  }

  @Override
  public Cursor group(Bytes point) {
    RowKey behind = RowKey.first(Bytes.concat(point, Bytes.of(0)));
    return new Merged(below.group(point), RowKey.first(point), behind);
  }

  @Override
  public Cursor cursor(RowKey from, @Nullable RowKey to) {
    return new Merged(below.cursor(from, to), from, to);
  }

  /** Walks both in key order; where both have a key the gathered row hides the one below. */
  private final class Merged implements Cursor {
    private final Cursor base;
    private final NavigableMap<RowKey, Optional<Bytes>> upper;
    private @Nullable Row baseRow;
    private Map.@Nullable Entry<RowKey, Optional<Bytes>> upperRow;
    private final RowView view = new RowView();
    private @Nullable Row row;
    private boolean started;

    Merged(Cursor base, RowKey from, @Nullable RowKey to) {
      this.base = base;
      this.upper =
          to == null ? gathered.tailMap(from, true) : gathered.subMap(from, true, to, false);
    }

    @Override
    public boolean next() {
      if (!started) {
        started = true;
        baseRow = base.next() ? base.row() : null;
        upperRow = upper.firstEntry();
      }
      return step();
    }

    @Override
    public boolean seek(RowKey key) {
      Row present = row;
      if (present != null && key.compareTo(present.key()) <= 0) return next();
      started = true;
      Row ahead = baseRow;
      if (ahead == null || ahead.key().compareTo(key) < 0) {
        baseRow = base.seek(key) ? base.row() : null;
      }
      upperRow = upper.ceilingEntry(key);
      return step();
    }

    @Override
    public Row row() {
      Row present = row;
      if (present == null) throw new IllegalStateException("the cursor stands on no row");
      return present;
    }

    @Override
    public RowView view() {
      view.show(row());
      return view;
    }

    @Override
    public void close() {
      base.close();
    }

    private boolean step() {
      while (true) {
        Row lower = baseRow;
        Map.Entry<RowKey, Optional<Bytes>> higher = upperRow;
        if (higher == null) {
          row = lower;
          if (lower == null) return false;
          baseRow = base.next() ? base.row() : null;
          return true;
        }
        int order = lower == null ? 1 : lower.key().compareTo(higher.getKey());
        if (order < 0) {
          row = lower;
          baseRow = base.next() ? base.row() : null;
          return true;
        }
        if (order == 0) baseRow = base.next() ? base.row() : null;
        upperRow = upper.higherEntry(higher.getKey());
        if (higher.getValue().isPresent()) {
          row = new Row(higher.getKey(), higher.getValue().get(), lsn);
          return true;
        }
      }
    }
  }
}
