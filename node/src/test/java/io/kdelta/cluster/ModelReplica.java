package io.kdelta.cluster;

import io.kdelta.causal.ContentType;
import io.kdelta.causal.Distinction;
import io.kdelta.causal.Dot;
import io.kdelta.causal.Envelope;
import io.kdelta.causal.Frame;
import io.kdelta.causal.FrameReception;
import io.kdelta.causal.Incarnation;
import io.kdelta.causal.Intervals;
import io.kdelta.causal.Key;
import io.kdelta.causal.NodeId;
import io.kdelta.causal.Position;
import io.kdelta.causal.Reception;
import io.kdelta.causal.Timestamp;
import io.kdelta.causal.Version;
import io.kdelta.memory.Bytes;
import io.kdelta.reconciliation.CellSketch;
import io.kdelta.reconciliation.Digest;
import io.kdelta.reconciliation.MerkleTree;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.LongFunction;

/**
 * A store of versions in maps, with a log that a crash cuts behind its last sync: everything here
 * is what a replay of the kept entries gives.
 */
final class ModelReplica implements Replica {
  private final List<Entry> log = new ArrayList<>();
  private long durable;
  private int framesMax = 8;

  private MerkleTree tree = MerkleTree.empty();
  private final Map<Digest, Envelope> visible = new TreeMap<>();
  private final Map<Digest, Envelope> parked = new TreeMap<>();
  private final Map<Incarnation, Map<Long, Digest>> rows = new TreeMap<>();
  private final Map<Incarnation, Intervals> adopted = new TreeMap<>();
  private final Map<Incarnation, NodeId> origins = new TreeMap<>();
  private final Map<Incarnation, Map<Long, Digest>> chains = new TreeMap<>();
  private final Map<String, Bytes> remembered = new TreeMap<>();
  private final Map<Incarnation, Position> positions = new TreeMap<>();
  private Optional<Incarnation> own = Optional.empty();
  private boolean full;
  private long generation;

  /** One change, as the log keeps it. */
  private sealed interface Entry {
    record Put(Envelope envelope, NodeId origin) implements Entry {}

    record Adopted(Incarnation incarnation, Intervals dots) implements Entry {}

    record Row(String name, Bytes value) implements Entry {}
  }

  /** Loses what was not synced, and the memory. */
  void crash() {
    List<Entry> kept = new ArrayList<>(log.subList(0, (int) durable));
    log.clear();
    tree = MerkleTree.empty();
    visible.clear();
    parked.clear();
    rows.clear();
    adopted.clear();
    origins.clear();
    chains.clear();
    remembered.clear();
    positions.clear();
    own = Optional.empty();
    for (Entry entry : kept) apply(entry);
  }

  /** Syncs the log; the LSN up to which it is durable. */
  long sync() {
    durable = log.size();
    return durable;
  }

  /** Rows may be gone, and a repair has made what is left whole. */
  void repaired() {
    generation++;
  }

  /** From now on the store takes nothing, or takes again. */
  void full(boolean now) {
    full = now;
  }

  boolean isFull() {
    return full;
  }

  /** How many versions a rebuilt frame holds at most. */
  void framesMax(int versions) {
    framesMax = versions;
  }

  void remember(String name, Bytes value) {
    apply(new Entry.Row(name, value));
  }

