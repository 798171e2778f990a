package io.kdelta.storage;

import io.kdelta.memory.Bytes;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Several sources as one, in key order: of rows with the same key the newest counts, and a delete
 * hides what is older.
 *
 * <p>It knows the present source and the one that comes next, so that a row costs one comparison,
 * and none when only one source is left.
 *
 * <p>Owner: one thread, that of its sources.
 */
final class MergeCursor implements Cursor {
  private static final int NONE = -1;

  private final RowSource[] sources;
  private final boolean[] live;
  private final byte @Nullable [] group;
  private final @Nullable RowKey from;
  private final byte @Nullable [] toPoint;
  private final byte[] toSuffix;
  private final Runnable onClose;
  private final RowView view = new RowView();
  private final ReadEpoch epoch = new ReadEpoch();
  private int current = NONE;

  /** Of the other sources the one with the least key, the newest of equals. */
  private int challenger = NONE;

  /** Whether the challenger stands on the present key too. */
  private boolean tied;

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
    this.toPoint = to == null ? null : to.point().toArray();
    this.toSuffix = to == null ? new byte[0] : to.suffix().toArray();
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
    elect();
    ended = current == NONE || beyond(sources[current]);
    if (ended) current = NONE;
    return !ended && (!entry().tombstone || next());
  }

  @Override
  public Row row() {
    return entry().row();
  }

  @Override
  public RowView view() {
    RowSource entry = entry();
    entry.bringValue();
    view.showPoint(entry.keySegment(), 0, entry.pointSize);
    view.showSuffix(entry.keySegment(), entry.pointSize, entry.keySize - entry.pointSize);
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
      elect();
    } else if (tied) {
      passAll();
      elect();
    } else {
      pass();
    }
    ended = current == NONE || beyond(sources[current]);
    if (ended) current = NONE;
    return !ended;
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

  /** Moves the present source, which stays the present one as long as it leads. */
  private void pass() {
    RowSource source = sources[current];
    live[current] = source.next();
    if (challenger == NONE) {
      if (!live[current]) current = NONE;
      return;
    }
    if (live[current]) {
      int order = source.compareKeys(sources[challenger]);
      tied = order == 0;
      if (order < 0 || (tied && current < challenger)) return;
    }
    elect();
  }

  /** Moves every source that stands on the present key. */
  private void passAll() {
    RowSource passed = sources[current];
    for (int i = 0; i < sources.length; i++) {
      boolean older = i != current && live[i] && sources[i].compareKeys(passed) == 0;
      if (older) live[i] = sources[i].next();
    }
    live[current] = passed.next();
  }

  /** Finds the source with the least key, the newest of equals, and the one after it. */
  private void elect() {
    current = least(NONE);
    challenger = current == NONE ? NONE : least(current);
    tied = challenger != NONE && sources[current].compareKeys(sources[challenger]) == 0;
  }

  private int least(int except) {
    int least = NONE;
    for (int i = 0; i < sources.length; i++) {
      if (!live[i] || i == except) continue;
      if (least == NONE || sources[i].compareKeys(sources[least]) < 0) least = i;
    }
    return least;
  }

  private boolean beyond(RowSource source) {
    if (group != null) return !source.inGroup(group);
    return toPoint != null && source.compareKey(toPoint, toSuffix) >= 0;
  }
}
