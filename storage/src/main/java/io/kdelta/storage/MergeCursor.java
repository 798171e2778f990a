package io.kdelta.storage;

import io.kdelta.memory.Bytes;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Several sources as one, in key order: of rows with the same key the newest counts, and a delete
 * hides what is older.
 *
 * <p>Owner: one thread, that of its sources.
 */
final class MergeCursor implements Cursor {
  private static final int NONE = -1;

  private final RowSource[] sources;
  private final boolean[] live;
  private final byte @Nullable [] group;
  private final @Nullable RowKey from;
  private final @Nullable RowKey to;
  private final Runnable onClose;
  private final RowView view = new RowView();
  private final ReadEpoch epoch = new ReadEpoch();
  private int current = NONE;
  private boolean started;
  private boolean ended;
  private boolean closed;

  private MergeCursor(
      List<RowSource> newestFirst,
      byte @Nullable [] group,
      @Nullable RowKey from,
      @Nullable RowKey to,
      Runnable onClose) {
    this.sources = newestFirst.toArray(new RowSource[0]);
    this.live = new boolean[sources.length];
    this.group = group;
    this.from = from;
    this.to = to;
    this.onClose = onClose;
  }

  /**
   * The rows from {@code from} (inclusive; null: the beginning) to {@code to} (exclusive; null: the
   * end).
   */
  static MergeCursor range(
      List<RowSource> newestFirst, @Nullable RowKey from, @Nullable RowKey to, Runnable onClose) {
    return new MergeCursor(newestFirst, null, from, to, onClose);
  }

  /** The rows of one group, from sources that stand before its first row. */
  static MergeCursor group(List<RowSource> newestFirst, byte[] point, Runnable onClose) {
    return new MergeCursor(newestFirst, point, RowKey.first(Bytes.wrap(point)), null, onClose);
  }

  @Override
  public boolean next() {
    while (nextEntry()) {
      if (!entry().tombstone) return true;
    }
    return false;
  }

  @Override
  public boolean seek(RowKey key) {
    epoch.end();
    if (ended) return false;
    byte[] point = key.point().toArray();
    byte[] suffix = key.suffix().toArray();
    boolean back =
        current != NONE
            ? entry().compareKey(point, suffix) >= 0
            : from != null && from.compareTo(key) >= 0;
    if (back) return next();
    for (int i = 0; i < sources.length; i++) live[i] = sources[i].seek(key);
    started = true;
    settle();
    return current != NONE && (!entry().tombstone || next());
  }

  @Override
  public Row row() {
    return entry().row();
  }

  @Override
  public RowView view() {
    RowSource entry = entry();
    entry.bringValue();
    view.copyKey(entry.key, 0, entry.pointSize, entry.keySize - entry.pointSize);
    view.showValue(
        entry.valueSegment, entry.valueOffset, entry.valueSize, entry.lsn, entry.place());
    view.validFor(epoch);
    return view;
  }

  @Override
  public void close() {
    if (closed) return;
    closed = true;
    epoch.end();
    ended = true;
    current = NONE;
    onClose.run();
  }

  /** Moves to the next key, deletes included. */
  boolean nextEntry() {
    epoch.end();
    if (ended) return false;
    if (!started) {
      start();
    } else {
      pass();
    }
    settle();
    return current != NONE;
  }

  /** The source that stands on the present row. */
  RowSource entry() {
    if (current == NONE) throw new AssertionError("the cursor does not stand on a row");
    return sources[current];
  }

  private void start() {
    started = true;
    RowKey first = group == null ? from : null;
    for (int i = 0; i < sources.length; i++) {
      live[i] = first == null ? sources[i].next() : sources[i].seek(first);
    }
  }

  /** Moves every source that stands on the present key. */
  private void pass() {
    RowSource passed = sources[current];
    for (int i = 0; i < sources.length; i++) {
      boolean older = i != current && live[i] && sources[i].compareKeys(passed) == 0;
      if (older) live[i] = sources[i].next();
    }
    live[current] = passed.next();
  }

  /** Finds the source with the least key, the newest of equals; ends at the bound. */
  private void settle() {
    int least = NONE;
    for (int i = 0; i < sources.length; i++) {
      if (!live[i]) continue;
      if (least == NONE || sources[i].compareKeys(sources[least]) < 0) least = i;
    }
    current = least == NONE || beyond(sources[least]) ? NONE : least;
    ended = current == NONE;
  }

  private boolean beyond(RowSource source) {
    if (group != null) return !source.inGroup(group);
    return to != null && source.compareKey(to.point().toArray(), to.suffix().toArray()) >= 0;
  }
}
