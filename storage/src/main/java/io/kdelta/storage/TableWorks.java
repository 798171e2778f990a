package io.kdelta.storage;

import io.kdelta.error.KdeltaException;
import io.kdelta.vfs.Vfs;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Decides what the table thread does next, and takes its results in.
 *
 * <p>One piece is out at a time. In order: a log segment (without one writes stop), removing what
 * is not needed, noting what was found damaged, flushing, merging. Where rows above the bottom take
 * more room than they may ({@link Compaction}), flushes wait for the merge that gives it back; when
 * there are so many runs that reads suffer, flushes and steps of the merge take turns, and at twice
 * as many flushes wait. So debt of every kind fills memtables, which slows writes down, and it is
 * paid as soon as merges are done. What can not be merged, damaged runs or a full disk, holds no
 * flush up. A piece that failed is tried again after some calls of {@link #take}, more of them each
 * time. Owner: the core thread.
 */
final class TableWorks {
  private static final int HOLD_CALLS_MAX = 64;

  /** A run above the bottom is cut into tables down to this part of a partition. */
  private static final int PIECES_MAX = 8;

  private final StorageLimits limits;
  private final Vfs vfs;
  private final Wal wal;
  private final Manifest manifest;
  private final MemtablePool pool;
  private final Views views;
  private final long hashSeed;
  private final Scratch scratch = new Scratch();
  private final Counters counters;

  private final Blobs blobs;
  private final List<BlobFile> doomedBlobs = new ArrayList<>();
  private final List<StorageOpening.SetAsideTable> setAside;
  private final List<Damage> otherDamage;
  private final TreeSet<Long> noted = new TreeSet<>();
  private final List<SSTable> doomedTables = new ArrayList<>();
  private final List<String> doomedFiles = new ArrayList<>();

  /** Tables set aside since the open: the manifest names them until their loss was dealt with. */
  private final List<SSTable> quarantined = new ArrayList<>();

  /** Those of them that nobody reads any more. */
  private final List<SSTable> quarantinedUnread = new ArrayList<>();

  /** Files of an append that failed: the manifest may name them until its next append succeeds. */
  private final List<String> undecidedFiles = new ArrayList<>();

  private final Maintenance maintenance;
  private boolean choreLast;

  /**
   * What was set aside is forgotten once all up to here is durable: see {@link #forgetSetAside}.
   */
  private long forgetFrom = Long.MAX_VALUE;

  /** Whether the last piece was a step that went before a flush: then they take turns. */
  private boolean mergedLast;

  private final Warming warming;
  private final Sinking sinking;
  private final Installing installing;
  private @Nullable MergeJob merge;
  private Compaction.@Nullable Plan planned;

  /** The view that the plan was made for. */
  private long plannedFor = -1;

  private boolean closing;

  /** A flush goes before merges while no more lies above the bottom: they gain on flushes. */
  private long flushAtBytes = Long.MAX_VALUE;

  private long debtBytes;
  private @Nullable TableWork out;

  private Optional<String> failing = Optional.empty();
  private boolean full;
  private boolean scarce;
  private int failures;
  private int hold;

  TableWorks(
      StorageLimits limits,
      StorageOpening.Opened opened,
      Counters counters,
      Maintenance maintenance,
      Installing installing) {
    this.maintenance = maintenance;
    this.installing = installing;
    this.limits = limits;
    this.vfs = opened.vfs();
    this.wal = opened.wal();
    this.manifest = opened.manifest();
    this.pool = opened.pool();
    this.views = opened.views();
    this.hashSeed = opened.hashSeed();
    this.blobs = opened.blobs();
    this.warming = new Warming(views.current());
    // What sinks is not compressed on its way.
    long least = limits.partitionBytes() / PIECES_MAX;
    this.sinking = new Sinking(limits.compressBottom() ? Long.MAX_VALUE : least);
    this.setAside = new ArrayList<>(opened.setAside());
    this.otherDamage = opened.otherDamage();
    this.counters = counters;
  }

  /** The next piece, when there is one and none is out. */
  Optional<TableWork> take() {
    if (out != null) return Optional.empty();
    if (hold > 0) {
      hold--;
      return Optional.empty();
    }
    out = next();
    return Optional.ofNullable(out);
  }

  /** Takes the piece back. */
  void done(TableWork work) {
    if (work != out) throw new AssertionError("not the table work that is out");
    out = null;
    Optional<KdeltaException> failure = work.failure();
    if (work instanceof TableWork.Segment segment) {
      wal.prepared(segment.preparation);
      if (wal.failure().isPresent()) failure = Optional.of(wal.failure().get());
    }
    if (failure.isPresent()) {
      failed(work, failure.get());
      countDebt();
      return;
    }
    failing = Optional.empty();
    failures = 0;
    full = false;
    scarce = work.freeSpace() < limits.reserveBytes();
    if (work.appends()) {
      doomedFiles.addAll(undecidedFiles);
      undecidedFiles.clear();
    }
    switch (work) {
      case TableWork.Flush flush -> flushed(flush);
      case TableWork.Merge merged -> merged(merged);
      case BlobRewrite rewrite -> rewritten(rewrite);
      case TableWork.Note note -> noted(note);
      case TableWork.Sink sunk -> Sinking.show(views, sunk.tables);
      case BulkInstall install -> installing.done(install, views, blobs);
      case TableWork.Salvage _ -> throw new AssertionError("it is done in place");
      case TableWork.Probe _ -> hold = HOLD_CALLS_MAX / 4;
      case TableWork.Warm warm -> warm.result();
      case TableWork.Chore _ -> maintenance.done();
      case TableWork.Reclaim _, TableWork.Segment _, TableWork.Populate _ -> {}
    }
    countDebt();
  }

  /**
   * What lies above the bottom and waits to be merged, in memtables that may not be filled
   * meanwhile. Twice its size, so that rows are taken while there is less of it; but one memtable
   * can always be filled.
   */
  double debt() {
    double memtables = 2.0 * debtBytes / limits.memtableBytes();
    return Math.min(memtables, limits.unflushedMemtablesMax() - 1);
  }

  Blobs blobs() {
    return blobs;
  }

  /** What the last piece failed with, until one succeeds. */
  Optional<String> failing() {
    return failing;
  }

  /** Why there is no room for writes, if there is none. */
  Optional<String> readOnlyReason() {
    if (full) return failing;
    if (!scarce) return Optional.empty();
    return Optional.of("the disk has less than " + limits.reserveBytes() + " bytes of room");
  }

  /** Everything found damaged, at open and since. */
  List<Damage> damage() {
    List<Damage> all = new ArrayList<>(otherDamage);
    for (StorageOpening.SetAsideTable table : setAside) all.add(table.damage());
    for (SSTable table : views.current().damaged()) all.add(Damage.of(table));
    return all;
  }

  /**
   * Takes damaged tables out of what is read, but for the rows in them that are whole; false while
   * a piece is out that may read them. ReadOnly: these rows can not be written now; call it again.
   */
  boolean setDamagedAside() {
    if (out != null) return false;
    if (views.current().damaged().isEmpty()) return true;
    distrustAll();
    // Nobody has dealt with these.
    forgetFrom = Long.MAX_VALUE;
    merge = null;
    for (SSTable table : views.current().damaged()) setAside(table);
    return true;
  }

  private void setAside(SSTable table) {
    List<SSTable> whole = salvage(table);
    setAside.add(new StorageOpening.SetAsideTable(table.number(), Damage.of(table)));
    quarantined.add(table);
    List<Run> runs = new ArrayList<>();
    for (Run run : views.current().runs()) {
      List<SSTable> tables = new ArrayList<>();
      for (SSTable one : run.tables()) {
        if (one == table) tables.addAll(whole);
        else tables.add(one);
      }
      if (!tables.isEmpty()) runs.add(new Run(run.age(), tables));
    }
    for (SSTable fresh : whole) blobs.link(fresh);
    views.show(views.current().memtables(), runs);
    blobs.changed();
    countDebt();
  }

  /** What is whole of a damaged table, as a new one in its place; none if nothing can be told. */
  private List<SSTable> salvage(SSTable table) {
    ManifestEdit.TableAdded named = manifest.state().tables().get(table.number());
    if (named == null) return List.of();
    TableWork.Salvage salvage =
        new TableWork.Salvage(
            manifest,
            target(table.header().bottom(), Long.MAX_VALUE, Cuts.NONE),
            table,
            TableFacts.of(named),
            blobs.contents());
    salvage.run();
    Optional<KdeltaException> failure = salvage.failure();
    if (failure.isEmpty()) {
      noted.add(table.number());
      return List.copyOf(salvage.opened());
    }
    if (failure.get() instanceof KdeltaException.Corrupt) {
      doomedFiles.addAll(salvage.leftOver());
      noted.remove(table.number()); // Nobody is to look for anything whole in it again.
      return List.of();
    }
    failed(salvage, failure.get());
    throw new KdeltaException.ReadOnly(
        "what is whole of a damaged table can not be written: " + failure.get().getMessage());
  }

  /**
   * Where something rotted more may have: what the owner is about to conclude from the rows that
   * are left must not rest on what was sound at an earlier touch.
   */
  private void distrustAll() {
    for (Run run : views.current().runs()) {
      for (SSTable table : run.tables()) {
        if (table.damage().isPresent()) continue;
        table.check(0, table.header().chunks()).ifPresent(table::damaged);
      }
    }
    blobs.doubt();
  }

  /** Whether the manifest says of every damaged table that it is one. */
  boolean damageIsNoted() {
    for (SSTable table : views.current().damaged()) {
      if (!noted.contains(table.number())) return false;
    }
    for (SSTable table : quarantined) {
      if (!noted.contains(table.number())) return false;
    }
    return out == null;
  }

  /** From now on flushes wait for nothing. */
  void closing() {
    closing = true;
    countDebt();
  }

  /** Once all that was applied until now is durable. */
  void forgetSetAside() {
    boolean any = !setAside.isEmpty() || !otherDamage.isEmpty();
    forgetFrom = any ? wal.lastLsn() : Long.MAX_VALUE;
  }

  /** Gives back memory and handles of tables that wait for removal or that a piece has open. */
  void close() {
    maintenance.close();
    if (out != null) out.letGo();
    for (SSTable table : doomedTables) table.close();
    doomedTables.clear();
    for (SSTable table : quarantinedUnread) table.close();
    quarantinedUnread.clear();
    for (BlobFile blob : doomedBlobs) blob.close();
    doomedBlobs.clear();
    blobs.close();
  }

  private @Nullable TableWork next() {
    if (wal.wantsSegment()) return new TableWork.Segment(vfs, wal.prepare());
    Memtable fresh = pool.takeFresh(views.current().memtables().size() > 1);
    if (fresh != null) return new TableWork.Populate(vfs, fresh);
    for (SSTable table : views.freeTables()) {
      counters.verificationsRetired += table.verifications();
      (quarantined.contains(table) ? quarantinedUnread : doomedTables).add(table);
    }
    for (BlobFile blob : views.freeBlobs()) {
      doomedBlobs.add(blob);
      counters.verificationsRetired += blob.verifications();
    }
    if (!doomedTables.isEmpty() || !doomedBlobs.isEmpty() || !doomedFiles.isEmpty()) {
      return reclaim();
    }
    List<ManifestEdit> notes = notes();
    List<BlobFile> dead = blobs.dead(views.current());
    for (BlobFile blob : dead) notes.add(new ManifestEdit.BlobRemoved(blob.number()));
    if (!notes.isEmpty()) {
      return new TableWork.Note(vfs, manifest, notes, dead, blobs.contents(), forgetsNow());
    }
    TableWork install = merge == null ? installing.next() : null;
    if (install != null) return install;
    if (merge == null && failures == 0 && !closing) {
      TableWork sink = sinking.next(vfs, manifest, views.current());
      if (sink != null) return sink;
    }
    boolean mergeFirst = mergesFirst();
    // Chores and merges take turns: neither waits for the other to have nothing left to do.
    TableWork work = mergeFirst && !choreLast ? maintenance.next() : null;
    if (work == null && mergeFirst) work = mergeStep();
    mergedLast = work instanceof TableWork.Merge;
    if (work == null) work = flush();
    if (work == null && !choreLast) work = maintenance.next();
    choreLast = work instanceof TableWork.Chore;
    if (work == null) work = rewrite();
    if (work == null) work = mergeStep();
    if (work == null) work = maintenance.next();
    if (work == null) work = warming.next(vfs, views.current());
    if (work == null && readOnlyReason().isPresent()) return new TableWork.Probe(vfs);
    return work;
  }

  /**
   * Whether a step of a merge goes before a flush. Runs among themselves can wait where a range is
   * due, once they are done with the range at hand. After a merge that failed a flush has its turn.
   */
  private boolean mergesFirst() {
    if (closing || (failures > 0 && mergedLast)) return false;
    int runs = views.current().runs().size();
    if (runs >= 2 * Compaction.RUNS_MAX || (runs > Compaction.RUNS_MAX && !mergedLast)) return true;
    if (merge != null && merge.urgent()) return true;
    if (!isUrgent() || upperBytes() <= flushAtBytes) return false;
    if (merge != null && merge.intoBottom()) return !mergedLast;
    if (merge != null && merge.betweenRanges()) merge = null;
    return true;
  }

  private boolean isUrgent() {
    Compaction.Plan plan = plan();
    return plan != null && plan.urgent();
  }

  /** Bytes of tables above the bottom. */
  private long upperBytes() {
    List<Run> runs = views.current().runs();
    long bytes = 0;
    for (int i = 0; i < runs.size() - 1; i++) bytes += runs.get(i).bytes();
    return bytes;
  }

  /** Counts anew what waits to be merged; nobody waits for what can not be. */
  private void countDebt() {
    List<Run> runs = views.current().runs();
    debtBytes = 0;
    if (failures > 0 || closing || !isUrgent()) return;
    for (Run run : runs) {
      if (run.damaged()) return;
    }
    long free = Compaction.free(runs.getLast().bytes(), limits.memtableBytes());
    debtBytes = Math.max(0, upperBytes() - free);
  }

  private TableWork reclaim() {
    TableWork work = new TableWork.Reclaim(vfs, doomedTables, doomedBlobs, doomedFiles);
    doomedTables.clear();
    doomedBlobs.clear();
    doomedFiles.clear();
    return work;
  }

  /** Edits that mark damaged tables, and that drop those whose loss was dealt with. */
  private List<ManifestEdit> notes() {
    List<ManifestEdit> edits = new ArrayList<>();
    List<SSTable> damaged = views.current().damaged();
    damaged.addAll(quarantined);
    // Asked in every turn, and nearly always there is nothing.
    if (damaged.isEmpty() && !forgetsNow()) return edits;
    TreeMap<Long, ManifestEdit.TableAdded> named = new TreeMap<>(manifest.state().tables());
    for (SSTable table : damaged) {
      ManifestEdit.TableAdded known = named.get(table.number());
      if (known == null || !noted.add(table.number())) continue;
      TableFacts facts = TableFacts.of(known);
      TableFacts.State now = TableFacts.State.DAMAGED;
      if (quarantined.contains(table)) now = TableFacts.State.SALVAGED;
      if (facts.state() == now) continue;
      edits.add(new ManifestEdit.TableRemoved(table.number()));
      edits.add(facts.found(now).added(known.number(), known.bytes()));
    }
    if (forgetsNow()) {
      for (StorageOpening.SetAsideTable table : setAside) {
        edits.add(new ManifestEdit.TableRemoved(table.number()));
      }
      for (ManifestEdit.BlobAdded blob : blobs.unreadable()) {
        edits.add(new ManifestEdit.BlobRemoved(blob.number()));
      }
      if (!manifest.state().remembered().isEmpty()) edits.add(new ManifestEdit.Forgotten());
      // Other damage is not always remembered.
      if (edits.isEmpty()) forgetFrom = Long.MAX_VALUE;
    }
    return edits;
  }

  /** A crash may still take what the owner has written down about it. */
  private boolean forgetsNow() {
    return wal.durableLsn() >= forgetFrom;
  }

  private @Nullable TableWork flush() {
    Memtable oldest = views.current().memtables().getLast();
    boolean frozen = views.current().memtables().size() > 1;
    if (!frozen || oldest.lastLsn() > wal.durableLsn()) return null;
    return new TableWork.Flush(
        manifest,
        target(false, limits.partitionBytes(), cuts(oldest.used())),
        oldest,
        wal.releasable(oldest.lastLsn()),
        blobs.contents());
  }

  /** Half of a blob file is dead: its live values are written anew. */
  private @Nullable TableWork rewrite() {
    if (!views.current().damaged().isEmpty()) return null;
    ReadView view = views.current();
    Optional<BlobFile> wasteful = blobs.wasteful(view);
    if (wasteful.isEmpty()) return null;
    BlobFile blob = wasteful.get();
    List<SSTable> users = Blobs.users(view, blob.number());
    return new BlobRewrite(vfs, manifest, manifest::nextFileNumber, blob, users, blobs.contents());
  }

  private @Nullable TableWork mergeStep() {
    List<Run> runs = views.current().runs();
    for (Run run : runs) {
      if (!run.damaged()) continue;
      merge = null;
      debtBytes = 0;
      return null;
    }
    if (merge == null) {
      Compaction.Plan plan =
          maintenance.mergesAll(runs)
              ? Compaction.all(Run.shapes(runs), limits.partitionBytes())
              : plan();
      if (plan == null) return null;
      long bytes = 0;
      for (Run run : runs.subList(plan.first(), plan.last() + 1)) bytes += run.bytes();
      merge = new MergeJob(runs, plan, limits.partitionBytes(), cuts(bytes));
    }
    MergeJob.Step step = merge.step();
    return new TableWork.Merge(
        manifest, target(step.bottom(), step.tableBytes(), step.cuts()), step);
  }

  /** The merge that is due; worked out once for each set of runs. */
  private Compaction.@Nullable Plan plan() {
    List<Run> runs = views.current().runs();
    if (views.current().sequence() != plannedFor) {
      planned =
          Compaction.plan(Run.shapes(runs), limits.memtableBytes(), limits.partitionBytes())
              .orElse(null);
      plannedFor = views.current().sequence();
    }
    return planned;
  }

  /** Where a run of this size above the bottom is cut into tables. */
  private Cuts cuts(long bytes) {
    List<Run> runs = views.current().runs();
    if (runs.isEmpty()) return Cuts.NONE;
    return Cuts.above(runs.getLast(), bytes, limits.partitionBytes() / PIECES_MAX);
  }

  private Compaction.Target target(boolean bottom, long tableBytes, Cuts cuts) {
    return new Compaction.Target(
        vfs,
        manifest::nextFileNumber,
        new SSTableWriter.Layout(
            hashSeed, limits.blockBytes(), bottom, bottom && limits.compressBottom()),
        tableBytes,
        cuts,
        scratch);
  }

  private void flushed(TableWork.Flush flush) {
    counters.flushes++;
    wal.released(flush.released);
    List<Memtable> memtables = new ArrayList<>(views.current().memtables());
    if (memtables.removeLast() != flush.memtable) throw new AssertionError("flushed out of order");
    List<Run> runs = new ArrayList<>(views.current().runs());
    flushAtBytes = Math.max(0, upperBytes() - limits.memtableBytes() / 2);
    if (!flush.opened().isEmpty()) {
      runs.addFirst(new Run(flush.memtable.lastLsn(), flush.opened()));
      counters.flushedBytes += runs.getFirst().bytes();
    }
    if (flush.blob().isPresent()) {
      BlobFile blob = flush.blob().get();
      blob.shownSince = views.current().sequence();
      blobs.put(blob, views.current());
      counters.blobWrittenBytes += blob.bytes();
    }
    for (SSTable table : flush.opened()) blobs.link(table);
    blobs.changed();
    views.show(memtables, runs);
    for (Memtable memtable : views.freeMemtables()) pool.giveBack(memtable);
  }

  private void merged(TableWork.Merge merged) {
    counters.merges++;
    for (SSTable table : merged.opened()) {
      counters.mergedBytes += table.bytes();
      blobs.link(table);
    }
    blobs.changed();
    List<Run> runs = MergeJob.after(views.current().runs(), merged.step, merged.opened());
    views.show(views.current().memtables(), runs);
    if (merge != null && !merge.advance()) merge = null;
    if (merge == null) maintenance.mergeEnded();
  }

  private void rewritten(BlobRewrite rewrite) {
    counters.blobRewrites++;
    BlobFile fresh = rewrite.opened();
    fresh.shownSince = views.current().sequence();
    counters.blobWrittenBytes += fresh.bytes();
    blobs.put(fresh, views.current()).ifPresent(views::retire);
  }

  private void noted(TableWork.Note note) {
    for (BlobFile blob : note.dead) {
      blobs.remove(blob);
      views.retire(blob);
    }
    if (!note.forgets) return;
    for (ManifestEdit.BlobAdded blob : blobs.unreadable()) {
      doomedFiles.add(FileNames.blob(blob.file()));
    }
    blobs.unreadable().clear();
    setAside.clear();
    quarantined.clear();
    doomedTables.addAll(quarantinedUnread);
    quarantinedUnread.clear();
    forgetFrom = Long.MAX_VALUE;
  }

  private void failed(TableWork work, KdeltaException failure) {
    counters.failures++;
    failures++;
    hold = Math.min(HOLD_CALLS_MAX, 1 << Math.min(failures, 6));
    failing = Optional.of(String.valueOf(failure.getMessage()));
    maintenance.troubled(failure);
    full = failure instanceof KdeltaException.DiskFault fault && fault.full();
    boolean again = work instanceof BulkInstall install && installing.failed(install, failure);
    if (work instanceof TableWork.Output output && !again) {
      (output.undecided() ? undecidedFiles : doomedFiles).addAll(output.leftOver());
    }
    if (work instanceof BlobRewrite rewrite && failure instanceof KdeltaException.Corrupt found) {
      for (SSTable table : rewrite.users()) {
        if (table.path().equals(found.file())) table.damaged(found);
        else if (rewrite.isDamaged(table)) table.blobDamage(found);
      }
    }
    if (work instanceof TableWork.Merge merged
        && failure instanceof KdeltaException.Corrupt found) {
      merged.step.damaged(found);
    }
    if (work instanceof TableWork.Note) noted.clear();
  }
}
