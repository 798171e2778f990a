package io.kdelta.core;

import io.kdelta.causal.CausalStore;
import io.kdelta.causal.ContentSchema;
import io.kdelta.causal.Keyspace;
import io.kdelta.causal.Loaded;
import io.kdelta.causal.SnapshotLoad;
import io.kdelta.cluster.SnapshotOutcome;
import io.kdelta.env.Entropy;
import io.kdelta.error.KdeltaException;
import io.kdelta.reconciliation.BatchHasher;
import io.kdelta.storage.BulkLoad;
import io.kdelta.storage.FileList;
import io.kdelta.storage.IncomingFiles;
import io.kdelta.storage.StorageEngine;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Loads the files of a snapshot into a store that holds no version: the thread of chores reads and
 * verifies them, that of the tables writes what comes of it, a piece each at a time, and in the end
 * all of it becomes part of the store at once. Owned by the core; a load is touched by the pieces
 * alone while some are out.
 */
final class LoadWork {
  private static final SnapshotOutcome UNSOUND =
      new SnapshotOutcome.Unfit("a document is not the one that its version names");

  private final StorageEngine engine;
  private final CausalStore store;
  private final ContentSchema schema;
  private final Entropy entropy;
  private final BatchHasher hasher;
  private @Nullable Load load;

  /** Of no more use; the machine may stop before the piece that closes their files. */
  private final List<Load> ending = new ArrayList<>();

  private long loads;

  /** One attempt. */
  private static final class Load {
    final Entropy entropy;
    final BulkLoad tables;
    final long wallMicros;

    /** Of the thread of chores. */
    @Nullable SnapshotLoad source;

    boolean checksHere;

    /** Set by the last piece. */
    @Nullable Loaded loaded;

    boolean finished;

    Load(Entropy entropy, BulkLoad tables, long wallMicros) {
      this.entropy = entropy;
      this.tables = tables;
      this.wallMicros = wallMicros;
    }
  }

  /** What a piece read, on its way to the tables. */
  private static final class Read {
    SnapshotLoad.@Nullable Part part;
    boolean checked;
    long versions;
    boolean ended;
    @Nullable SnapshotOutcome outcome;
  }

  LoadWork(
      StorageEngine engine,
      CausalStore store,
      ContentSchema schema,
      Entropy entropy,
      BatchHasher hasher) {
    this.engine = engine;
    this.store = store;
    this.schema = schema;
    this.entropy = entropy;
    this.hasher = hasher;
  }

  /** Goes on with the load of these files, or begins it, by about so many bytes. */
  void goOn(
      IncomingFiles incoming,
      FileList list,
      int bytesMax,
      long wallMicros,
      Consumer<SnapshotOutcome> answer) {
    if (!isVacant()) {
      drop();
      answer.accept(new SnapshotOutcome.Unfit("the store holds something already"));
      return;
    }
    Load present = load;
    if (present == null) {
      Entropy own = entropy.split("load " + loads++);
      present = new Load(own, engine.bulkLoad(SnapshotLoad.LANES), wallMicros);
      load = present;
    }
    Load of = present;
    Read read = new Read();
    engine.chore(
        () -> read.outcome = SnapshotWork.attempt(() -> read(of, incoming, list, bytesMax, read)),
        () -> {
          if (of != load) answer.accept(new SnapshotOutcome.Unfit("the load was given up"));
          else if (read.outcome instanceof SnapshotOutcome.Loading) write(of, read, answer);
          else answer.accept(answered(of, read));
        });
  }

