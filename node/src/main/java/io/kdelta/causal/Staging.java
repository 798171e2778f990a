package io.kdelta.causal;

import io.kdelta.causal.LogState.Chain;
import io.kdelta.causal.LogState.Change;
import io.kdelta.causal.StoredRows.Placed;
import io.kdelta.error.KdeltaException;
import io.kdelta.memory.Bytes;
import io.kdelta.reconciliation.Digest;
import io.kdelta.reconciliation.MerkleTree;
import io.kdelta.storage.Cursor;
import io.kdelta.storage.Row;
import io.kdelta.storage.RowKey;
import io.kdelta.storage.RowView;
import io.kdelta.storage.WriteBatch;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What one transaction has gathered: the rows of its batch, and what will change in memory once the
 * batch is applied.
 *
 * <p>Owner: the transaction. Invariant: rows and changes say the same, so that memory stays what a
 * scan of the rows gives.
 */
final class Staging {
  private static final long REQUEST_MICROS_MAX = 24L * 3_600 * 1_000_000;
  private static final long REQUESTS_MAX = 1_000_000;
  private static final int EVICTED_FOR_EACH = 2;

  /** Rows behind holes that were filled which one transaction carries chains on over. */
  private static final int CHAINED_MAX = 256;

  /** A place in a log that changed. */
  record LogChange(Dot dot, Change change) {}

  final Overlay rows;
  final CausalGraph graph;
  final long wallMicros;
  final List<Applied> applied = new ArrayList<>();
  final Map<String, CausalStats> counts = new TreeMap<>();
  final List<LogChange> logChanges = new ArrayList<>();
  final Map<Incarnation, Chain> chains = new TreeMap<>();
  final Map<Incarnation, NodeId> nodes = new TreeMap<>();
  final Map<Incarnation, Intervals> adopted = new TreeMap<>();
  final List<Incarnation> disputed = new ArrayList<>();
  final List<Digest> found = new ArrayList<>();
  final Map<Digest, Integer> waiting = new TreeMap<>();
  MerkleTree tree;
  HybridClock clock;
  OwnLog own;
  long requestsChange;

  /** Whether rows of positions are taken away. */
  boolean released;

  /** How many rows lay behind holes that were filled. */
  private int chained;

  private final DerivedState state;

  /** Versions of whole keys that were taken as they are. */
  private @Nullable Consignment consignment;

  private @Nullable Heads latest;
  private int requestsAdded;
  private @Nullable RowKey ownLast;

  Staging(DerivedState state, Overlay rows, long wallMicros) {
    this.state = state;
    this.rows = rows;
    this.graph = new CausalGraph(rows);
    this.wallMicros = wallMicros;
    this.tree = state.tree;
    this.clock = state.clock;
    this.own = state.own;
  }

  /** The heads of a key as they are now; a write asks for those of one key several times. */
  Heads heads(Key key) {
    Heads known = latest;
    if (known == null || !known.key().equals(key)) {
      known = graph.heads(key);
      latest = known;
    }
    return known;
  }

  /** Makes a version part of the set: all its parents are in it, its dots have their rows. */
  void show(Envelope envelope) {
    Version version = envelope.version();
    Digest id = version.id();
    Heads before = heads(version.key());
    List<Head> heads = new ArrayList<>();
    for (Head head : before.all()) if (!version.parents().contains(head.id())) heads.add(head);
    heads.add(Head.of(version));
    Heads after = new Heads(version.key(), heads, 0);
    latest = after;

    storeContent(version, envelope.document());
    rows.put(Keyspace.version(version), StoredRows.version(envelope));
    rows.put(Keyspace.byId(id), StoredRows.visible(version));
    RowKey open = Keyspace.openHeads(Keyspace.group(version.key()));
    if (after.conflicting()) {
      rows.put(open, StoredRows.heads(after.all()));
      if (!before.conflicting()) rows.put(Keyspace.conflict(version.key()), Bytes.EMPTY);
    } else if (before.conflicting()) {
      rows.delete(open);
      rows.delete(Keyspace.conflict(version.key()));
    }
    long position = state.applied + applied.size() + 1;
    rows.put(Keyspace.applied(position), StoredRows.digest(id));
    if (envelope.request() != null) remember(envelope.request(), version);
    if (state.lost.containsKey(id)) {
      rows.delete(Keyspace.lost(id));
      found.add(id);
    }
    for (Dot dot : envelope.dots()) changeLog(dot, Change.VISIBLE);
    tree = tree.insert(id);
    clock = clock.seen(wallMicros, version.time());
    CausalStats change = CausalStats.change(version, envelope.document().size(), before, after);
    counts.merge(version.key().namespace(), change, CausalStats::plus);
    applied.add(
        new Applied(
            position,
            version,
            before.winner().orElse(null),
            after.winner().orElseThrow(AssertionError::new)));
  }

