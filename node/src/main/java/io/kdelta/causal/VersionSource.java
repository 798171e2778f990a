package io.kdelta.causal;

import io.kdelta.error.KdeltaException;
import io.kdelta.memory.Bytes;
import io.kdelta.reconciliation.Digest;
import io.kdelta.storage.Cursor;
import io.kdelta.storage.ForeignTables;
import io.kdelta.storage.Row;
import io.kdelta.storage.RowKey;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The tables of another node as a source of versions: key by key, of each key the oldest first, so
 * parents come before their children. Only versions and the documents they name are read; what that
 * node derived from them, and what it says of itself, is not.
 *
 * <p>Every id is computed anew from the bytes; the rest is checked where versions of peers always
 * are ({@link Verification}). Owner: one thread, the one that owns the tables. Memory: a few rows,
 * and {@value #SUFFIX_BYTES} bytes a version of the key that it stands on.
 */
public final class VersionSource implements AutoCloseable {
  /** Versions of one key that are read together; a key of more is read again, from its end. */
  private static final int TOGETHER = 64;

  /** A key with more versions is left to reconciliation: 41 MB of memory is what one may take. */
  private static final int GROUP_MAX = 1 << 20;

  private static final int SUFFIX_BYTES = Keyspace.VERSION_SUFFIX_BYTES;

  private final ForeignTables tables;
  private final Cursor walk;

  /** The row that the walk stands on, which is copied once; null at the end. */
  private @Nullable Row standing;

  private Bytes group = Bytes.EMPTY;
  private Bytes finished;
  private byte[] suffixes = new byte[TOGETHER * SUFFIX_BYTES];
  private int left;

  /** The rows of versions from {@link #windowFrom} to {@link #left} of the group. */
  private final List<Row> window = new ArrayList<>();

  private int windowFrom;

  /** See {@link #wholeKeys}. */
  private boolean whole;

  /**
   * Stands before the first version.
   *
   * @param tables closed with this
   * @param after where an earlier reading stood, see {@link #finished}; empty for the beginning
   */
  public VersionSource(ForeignTables tables, Bytes after) {
    this.tables = tables;
    this.finished = after;
    RowKey from = after.isEmpty() ? Keyspace.VERSION.start() : Keyspace.afterGroup(after);
    this.walk = tables.cursor(from, Keyspace.VERSION.end());
    this.standing = walk.next() ? walk.row() : null;
  }

  /** Whether what {@link #next} gave out last are all versions of the keys that it names. */
  public boolean wholeKeys() {
    return whole;
  }

  /**
   * The next versions, of about so many bytes, at least one; none at the end. Up to twice as many,
   * where that makes a key whole.
   *
   * @throws KdeltaException.Corrupt when a row is not what its place says, or rotten
   * @throws KdeltaException.Invalid when it can not be a version
   */
  public List<Envelope> next(int bytesMax) {
    List<Envelope> batch = new ArrayList<>();
    next(bytesMax, batch, null);
    return batch;
  }

  /**
   * The same behind what is there already; and the values of their rows, as they were found.
   *
   * @return how many versions were added
   */
  int next(int bytesMax, List<Envelope> batch, @Nullable List<Bytes> found) {
    int before = batch.size();
    long bytes = 0;
    boolean begins = left == 0;
    while (bytes < bytesMax || (left > 0 && bytes < 2L * bytesMax)) {
      if (left == 0) {
        if (!group.isEmpty()) finished = group;
        if (!nextGroup()) break;
        continue;
      }
      if (left == windowFrom) readWindow();
      Row row = window.get(--left - windowFrom);
      Envelope next = envelope(row);
      batch.add(next);
      if (found != null) found.add(row.value());
      bytes += next.size();
    }
    whole = begins && left == 0;
    return batch.size() - before;
  }

  /** Whether all versions of the key that was given out last were given out. */
  boolean betweenKeys() {
    return left == 0;
  }

  /** All versions of all keys up to this one were given out. */
  public Bytes finished() {
    return left == 0 && !group.isEmpty() ? group : finished;
  }

  @Override
  public void close() {
    walk.close();
    tables.close();
  }

  /** Notes the versions of the next key, newest first; the rows of a short one are kept. */
  private boolean nextGroup() {
    group = Bytes.EMPTY;
    Row row = standing;
    if (row == null) return false;
    group = row.key().point();
    window.clear();
    windowFrom = 0;
    int count = 0;
    while (row != null && row.key().point().equals(group)) {
      if (!Keyspace.isOpenHeads(row.key())) {
        note(row.key(), count++);
        if (count <= TOGETHER) window.add(row);
      }
      row = walk.next() ? walk.row() : null;
    }
    standing = row;
    if (count > TOGETHER) {
      window.clear();
      windowFrom = count;
    }
    left = count > GROUP_MAX ? 0 : count;
    return true;
  }

  private void note(RowKey key, int index) {
    if (index >= GROUP_MAX) return;
    if (key.suffix().size() != SUFFIX_BYTES) {
      throw new KdeltaException.Corrupt("row " + key.point(), 0, "is no row of a version");
    }
    int at = index * SUFFIX_BYTES;
    if (at == suffixes.length) suffixes = Arrays.copyOf(suffixes, 2 * suffixes.length);
    key.suffix().copyTo(suffixes, at);
  }

  private void readWindow() {
    windowFrom = Math.max(0, left - TOGETHER);
    window.clear();
    try (Cursor again = tables.cursor(key(windowFrom), null)) {
      while (window.size() < left - windowFrom && again.next()) window.add(again.row());
    }
    Row last = window.isEmpty() ? null : window.getLast();
    if (last == null || !last.key().equals(key(left - 1))) {
      throw new KdeltaException.Corrupt("row " + group, 0, "is gone at the second reading");
    }
  }

  private RowKey key(int index) {
    int at = index * SUFFIX_BYTES;
    return new RowKey(group, Bytes.copyOf(suffixes, at, SUFFIX_BYTES));
  }

  private Envelope envelope(Row row) {
    Stored stored = StoredRows.stored(row);
    Version version = Version.decode(stored.version().canonical());
    if (!Keyspace.version(version).equals(row.key())) {
      throw new KdeltaException.Corrupt(
          "version " + version.id(), 0, "lies where another one belongs");
    }
    Bytes inline = stored.inline();
    Bytes document = inline == null ? content(version.content()) : inline;
    return new Envelope(version, stored.dots(), stored.request(), document, stored.proof());
  }

  private Bytes content(Digest id) {
    RowKey key = Keyspace.content(id);
    try (Cursor cursor = tables.cursor(key, null)) {
      if (cursor.next()) {
        Row row = cursor.row();
        if (row.key().equals(key)) return row.value();
      }
    }
    throw new KdeltaException.Corrupt("document " + id, 0, "is not there");
  }
}