  /** Writes {@code count} versions of one key, each over all its heads, as one commit. */
  Frame write(NodeId node, Incarnation incarnation, String key, int count, int bytes) {
    own = Optional.of(incarnation);
    long first = rowsOf(incarnation).size() + 1L;
    Digest before = chain(incarnation, first - 1).orElseThrow();
    List<Frame.Entry> entries = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      Envelope envelope = next(node, key, new Dot(incarnation, first + i), bytes);
      apply(new Entry.Put(envelope, node));
      entries.add(new Frame.Entry(envelope, i + 1 < count));
    }
    Digest after = chain(incarnation, first + count - 1).orElseThrow();
    return new Frame(incarnation, node, first, before, after, entries);
  }

  private Envelope next(NodeId node, String name, Dot dot, int bytes) {
    Key key = new Key("model", name);
    TreeSet<Digest> heads = new TreeSet<>();
    Timestamp time = Timestamp.ofMicros(1);
    for (Envelope envelope : visible.values()) {
      if (!envelope.version().key().equals(key)) continue;
      heads.add(envelope.version().id());
      time = Timestamp.later(time, envelope.version().time());
    }
    for (Envelope envelope : visible.values()) heads.removeAll(envelope.version().parents());
    Bytes document = Bytes.utf8("\"" + dot + "x".repeat(bytes) + "\"");
    Version version =
        Version.of(
            Version.Kind.PUT,
            key,
            List.copyOf(heads).subList(0, Math.min(heads.size(), Version.PARENTS_MAX)),
            time.next(),
            node,
            Bytes.EMPTY,
            ContentType.JSON,
            ContentType.JSON.idOf(document),
            "");
    return new Envelope(version, List.of(dot), null, document, Bytes.EMPTY);
  }

  FrameReception take(Frame frame) {
    Digest before = frame.before();
    Optional<Digest> mine = chain(frame.incarnation(), frame.firstSeq() - 1);
    boolean broken = before != null && mine.isPresent() && !mine.get().equals(before);
    if (broken || !frame.chainHolds()) {
      return new FrameReception.ChainBroken(frame.incarnation(), frame.firstSeq() - 1);
    }
    List<Reception> receptions = new ArrayList<>();
    for (Envelope envelope : frame.envelopes()) receptions.add(store(envelope, frame.node()));
    return new FrameReception.Taken(receptions);
  }

  List<Reception> store(List<Envelope> envelopes) {
    List<Reception> receptions = new ArrayList<>();
    for (Envelope envelope : envelopes) receptions.add(store(envelope, NodeId.NONE));
    return receptions;
  }

  void adopt(SortedMap<Incarnation, Intervals> positions) {
    positions.forEach((incarnation, dots) -> apply(new Entry.Adopted(incarnation, dots)));
  }

  private Reception store(Envelope envelope, NodeId origin) {
    Digest id = envelope.version().id();
    if (visible.containsKey(id)) {
      boolean fresh = false;
      for (Dot dot : envelope.dots()) fresh |= !rowsOf(dot.incarnation()).containsKey(dot.seq());
      if (fresh) apply(new Entry.Put(envelope, origin));
      return new Reception.Duplicate(id, fresh);
    }
    if (envelope.version().note().equals("refuse me"))
      return new Reception.Refused(id, "note", true);
    apply(new Entry.Put(envelope, origin));
    if (visible.containsKey(id)) return new Reception.Visible(id);
    return new Reception.Parked(id, missing(envelope), true);
  }

  private Digest missing(Envelope envelope) {
    for (Digest parent : envelope.version().parents()) {
      if (!visible.containsKey(parent)) return parent;
    }
    throw new AssertionError("nothing is missing");
  }

  private void apply(Entry entry) {
    log.add(entry);
    positions.clear();
    switch (entry) {
      case Entry.Put put -> put(put.envelope(), put.origin());
      case Entry.Adopted adopt ->
          adopted.merge(adopt.incarnation(), adopt.dots(), Intervals::union);
      case Entry.Row row -> remembered.put(row.name(), row.value());
    }
  }

  private void put(Envelope envelope, NodeId origin) {
    Digest id = envelope.version().id();
    for (Dot dot : envelope.dots()) {
      rowsOf(dot.incarnation()).putIfAbsent(dot.seq(), id);
      if (!origin.equals(NodeId.NONE)) origins.put(dot.incarnation(), origin);
    }
    if (visible.containsKey(id)) return;
    if (visible.keySet().containsAll(envelope.version().parents())) {
      show(envelope);
    } else {
      parked.put(id, envelope);
    }
  }

  private void show(Envelope envelope) {
    visible.put(envelope.version().id(), envelope);
    tree = tree.insert(envelope.version().id());
    for (Envelope child : List.copyOf(parked.values())) {
      if (!visible.keySet().containsAll(child.version().parents())) continue;
      if (parked.remove(child.version().id()) != null) show(child);
    }
  }

  private Map<Long, Digest> rowsOf(Incarnation incarnation) {
    return rows.computeIfAbsent(incarnation, i -> new TreeMap<>());
  }

  /** Whether the durable part of the log holds that dot. */
  boolean durablyHolds(Dot dot) {
    for (Entry entry : log.subList(0, (int) durable)) {
      if (entry instanceof Entry.Put put && put.envelope().dots().contains(dot)) return true;
    }
    return false;
  }

  /** Whether that version is in the set. */
  boolean shows(Digest id) {
    return visible.containsKey(id);
  }

  int parkedCount() {
    return parked.size();
  }

  @Override
  public MerkleTree tree() {
    return tree;
  }

  @Override
  public boolean holds(Digest id) {
    return tree.contains(id);
  }

  @Override
  public List<CellSketch> cells(LongFunction<Digest> keys) {
    return List.of(CellSketch.of(1, keys.apply(1), tree));
  }

  @Override
  public List<Digest> versionsAt(Incarnation incarnation, long first, long last) {
    List<Digest> ids = new ArrayList<>();
    for (long seq = first; seq <= last; seq++) versionAt(incarnation, seq).ifPresent(ids::add);
    return ids;
  }

  @Override
  public Counts counts() {
    return new Counts(0, 0, visible.size(), log.size(), 30);
  }

  @Override
  public long generation() {
    return generation;
  }

  @Override
  public Optional<Incarnation> own() {
    return own;
  }

  @Override
  public List<Incarnation> incarnations() {
    TreeSet<Incarnation> all = new TreeSet<>(rows.keySet());
    all.addAll(adopted.keySet());
    return List.copyOf(all);
  }

  @Override
  public Optional<Position> position(Incarnation incarnation) {
    if (!rows.containsKey(incarnation) && !adopted.containsKey(incarnation)) {
      return Optional.empty();
    }
    return Optional.of(positions.computeIfAbsent(incarnation, this::reckoned));
  }

  private Position reckoned(Incarnation incarnation) {
    Intervals received = Intervals.EMPTY;
    Intervals applied = Intervals.EMPTY;
    for (Map.Entry<Long, Digest> row : rowsOf(incarnation).entrySet()) {
      received = received.with(row.getKey(), row.getKey());
      if (visible.containsKey(row.getValue())) applied = applied.with(row.getKey(), row.getKey());
    }
    long known = received.prefix();
    return new Position(
        incarnation,
        origins.getOrDefault(incarnation, NodeId.NONE),
        received,
        applied,
        adopted.getOrDefault(incarnation, Intervals.EMPTY),
        known,
        chain(incarnation, known).orElseThrow(),
        false);
  }

  @Override
  public Optional<Digest> chain(Incarnation incarnation, long seq) {
    if (seq == 0) return Optional.of(Distinction.chainStart(incarnation));
    Map<Long, Digest> reached = chains.computeIfAbsent(incarnation, i -> new TreeMap<>());
    Digest cached = reached.get(seq);
    if (cached != null) return Optional.of(cached);
    Digest h = Distinction.chainStart(incarnation);
    for (long i = 1; i <= seq; i++) {
      Digest id = rowsOf(incarnation).get(i);
      if (id == null) return Optional.empty();
      h = Distinction.chain(h, id);
      reached.put(i, h);
    }
    return Optional.of(h);
  }

  @Override
  public Optional<Digest> versionAt(Incarnation incarnation, long seq) {
    return Optional.ofNullable(rowsOf(incarnation).get(seq));
  }

  @Override
  public List<Frame> frames(Incarnation incarnation, long from, int bytesMax) {
    List<Frame.Entry> entries = new ArrayList<>();
    for (long seq = from; entries.size() < framesMax; seq++) {
      Digest id = rowsOf(incarnation).get(seq);
      Envelope envelope = id == null ? null : visible.get(id);
      if (envelope == null) break;
      entries.add(new Frame.Entry(envelope.withDots(List.of(new Dot(incarnation, seq))), false));
    }
    if (entries.isEmpty()) return List.of();
    return List.of(
        new Frame(
            incarnation,
            origins.getOrDefault(incarnation, NodeId.NONE),
            from,
            chain(incarnation, from - 1).orElse(null),
            chain(incarnation, from + entries.size() - 1).orElse(null),
            entries));
  }

  @Override
  public Optional<Envelope> envelope(Digest id) {
    return Optional.ofNullable(visible.get(id));
  }

  @Override
  public long lastLsn() {
    return log.size();
  }

  @Override
  public long durableLsn() {
    return durable;
  }

  @Override
  public Optional<Bytes> recall(String name) {
    return Optional.ofNullable(remembered.get(name));
  }
}
