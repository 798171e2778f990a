package io.kdelta.causal;

import io.kdelta.error.KdeltaException;
import io.kdelta.memory.Bytes;
import io.kdelta.reconciliation.Digest;
import io.kdelta.storage.Cursor;
import io.kdelta.storage.Row;
import io.kdelta.storage.RowKey;
import io.kdelta.storage.RowView;
import io.kdelta.storage.Rows;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Reads of the graph of visible versions over any rows: the live store, a snapshot, or a
 * transaction that is not committed yet.
 *
 * <p>Owner: the core thread. No state of its own but what it reads into. Every method throws {@link
 * KdeltaException.Corrupt} when a row that has to be there is not.
 */
public final class CausalGraph {
  private final Rows rows;
  private final VersionSearch search;
  private final RowView row = new RowView();
  private final VersionView shown = new VersionView();

  /** Reads {@code rows}. */
  public CausalGraph(Rows rows) {
    this.rows = rows;
    this.search = new VersionSearch(rows);
  }

  /** The heads of a key; empty when it has no version. */
  public Heads heads(Key key) {
    if (!first(key)) return new Heads(key, List.of(), 0);
    return headsOf(key, row, shown);
  }

  /** What a read of the key answers now, in one look-up while it has one head; null for none. */
  public @Nullable Present present(Key key) {
    if (!first(key)) return null;
    if (!shown.isOpenHeads()) {
      Stored only = shown.stored();
      return new Present(only, 1, only.version().id(), only.lsn());
    }
    Heads heads = headsOf(key, row, shown);
    Stored winner = version(heads.winner().orElseThrow(AssertionError::new).id());
    if (winner == null) {
      throw new KdeltaException.Corrupt("heads of " + key, 0, "the winner is not there");
    }
    Digest state = heads.stateId().orElseThrow(AssertionError::new);
    return new Present(winner, heads.all().size(), state, Math.max(heads.lsn(), winner.lsn()));
  }

  /**
   * The heads that the first row of a group tells: the open heads, or else the newest version. That
   * one is the only head then, for a time is above all its parents'.
   */
  static Heads headsOf(Key key, RowView first, VersionView shown) {
    if (shown.isOpenHeads()) return new Heads(key, StoredRows.heads(first.row()), first.lsn());
    return new Heads(key, List.of(shown.head()), first.lsn());
  }

  /** Shows the first row of a key. */
  private boolean first(Key key) {
    byte[] point = key.point();
    if (!rows.first(point, 0, point.length, row)) return false;
    shown.show(row);
    return true;
  }

  /** A visible version, or null. */
  public @Nullable Stored version(Digest id) {
    if (!search.find(id, row)) return null;
    return StoredRows.stored(row.value(), id, row.lsn());
  }

  /** Whether the version is visible. */
  public boolean contains(Digest id) {
    return search.visible(id);
  }

  /** Whether the version is visible or durably parked. */
  public boolean holds(Digest id) {
    return rows.get(Keyspace.byId(id)) != null;
  }

  /** A visible version with its document, or null. */
  public @Nullable Envelope envelope(Digest id) {
    Stored stored = version(id);
    return stored == null ? null : envelope(stored);
  }

  /** A version that was read, with its document. */
  public Envelope envelope(Stored stored) {
    return new Envelope(
        stored.version(), stored.dots(), stored.request(), document(stored), stored.proof());
  }

  /** The document of a version that was read; empty for a delete. */
  public Bytes document(Stored stored) {
    if (stored.inline() != null) return stored.inline();
    Digest content = stored.version().content();
    Row row = rows.get(Keyspace.content(content));
    if (row == null) throw new KdeltaException.Corrupt("content " + content, 0, "is not there");
    return row.value();
  }

  /**
   * Visible versions whose id starts with these hexadecimal digits, ascending, at most {@code max}.
   * Throws Invalid for anything but 1 to 64 hexadecimal digits.
   */
  public List<Digest> idsByPrefix(String hex, int max) {
    if (hex.isEmpty()
        || hex.length() > Digest.NIBBLES
        || !hex.chars().allMatch(HexFormat::isHexDigit)) {
      throw new KdeltaException.Invalid("version", "'" + hex + "' is not hexadecimal digits");
    }
    String prefix = hex.toLowerCase(Locale.ROOT);
    Digest first = Digest.fromHex(prefix + "0".repeat(Digest.NIBBLES - prefix.length()));
    List<Digest> found = new ArrayList<>();
    try (Cursor cursor = rows.cursor(Keyspace.byId(first), Keyspace.BY_ID.end())) {
      while (found.size() < max && cursor.next()) {
        Digest id = Keyspace.digestOf(cursor.row().key().point());
        if (!id.hex().startsWith(prefix)) break;
        if (StoredRows.place(cursor.row()) instanceof StoredRows.Place.Visible) found.add(id);
      }
    }
    return found;
  }