  /** Makes all that was loaded part of the store. */
  void install(Consumer<SnapshotOutcome> answer) {
    Load of = load;
    Loaded loaded = of == null ? null : of.loaded;
    if (of == null || loaded == null || !isVacant()) {
      drop();
      answer.accept(new SnapshotOutcome.Unfit("the store holds something already"));
      return;
    }
    load = null;
    ending.add(of);
    try {
      engine.install(
          of.tables,
          failure -> {
            if (failure.isEmpty()) store.load(loaded);
            answer.accept(
                failure.isEmpty()
                    ? new SnapshotOutcome.Installed(loaded.versions())
                    : SnapshotWork.failed(Peers.message(failure.get()), false));
            end(of);
          });
    } catch (KdeltaException.Overloaded twice) {
      end(of);
      answer.accept(new SnapshotOutcome.Unfit(Peers.message(twice)));
    }
  }

  /** Whether there is nothing yet of what is loaded, and nothing that would hide it. */
  private boolean isVacant() {
    return store.vacant()
        && engine.untouched(Keyspace.VERSION.start(), Keyspace.APPLY.end())
        && engine.untouched(Keyspace.REQUEST_AGE.start(), Keyspace.CONFLICT.end());
  }

  /** Does away with what was loaded and is not installed. */
  void drop() {
    Load dropped = load;
    load = null;
    if (dropped != null) end(dropped);
  }

  /** No piece is out any more. */
  void close() {
    Load open = load;
    load = null;
    if (open != null) ending.add(open);
    for (Load each : ending) {
      closeSource(each);
      each.tables.letGo();
    }
    ending.clear();
  }

  private static void closeSource(Load of) {
    SnapshotLoad source = of.source;
    of.source = null;
    if (source != null) source.close();
  }

  private void end(Load of) {
    if (!ending.contains(of)) ending.add(of);
    engine.chore(() -> closeSource(of), () -> dropTables(of));
  }

  private void dropTables(Load of) {
    engine.tableChore(() -> SnapshotWork.attempt(() -> dropped(of)), () -> ending.remove(of));
  }

  private static SnapshotOutcome dropped(Load of) {
    of.tables.drop();
    return new SnapshotOutcome.Done();
  }

  /** On the thread of chores. */
  private SnapshotOutcome read(
      Load of, IncomingFiles incoming, FileList list, int bytesMax, Read read) {
    SnapshotLoad source = of.source;
    if (source == null) {
      source = new SnapshotLoad(incoming.read(list), schema, of.entropy, of.wallMicros);
      of.source = source;
    }
    SnapshotLoad.Part part = source.next(bytesMax);
    read.part = part;
    read.versions = source.versions();
    read.ended = source.ended();
    String unfit = source.unfit();
    if (unfit != null) return new SnapshotOutcome.Unfit(unfit);
    // Both threads check documents, in turns: that is more than half of all there is to do.
    of.checksHere = !of.checksHere;
    read.checked = of.checksHere;
    if (of.checksHere && !part.sound(hasher)) return UNSOUND;
    if (read.ended && of.loaded == null) of.loaded = source.loaded();
    return new SnapshotOutcome.Loading(read.versions, read.ended);
  }

  private void write(Load of, Read read, Consumer<SnapshotOutcome> answer) {
    engine.tableChore(
        () -> read.outcome = SnapshotWork.attempt(() -> write(of, read)),
        () -> answer.accept(answered(of, read)));
  }

  /** On the thread of the tables. */
  private SnapshotOutcome write(Load of, Read read) {
    SnapshotLoad.Part part = read.part;
    read.part = null;
    if (part == null) throw new AssertionError("a piece that read nothing");
    if (!read.checked && !part.sound(hasher)) return UNSOUND;
    for (SnapshotLoad.Laid row : part.rows()) of.tables.add(row.lane(), row.key(), row.value());
    if (read.ended && !of.finished) {
      of.tables.finish();
      of.finished = true;
    }
    return new SnapshotOutcome.Loading(read.versions, read.ended);
  }

  private SnapshotOutcome answered(Load of, Read read) {
    SnapshotOutcome outcome = read.outcome;
    if (outcome == null) throw new AssertionError("a piece that did not run");
    if (of == load && !(outcome instanceof SnapshotOutcome.Loading)) drop();
    return outcome;
  }
}