  /** Whether nothing that this store holds bears on these versions. */
  boolean isClear(Consignment versions) {
    if (state.parkedRows > 0 || !state.lost.isEmpty()) return false;
    Incarnation incarnation = null;
    LogState log = null;
    for (Consignment.Places places : versions.places()) {
      if (!places.incarnation().equals(incarnation)) {
        incarnation = places.incarnation();
        log = state.logs.get(incarnation);
        if (own.writes(incarnation)) return false;
      }
      if (log == null) continue;
      if (log.disputed() || !log.lacks(places.first(), places.last())) return false;
    }
    Bytes first = versions.keys().getFirst().group();
    Bytes last = versions.keys().getLast().group();
    if (state.vacancy.covers(first, last)) return true;
    state.vacancy.look(rows, first);
    if (state.vacancy.covers(first, last)) return true;
    RowView known = new RowView();
    for (Key key : versions.keys()) {
      byte[] point = key.point();
      if (rows.first(point, 0, point.length, known)) return false;
    }
    return true;
  }

  /** Makes all of them part of the set; nothing here bears on them. */
  void show(Consignment versions) {
    consignment = versions;
    List<Digest> ids = new ArrayList<>(versions.envelopes().size());
    for (Envelope envelope : versions.envelopes()) {
      Version version = envelope.version();
      ids.add(version.id());
      clock = clock.seen(wallMicros, version.time());
      if (envelope.request() != null) remember(envelope.request(), version);
    }
    tree = tree.insertAll(ids);
    counts.putAll(versions.counts());
  }

  /** Versions of whole keys that were taken as they are; null for none. */
  @Nullable Consignment consignment() {
    return consignment;
  }

  /** How many versions become visible. */
  int shown() {
    Consignment whole = consignment;
    return applied.size() + (whole == null ? 0 : whole.envelopes().size());
  }

  /** Whether there is nothing to write. */
  boolean isEmpty() {
    return consignment == null && rows.isEmpty();
  }

  /** Makes {@code batch} hold everything that was gathered. */
  void fill(WriteBatch batch) {
    rows.fill(batch);
    Consignment whole = consignment;
    if (whole == null) return;
    batch.append(whole.rows());
    long position = state.applied + applied.size();
    for (Envelope envelope : whole.envelopes()) {
      batch.put(Keyspace.applied(++position), StoredRows.digest(envelope.version().id()));
    }
  }

  /** Gives a version known already the dots that it gained. */
  void addDots(RowKey row, Stored stored, List<Dot> gained, Change change) {
    List<Dot> all = new ArrayList<>(stored.dots());
    for (Dot dot : gained) {
      if (!all.contains(dot)) all.add(dot);
      changeLog(dot, change);
    }
    all.sort(null);
    Stored richer =
        new Stored(
            stored.version(),
            all,
            stored.request(),
            stored.documentBytes(),
            stored.inline(),
            stored.proof(),
            stored.lsn());
    rows.put(row, StoredRows.version(richer));
  }

  /**
   * Writes the rows of those dots that are free, and answers those that are the version's: new ones
   * when {@code newOnly}, else also those that had their row already. A dot that another version
   * holds is left out and its log disputed.
   *
   * @param chain the chain value at the dot, when there is one dot and the value is known
   * @param continues whether the next position belongs to the same batch
   */
  List<Dot> claim(
      Digest id, List<Dot> dots, @Nullable Digest chain, boolean continues, boolean newOnly) {
    List<Dot> claimed = new ArrayList<>();
    for (Dot dot : dots) {
      RowKey key = Keyspace.position(dot);
      Row row = rows.get(key);
      if (row == null) {
        if (own.writes(dot.incarnation()) && dot.seq() > own.seq()) {
          dispute(dot.incarnation());
          continue;
        }
        rows.put(key, StoredRows.position(new Placed(id, chain, continues)));
        extendChain(dot);
        claimed.add(dot);
        continue;
      }
      Placed placed = StoredRows.position(row);
      if (!placed.id().equals(id)) {
        dispute(dot.incarnation());
        continue;
      }
      if ((chain != null && placed.chain() == null) || (continues && !placed.continues())) {
        Digest known = placed.chain() != null ? placed.chain() : chain;
        rows.put(key, StoredRows.position(new Placed(id, known, continues)));
      }
      if (!newOnly) claimed.add(dot);
    }
    return claimed;
  }

