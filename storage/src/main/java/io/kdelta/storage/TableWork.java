package io.kdelta.storage;

import io.kdelta.error.KdeltaException;
import io.kdelta.vfs.Vfs;
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
    try {
      freeSpace = vfs().freeSpace();
      work();
    } catch (KdeltaException.DiskFault | KdeltaException.Corrupt found) {
      failure = found;
      cleanUp();
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

  /** After a failure: takes back what can be taken back, and never fails. */
  void cleanUp() {}

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
   * Closes tables that nobody reads any more and that no manifest names, and removes their files.
   */
  static final class Reclaim extends TableWork {
    private final Vfs vfs;
    private final List<SSTable> tables;
    private final List<String> files;

    Reclaim(Vfs vfs, List<SSTable> tables, List<String> files) {
      this.vfs = vfs;
      this.tables = List.copyOf(tables);
      this.files = List.copyOf(files);
    }

    @Override
    Vfs vfs() {
      return vfs;
    }

    /** A file that can not be removed now is moved away at the next open; the rest goes on. */
    @Override
    void work() {
      for (SSTable table : tables) {
        table.close();
        remove(vfs, table.path());
      }
      for (String file : files) remove(vfs, file);
    }
  }

  /** Changes what the manifest says of tables, and nothing else. */
  static final class Note extends TableWork {
    private final Vfs vfs;
    private final Manifest manifest;
    private final List<ManifestEdit> edits;
    final boolean forgets;

    /**
     * @param forgets whether the edits drop the tables that were set aside
     */
    Note(Vfs vfs, Manifest manifest, List<ManifestEdit> edits, boolean forgets) {
      this.vfs = vfs;
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
      manifest.append(edits);
    }
  }

  /** What flush and merge have in common: inputs become tables, then the manifest says so. */
  abstract static sealed class Build extends TableWork {
    private final Manifest manifest;
    private final Compaction.Target target;
    private final long run;
    private final List<String> written = new ArrayList<>();
    private final List<SSTable> opened = new ArrayList<>();
    private boolean appended;

    private Build(Manifest manifest, Compaction.Target target, long run) {
      this.manifest = manifest;
      this.target = target;
      this.run = run;
    }

    /** The new tables, open, in key order. */
    final List<SSTable> opened() {
      return opened;
    }

    /** Files of a failed attempt that could not or must not be removed on the spot. */
    final List<String> leftOver() {
      return written;
    }

    /** Whether the manifest may name these files although its append failed. */
    final boolean undecided() {
      return appended;
    }

    @Override
    final Vfs vfs() {
      return target.vfs();
    }

    @Override
    final void work() {
      List<SSTableWriter.Finished> tables = build(target, written);
      if (!tables.isEmpty()) vfs().syncDirectory("");
      List<ManifestEdit> edits = new ArrayList<>();
      for (SSTableWriter.Finished table : tables) {
        opened.add(SSTable.open(vfs(), table));
        edits.add(
            new TableFacts(run, table.checksum(), false).added(table.number(), table.bytes()));
      }
      edits.addAll(edits());
      appended = true;
      manifest.append(edits);
      written.clear();
    }

    /** After an append that failed nobody knows yet which side of it counts: the files stay. */
    @Override
    final void cleanUp() {
      for (SSTable table : opened) table.close();
      opened.clear();
      if (appended) return;
      written.removeIf(path -> remove(vfs(), path));
    }

    abstract List<SSTableWriter.Finished> build(Compaction.Target into, List<String> files);

    /** What else the manifest is told in the same edit. */
    abstract List<ManifestEdit> edits();
  }

  /** Writes a frozen memtable, all of it durable in the log, as the newest run. */
  static final class Flush extends Build {
    final Memtable memtable;
    final List<ManifestEdit> released;

    Flush(
        Manifest manifest,
        Compaction.Target target,
        Memtable memtable,
        List<ManifestEdit> released) {
      super(manifest, target, memtable.lastLsn());
      this.memtable = memtable;
      this.released = List.copyOf(released);
    }

    @Override
    List<SSTableWriter.Finished> build(Compaction.Target into, List<String> files) {
      return Compaction.merge(into, List.of(memtable.sorted()), null, null, false, null, files);
    }

    @Override
    List<ManifestEdit> edits() {
      List<ManifestEdit> edits = new ArrayList<>();
      edits.add(new ManifestEdit.Flushed(memtable.lastLsn()));
      edits.addAll(released);
      return edits;
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
    List<SSTableWriter.Finished> build(Compaction.Target into, List<String> files) {
      List<RowSource> sources = new ArrayList<>();
      for (Run run : step.inputs()) sources.add(run.scan());
      return Compaction.merge(into, sources, step.from(), step.to(), step.bottom(), null, files);
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

  private static boolean remove(Vfs vfs, String path) {
    try {
      if (vfs.exists(path)) vfs.delete(path);
      return true;
    } catch (KdeltaException.DiskFault stays) {
      return false;
    }
  }
}
