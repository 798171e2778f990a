package io.kdelta.storage.verify;

import io.kdelta.error.KdeltaException;
import io.kdelta.memory.Bytes;
import io.kdelta.vfs.Vfs;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Reads a whole store that nobody has open and says what is wrong with it: CURRENT, the manifest,
 * every file it names with its size and checksums, the order of all keys, every derived section of
 * every table, every value in a blob file, the chain of the log. It writes nothing.
 *
 * <p>One thread; the caller holds the directory's lock.
 */
public final class StoreVerifier {
  private static final String BACKUP = "BACKUP";
  private static final long BACKUP_MAGIC = 0x422D61746C65646BL;
  private static final int MARKER_BYTES_MAX = 2_048;
  private static final List<String> KNOWN =
      List.of("CURRENT", "LOCK", BACKUP, "lost", "snapshots", "incoming", "loading", "lost+found");

  private final Vfs vfs;
  private final Findings findings;
  private final Watch watch;

  /** Told now and then how far it has come. */
  @FunctionalInterface
  public interface Watch {
    /** So many of so many bytes of files are read. */
    void at(long done, long total);
  }

  /** Takes the live rows of a store in key order. */
  @FunctionalInterface
  public interface Visitor {
    /** One row. */
    void row(Bytes point, Bytes suffix, Bytes value);
  }

  /**
   * What was read.
   *
   * @param manifest name of the one that counts
   * @param flushedLsn everything up to it is in tables
   * @param lastLsn the last record of the log
   * @param records valid records of the log
   * @param tableRows rows in tables, overwritten and deleted ones included
   * @param liveRows rows of the store; -1 when they were not asked for, or could not be trusted
   * @param bytes of all files named
   */
  public record Summary(
      String manifest,
      long flushedLsn,
      long lastLsn,
      long records,
      int tables,
      int blobs,
      int segments,
      long tableRows,
      long liveRows,
      long bytes) {}

  /**
   * @param findings takes what is noticed
   */
  public StoreVerifier(Vfs vfs, Findings findings, Watch watch) {
    this.vfs = vfs;
    this.findings = findings;
    this.watch = watch;
  }

  /**
   * Reads everything.
   *
   * @param visitor takes the live rows, unless something is damaged; null when nobody wants them
   * @throws KdeltaException.NotFound when the directory holds no store
   * @throws KdeltaException.Invalid when it is one of another format
   * @throws KdeltaException.Corrupt when nothing says what lives in it
   */
  public Summary verify(@Nullable Visitor visitor) {
    List<String> names = vfs.list("");
    Catalog catalog = Catalog.read(vfs, names, findings);
    unnamed(names, catalog);
    if (names.contains(BACKUP)) marker();
    long total = 1;
    for (Catalog.Table table : catalog.tables.values()) total += Math.max(0, table.bytes());
    for (Catalog.Blob blob : catalog.blobs.values()) total += Math.max(0, blob.bytes());
    for (Catalog.Segment segment : catalog.segments.values()) {
      total += Math.clamp(segment.bytes(), 0, 1L << 30);
    }
    TreeMap<Long, BlobCheck> blobs = new TreeMap<>();
    try {
      long done = 0;
      for (Catalog.Blob blob : catalog.blobs.values()) {
        blob(blob, blobs);
        watch.at(done += Math.max(0, blob.bytes()), total);
      }
      TreeMap<Long, List<TableCheck.Outcome>> runs = new TreeMap<>();
      long tableRows = 0;
      for (Catalog.Table table : catalog.tables.values()) {
        TableCheck.Outcome outcome = table(table, blobs);
        watch.at(done += Math.max(0, table.bytes()), total);
        if (outcome == null) continue;
        tableRows += outcome.shape().rows();
        runs.computeIfAbsent(table.run(), _ -> new ArrayList<>()).add(outcome);
      }
      for (List<TableCheck.Outcome> run : runs.values()) order(run);
      List<LogCheck.LogRow> rows = new ArrayList<>();
      LogCheck.Outcome log =
          new LogCheck(vfs, catalog, findings, visitor == null ? null : rows).check();
      watch.at(total, total);
      long live = -1;
      if (visitor != null && findings.damage() == 0) {
        try (MergedRows merged = new MergedRows(vfs, runs, rows, blobs)) {
          live = merged.forEach(visitor);
        }
      }
      return new Summary(
          catalog.manifest,
          catalog.flushedLsn,
          log.lastLsn(),
          log.records(),
          catalog.tables.size(),
          catalog.blobs.size(),
          catalog.segments.size(),
          tableRows,
          live,
          total - 1);
    } finally {
      for (BlobCheck blob : blobs.values()) blob.close();
    }
  }