  /** Takes the row of a dot away, and with it what the chain knew behind it. */
  void release(Dot dot) {
    rows.delete(Keyspace.position(dot));
    // An open looks for rows that a checkpoint does not know, never for those that are gone.
    rows.delete(SystemRows.CHECKPOINT);
    released = true;
    changeLog(dot, Change.GONE);
    Chain reached = chain(dot.incarnation());
    if (reached.seq() < dot.seq()) return;
    Digest before = chainAt(dot.incarnation(), dot.seq() - 1);
    Chain start = Chain.start(dot.incarnation());
    chains.put(dot.incarnation(), before == null ? start : new Chain(dot.seq() - 1, before));
  }

  /** The dot of the next version that this node writes itself, with its row. */
  Dot nextOwn(Digest id, java.util.function.Supplier<Incarnation> draw) {
    Incarnation incarnation = own.incarnation();
    if (incarnation == null || isDisputed(incarnation)) {
      incarnation = draw.get();
      own = new OwnLog(incarnation, 0);
      ownLast = null;
      belongTo(incarnation, state.node);
    }
    if (ownLast != null) {
      Row last = rows.get(ownLast);
      if (last == null) throw new AssertionError("the row of an own position is gone");
      Placed placed = StoredRows.position(last);
      rows.put(ownLast, StoredRows.position(new Placed(placed.id(), placed.chain(), true)));
    }
    own = new OwnLog(incarnation, own.seq() + 1);
    Dot dot = new Dot(incarnation, own.seq());
    Chain reached = chain(incarnation).then(id);
    if (reached.seq() != dot.seq()) throw new AssertionError("own log has a gap at " + dot);
    chains.put(incarnation, reached);
    ownLast = Keyspace.position(dot);
    rows.put(ownLast, StoredRows.position(new Placed(id, reached.value(), false)));
    return dot;
  }

  /** The next version that this node writes itself is not of the batch before. */
  void endBatch() {
    ownLast = null;
  }

  /** Notes whose log it is, the first time somebody says so. */
  void belongTo(Incarnation incarnation, NodeId node) {
    if (node.equals(NodeId.NONE) || !nodeOf(incarnation).equals(NodeId.NONE)) return;
    rows.put(SystemRows.log(incarnation), SystemRows.node(node));
    nodes.put(incarnation, node);
  }

  /** Notes positions that are known to be in the set without a row. */
  void adopt(Incarnation incarnation, Intervals positions) {
    LogState log = state.logs.get(incarnation);
    Intervals before = log == null ? Intervals.EMPTY : log.adopted();
    Intervals all = adopted.getOrDefault(incarnation, before).union(positions);
    if (all.equals(before)) return;
    adopted.put(incarnation, all);
    rows.put(SystemRows.adopted(incarnation), all.encode());
  }

  /** What a place in a log holds from now on. */
  void changeLog(Dot dot, Change change) {
    logChanges.add(new LogChange(dot, change));
  }

  /**
   * Counts a version that waits for {@code parent} as a row, or with -1 one that no longer does.
   */
  void await(Digest parent, int change) {
    waiting.merge(parent, change, Integer::sum);
  }

  /** Whether any version waits for {@code parent} as a row. */
  boolean awaits(Digest parent) {
    return state.waiting.getOrDefault(parent, 0) + waiting.getOrDefault(parent, 0) > 0;
  }

  /** Whether two versions claimed one dot of this log. */
  boolean isDisputed(Incarnation incarnation) {
    LogState log = state.logs.get(incarnation);
    return disputed.contains(incarnation) || (log != null && log.disputed());
  }

  /** The chain value after {@code seq}, or null when it is not known. */
  @Nullable Digest chainAt(Incarnation incarnation, long seq) {
    Chain reached = chain(incarnation);
    if (seq == reached.seq()) return reached.value();
    if (seq == 0) return Distinction.chainStart(incarnation);
    Row row = rows.get(Keyspace.position(incarnation, seq));
    return row == null ? null : StoredRows.position(row).chain();
  }