  /** All versions of a key, newest first, branches included. Close it. */
  public History history(Key key) {
    return history(key, new Timestamp(-1));
  }

  /** The versions of a key with a time of at most {@code latest}, newest first. Close it. */
  public History history(Key key, Timestamp latest) {
    Bytes group = Keyspace.group(key);
    return new History(rows.group(group), Keyspace.versionsFrom(group, latest));
  }

  /**
   * What a read of the key answered when only the versions with a time of at most {@code latest}
   * were there; null when there was none. Give {@link Timestamp#endOfMicros} for a whole
   * microsecond.
   *
   * <p>The newest of them is a head of theirs, for nothing later supersedes it; only when it is a
   * delete may an older head, a live one, win over it.
   */
  public @Nullable Stored winnerAt(Key key, Timestamp latest) {
    if (!search.newest(key, latest, row)) return null;
    shown.show(row);
    if (!shown.deleted()) return shown.stored();
    try (History history = history(key, latest)) {
      Stored newest = null;
      TreeSet<Digest> superseded = new TreeSet<>();
      while (history.next()) {
        boolean wins = !history.deleted() && !superseded.contains(history.id());
        Stored stored = history.stored();
        if (wins) return stored;
        if (newest == null) newest = stored;
        superseded.addAll(stored.version().parents());
      }
      return newest;
    }
  }

  /** The heads among the versions with a time of at most {@code latest}; may read all of them. */
  public Heads headsAt(Key key, Timestamp latest) {
    List<Head> heads = new ArrayList<>();
    long lsn = 0;
    try (History history = history(key, latest)) {
      TreeSet<Digest> superseded = new TreeSet<>();
      while (history.next()) {
        Stored stored = history.stored();
        if (!superseded.contains(stored.version().id())) heads.add(Head.of(stored.version()));
        superseded.addAll(stored.version().parents());
        lsn = Math.max(lsn, stored.lsn());
      }
    }
    return new Heads(key, heads, lsn);
  }

  /**
   * The heads among the versions that {@code counts} and everything that these are built on. Reads
   * no further than the newest of them; empty when no version of the key counts.
   */
  public Heads headsAmong(Key key, Predicate<Stored> counts) {
    List<Head> heads = new ArrayList<>();
    long lsn = 0;
    TreeSet<Digest> open = new TreeSet<>(heads(key).ids());
    TreeSet<Digest> below = new TreeSet<>();
    try (History history = history(key)) {
      // Newest first: whatever is built on a version was met before it.
      while (!open.isEmpty() && history.next()) {
        open.remove(history.id());
        Stored stored = history.stored();
        List<Digest> parents = stored.version().parents();
        if (below.contains(history.id())) {
          below.addAll(parents);
        } else if (counts.test(stored)) {
          heads.add(Head.of(stored.version()));
          lsn = Math.max(lsn, stored.lsn());
          below.addAll(parents);
        } else {
          open.addAll(parents);
        }
        open.removeAll(below);
      }
    }
    return new Heads(key, heads, lsn);
  }

  /**
   * Every version that {@code id} is built on, newest first, itself left out; at most {@code max}.
   */
  public List<Stored> ancestors(Digest id, int max) {
    return Ancestry.ancestors(this, id, max);
  }

  /**
   * Every version built on {@code id}, oldest first, itself left out; at most {@code max}. Throws
   * NotFound when it is not visible.
   */
  public List<Stored> descendants(Digest id, int max) {
    Stored start = version(id);
    if (start == null) throw new KdeltaException.NotFound("version " + id);
    List<Stored> newer = new ArrayList<>();
    try (History history = history(start.version().key())) {
      while (history.next()) {
        Stored stored = history.stored();
        if (!stored.version().time().after(start.version().time())) break;
        newer.add(stored);
      }
    }
    Collections.reverse(newer);
    TreeSet<Digest> built = new TreeSet<>(List.of(id));
    List<Stored> found = new ArrayList<>();
    for (Stored stored : newer) {
      if (found.size() == max) break;
      if (stored.version().parents().stream().anyMatch(built::contains)) {
        built.add(stored.version().id());
        found.add(stored);
      }
    }
    return found;
  }

