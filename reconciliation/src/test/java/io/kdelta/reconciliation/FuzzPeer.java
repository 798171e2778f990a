package io.kdelta.reconciliation;

import io.kdelta.reconciliation.DotSummary.Name;
import io.kdelta.reconciliation.DotSummary.Run;
import io.kdelta.reconciliation.DotSummary.Writer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * One side of a simulated session: a store of ids with positions in logs, cells kept up with every
 * insert, and what a driver remembers of its peer. It may be restored to an earlier state.
 */
final class FuzzPeer {
  /** Who wrote an id first, and where. */
  record Place(Name writer, long seq) {}

  final Limits limits;
  final MessageCodec codec;
  final Deque<Object> outgoing = new ArrayDeque<>();
  final List<Effect> ends = new ArrayList<>();
  private final Map<Digest, Place> places;
  private final Map<Name, TreeMap<Long, Digest>> rows = new TreeMap<>();
  private final List<Digest> order = new ArrayList<>();
  private MerkleTree held = MerkleTree.empty();
  private EpochCells cells;
  private Name writer;
  private long seq;
  private @Nullable SharedDots base;

  /** What was held when the session compared sets, and what it has received since. */
  MerkleTree compared = MerkleTree.empty();

  Reconciliation session;
  long epoch = 1;

  FuzzPeer(Limits limits, Map<Digest, Place> places, Name writer) {
    this.limits = limits;
    this.codec = new MessageCodec(limits);
    this.places = places;
    this.writer = writer;
    this.cells = EpochCells.empty(epoch, key(epoch));
    this.session = Reconciliation.responder(limits, new Name(0, 0), this::snapshot);
  }

  MerkleTree held() {
    return held;
  }

  /** A write of this side, under its next position unless it has none. */
  void write(Digest id, boolean dotted) {
    if (held.contains(id)) return;
    if (dotted) places.putIfAbsent(id, new Place(writer, ++seq));
    insert(id);
  }

  /** A version is here; what it carries of its position is kept with it. */
  void insert(Digest id) {
    if (held.contains(id)) return;
    held = held.insert(id);
    order.add(id);
    cells.add(id);
    Place place = places.get(id);
    if (place != null) {
      rows.computeIfAbsent(place.writer(), name -> new TreeMap<>()).putIfAbsent(place.seq(), id);
    }
  }

  /** A position that is held under another id here: two histories under one name. */
  void fork(Name name, long at, Digest id) {
    insert(id);
    rows.computeIfAbsent(name, n -> new TreeMap<>()).put(at, id);
  }

  /** Loses everything behind the first {@code kept} versions, as a restored backup does. */
  void restore(int kept, Name next) {
    List<Digest> left = new ArrayList<>(order.subList(0, Math.min(kept, order.size())));
    order.clear();
    rows.clear();
    held = MerkleTree.empty();
    cells = EpochCells.empty(epoch, key(epoch));
    base = null;
    writer = next;
    seq = 0;
    for (Digest id : left) insert(id);
  }

  int count() {
    return order.size();
  }

  /** The key was changed: the cells are built anew. */
  void rotate(long number) {
    epoch = number;
    cells = EpochCells.of(epoch, key(epoch), held);
  }

  void open(boolean initiator, Random random) {
    outgoing.clear();
    ends.clear();
    Name nonce = new Name(random.nextLong(), random.nextLong());
    session =
        initiator
            ? Reconciliation.initiator(limits, nonce, this::snapshot)
            : Reconciliation.responder(limits, nonce, this::snapshot);
  }

  /** Takes something in and puts what follows on the stream. */
  void take(Input input) {
    for (Effect effect : session.step(input)) {
      switch (effect) {
        case Effect.Send(Message message) -> outgoing.add(codec.encode(message));
        case Effect.Push(List<Digest> ids) -> outgoing.addAll(ids);
        case Effect.Done done -> {
          ends.add(done);
          base = done.base().orElse(null);
        }
        case Effect.Abort abort -> ends.add(abort);
      }
    }
  }

  /** What arrived: a frame, or a version, which is stored before the session hears of it. */
  void arrive(Object what) {
    if (what instanceof byte[] frame) {
      take(codec.decode(frame));
      return;
    }
    Digest id = (Digest) what;
    insert(id);
    if (ends.isEmpty()) compared = compared.insert(id);
    take(new Input.Received(id));
  }

  @Nullable Digest agreedRoot() {
    return !ends.isEmpty() && ends.getFirst() instanceof Effect.Done done && done.refused() == 0
        ? done.root()
        : null;
  }

  private Snapshot snapshot() {
    compared = held;
    List<Writer> writers = new ArrayList<>();
    rows.forEach((name, log) -> {
      List<Run> runs = new ArrayList<>();
      for (long at : log.keySet()) {
        Run last = runs.isEmpty() ? null : runs.getLast();
        if (last != null && last.last() + 1 == at) {
          runs.set(runs.size() - 1, new Run(last.first(), at));
        } else {
          runs.add(new Run(at, at));
        }
      }
      int prefix = (int) log.lastEntry().getValue().first() | 1;
      writers.add(new Writer(name, prefix, runs));
    });
    return new Snapshot(
        held,
        List.of(),
        List.of(cells.snapshot()),
        new DotSummary(writers),
        (name, run) ->
            List.copyOf(
                rows.getOrDefault(name, new TreeMap<>())
                    .subMap(run.first(), true, run.last(), true)
                    .values()),
        Optional.ofNullable(base));
  }

  private static Digest key(long epoch) {
    return CellCode.epochKey(7, 7, epoch);
  }
}
