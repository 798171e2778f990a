package io.kdelta.storage;

import io.kdelta.env.Entropy;
import io.kdelta.error.KdeltaException;
import io.kdelta.vfs.Vfs;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Opens a store: manifest, then tables, then the log, which is read back into memtables.
 *
 * <p>A table that is missing, not the one the manifest names, or damaged in its columns is set
 * aside: not read, not forgotten. One that was found damaged otherwise waits to be set aside with
 * what is whole of it saved. Used once, by the thread that will own the engine.
 */
final class StorageOpening {
  /** Type of the log records that hold a batch. */
  static final int BATCH = 1;

  /** A manifest smaller than this share of a log segment is not worth rewriting. */
  private static final int MANIFEST_SHARE = 32;

  private final Vfs vfs;
  private final Manifest manifest;
  private final List<SetAsideTable> setAside = new ArrayList<>();
  private final List<SSTable> tables = new ArrayList<>();
  private final List<BlobFile> blobFiles = new ArrayList<>();
  private final List<ManifestEdit.BlobAdded> unreadable = new ArrayList<>();
  private final List<Memtable> memtables = new ArrayList<>();
  private @Nullable MemtablePool pool;
  private @Nullable Wal wal;

  private StorageOpening(Vfs vfs, Manifest manifest) {
    this.vfs = vfs;
    this.manifest = manifest;
  }

  /** A table the manifest names and nobody reads. */
  record SetAsideTable(long number, Damage damage) {}

  /** All parts of an open store. */
  record Opened(
      Vfs vfs,
      Manifest manifest,
      Wal wal,
      MemtablePool pool,
      Views views,
      Blobs blobs,
      long hashSeed,
      List<SetAsideTable> setAside,
      List<Damage> otherDamage) {}

  static Opened open(Vfs vfs, Entropy entropy, StorageLimits limits) {
    long rewriteBytesMin = limits.segmentBytes() / MANIFEST_SHARE;
    Manifest manifest = Manifest.open(vfs, entropy.split("manifest"), rewriteBytesMin);
    StorageOpening opening = new StorageOpening(vfs, manifest);
    boolean done = false;
    try {
      Opened opened = opening.open(entropy, limits);
      done = true;
      return opened;
    } finally {
      if (!done) opening.close();
    }
  }

  private Opened open(Entropy entropy, StorageLimits limits) {
    openBlobs();
    Blobs blobs = new Blobs(blobFiles, unreadable);
    List<Run> runs = openRuns(blobs);
    long hashSeed =
        tables.isEmpty()
            ? entropy.split("point hash").nextLong()
            : tables.getFirst().header().seed();
    MemtablePool memory = new MemtablePool(limits, hashSeed);
    pool = memory;
    int segment = Math.toIntExact(limits.segmentBytes());
    wal =
        Wal.open(
            vfs,
            entropy.split("log"),
            new WalLimits(segment, segment / 2, 1),
            manifest,
            (lsn, type, array, from, size) -> replay(memory, lsn, type, array, from, size));
    if (memtables.isEmpty()) memtables.add(memory.take(0, 0));
    List<Damage> other = new ArrayList<>(wal.recovery().damage());
    for (Damage damage : manifest.settle(wal.recovery())) {
      if (!isSetAside(damage.file())) other.add(damage);
    }
    for (ManifestEdit.Remembered part : manifest.state().remembered()) {
      if (!isSetAside(part.file()) && other.stream().noneMatch(part::isOf)) other.add(known(part));
    }
    Views views = new Views();
    views.show(memtables, runs);
    return new Opened(
        vfs,
        manifest,
        wal,
        memory,
        views,
        blobs,
        hashSeed,
        List.copyOf(setAside),
        List.copyOf(other));
  }

  private static Damage known(ManifestEdit.Remembered part) {
    return new Damage(
        part.file(),
        part.offset(),
        part.bytes(),
        part.firstLsn(),
        part.lastLsn(),
        "found damaged before",
        true);
  }

  /** A blob file that can not be opened damages the tables that refer to it. */
  private void openBlobs() {
    for (ManifestEdit.BlobAdded named : manifest.state().blobs().values()) {
      try {
        blobFiles.add(BlobFile.open(vfs, named));
      } catch (KdeltaException.Corrupt _) {
        unreadable.add(named);
      }
    }
  }

  private List<Run> openRuns(Blobs blobs) {
    TreeMap<Long, List<SSTable>> byAge = new TreeMap<>();
    for (ManifestEdit.TableAdded named : manifest.state().tables().values()) {
      TableFacts facts = TableFacts.of(named);
      if (facts.state() == TableFacts.State.SALVAGED) {
        setAside(named, 0, "found damaged before", true);
        continue;
      }
      try {
        SSTable table =
            SSTable.open(
                vfs, new SSTableWriter.Finished(named.number(), named.bytes(), facts.checksum()));
        blobs.link(table);
        if (facts.damaged()) table.damagedBefore();
        if (table.missingBlob() != 0) {
          String file = unreadable(table.missingBlob());
          table.damaged(table.corrupt(0, "it refers to " + file + ", which is not readable"));
        }
        tables.add(table);
        byAge.computeIfAbsent(facts.run(), _ -> new ArrayList<>()).add(table);
      } catch (KdeltaException.Corrupt found) {
        setAside(named, found.offset(), found.reason(), facts.damaged());
      }
    }
    List<Run> newestFirst = new ArrayList<>();
    for (var run : byAge.descendingMap().entrySet()) {
      run.getValue().sort((one, other) -> one.first().compareTo(other.first()));
      newestFirst.add(new Run(run.getKey(), run.getValue()));
    }
    return newestFirst;
  }

  /** The name of a blob file by the number that references name. */
  private String unreadable(long number) {
    for (ManifestEdit.BlobAdded named : unreadable) {
      if (named.number() == number) return FileNames.blob(named.file());
    }
    return "blob file " + number;
  }

  private void setAside(ManifestEdit.TableAdded named, long offset, String reason, boolean known) {
    String file = FileNames.table(named.number());
    setAside.add(
        new SetAsideTable(
            named.number(),
            new Damage(file, offset, named.bytes() - offset, 0, -1, reason, known)));
  }

  private boolean isSetAside(String file) {
    for (SetAsideTable table : setAside) {
      if (table.damage().file().equals(file)) return true;
    }
    for (SSTable table : tables) {
      if (table.damage().isPresent() && table.path().equals(file)) return true;
    }
    return false;
  }

  /** Puts what the log holds into memtables, as many as it takes: they are flushed later. */
  private void replay(MemtablePool pool, long lsn, int type, byte[] array, int from, int size) {
    if (type != BATCH) throw new AssertionError("log record " + lsn + " of type " + type);
    int rows = WriteBatch.rowsOf(array, from);
    if (memtables.isEmpty() || !memtables.getFirst().fits(size, rows)) {
      if (!memtables.isEmpty()) memtables.getFirst().freeze();
      memtables.addFirst(pool.take(size, rows));
    }
    memtables.getFirst().apply(lsn, array, from, size);
  }

  /** After a failure: gives back what was opened so far. */
  private void close() {
    if (pool != null) pool.close();
    for (SSTable table : tables) table.close();
    for (BlobFile blob : blobFiles) blob.close();
    if (wal != null) wal.close();
    manifest.close();
  }
}
