package io.kdelta.core;

import io.kdelta.causal.CausalStore;
import io.kdelta.causal.Consignment;
import io.kdelta.causal.ContentSchema;
import io.kdelta.causal.Envelope;
import io.kdelta.causal.NodeId;
import io.kdelta.causal.VersionSource;
import io.kdelta.cluster.Effect;
import io.kdelta.cluster.Event;
import io.kdelta.cluster.SnapshotOrder;
import io.kdelta.cluster.SnapshotOutcome;
import io.kdelta.env.Entropy;
import io.kdelta.error.KdeltaException;
import io.kdelta.memory.Bytes;
import io.kdelta.reconciliation.BatchHasher;
import io.kdelta.storage.Errand;
import io.kdelta.storage.FileList;
import io.kdelta.storage.IncomingFiles;
import io.kdelta.storage.Lending;
import io.kdelta.storage.PieceSeal;
import io.kdelta.storage.StorageEngine;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The file work of snapshots: gives it to the chore thread, in the order in which it was asked for,
 * and answers on the core. Owned by the core; the files that come in and what is read of them are
 * touched by the chore thread alone while a piece is out.
 */
final class SnapshotWork {
  private static final long LOOK_NANOS = 20_000_000L;

  /** What is read at once is at most this part of what the log takes at once. */
  private static final int BATCH_PARTS = 8;

  /** Work that throws only what is the fault of the disk or of the bytes. */
  interface Work {
    SnapshotOutcome run();
  }

  /** A lending under way, and who is told of it. */
  private record Lend(long tag, Errand errand) {}

  private final StorageEngine engine;
  private final ContentSchema schema;
  private final TurnClock clock;
  private final IncomingFiles incoming;
  private final LoadWork load;
  private final ArrayDeque<Event> finished = new ArrayDeque<>();
  private @Nullable Lend lend;
  private @Nullable Lending lending;
  private @Nullable VersionSource source;
  private int out;

  SnapshotWork(
      StorageEngine engine,
      CausalStore store,
      ContentSchema schema,
      Entropy entropy,
      TurnClock clock,
      BatchHasher hasher) {
    this.engine = engine;
    this.schema = schema;
    this.clock = clock;
    this.load = new LoadWork(engine, store, schema, entropy, hasher);
    this.incoming = engine.incoming();
  }

  /** Does away with files that no row tells of: a start that may block. */
  void sweep() {
    try {
      incoming.drop();
    } catch (KdeltaException.DiskFault later) {
      // They are in nobody's way; the next snapshot begins with removing them.
      return;
    }
  }

  /** Takes an order on; it is answered by {@link #take}. */
  void begin(Effect.Snapshot asked) {
    long tag = asked.tag();
    switch (asked.order()) {
      case SnapshotOrder.Lend(int pieceBytes, FileList.Check check) -> lend(tag, pieceBytes, check);
      case SnapshotOrder.Return() -> {
        letGo();
        answer(tag, new SnapshotOutcome.Done());
      }
      case SnapshotOrder.ReadPiece(int file, int piece) -> {
        Lending of = lending;
        if (of == null) answer(tag, failed("nothing is lent", false));
        else chore(tag, () -> read(of, file, piece));
      }
      case SnapshotOrder.Recall() ->
          chore(tag, () -> new SnapshotOutcome.Recalled(incoming.recall()));
      case SnapshotOrder.Begin(FileList list, NodeId lender) ->
          chore(
              tag,
              () -> new SnapshotOutcome.Begun(incoming.begin(list, Bytes.utf8(lender.toString()))));
      case SnapshotOrder.Keep(int file, int piece, Bytes bytes, long seal) ->
          chore(tag, () -> done(() -> incoming.keep(file, piece, bytes, seal)));
      case SnapshotOrder.Complete() -> chore(tag, () -> done(incoming::complete));
      case SnapshotOrder.Open(FileList list, Bytes after) -> {
        load.drop();
        chore(tag, () -> done(() -> open(list, after)));
      }
      case SnapshotOrder.Read(int bytesMax) -> chore(tag, () -> read(bytesMax));
      case SnapshotOrder.Load(FileList list, int bytesMax) -> {
        out++;
        load.goOn(incoming, list, bytesMax, clock.epochMicros(), outcome -> back(tag, outcome));
      }
      case SnapshotOrder.Install() -> {
        out++;
        load.install(outcome -> back(tag, outcome));
      }
      case SnapshotOrder.Drop() -> {
        load.drop();
        chore(
            tag,
            () ->
                done(() -> {
                  closeSource();
                  incoming.drop();
                }));
      }
    }
  }

