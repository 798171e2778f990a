package io.kdelta.storage;

import io.kdelta.error.KdeltaException;
import io.kdelta.vfs.Vfs;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Work of the table thread. Each piece gets immutable inputs when the core makes it, and leaves its
 * results in fields that the core reads once it has it back.
 *
 * <p>A failure of the disk or a corrupt input is kept in {@link #failure}; everything else is a bug
 * and goes up.
 */
abstract sealed class TableWork implements StorageWork {
  private @Nullable KdeltaException failure;
  private long freeSpace = Long.MAX_VALUE;

  @Override
  public final Kind kind() {
    return Kind.TABLE;
  }

  @Override
  public final void run() {
    boolean ended = false;
    try {
      freeSpace = vfs().freeSpace();
      work();
      ended = true;
    } catch (KdeltaException.DiskFault | KdeltaException.Corrupt found) {
      failure = found;
      cleanUp();
      ended = true;
    } finally {
      if (!ended) letGo();
    }
  }

  /** What it ran into, if it did not do its work. */
  final Optional<KdeltaException> failure() {
    return Optional.ofNullable(failure);
  }

  /** Room on the disk before the work. */
  final long freeSpace() {
    return freeSpace;
  }

  abstract Vfs vfs();

  abstract void work();

  /** Whether its end means that the manifest was told something, so that it is whole again. */
  final boolean appends() {
    return this instanceof Output || this instanceof Note || this instanceof Sink;
  }

  /** After a failure: takes back what can be taken back, and never fails. */
  void cleanUp() {}

  /**
   * Closes what it has opened, or was given to close: nobody will take it back. Touches no disk,
   * and may come after an end of any kind, or without a run.
   */
  void letGo() {}

  /** Makes one more log segment ready. */
  static final class Segment extends TableWork {
    final WalPreparation preparation;
    private final Vfs vfs;

    Segment(Vfs vfs, WalPreparation preparation) {
      this.vfs = vfs;
      this.preparation = preparation;
    }

    @Override
    Vfs vfs() {
      return vfs;
    }

    @Override
    void work() {
      preparation.run();
    }
  }

  /** A piece of {@link Maintenance}: it deals with its failures itself. */
  static final class Chore extends TableWork {
    private final Vfs vfs;
    private final Runnable body;

    Chore(Vfs vfs, Runnable body) {
      this.vfs = vfs;
      this.body = body;
    }

    @Override
    Vfs vfs() {
      return vfs;
    }

    @Override
    void work() {
      body.run();
    }
  }

  /** Has the memory of a new memtable made present before the core comes to it. */
  static final class Populate extends TableWork {
    private final Vfs vfs;
    private final Runnable populating;

    Populate(Vfs vfs, Memtable memtable) {
      this.vfs = vfs;
      this.populating = memtable.populating();
    }

    @Override
    Vfs vfs() {
      return vfs;
    }

    @Override
    void work() {
      populating.run();
    }
  }

  /** Only looks how much room there is. */
  static final class Probe extends TableWork {
    private final Vfs vfs;

    Probe(Vfs vfs) {
      this.vfs = vfs;
    }

    @Override
    Vfs vfs() {
      return vfs;
    }

    @Override
    void work() {}
  }

  /**
   * Closes tables and blob files that nobody reads any more and that no manifest names, and removes
   * their files.
   */
  static final class Reclaim extends TableWork {
    private final Vfs vfs;
    private final ArrayDeque<SSTable> tables;
    private final ArrayDeque<BlobFile> blobs;
    private final List<String> files;

    Reclaim(Vfs vfs, List<SSTable> tables, List<BlobFile> blobs, List<String> files) {
      this.vfs = vfs;
      this.blobs = new ArrayDeque<>(blobs);
      this.tables = new ArrayDeque<>(tables);
      this.files = List.copyOf(files);
    }

    @Override
    Vfs vfs() {
      return vfs;
    }

    /** A file that can not be removed now is moved away at the next open; the rest goes on. */
    @Override
    void work() {
      for (SSTable table = tables.poll(); table != null; table = tables.poll()) {
        table.close();
        remove(vfs, table.path());
      }
      for (BlobFile blob = blobs.poll(); blob != null; blob = blobs.poll()) {
        blob.close();
        remove(vfs, blob.path());
      }
      for (String file : files) remove(vfs, file);
    }

    @Override
    void letGo() {
      for (SSTable table : tables) table.close();
      tables.clear();
      for (BlobFile blob : blobs) blob.close();
      blobs.clear();
    }
  }

  /** Touches and verifies some chunks of a table through its mapping, for reads to come. */
  static final class Warm extends TableWork {
    private final Vfs vfs;
    private final SSTable table;
    private final int from;
    private final int end;
    private Optional<KdeltaException.Corrupt> found = Optional.empty();

    Warm(Vfs vfs, SSTable table, int from, int end) {
      this.vfs = vfs;
      this.table = table;
      this.from = from;
      this.end = end;
    }

    @Override
    Vfs vfs() {
      return vfs;
    }

    @Override
    void work() {
      found = table.check(from, end);
    }

    /** Tells the table what came of it. Core thread. */
    void result() {
      if (found.isPresent()) {
        table.damaged(found.get());
      } else if (table.damage().isEmpty()) {
        table.checked(from, end);
      }
    }
  }

  /** Changes what the manifest says of tables and blob files, and nothing else. */
  static final class Note extends TableWork {
    private final Vfs vfs;
    private final Manifest manifest;
    private final List<ManifestEdit> edits;
    private final BlobContents contents;
    final List<BlobFile> dead;
    final boolean forgets;

    /**
     * @param dead blob files that the edits remove
     * @param forgets whether the edits drop what was set aside
     */
    Note(
        Vfs vfs,
        Manifest manifest,
        List<ManifestEdit> edits,
        List<BlobFile> dead,
        BlobContents contents,
        boolean forgets) {
      this.vfs = vfs;
      this.dead = List.copyOf(dead);
      this.contents = contents;
      this.manifest = manifest;
      this.forgets = forgets;
      this.edits = List.copyOf(edits);
    }

    @Override
    Vfs vfs() {
      return vfs;
    }

    @Override
    void work() {
      for (BlobFile blob : dead) contents.forget(blob.number());
      manifest.append(edits);
    }
  }

  /** Has the manifest say of some tables that they belong to another run, and nothing else. */
  static final class Sink extends TableWork {
    final List<SSTable> tables;
    private final Vfs vfs;
    private final Manifest manifest;
    private final List<ManifestEdit> edits = new ArrayList<>();

    /**
     * @param tables sound ones, which the manifest names
     * @param run age of the run that they are to belong to
     */
    Sink(Vfs vfs, Manifest manifest, List<SSTable> tables, long run) {
      this.vfs = vfs;
      this.manifest = manifest;
      this.tables = List.copyOf(tables);
      for (SSTable each : tables) {
        ManifestEdit.TableAdded named = manifest.state().tables().get(each.number());
        if (named == null) throw new AssertionError("the manifest names no " + each.path());
        edits.add(new ManifestEdit.TableRemoved(each.number()));
        edits.add(TableFacts.of(named).in(run).added(each.number(), each.bytes()));
      }
    }

    @Override
    Vfs vfs() {
      return vfs;
    }

    @Override
    void work() {
      manifest.append(edits);
    }
  }

  /** What all pieces have in common that write files and then tell the manifest of them. */
  abstract static sealed class Output extends TableWork permits Build, BlobRewrite, BulkInstall {
    private final Vfs vfs;
    private final Manifest manifest;
    private final List<String> written = new ArrayList<>();
    private boolean appended;

    Output(Vfs vfs, Manifest manifest) {
      this.vfs = vfs;
      this.manifest = manifest;
    }

    @Override
    final Vfs vfs() {
      return vfs;
    }

    /** Takes the name of each file before it is created. */
    final List<String> written() {
      return written;
    }

    /** Files of a failed attempt that could not or must not be removed on the spot. */
    final List<String> leftOver() {
      return written;
    }

    /** Whether the manifest may name these files although its append failed. */
    final boolean undecided() {
      return appended;
    }

    /** Names what was written; then it counts. */
    final void append(List<ManifestEdit> edits) {
      appended = true;
      manifest.append(edits);
      written.clear();
    }

    /** After an append that failed nobody knows yet which side of it counts: the files stay. */
    @Override
    final void cleanUp() {
      letGo();
      if (appended) return;
      written.removeIf(path -> remove(vfs(), path));
    }
  }

  /** What flush and merge have in common: inputs become tables, then the manifest says so. */
  abstract static sealed class Build extends Output {
    private final Compaction.Target target;
    private final long run;
    private final List<SSTable> opened = new ArrayList<>();

    private Build(Manifest manifest, Compaction.Target target, long run) {
      super(target.vfs(), manifest);
      this.target = target;
      this.run = run;
    }

    /** The new tables, open, in key order. */
    final List<SSTable> opened() {
      return opened;
    }

    @Override
    final void work() {
      List<SSTableWriter.Finished> tables = build(target);
      if (!tables.isEmpty()) vfs().syncDirectory("");
      List<ManifestEdit> edits = new ArrayList<>();
      for (SSTableWriter.Finished table : tables) {
        SSTable fresh = SSTable.open(vfs(), table);
        opened.add(fresh);
        fresh.trust();
        fresh.touch();
        edits.add(
            new TableFacts(run, table.checksum(), TableFacts.State.SOUND)
                .added(table.number(), table.bytes()));
      }
      edits.addAll(edits());
      append(edits);
      named();
    }

    @Override
    void letGo() {
      for (SSTable table : opened) table.close();
      opened.clear();
    }

    abstract List<SSTableWriter.Finished> build(Compaction.Target into);

    /** What else the manifest is told in the same edit. */
    abstract List<ManifestEdit> edits();

    /** The manifest names what was built. */
    void named() {}
  }

  /** Writes a frozen memtable, all of it durable in the log, as the newest run. */
  static final class Flush extends Build {
    final Memtable memtable;
    final List<ManifestEdit> released;
    private final BlobContents contents;
    private @Nullable BlobWriter blobs;
    private @Nullable BlobFile blob;
    private Optional<ManifestEdit.BlobAdded> added = Optional.empty();

    Flush(
        Manifest manifest,
        Compaction.Target target,
        Memtable memtable,
        List<ManifestEdit> released,
        BlobContents contents) {
      super(manifest, target, memtable.lastLsn());
      this.memtable = memtable;
      this.released = List.copyOf(released);
      this.contents = contents;
    }

    /** The file that its large values went to, if there were any that were new. */
    Optional<BlobFile> blob() {
      return Optional.ofNullable(blob);
    }

    @Override
    List<SSTableWriter.Finished> build(Compaction.Target into) {
      try (BlobWriter large = new BlobWriter(vfs(), into.numbers(), contents, written())) {
        List<SSTableWriter.Finished> tables =
            Compaction.merge(
                into,
                List.of(memtable.sorted(into.scratch())),
                null,
                null,
                false,
                large,
                written());
        blobs = large;
        BlobWriter.Finished finished = large.finish();
        if (finished != null) blob = BlobFile.open(vfs(), finished.added());
        added = finished == null ? Optional.empty() : Optional.of(finished.added());
        return tables;
      }
    }

    @Override
    List<ManifestEdit> edits() {
      List<ManifestEdit> edits = new ArrayList<>();
      added.ifPresent(edits::add);
      edits.add(new ManifestEdit.Flushed(memtable.lastLsn()));
      edits.addAll(released);
      return edits;
    }

    @Override
    void named() {
      if (blobs != null && blob != null) blobs.remember(contents, blob);
    }

    @Override
    void letGo() {
      super.letGo();
      if (blob != null) blob.close();
      blob = null;
    }
  }

  /** Does one step of a merge. */
  static final class Merge extends Build {
    final MergeJob.Step step;

    Merge(Manifest manifest, Compaction.Target target, MergeJob.Step step) {
      super(manifest, target, step.outputAge());
      this.step = step;
    }

    @Override
    List<SSTableWriter.Finished> build(Compaction.Target into) {
      List<RowSource> sources = new ArrayList<>();
      for (Run run : step.inputs()) sources.add(run.scan());
      return Compaction.merge(
          into, sources, step.from(), step.to(), step.bottom(), null, written());
    }

    @Override
    List<ManifestEdit> edits() {
      List<ManifestEdit> edits = new ArrayList<>();
      for (SSTable table : step.replaced()) {
        edits.add(new ManifestEdit.TableRemoved(table.number()));
      }
      return edits;
    }
  }

  /**
   * Writes what is whole of a damaged table into a new one that takes its place in the run. In the
   * same edit the manifest is told of the old one that it is damaged: it stays named until the loss
   * was dealt with.
   */
  static final class Salvage extends Build {
    final SSTable table;
    private final TableFacts facts;
    private final BlobContents contents;

    Salvage(
        Manifest manifest,
        Compaction.Target target,
        SSTable table,
        TableFacts facts,
        BlobContents contents) {
      super(manifest, target, facts.run());
      this.table = table;
      this.facts = facts;
      this.contents = contents;
    }

    /** A value that has rotted is written anew when it comes back, not referred to again. */
    @Override
    List<SSTableWriter.Finished> build(Compaction.Target into) {
      for (int i = 0; i < table.blobCount(); i++) contents.forget(table.blobNumber(i));
      return Compaction.merge(into, List.of(table.soundRows()), null, null, false, null, written());
    }

    @Override
    List<ManifestEdit> edits() {
      return List.of(
          new ManifestEdit.TableRemoved(table.number()),
          facts.found(TableFacts.State.SALVAGED).added(table.number(), table.bytes()));
    }
  }

  /** Whether nothing has that name any more; what stays is moved away at the next open. */
  static boolean remove(Vfs vfs, String path) {
    try {
      if (vfs.exists(path)) vfs.delete(path);
      return true;
    } catch (KdeltaException.DiskFault stays) {
      return false;
    }
  }
}