  /** Remembers what became of a request; of two versions under one name the smaller id stays. */
  void remember(Request request, Version version) {
    RowKey key = Keyspace.request(request);
    Row row = rows.get(key);
    // Not the wall clock alone: a write that was taken in while that was days behind would be
    // forgotten as soon as it is right again.
    long recordedMicros = Math.max(0, clock.peek(wallMicros).micros());
    if (row != null) {
      RequestRecord record = StoredRows.request(row);
      if (record.version().compareTo(version.id()) <= 0) return;
      recordedMicros = record.recordedMicros();
    } else {
      rows.put(Keyspace.requestAge(recordedMicros, request), Bytes.EMPTY);
      requestsAdded++;
      requestsChange++;
    }
    Digest body = Request.bodyHash(version);
    rows.put(key, StoredRows.request(request.count(), body, version.id(), recordedMicros));
  }

  /** The rows that every batch ends with. */
  void close() {
    forgetRequests();
    rows.put(
        SystemRows.STATE,
        new SystemRows.State(
                clock, state.applied + shown(), state.generation, state.requests + requestsChange)
            .encode());
    counts.forEach((name, change) -> {
      CausalStats before = state.namespaces.getOrDefault(name, CausalStats.NONE);
      rows.put(SystemRows.counts(name), SystemRows.counts(before.plus(change)));
    });
  }

  private NodeId nodeOf(Incarnation incarnation) {
    LogState log = state.logs.get(incarnation);
    return nodes.getOrDefault(incarnation, log == null ? NodeId.NONE : log.node());
  }

  private Chain chain(Incarnation incarnation) {
    Chain staged = chains.get(incarnation);
    if (staged != null) return staged;
    LogState log = state.logs.get(incarnation);
    return log == null ? Chain.start(incarnation) : log.chain();
  }

  /**
   * Carries the chain on over a new row and those behind it that were there before; of many the
   * rest is left to {@link DerivedState#followChains}.
   */
  private void extendChain(Dot fresh) {
    Incarnation incarnation = fresh.incarnation();
    Chain reached = chain(incarnation);
    if (fresh.seq() != reached.seq() + 1) return;
    for (boolean behind = false; !behind || chained < CHAINED_MAX; behind = true) {
      if (behind) chained++;
      RowKey key = Keyspace.position(incarnation, reached.seq() + 1);
      Row row = rows.get(key);
      if (row == null) break;
      Placed placed = StoredRows.position(row);
      Chain next = reached.then(placed.id());
      if (placed.chain() == null) {
        rows.put(key, StoredRows.position(placed.chained(next.value())));
      } else if (!placed.chain().equals(next.value())) {
        dispute(incarnation);
        break;
      }
      reached = next;
    }
    chains.put(incarnation, reached);
  }

  /** Two versions, or two chains, claim one place of this log. */
  void dispute(Incarnation incarnation) {
    if (isDisputed(incarnation)) return;
    disputed.add(incarnation);
    rows.put(SystemRows.disputed(incarnation), Bytes.EMPTY);
  }

  /** Content lies once, whoever names it; what lies there is compared before it is shared. */
  void storeContent(Version version, Bytes document) {
    if (StoredRows.inline(document)) return;
    RowKey key = Keyspace.content(version.content());
    Row row = rows.get(key);
    if (row != null && row.value().equals(document)) return;
    if (row != null && version.contentType().idOf(row.value()).equals(version.content())) {
      throw new KdeltaException.Corrupt(
          "content " + version.content(), 0, "two different documents have this id");
    }
    rows.put(key, document);
  }

  /** Old requests go, a few for each new one, so that no batch has to drop a million. */
  private void forgetRequests() {
    long excess = state.requests + requestsChange - REQUESTS_MAX;
    int budget = EVICTED_FOR_EACH * requestsAdded;
    if (budget == 0) return;
    try (Cursor cursor = rows.cursor(Keyspace.REQUEST_AGE.start(), Keyspace.REQUEST_AGE.end())) {
      while (budget-- > 0 && cursor.next()) {
        RowKey age = cursor.row().key();
        boolean expired = Keyspace.microsOf(age) < wallMicros - REQUEST_MICROS_MAX;
        if (!expired && excess <= 0) break;
        rows.delete(age);
        rows.delete(Keyspace.requestOf(age));
        requestsChange--;
        excess--;
      }
    }
  }
}