  /** What was done since the last call. */
  List<Event> take() {
    Lend asked = lend;
    if (asked != null && asked.errand().done()) {
      lend = null;
      Errand errand = asked.errand();
      errand.lending().ifPresent(pinned -> lending = pinned);
      Optional<KdeltaException> failure = errand.failure();
      answer(
          asked.tag(),
          failure.isPresent()
              ? failed(
                  Peers.message(failure.get()), failure.get() instanceof KdeltaException.Corrupt)
              : new SnapshotOutcome.Lent(errand.lending().orElseThrow().list()));
    }
    List<Event> events = new ArrayList<>(finished);
    finished.clear();
    return events;
  }

  /** When the core has to look again at the latest: work may wait for a disk to recover. */
  long nextMoment(long now) {
    return lend == null && out == 0 ? Timers.NEVER : now + LOOK_NANOS;
  }

  /** No piece is out any more. */
  void close() {
    letGo();
    closeSource();
    load.close();
    incoming.close();
  }

  private void lend(long tag, int pieceBytes, FileList.Check check) {
    letGo();
    try {
      lend = new Lend(tag, engine.lend(pieceBytes, check));
    } catch (KdeltaException e) {
      answer(tag, failed(Peers.message(e), false));
    }
  }

  /** Ends what is lent. A listing that is under way ends first, and is let go by its own end. */
  private void letGo() {
    Lend asked = lend;
    if (asked != null) asked.errand().abandon();
    lend = null;
    Lending held = lending;
    lending = null;
    if (held != null) held.close();
  }

  private static SnapshotOutcome read(Lending of, int file, int piece) {
    Bytes bytes = of.read(file, piece);
    return new SnapshotOutcome.Piece(bytes, PieceSeal.of(bytes));
  }

  private void open(FileList list, Bytes after) {
    closeSource();
    source = new VersionSource(incoming.read(list), after);
  }

  private SnapshotOutcome read(int bytesMax) {
    VersionSource from = source;
    if (from == null) return failed("the files are not open", false);
    List<Envelope> versions = from.next(Math.min(bytesMax, engine.batchBytesMax() / BATCH_PARTS));
    boolean whole = from.wholeKeys() && !versions.isEmpty();
    Optional<Consignment> packed =
        whole ? Optional.ofNullable(Consignment.pack(versions, schema)) : Optional.empty();
    return new SnapshotOutcome.Versions(versions, packed, from.finished(), versions.isEmpty());
  }

  private void closeSource() {
    VersionSource open = source;
    source = null;
    if (open != null) open.close();
  }

  private static SnapshotOutcome done(Runnable work) {
    work.run();
    return new SnapshotOutcome.Done();
  }

  private void chore(long tag, Work work) {
    SnapshotOutcome[] outcome = new SnapshotOutcome[1];
    out++;
    engine.chore(() -> outcome[0] = attempt(work), () -> back(tag, outcome[0]));
  }

  private void back(long tag, SnapshotOutcome outcome) {
    out--;
    answer(tag, outcome);
  }

  /** Bytes of others may make a reader trip in any way: that is their fault, not a bug. */
  static SnapshotOutcome attempt(Work work) {
    try {
      return work.run();
    } catch (KdeltaException.DiskFault e) {
      return failed(Peers.message(e), false);
    } catch (KdeltaException e) {
      return failed(Peers.message(e), true);
    } catch (IndexOutOfBoundsException | IllegalStateException | IllegalArgumentException e) {
      return failed("the files make no sense: " + e, true);
    }
  }

  private void answer(long tag, SnapshotOutcome outcome) {
    finished.add(new Event.SnapshotDone(tag, outcome));
  }

  static SnapshotOutcome failed(String reason, boolean rotten) {
    return new SnapshotOutcome.Failed(reason, rotten);
  }
}
