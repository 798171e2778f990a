package io.kdelta.bench;

import io.kdelta.reconciliation.CellCode;
import io.kdelta.reconciliation.Digest;
import io.kdelta.reconciliation.DotSummary;
import io.kdelta.reconciliation.DotSummary.Name;
import io.kdelta.reconciliation.Effect;
import io.kdelta.reconciliation.EpochCells;
import io.kdelta.reconciliation.Input;
import io.kdelta.reconciliation.Limits;
import io.kdelta.reconciliation.MerkleTree;
import io.kdelta.reconciliation.Message;
import io.kdelta.reconciliation.MessageCodec;
import io.kdelta.reconciliation.Reconciliation;
import io.kdelta.reconciliation.Rung;
import io.kdelta.reconciliation.SharedDots;
import io.kdelta.reconciliation.Snapshot;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Runs the product's sessions between two sides in one thread and counts what they say. */
final class LadderRig {
  private static final Digest KEY = CellCode.epochKey(1, 1, 1);

  private final MessageCodec codec = new MessageCodec(Limits.STANDARD);
  private final SyncCase sync;
  private final MerkleTree[] trees;
  private final EpochCells[] cells;
  private long bytes;
  private int trips;
  private boolean wanted;
  private long findNanos;
  private long checkNanos;

  LadderRig(SyncCase sync, MerkleTree one, MerkleTree two) {
    this.sync = sync;
    this.trees = new MerkleTree[] {one, two};
    this.cells = new EpochCells[] {EpochCells.of(1, KEY, one), EpochCells.of(1, KEY, two)};
  }

  /** A session of two that never met, or of two that share the logs of their writers. */
  SyncCost run(boolean shared, long seed) {
    bytes = 0;
    trips = 0;
    findNanos = 0;
    checkNanos = 0;
    Snapshot one = snapshot(true, shared);
    Snapshot two = snapshot(false, shared);
    Reconciliation[] sides = {
      Reconciliation.initiator(Limits.STANDARD, new Name(seed, 1), () -> one),
      Reconciliation.responder(Limits.STANDARD, new Name(seed, 2), () -> two)
    };
    List<Object> stream = new ArrayList<>();
    boolean agreed = take(sides[0], List.of(), stream);
    int hearer = 1;
    while (!stream.isEmpty()) {
      List<Object> answers = new ArrayList<>();
      int from = 0;
      while (from < stream.size()) {
        int to = from + 1;
        while (isVersion(stream, from) && isVersion(stream, to)) to++;
        agreed |= take(sides[hearer], stream.subList(from, to), answers);
        from = to;
      }
      stream = answers;
      hearer = 1 - hearer;
    }
    if (!agreed) throw new IllegalStateException("a session that did not agree");
    StringBuilder how = new StringBuilder();
    for (Rung rung : sides[0].rungs()) how.append(how.isEmpty() ? "" : ",").append(rung.label());
    return new SyncCost(bytes, trips, findNanos, checkNanos, how.toString());
  }

  private static boolean isVersion(List<Object> stream, int at) {
    return at < stream.size() && stream.get(at) instanceof Digest;
  }

  /** Gives one side a frame, a run of versions, or nothing to begin with; asks the clock once. */
  private boolean take(Reconciliation side, List<Object> heard, List<Object> answers) {
    long start = Meter.cpuNanos();
    List<Effect> effects = new ArrayList<>();
    boolean asks = false;
    if (heard.isEmpty()) effects.addAll(side.step(new Input.Start()));
    for (Object what : heard) {
      Input input =
          what instanceof byte[] frame ? codec.decode(frame) : new Input.Received((Digest) what);
      asks |= input instanceof Input.Heard(Message.Want _);
      effects.addAll(side.step(input));
    }
    boolean agreed = false;
    boolean tells = false;
    boolean pushes = false;
    for (Effect effect : effects) {
      switch (effect) {
        case Effect.Send(Message message) -> {
          byte[] frame = codec.encode(message);
          bytes += frame.length;
          answers.add(frame);
          tells |= !(message instanceof Message.Done || message instanceof Message.Same);
        }
        case Effect.Push(List<Digest> ids) -> {
          answers.addAll(ids);
          pushes = true;
        }
        case Effect.Done _ -> agreed = true;
        case Effect.Abort abort -> throw new IllegalStateException(abort.toString());
      }
    }
    long nanos = Meter.cpuNanos() - start;
    if (isVersion(heard, 0)) {
      checkNanos += nanos;
    } else {
      findNanos += nanos;
    }
    if (asks) wanted = true;
    // Versions that were asked for are what is moved, not what tells the difference.
    if (tells || (pushes && !wanted)) trips++;
    if (!effects.isEmpty()) wanted = false;
    return agreed;
  }

  private Snapshot snapshot(boolean one, boolean shared) {
    int side = one ? 0 : 1;
    DotSummary dots = shared ? sync.dots(one) : DotSummary.NONE;
    Optional<SharedDots> base =
        shared ? Optional.of(new SharedDots(sync.before(), sync.before())) : Optional.empty();
    return new Snapshot(
        trees[side], List.of(), List.of(cells[side].snapshot()), dots, sync::at, base);
  }
}
