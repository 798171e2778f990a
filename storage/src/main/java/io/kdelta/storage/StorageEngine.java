package io.kdelta.storage;

import io.kdelta.env.Entropy;
import io.kdelta.error.KdeltaException;
import io.kdelta.memory.Bytes;
import io.kdelta.vfs.Vfs;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The store: ordered byte keys to byte values, atomic batches, snapshots and cursors over a log,
 * memtables and tables.
 *
 * <p>Owner: the core thread, which makes no blocking call: what blocks is handed out as {@link
 * StorageWork}. Order, always: log, then memtable; a memtable becomes a table only when its last
 * LSN is durable; outputs are durable before the manifest names them, and the manifest is durable
 * before what they replace is removed.
 *
 * <p>A batch may be acknowledged when {@link #durableLsn} has passed its LSN, never earlier; it is
 * readable at once, so a reply that shows {@link Row#lsn} must wait the same way.
 */
public final class StorageEngine implements Rows, AutoCloseable {
  /** More than enough pieces to write all memtables; merges that come first are left then. */
  private static final int SHUT_DOWN_ROUNDS_MAX = 32;

  private final StorageLimits limits;
  private final Vfs vfs;
  private final Wal wal;
  private final Manifest manifest;
  private final MemtablePool pool;
  private final Views views;
  private final TableWorks tableWorks;
  private final Maintenance maintenance;
  private final Installing installing;
  private final Chores chores = new Chores(StorageWork.Kind.CHORE);

  /** Chores that write the own tables: they take turns with the other work on tables. */
  private final Chores tableChores = new Chores(StorageWork.Kind.TABLE);

  private final Counters counters;
  private final ReadEpoch epoch = new ReadEpoch();
  private final RowView view = new RowView();
  private byte[] keyBytes = new byte[256];
  private @Nullable LogWork logOut;
  private boolean closed;

  private StorageEngine(StorageLimits limits, StorageOpening.Opened opened, Entropy entropy) {
    this.limits = limits;
    this.vfs = opened.vfs();
    this.wal = opened.wal();
    this.manifest = opened.manifest();
    this.pool = opened.pool();
    this.views = opened.views();
    this.counters = new Counters();
    this.maintenance = new Maintenance(opened.vfs(), manifest, views, entropy);
    this.installing = new Installing(limits, opened);
    this.tableWorks = new TableWorks(limits, opened, counters, maintenance, installing);
  }

  /**
   * Opens the store in the root of {@code vfs}, creating it when there is none; the caller holds
   * the directory's lock. Reads and syncs in place, so it is called before the first turn, on the
   * thread that will own the engine.
   *
   * @throws KdeltaException.Corrupt when the log or the manifest is damaged beyond reading
   * @throws KdeltaException.Invalid when the directory is a backup, which must stay what it is
   * @throws KdeltaException.DiskFault when the disk fails
   */
  public static StorageEngine open(Vfs vfs, Entropy entropy, StorageLimits limits) {
    if (vfs.exists(BackupMarker.NAME)) {
      throw new KdeltaException.Invalid(
          "directory", "is a backup; kdelta admin restore makes a store of it");
    }
    BulkLoad.sweep(vfs);
    StorageOpening.Opened opened = StorageOpening.open(vfs, entropy, limits);
    StorageEngine engine = new StorageEngine(limits, opened, entropy.split("maintenance"));
    // A process that is killed again and again writes little and leaves a segment each time.
    if (engine.retainsMoreThanItHolds()) engine.freeze();
    return engine;
  }

  private boolean retainsMoreThanItHolds() {
    long segmentsAMemtable = Math.ceilDiv(limits.memtableBytes(), limits.segmentBytes());
    return wal.retainedSegments() > views.current().memtables().size() * segmentsAMemtable + 1;
  }

  /** The largest batch, encoded, that {@link #apply} ever takes: one that fills a segment. */
  public int batchBytesMax() {
    return wal.payloadBytesMax();
  }

  /**
   * Appends a batch to the log buffer and the memtable and answers its LSN. Throws Invalid (larger
   * than a segment holds), ReadOnly (fenced, or no room on disk) or Overloaded (flushing is too far
   * behind), each before anything is appended.
   */
  public long apply(WriteBatch batch) {
    epoch.end();
    int bytes = batch.encodedSize();
    if (bytes > batchBytesMax()) {
      String reason = bytes + " bytes, the log holds at most " + batchBytesMax();
      throw new KdeltaException.Invalid("batch", reason);
    }
    Optional<String> readOnly = readOnlyReason();
    if (readOnly.isPresent()) throw new KdeltaException.ReadOnly(readOnly.get());
    if (installing.isUnderWay()) {
      throw new KdeltaException.Overloaded("tables that were loaded become part of the store");
    }
    boolean fits = views.current().active().fits(batch);
    if (!fits) requireAnotherMemtable(batch);
    if (views.current().unflushed() + tableWorks.debt() > limits.unflushedMemtablesMax()) {
      throw refusal("merges have not given back enough room yet");
    }
    if (!wal.fits(bytes)) throw refusal("the log waits for the disk");
    if (!fits) rotate(batch);
    long lsn = wal.append(StorageOpening.BATCH, batch.array(), 0, bytes);
    views.current().active().apply(lsn, batch.array(), 0, bytes);
    counters.batches++;
    counters.batchBytes += bytes;
    return lsn;
  }

  /** The LSN of the newest batch applied; 0 in an empty store. */
  public long lastLsn() {
    return wal.lastLsn();
  }

  /** Every batch up to it survives a power loss. Never goes back; stands still when fenced. */
  public long durableLsn() {
    return wal.durableLsn();
  }

  @Override
  public @Nullable Row get(RowKey key) {
    return row(views.current(), key, wal.lastLsn());
  }

  @Override
  public boolean get(byte[] key, int from, int pointSize, int suffixSize, RowView into) {
    into.clear();
    if (!views.current().get(key, from, pointSize, suffixSize, wal.lastLsn(), into)) return false;
    into.validFor(epoch);
    return true;
  }

  @Override
  public boolean ceiling(byte[] key, int from, int pointSize, int suffixSize, RowView into) {
    into.clear();
    ReadView rows = views.current();
    if (!rows.ceiling(key, from, pointSize, suffixSize, wal.lastLsn(), into)) return false;
    into.validFor(epoch);
    return true;
  }

  @Override
  public int get(MultiGet keys) {
    return views.current().get(keys, wal.lastLsn(), epoch);
  }

  @Override
  public Cursor group(Bytes point) {
    ReadView view = views.current();
    return held(view, release -> view.group(point, lastLsn(), release));
  }

  @Override
  public Cursor cursor(RowKey from, @Nullable RowKey to) {
    ReadView view = views.current();
    return held(view, release -> view.cursor(from, to, lastLsn(), release));
  }

  /** The store as it is now, to be closed by the caller. */
  public Snapshot snapshot() {
    views.pin(views.current());
    return new Reading(views.current());
  }

  /**
   * New work to run off the core: at most one piece of a kind is out, but for chores. Call it after
   * a turn that applied something, after every {@link #workDone}, and now and then at all times:
   * what failed comes again after some calls, and finds out that a full disk has room again.
   */
  public List<StorageWork> takeWork() {
    epoch.end();
    List<StorageWork> work = new ArrayList<>(2);
    if (logOut == null) {
      Optional<WalWrite> write = wal.takeWrite();
      if (write.isPresent()) {
        logOut = new LogWork(write.get());
        work.add(logOut);
      }
    }
    if (maintenance.wantsFreeze()) freeze();
    // What the log could not keep never comes into tables: nobody may wait for that.
    if (wal.fenced()) wal.failure().ifPresent(maintenance::troubled);
    tableWorks.take().ifPresent(work::add);
    for (Chores all : List.of(chores, tableChores)) {
      for (var piece = all.take(); piece.isPresent(); piece = all.take()) work.add(piece.get());
    }
    return work;
  }

  /** Takes a finished piece back, on the core. */
  public void workDone(StorageWork work) {
    epoch.end();
    switch (work) {
      case LogWork log -> {
        if (log != logOut) throw new AssertionError("not the log work that is out");
        logOut = null;
        counters.logSyncs++;
        wal.written(log.write);
      }
      case TableWork table -> tableWorks.done(table);
      case Chores.Piece piece -> piece.done();
      default -> throw new AssertionError("not work of this engine");
    }
  }

  /** Does all work that is due in place: for tests, tools and the embedded store. */
  public void runInline() {
    for (List<StorageWork> due = takeWork(); !due.isEmpty(); due = takeWork()) {
      for (StorageWork work : due) {
        work.run();
        workDone(work);
      }
    }
  }

  /** Whether a log write or sync has failed: nothing more is acknowledged in this process. */
  public boolean fenced() {
    return wal.fenced();
  }

  /** Why writes are refused now, if they are. A full disk heals by itself, a fence does not. */
  public Optional<String> readOnlyReason() {
    if (wal.fenced()) {
      return Optional.of(
          "the log can not be written: "
              + wal.failure().map(Throwable::getMessage).orElse("unknown"));
    }
    return tableWorks.readOnlyReason();
  }

  /** What opening found, and what was found wrong since. */
  public Recovery recovery() {
    return new Recovery(wal.recovery(), tableWorks.damage());
  }

  /**
   * Sets aside every table found damaged since; what is whole of it goes into one in its place.
   * Then reads go on as if the rest had never been written, so the owner of the data deals with the
   * loss before it reads anything, and calls {@link #forgetSetAside}. ReadOnly: call it again
   * first.
   *
   * @return false, changing nothing, while table work is out: not before {@link #workDone}
   */
  public boolean setDamagedAside() {
    return tableWorks.setDamagedAside();
  }

  /**
   * The owner of the data has dealt with all damage and written that down. Once all that was
   * applied until now is durable, what was set aside is forgotten; no open reports it any more.
   */
  public void forgetSetAside() {
    tableWorks.forgetSetAside();
  }

  /**
   * Copies the store as it is into another directory, which then holds a backup: see {@link
   * StoreCopy}. The second one into the same directory takes only what is new.
   *
   * @param label what the owner calls this store, at most 1 KiB: equal for all its backups
   * @param owner who makes the backup, for others who want that directory meanwhile
   * @return done, with its report or failure, after some pieces of work
   * @throws KdeltaException.Overloaded while another errand is under way
   */
  public Errand backup(Vfs target, Bytes label, String owner) {
    return maintenance.start(
        Errand.Kind.BACKUP, "", new Maintenance.Destination(target, label, owner));
  }

  /** The same into {@code snapshots/NAME} below the data, of hard links alone. */
  public Errand keepSnapshot(String name, Bytes label, String owner) {
    Vfs target = Maintenance.snapshot(vfs, name);
    return maintenance.start(
        Errand.Kind.SNAPSHOT, name, new Maintenance.Destination(target, label, owner));
  }

  /** Lists the kept snapshots. */
  public Errand keptSnapshots() {
    return maintenance.start(Errand.Kind.LIST_SNAPSHOTS, "", null);
  }

  /** Removes a kept snapshot; it fails with NotFound when there is none of that name. */
  public Errand dropSnapshot(String name) {
    return maintenance.start(Errand.Kind.DROP_SNAPSHOT, name, null);
  }

  /**
   * Pins the files, once everything applied lies in tables, and lists them by pieces of this size,
   * to be checked so, for another store; the errand's {@link Errand#lending} is to be closed.
   */
  public Errand lend(int pieceBytes, FileList.Check check) {
    return maintenance.lend(pieceBytes, check);
  }

  /** Files of another store on their way into this one's directory. */
  public IncomingFiles incoming() {
    return new IncomingFiles(vfs);
  }

  /** A piece of work on files of others, beside its own; it throws nothing. */
  public void chore(Runnable work, Runnable afterwards) {
    chores.add(work, afterwards);
  }

  /** The same for work that writes a {@link BulkLoad}, on the thread of the tables. */
  public void tableChore(Runnable work, Runnable afterwards) {
    tableChores.add(work, afterwards);
  }

  /** Whether nothing lies in the range, not even a delete that would hide what is loaded there. */
  public boolean untouched(RowKey from, RowKey to) {
    return views.current().untouched(from, to, lastLsn());
  }

  /** Tables beside the log, to be {@link #install installed}, of rows in so many orders. */
  public BulkLoad bulkLoad(int lanes) {
    return installing.prepare(lanes);
  }

  /**
   * Makes a load that is finished part of the store, below all its rows. Until that has ended no
   * batch is applied: each is refused with Overloaded, for some milliseconds unless the disk fails.
   *
   * @param told in a call of {@link #workDone}, once the rows are readable and durable, or with the
   *     reason why they never will be
   * @throws KdeltaException.Overloaded when another load lies at the bottom already
   */
  public void install(BulkLoad load, Consumer<Optional<KdeltaException>> told) {
    installing.begin(load, told);
  }

  /** Merges everything into one run: overwritten and deleted rows give their room back. */
  public Errand compact() {
    return maintenance.start(Errand.Kind.COMPACT, "", null);
  }

  /**
   * Lets the scrub read so many bytes of the tables, as pieces of table work; what it finds damaged
   * appears in {@link #recovery}. Called again and again it goes through all tables, then begins
   * anew.
   */
  public void scrub(long bytes) {
    maintenance.allowScrub(bytes);
  }

  /** Why nothing that this disk says can be trusted any more, once the scrub has found that. */
  public Optional<KdeltaException.Corrupt> systematicDamage() {
    return maintenance.scrub().systematic().filter(_ -> tableWorks.damageIsNoted());
  }

  /**
   * Debt against the hard limit, 0 (none) to 1 (writes are refused): what fills the memtables that
   * are not yet tables, what waits for merges to give its room back, and the runs beyond those that
   * merges keep. It follows from what was applied and what was taken back alone. Cheap.
   */
  public double pressure() {
    if (readOnlyReason().isPresent()) return 1;
    double unflushed = views.current().unflushed() + tableWorks.debt();
    double runs = views.current().runs().size() - Compaction.RUNS_MAX;
    double full = unflushed / limits.unflushedMemtablesMax();
    return Math.clamp(full + Math.max(0, runs) / Compaction.RUNS_MAX, 0, 1);
  }

  /** Counters. */
  public StorageStats stats() {
    return counters.stats(views, pool, tableWorks, maintenance.scrub().position(), pressure());
  }

  /**
   * Closes in good order: what only the log holds is written as tables, and the manifest says so:
   * the next open has nothing to read back. Blocks about as long as a memtable takes to write; no
   * work may be out. Where a full disk or a fence stands in the way, it ends as {@link #close}.
   */
  public void shutDown() {
    if (closed) return;
    tableWorks.closing();
    for (int i = 0; i < SHUT_DOWN_ROUNDS_MAX && !isWritten(); i++) {
      if (views.current().memtables().getFirst().lastLsn() != 0) freeze();
      for (StorageWork work : takeWork()) {
        work.run();
        workDone(work);
      }
    }
    if (isWritten() && readOnlyReason().isEmpty()) endLog();
    close();
  }

  /**
   * Gives back memory and files. Writes nothing, as if the process had died: whoever cares about
   * the last batches waits for {@link #durableLsn} before. No work may be running. Closing twice
   * does nothing.
   */
  @Override
  public void close() {
    epoch.end();
    if (closed) return;
    closed = true;
    views.closeAll();
    pool.close();
    tableWorks.close();
    wal.close();
    manifest.close();
  }

  /** Whether no memtable holds anything that tables do not. */
  private boolean isWritten() {
    List<Memtable> memtables = views.current().memtables();
    return memtables.size() == 1 && memtables.getFirst().lastLsn() == 0;
  }

  private void endLog() {
    try {
      Optional<ManifestEdit.LogEnded> ended = wal.ended(manifest.state().flushedLsn());
      if (ended.isPresent()) manifest.append(List.of(ended.orElseThrow()));
    } catch (KdeltaException.DiskFault ignored) {
      // Nothing depends on it: the next open reads the log back.
    }
  }

  private void requireAnotherMemtable(WriteBatch batch) {
    int unflushed = views.current().memtables().size();
    if (unflushed >= limits.unflushedMemtablesMax()) {
      throw refusal(unflushed + " memtables wait to be written");
    }
    if (!pool.canTake(batch.encodedSize(), batch.rows())) {
      throw new KdeltaException.Overloaded(
          pool.bytes() + " bytes of memtables, held by snapshots or waiting to be written");
    }
  }

  /** Overloaded passes by itself; while the disk refuses its work, nothing will. */
  private KdeltaException refusal(String limit) {
    Optional<String> failing = tableWorks.failing();
    return failing.isPresent()
        ? new KdeltaException.ReadOnly(failing.get())
        : new KdeltaException.Overloaded(limit);
  }

  /** Closes the active memtable although it is not full, as soon as there may be another. */
  private void freeze() {
    Memtable active = views.current().memtables().getFirst();
    boolean room =
        views.current().memtables().size() < limits.unflushedMemtablesMax() && pool.canTake(0, 0);
    if (active.lastLsn() != 0 && !room) return;
    if (active.lastLsn() != 0) rotate(new WriteBatch());
    maintenance.frozen(wal.lastLsn());
  }

  private void rotate(WriteBatch batch) {
    List<Memtable> memtables = new ArrayList<>(views.current().memtables());
    Memtable full = memtables.getFirst();
    Memtable fresh = pool.take(batch.encodedSize(), batch.rows());
    if (full.lastLsn() == 0) {
      memtables.removeFirst();
    } else {
      full.freeze();
    }
    memtables.addFirst(fresh);
    views.show(memtables, views.current().runs());
    for (Memtable memtable : views.freeMemtables()) pool.giveBack(memtable);
  }

  /** A view that is held, read at the LSN at which it was taken. */
  private final class Reading implements Snapshot {
    private final ReadView view;
    private final long lsn = wal.lastLsn();
    private boolean released;

    private Reading(ReadView held) {
      this.view = held;
    }

    @Override
    public long lsn() {
      return lsn;
    }

    @Override
    public @Nullable Row get(RowKey key) {
      requireOpen();
      return row(view, key, lsn);
    }

    @Override
    public boolean get(byte[] key, int from, int pointSize, int suffixSize, RowView into) {
      requireOpen();
      into.clear();
      if (!view.get(key, from, pointSize, suffixSize, lsn, into)) return false;
      into.validFor(epoch);
      return true;
    }

    @Override
    public boolean ceiling(byte[] key, int from, int pointSize, int suffixSize, RowView into) {
      requireOpen();
      into.clear();
      if (!view.ceiling(key, from, pointSize, suffixSize, lsn, into)) return false;
      into.validFor(epoch);
      return true;
    }

    @Override
    public int get(MultiGet keys) {
      requireOpen();
      return view.get(keys, lsn, epoch);
    }

    @Override
    public Cursor group(Bytes point) {
      requireOpen();
      return held(view, release -> view.group(point, lsn, release));
    }

    @Override
    public Cursor cursor(RowKey from, @Nullable RowKey to) {
      requireOpen();
      return held(view, release -> view.cursor(from, to, lsn, release));
    }

    @Override
    public void close() {
      if (released) return;
      released = true;
      release(view);
    }

    private void requireOpen() {
      if (released) throw new AssertionError("the snapshot is closed");
    }
  }

  private @Nullable Row row(ReadView from, RowKey key, long lsn) {
    int pointSize = key.point().size();
    if (keyBytes.length < key.size()) keyBytes = new byte[RowKey.BYTES_MAX];
    key.point().copyTo(keyBytes, 0);
    key.suffix().copyTo(keyBytes, pointSize);
    if (!from.get(keyBytes, 0, pointSize, key.suffix().size(), lsn, view)) return null;
    view.validFor(epoch);
    return new Row(key, view.value(), view.lsn());
  }

  /** Holds the view for a cursor; when the cursor can not be made, the view is let go again. */
  private Cursor held(ReadView view, Function<Runnable, Cursor> open) {
    views.pin(view);
    boolean opened = false;
    try {
      Cursor cursor = open.apply(() -> release(view));
      opened = true;
      return cursor;
    } finally {
      if (!opened) release(view);
    }
  }

  private void release(ReadView view) {
    epoch.end();
    if (closed) return;
    views.unpin(view);
    for (Memtable memtable : views.freeMemtables()) pool.giveBack(memtable);
  }
}