  /** The file that says that this is a backup: magic, label behind its size, CRC32C. */
  private void marker() {
    try (Vfs.File file = vfs.openForReading(BACKUP)) {
      if (file.size() < 16 || file.size() > MARKER_BYTES_MAX) {
        findings.damage(BACKUP, 0, "has " + file.size() + " bytes");
        return;
      }
      Image image = Image.read(file, 0, file.size());
      boolean whole =
          image.i64(0) == BACKUP_MAGIC
              && image.u32(8) == image.size() - 16
              && image.i32(image.size() - 4) == image.crc(0, image.size() - 4);
      if (!whole) findings.damage(BACKUP, 0, "its checksum does not match");
    }
  }

  private void blob(Catalog.Blob named, SortedMap<Long, BlobCheck> blobs) {
    String name = StoreFiles.blob(named.file());
    if (!vfs.exists(name)) {
      findings.damage(name, 0, "the file is missing");
      return;
    }
    Vfs.File file = vfs.openForReading(name);
    BlobCheck opened = null;
    try {
      opened = BlobCheck.open(file, named);
      blobs.put(named.number(), opened);
      opened.check(findings);
    } catch (KdeltaException.Corrupt found) {
      findings.damage(found);
    } finally {
      if (opened == null) file.close();
    }
  }

  private TableCheck.@Nullable Outcome table(
      Catalog.Table named, SortedMap<Long, BlobCheck> blobs) {
    String name = StoreFiles.table(named.number());
    if (named.damaged()) {
      findings.damage(name, 0, "was set aside as damaged, and what it held is not replaced yet");
      return null;
    }
    if (!vfs.exists(name)) {
      findings.damage(name, 0, "the file is missing");
      return null;
    }
    try (Vfs.File file = vfs.openForReading(name)) {
      return TableCheck.check(file, named, blobs, findings);
    }
  }

  /** The tables of a run hold ranges of groups one behind the other. */
  private void order(List<TableCheck.Outcome> run) {
    run.sort((one, other) -> one.firstPoint().compareTo(other.firstPoint()));
    for (int i = 1; i < run.size(); i++) {
      TableCheck.Outcome before = run.get(i - 1);
      TableCheck.Outcome next = run.get(i);
      if (before.lastPoint().compareTo(next.firstPoint()) < 0) continue;
      findings.damage(
          StoreFiles.table(next.shape().number()),
          0,
          "overlaps " + StoreFiles.table(before.shape().number()) + " of the same run");
    }
  }

  /** Files that the manifest does not name: some prove that an edit of it was lost. */
  private void unnamed(List<String> names, Catalog catalog) {
    for (String name : names) {
      long number = StoreFiles.number(name);
      if (number == 0) {
        if (!KNOWN.contains(name)) findings.note(name, 0, "is no file of the store");
        continue;
      }
      boolean named = name.equals(catalog.manifest);
      for (Catalog.Table table : catalog.tables.values()) {
        named |= name.equals(StoreFiles.table(table.number()));
      }
      for (Catalog.Blob blob : catalog.blobs.values()) {
        named |= name.equals(StoreFiles.blob(blob.file()));
      }
      for (Catalog.Segment segment : catalog.segments.values()) {
        named |= name.equals(StoreFiles.log(segment.file()));
      }
      if (named) continue;
      if (name.endsWith(".log") && rolledInto(name, catalog)) {
        findings.damage(name, 0, "the log went on here, and the edit that names it is lost");
      } else {
        findings.note(name, 0, "the manifest does not name it: the next start moves it to lost/");
      }
    }
  }

  private boolean rolledInto(String name, Catalog catalog) {
    if (catalog.segments.isEmpty()) return false;
    try (Vfs.File file = vfs.openForReading(name)) {
      if (file.size() < Records.HEADER_BYTES) return false;
      return Records.header(Image.read(file, 0, Records.HEADER_BYTES), Records.SEGMENT_MAGIC)
          .filter(header -> header.rolled() && header.sequence() > catalog.segments.lastKey())
          .isPresent();
    }
  }
}
