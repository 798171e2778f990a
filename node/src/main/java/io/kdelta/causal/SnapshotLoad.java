package io.kdelta.causal;

import io.kdelta.causal.LogState.Chain;
import io.kdelta.env.Entropy;
import io.kdelta.error.KdeltaException;
import io.kdelta.memory.ByteWriter;
import io.kdelta.memory.Bytes;
import io.kdelta.reconciliation.BatchHasher;
import io.kdelta.reconciliation.Digest;
import io.kdelta.reconciliation.MerkleTree;
import io.kdelta.storage.Cursor;
import io.kdelta.storage.ForeignTables;
import io.kdelta.storage.Row;
import io.kdelta.storage.RowKey;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Lays the versions of another node's tables out as the rows of a store that has none, in the order
 * of their keys, so that they go straight into tables ({@link io.kdelta.storage.BulkLoad}); and
 * works out what such a store keeps in memory.
 *
 * <p>Versions, with their documents and heads, are read by {@link VersionSource} and verified as
 * all versions of peers are. Rows by id, of positions and of requests come in other orders: they
 * are taken from that node's rows, each held against what the versions say. What one version says
 * of a row adds the row's {@link KeyedHash} to a sum, and the row found takes it away; where the
 * sums differ at the end, or anything else is there that versions alone do not explain, the tables
 * are {@link #unfit}, and their versions have to be received one by one. Nothing is believed: chain
 * values are computed, documents hashed, the order of becoming visible is made here.
 *
 * <p>Owner: one thread, the one that owns the tables. Memory: 64 bytes a version for its id and the
 * tree, 32 a large document and a remembered request.
 */
public final class SnapshotLoad implements AutoCloseable {
  /** How many orders of rows are laid out side by side. */
  public static final int LANES = 3;

  /** Rows from by id to request age, and versions before them: each keyspace after the other. */
  private static final int MAIN = 0;

  private static final int APPLY = 1;
  private static final int CONFLICTS = 2;

  /** All versions of a key are in memory at once; with a key of more none is loaded. */
  private static final long KEY_BYTES_MAX = 16 << 20;

  /** More remembered requests than any store keeps. */
  private static final int REQUESTS_MAX = 2_000_000;

  private static final int ROW_BYTES = 64;

  private final ForeignTables tables;
  private final VersionSource versions;
  private final ContentSchema schema;
  private final KeyedHash hash;
  private final long wallMicros;
  private byte[] hashed = new byte[1 << 10];

  private Stage stage = Stage.REMEMBERED;
  private @Nullable Cursor walk;
  private @Nullable String unfit;

  private final List<Digest> ids = new ArrayList<>();
  private final SortedMap<String, CausalStats> counts = new TreeMap<>();
  private final TreeMap<Incarnation, LogState> logs = new TreeMap<>();
  private HybridClock clock = HybridClock.START;
  private final HashSet64 documents = new HashSet64();
  private final HashSet64 remembered = new HashSet64();
  private Bytes group = Bytes.EMPTY;
  private long requests;
  private long requestsSeen;
  private int documentsLaid;

  /** What versions say of rows in other orders, less what was found of them. */
  private long byId;

  private long positions;
  private long requestRows;
  private long requestAges;

  /** What is read; rows are laid out from the second on. */
  private enum Stage {
    /** Whether there is anything beside versions, and which requests are remembered. */
    REMEMBERED,
    VERSIONS,
    BY_ID,
    CONTENT,
    POSITIONS,
    REQUESTS,
    /** What is in memory and follows from no other row: a crash may come before any batch. */
    STATE,
    REQUEST_AGES,
    END
  }

  /** A row of one of the lanes. */
  public record Laid(int lane, RowKey key, Bytes value) {}

  /**
   * Some rows, which may be used once their documents are {@link #sound}.
   *
   * @param rows in order, within each lane
   * @param unchecked versions whose documents nobody has held against them
   */
  public record Part(List<Laid> rows, List<Envelope> unchecked, ContentSchema schema) {
    /** Whether they are: half the work of a load, which any thread can do. */
    public boolean sound(BatchHasher hasher) {
      if (!Verification.haveNamedDocuments(unchecked, hasher)) return false;
      for (Envelope each : unchecked) {
        if (Verification.contentFlaw(each, schema) != null) return false;
      }
      return true;
    }
  }

  /**
   * @param tables closed with this
   * @param wallMicros what the time is, for the clock of the store
   */
  public SnapshotLoad(
      ForeignTables tables, ContentSchema schema, Entropy entropy, long wallMicros) {
    this.tables = tables;
    this.versions = new VersionSource(tables, Bytes.EMPTY);
    this.schema = schema;
    this.hash = new KeyedHash(entropy);
    this.wallMicros = wallMicros;
  }

  /** Why the versions can not be laid out; null as long as they can. */
  public @Nullable String unfit() {
    return unfit;
  }

  /** Whether everything was laid out. */
  public boolean ended() {
    return stage == Stage.END;
  }

  /** How many versions were laid out. */
  public long versions() {
    return ids.size();
  }

  /**
   * The next rows, of about so many bytes; fewer at the end of a stage.
   *
   * @throws KdeltaException.Corrupt when a row is not what its place says, or rotten
   * @throws KdeltaException.Invalid when it can not be a version
   */
  public Part next(int bytesMax) {
    List<Laid> rows = new ArrayList<>();
    List<Envelope> unchecked = new ArrayList<>();
    boolean more =
        switch (stage) {
          case REMEMBERED -> look();
          case VERSIONS -> versions(bytesMax, rows, unchecked);
          case BY_ID -> walk(Keyspace.BY_ID, bytesMax, rows);
          case CONTENT -> walk(Keyspace.CONTENT, bytesMax, rows);
          case POSITIONS -> walk(Keyspace.POSITION, bytesMax, rows);
          case REQUESTS -> walk(Keyspace.REQUEST, bytesMax, rows);
          case STATE -> state(rows);
          case REQUEST_AGES -> walk(Keyspace.REQUEST_AGE, bytesMax, rows);
          case END -> false;
        };
    if (!more && unfit == null) endStage();
    return new Part(rows, unchecked, schema);
  }

  /** What a store with these rows keeps in memory; once all were laid out. */
  public Loaded loaded() {
    if (stage != Stage.END || unfit != null) throw new IllegalStateException("it is not whole");
    MerkleTree tree = MerkleTree.of(ids);
    // Hashed here: for a million versions that takes most of a second, in which no turn is taken.
    var _ = tree.root();
    return new Loaded(tree, counts, logs, clock, ids.size(), requests);
  }

  @Override
  public void close() {
    if (walk != null) walk.close();
    walk = null;
    versions.close();
  }

  private void endStage() {
    boolean explained =
        switch (stage) {
          case VERSIONS -> requestsSeen == requests;
          case BY_ID -> byId == 0;
          case CONTENT -> documentsLaid == documents.size();
          case POSITIONS -> positions == 0;
          case REQUESTS -> requestRows == 0;
          case REQUEST_AGES -> requestAges == 0;
          default -> true;
        };
    if (!explained) {
      unfit = "rows of the stage " + stage + " are not those of the versions";
      return;
    }
    if (walk != null) walk.close();
    walk = null;
    stage =
        switch (stage) {
          case REMEMBERED -> Stage.VERSIONS;
          case VERSIONS -> Stage.BY_ID;
          case BY_ID -> Stage.CONTENT;
          case CONTENT -> Stage.POSITIONS;
          case POSITIONS -> Stage.REQUESTS;
          case REQUESTS -> Stage.STATE;
          case STATE -> Stage.REQUEST_AGES;
          case REQUEST_AGES, END -> Stage.END;
        };
  }

  /** Versions that wait or were lost explain rows too; such tables are rare. */
  private boolean look() {
    for (Keyspace other : List.of(Keyspace.PARKED, Keyspace.LOST)) {
      try (Cursor cursor = tables.cursor(other.start(), other.end())) {
        if (cursor.next()) unfit = "there are rows of the kind " + other;
      }
    }
    try (Cursor cursor = tables.cursor(Keyspace.REQUEST.start(), Keyspace.REQUEST.end())) {
      while (cursor.next()) {
        RequestRecord record = request(cursor.row());
        remembered.add(hashRequest(record.request(), record.version()));
        if (++requests > REQUESTS_MAX) {
          unfit = "more requests are remembered than a store keeps";
          break;
        }
      }
    }
    return false;
  }

  private boolean versions(int bytesMax, List<Laid> rows, List<Envelope> unchecked) {
    List<Envelope> batch = new ArrayList<>();
    List<Bytes> found = new ArrayList<>();
    int more = versions.next(bytesMax, batch, found);
    if (more == 0) return false;
    long bytes = 0;
    while (!versions.betweenKeys()) {
      for (Envelope each : batch.subList(batch.size() - more, batch.size())) bytes += each.size();
      if (bytes > KEY_BYTES_MAX) {
        unfit = "a key has " + bytes + " bytes of versions and more";
        return true;
      }
      more = versions.next(bytesMax, batch, found);
    }
    unchecked.addAll(batch);
    int from = 0;
    for (int i = 1; i <= batch.size() && unfit == null; i++) {
      Key key = batch.get(from).version().key();
      if (i < batch.size() && batch.get(i).version().key().equals(key)) continue;
      lay(key, batch.subList(from, i), found.subList(from, i), rows);
      from = i;
    }
    return true;
  }

  /**
   * Lays the rows of a key out.
   *
   * @param found the values of the versions' rows
   */
  private void lay(Key key, List<Envelope> oldestFirst, List<Bytes> found, List<Laid> rows) {
    WholeKey whole = WholeKey.of(key, oldestFirst);
    if (whole == null || key.group().compareTo(group) <= 0) {
      unfit = "a version of " + key + " is not what it must be";
      return;
    }
    group = key.group();
    counts.merge(key.namespace(), whole.counted(), CausalStats::plus);
    if (whole.heads().conflicting()) {
      Bytes open = StoredRows.heads(whole.heads().all());
      rows.add(new Laid(MAIN, Keyspace.openHeads(group), open));
      rows.add(new Laid(CONFLICTS, Keyspace.conflict(key), Bytes.EMPTY));
    }
    for (int i = oldestFirst.size() - 1; i >= 0; i--) {
      Envelope envelope = oldestFirst.get(i);
      Bytes row = StoredRows.version(envelope, found.get(i));
      rows.add(new Laid(MAIN, Keyspace.version(envelope.version()), row));
    }
    for (Envelope envelope : oldestFirst) {
      Digest id = envelope.version().id();
      ids.add(id);
      rows.add(new Laid(APPLY, Keyspace.applied(ids.size()), StoredRows.digest(id)));
      say(envelope);
    }
  }

  /** Notes what a version says of rows in other orders. */
  private void say(Envelope envelope) {
    Version version = envelope.version();
    Digest id = version.id();
    clock = clock.seen(wallMicros, version.time());
    byId += hash(Keyspace.byId(id).point(), StoredRows.visible(version));
    for (Dot dot : envelope.dots()) positions += hashPosition(dot, id);
    if (!StoredRows.inline(envelope.document())) documents.add(hashDigest(version.content()));
    Request request = envelope.request();
    if (request == null || !remembered.contains(hashRequest(request, id))) return;
    requestsSeen++;
    requestRows += hashRemembered(request, Request.bodyHash(version), id);
  }

  private boolean state(List<Laid> rows) {
    SystemRows.State state = new SystemRows.State(clock, ids.size(), 0, requests);
    rows.add(new Laid(MAIN, SystemRows.STATE, state.encode()));
    return false;
  }

  /** Lays rows of a keyspace out as they are found, if they are those that versions say. */
  private boolean walk(Keyspace space, int bytesMax, List<Laid> rows) {
    Cursor from = walk;
    if (from == null) {
      from = tables.cursor(space.start(), space.end());
      walk = from;
    }
    long bytes = 0;
    while (bytes < bytesMax && unfit == null) {
      if (!from.next()) return false;
      Row row = from.row();
      Bytes value = found(space, row);
      if (value == null) continue;
      rows.add(new Laid(MAIN, row.key(), value));
      bytes += value.size() + ROW_BYTES;
    }
    return true;
  }

  /** The value that a row gets here; null for a row that is left out. */
  private @Nullable Bytes found(Keyspace space, Row row) {
    // What is hashed is a part of the key: with more than that it would be a row that nobody reads.
    checkKey(row.key(), space);
    switch (space) {
      case BY_ID -> byId -= hash(row.key().point(), row.value());
      case CONTENT -> {
        // Its bytes were hashed with the version that names it.
        Digest id = Keyspace.digestOf(row.key().point());
        if (!documents.contains(hashDigest(id))) return null;
        documentsLaid++;
        return row.value();
      }
      case POSITION -> {
        return position(row);
      }
      case REQUEST -> {
        RequestRecord record = request(row);
        requestRows -= hashRemembered(record.request(), record.bodyHash(), record.version());
        long latest = wallMicros + HybridClock.AHEAD_MICROS_MAX;
        if (record.recordedMicros() < 0 || record.recordedMicros() > latest) {
          unfit = "a request is remembered from a time that is none, or is to come";
        }
        requestAges +=
            hash(
                Keyspace.requestAge(record.recordedMicros(), record.request()).point(),
                Bytes.EMPTY);
      }
      case REQUEST_AGE -> requestAges -= hash(row.key().point(), row.value());
      default -> throw new AssertionError("nothing is walked over in " + space);
    }
    return row.value();
  }

  private static RequestRecord request(Row row) {
    checkKey(row.key(), Keyspace.REQUEST);
    RequestRecord record = StoredRows.request(row);
    if (!Keyspace.request(record.request()).equals(row.key())) throw misplaced(row.key());
    return record;
  }

  /** That a key has the parts, of the sizes, that rows of a keyspace have. */
  private static void checkKey(RowKey key, Keyspace space) {
    int size = key.point().size();
    boolean sized =
        switch (space) {
          case CONTENT -> size == 1 + Digest.SIZE;
          case POSITION -> size == 1 + Dot.SIZE;
          default -> true;
        };
    int suffix = space == Keyspace.REQUEST ? Integer.BYTES : 0;
    if (!sized || key.suffix().size() != suffix) throw misplaced(key);
  }

  private static KdeltaException.Corrupt misplaced(RowKey key) {
    return new KdeltaException.Corrupt("row " + key.point(), 0, "is no key of its kind");
  }

  /** With its chain value where that can be computed; the log's state follows. */
  private Bytes position(Row row) {
    Dot dot = Keyspace.dotOf(row.key());
    StoredRows.Placed placed = StoredRows.position(row);
    positions -= hashPosition(dot, placed.id());
    LogState log = logs.computeIfAbsent(dot.incarnation(), LogState::new);
    log.receive(dot.seq(), dot.seq());
    Digest chain = null;
    if (dot.seq() == log.chain().seq() + 1) {
      Chain next = log.chain().then(placed.id());
      log.chain(next);
      chain = next.value();
      if (placed.chain() != null && !placed.chain().equals(chain)) {
        unfit = "the chain of log " + dot.incarnation() + " breaks at " + dot.seq();
      }
    }
    return StoredRows.position(new StoredRows.Placed(placed.id(), chain, false));
  }

  private long hashPosition(Dot dot, Digest id) {
    ByteWriter out = new ByteWriter(Dot.SIZE + Digest.SIZE);
    dot.write(out);
    Fields.writeDigest(out, id);
    return hash(out.toBytes(), Bytes.EMPTY);
  }

  private long hashDigest(Digest id) {
    id.writeTo(hashed, 0);
    return hash.of(hashed, Digest.SIZE);
  }

  private long hashRequest(Request request, Digest id) {
    ByteWriter out = new ByteWriter(ROW_BYTES);
    request.write(out);
    Fields.writeDigest(out, id);
    return hash(out.toBytes(), Bytes.EMPTY);
  }

  private long hashRemembered(Request request, Digest body, Digest id) {
    ByteWriter out = new ByteWriter(2 * ROW_BYTES);
    request.write(out);
    Fields.writeDigest(out, body);
    Fields.writeDigest(out, id);
    return hash(out.toBytes(), Bytes.EMPTY);
  }

  /** Of a part of a row and what follows it; the length of the first is part of it. */
  private long hash(Bytes first, Bytes then) {
    int size = Short.BYTES + first.size() + then.size();
    if (hashed.length < size) hashed = new byte[2 * size];
    hashed[0] = (byte) first.size();
    hashed[1] = (byte) (first.size() >>> Byte.SIZE);
    first.copyTo(hashed, Short.BYTES);
    then.copyTo(hashed, Short.BYTES + first.size());
    return hash.of(hashed, size);
  }
}
