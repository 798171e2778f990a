package io.kdelta.cluster;

import io.kdelta.causal.Dot;
import io.kdelta.causal.Envelope;
import io.kdelta.causal.Frame;
import io.kdelta.causal.Incarnation;
import io.kdelta.causal.Intervals;
import io.kdelta.causal.NodeId;
import io.kdelta.causal.Position;
import io.kdelta.causal.Reception;
import io.kdelta.memory.Bytes;
import io.kdelta.reconciliation.CellSketch;
import io.kdelta.reconciliation.Digest;
import io.kdelta.reconciliation.MerkleTree;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.LongFunction;

/** Versions in memory behind the port that the cluster reads: parents first, the rest parked. */
final class Shelf implements Replica {
  final Map<Digest, Envelope> versions = new TreeMap<>();
  final Map<Digest, Envelope> parked = new TreeMap<>();
  final Map<Incarnation, Intervals> applied = new TreeMap<>();
  final Map<Incarnation, Intervals> adopted = new TreeMap<>();
  final Set<Digest> refuses = new TreeSet<>();

  /** What arrives as something else than it is named. */
  final Set<Digest> garbled = new TreeSet<>();

  final Incarnation own;
  MerkleTree tree = MerkleTree.empty();
  long lsn;
  long durable;
  int everParked;

  Shelf(Incarnation own) {
    this.own = own;
  }

  /** Takes an own write in, with the next dot of this node. */
  Envelope write(Envelope envelope) {
    long seq = applied.getOrDefault(own, Intervals.EMPTY).max() + 1;
    Envelope dotted = envelope.withDots(List.of(new Dot(own, seq)));
    show(dotted);
    durable = ++lsn;
    return dotted;
  }

  Reception receive(Envelope envelope) {
    Digest id = envelope.version().id();
    lsn++;
    if (garbled.contains(id)) return new Reception.Refused(id, "not its document", false);
    if (refuses.contains(id)) return new Reception.Refused(id, "by the test", true);
    Envelope held = versions.get(id);
    if (held != null) {
      TreeSet<Dot> dots = new TreeSet<>(held.dots());
      boolean added = dots.addAll(envelope.dots());
      show(held.withDots(new ArrayList<>(dots)));
      return new Reception.Duplicate(id, added);
    }
    for (Digest parent : envelope.version().parents()) {
      if (versions.containsKey(parent)) continue;
      if (refuses.contains(parent)) return new Reception.Refused(id, "a refused parent", true);
      everParked++;
      parked.put(id, envelope);
      return new Reception.Parked(id, parent, false);
    }
    show(envelope);
    for (Envelope waiting : List.copyOf(parked.values())) {
      if (versions.keySet().containsAll(waiting.version().parents())) {
        parked.remove(waiting.version().id());
        receive(waiting);
      }
    }
    return new Reception.Visible(id);
  }

  void adopt(SortedMap<Incarnation, Intervals> positions) {
    lsn++;
    positions.forEach((log, news) -> adopted.merge(log, news, Intervals::union));
  }

  private void show(Envelope envelope) {
    versions.put(envelope.version().id(), envelope);
    tree = tree.insert(envelope.version().id());
    for (Dot dot : envelope.dots()) {
      Intervals held = applied.getOrDefault(dot.incarnation(), Intervals.EMPTY);
      applied.put(dot.incarnation(), held.with(dot.seq(), dot.seq()));
    }
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
    for (Envelope envelope : versions.values()) {
      for (Dot dot : envelope.dots()) {
        boolean inside = first <= dot.seq() && dot.seq() <= last;
        if (inside && dot.incarnation().equals(incarnation)) ids.add(envelope.version().id());
      }
    }
    return ids;
  }

  @Override
  public Counts counts() {
    return new Counts(0, 0, versions.size(), 0, 0);
  }

  @Override
  public long generation() {
    return 0;
  }

  @Override
  public Optional<Incarnation> own() {
    return Optional.of(own);
  }

  @Override
  public List<Incarnation> incarnations() {
    TreeSet<Incarnation> all = new TreeSet<>(applied.keySet());
    all.addAll(adopted.keySet());
    return new ArrayList<>(all);
  }

  @Override
  public Optional<Position> position(Incarnation incarnation) {
    Intervals rows = applied.getOrDefault(incarnation, Intervals.EMPTY);
    Intervals taken = adopted.getOrDefault(incarnation, Intervals.EMPTY);
    if (rows.isEmpty() && taken.isEmpty()) return Optional.empty();
    return Optional.of(
        new Position(incarnation, NodeId.NONE, rows, rows, taken, 0, Digest.ZERO, false));
  }

  @Override
  public Optional<Digest> chain(Incarnation incarnation, long seq) {
    return Optional.empty();
  }

  @Override
  public Optional<Digest> versionAt(Incarnation incarnation, long seq) {
    return Optional.empty();
  }

  @Override
  public List<Frame> frames(Incarnation incarnation, long from, int bytesMax) {
    return List.of();
  }

  @Override
  public Optional<Envelope> envelope(Digest id) {
    return Optional.ofNullable(versions.get(id));
  }

  @Override
  public long lastLsn() {
    return lsn;
  }

  @Override
  public long durableLsn() {
    return durable;
  }

  @Override
  public Optional<Bytes> recall(String name) {
    return Optional.empty();
  }
}