  /**
   * The nearest common ancestors of two or more versions of one key: those that no other common
   * ancestor is built on, newest first. A version counts as an ancestor of itself.
   */
  public List<Digest> commonAncestors(List<Digest> ids) {
    return Ancestry.common(this, ids);
  }

  /**
   * The keys of a namespace that ever had a version, in order, each with its heads.
   *
   * @param prefix only keys that start with it; empty for all
   * @param after only keys behind this one; null for all
   */
  public KeyWalk keys(String namespace, String prefix, @Nullable String after) {
    Key.checkNamespace(namespace);
    Bytes point = Bytes.concat(Keyspace.namespacePoint(namespace), Key.utf8("prefix", prefix));
    RowKey from = RowKey.first(point);
    RowKey to = behindAllThatStartWith(point);
    if (after != null) {
      RowKey behind = Keyspace.afterGroup(Keyspace.group(new Key(namespace, after)));
      if (behind.compareTo(from) > 0) from = behind.compareTo(to) < 0 ? behind : to;
    }
    return new KeyWalk(rows.cursor(from, to));
  }

  /**
   * The keys of a namespace with two or more heads, in order, each with its heads; at most {@code
   * max}. Costs what it answers, however many keys there are.
   *
   * @param after only keys behind this one; null for all
   */
  public List<Heads> conflicts(String namespace, @Nullable String after, int max) {
    Key.checkNamespace(namespace);
    Bytes point = Keyspace.conflictPoint(namespace);
    RowKey from = RowKey.first(point);
    if (after != null) {
      Bytes last = Keyspace.conflict(new Key(namespace, after)).point();
      from = Keyspace.afterGroup(last);
    }
    List<Heads> found = new ArrayList<>();
    try (Cursor cursor = rows.cursor(from, behindAllThatStartWith(point))) {
      while (found.size() < max && cursor.next()) {
        found.add(heads(Keyspace.keyOf(cursor.row().key().point())));
      }
    }
    return found;
  }

  /** What is remembered of a request, in the order of its writes; empty when nothing is. */
  public List<RequestRecord> request(String requestId) {
    List<RequestRecord> records = new ArrayList<>();
    try (Cursor cursor = rows.group(Keyspace.requestGroup(requestId))) {
      while (cursor.next()) records.add(StoredRows.request(cursor.row()));
    }
    return records;
  }

  /** The version at a place in a log, visible or parked, or null. */
  public @Nullable Digest versionAt(Dot dot) {
    Row row = rows.get(Keyspace.position(dot));
    return row == null ? null : StoredRows.position(row).id();
  }

  /** The versions at places in a log that have a row, visible or parked. */
  public List<Digest> versionsAt(Incarnation incarnation, long first, long last) {
    List<Digest> ids = new ArrayList<>();
    PositionView shown = new PositionView();
    RowKey start = Keyspace.position(incarnation, first);
    RowKey end = Keyspace.position(incarnation, last + 1);
    try (Cursor cursor = rows.cursor(start, end)) {
      while (cursor.next()) {
        shown.show(cursor.view());
        ids.add(shown.id());
      }
    }
    return ids;
  }

  /** The apply log behind {@code position}, at most {@code max} rows of it. */
  public List<AppliedRecord> appliedAfter(long position, int max) {
    List<AppliedRecord> records = new ArrayList<>();
    try (Cursor cursor = rows.cursor(Keyspace.applied(position + 1), Keyspace.APPLY.end())) {
      while (records.size() < max && cursor.next()) {
        Row row = cursor.row();
        records.add(new AppliedRecord(Keyspace.appliedOf(row.key()), StoredRows.digest(row)));
      }
    }
    return records;
  }

  /** A row of the system's own, as {@link Transaction#putSystem} wrote it, or null. */
  public @Nullable Bytes system(String name) {
    Row row = rows.get(Keyspace.system(name));
    return row == null ? null : row.value();
  }

  /** No byte of a prefix is 0xff: it is a keyspace, a length of at most 128, ASCII and UTF-8. */
  private static RowKey behindAllThatStartWith(Bytes prefix) {
    byte[] bytes = prefix.toArray();
    bytes[bytes.length - 1]++;
    return RowKey.first(Bytes.wrap(bytes));
  }
}
