package io.kdelta.storage;

import io.kdelta.error.KdeltaException;
import io.kdelta.memory.Bytes;
import io.kdelta.storage.ManifestEdit.SegmentNamed;
import io.kdelta.vfs.Vfs;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Makes, in another directory, a store of what lives in this one: the files that never change as
 * hard links where that can be and as copies elsewhere, a log that begins behind them, a manifest.
 *
 * <p>Order, always: files durable with their names, then the manifest, then CURRENT by rename, then
 * what the copy before had and this one has not goes. So whenever it is cut, the directory holds
 * the copy that was there before, or this one, or (the first time) no store at all. A file that is
 * there already, with the checksum that the manifest names, stays: the second copy costs only what
 * is new.
 *
 * <p>It is done in pieces of about {@value #PIECE_BYTES} bytes by whoever runs table work; the
 * source's files must be kept alive meanwhile.
 */
final class StoreCopy {
  static final int PIECE_BYTES = 8 << 20;

  private static final String LOCK = "LOCK";
  private static final String PART = ".part";
  private static final int SEGMENT_BYTES_MIN = 8_192;

  /** What a link costs of a piece: a few thousand of them make one. */
  private static final int LINK_COST = 4_096;

  private final Vfs source;
  private final Vfs target;
  private final Plan plan;
  private final LongSupplier numbers;
  private final List<Named> files = new ArrayList<>();
  private final WalFormat format = new WalFormat();
  private Vfs.@Nullable Lock lock;
  private @Nullable Transfer transfer;
  private int next;
  private boolean finished;
  private long filesNew;
  private long bytes;
  private long bytesCopied;

  /**
   * What the copy is to be.
   *
   * @param state what lives in the source
   * @param marker what {@link BackupMarker} says of it; empty for a store that may be opened
   * @param owner who makes it, for others who want the directory meanwhile
   * @param how the files get there
   * @param first the only record of its log, an encoded batch; empty for none
   * @param logSalt of its log
   * @param manifestSalt of its manifest
   */
  record Plan(
      ManifestState state,
      Optional<BackupMarker> marker,
      String owner,
      How how,
      Bytes first,
      long logSalt,
      long manifestSalt) {}

  /** How a file gets into the other directory. */
  enum How {
    /** As a link, which costs nothing; rot of one is rot of both. */
    LINK,
    /** As a link where that can be, else as a copy. */
    LINK_OR_COPY,
    /** As a copy. */
    COPY
  }

  /** A file that never changes. */
  private record Named(
      String name, long bytes, long checksum, Optional<ManifestEdit.BlobAdded> blob) {}

  /** A copy that takes more than one piece. */
  private record Transfer(Vfs.File from, Vfs.File to) {}

  /**
   * @param numbers file numbers that the source will not give again
   */
  StoreCopy(Vfs source, Vfs target, Plan plan, LongSupplier numbers) {
    this.source = source;
    this.target = target;
    this.plan = plan;
    this.numbers = numbers;
    for (ManifestEdit.TableAdded table : plan.state().tables().values()) {
      long checksum = TableFacts.of(table).checksum();
      files.add(
          new Named(FileNames.table(table.number()), table.bytes(), checksum, Optional.empty()));
    }
    for (ManifestEdit.BlobAdded blob : plan.state().blobs().values()) {
      files.add(
          new Named(FileNames.blob(blob.file()), blob.bytes(), blob.checksum(), Optional.of(blob)));
    }
  }

  /** Does one piece; answers whether all is done. */
  boolean piece() {
    if (lock == null) begin();
    long budget = PIECE_BYTES;
    while (next < files.size() && budget > 0) budget -= bring(files.get(next), budget);
    if (next == files.size() && transfer == null) finish();
    return finished;
  }

  Errand.Report report() {
    return new Errand.Report(
        plan.state().flushedLsn(), files.size(), filesNew, bytes, bytesCopied, List.of());
  }

  /** Lets go of files and lock, whatever became of it. */
  void close() {
    Transfer open = transfer;
    if (open != null) {
      open.from().close();
      open.to().close();
      transfer = null;
    }
    Vfs.Lock held = lock;
    if (held != null) held.close();
    lock = null;
  }

  private void begin() {
    target.createDirectories("");
    List<String> names = target.list("");
    plan.marker().ifPresentOrElse(marker -> marker.requireOwn(target, names), () -> empty(names));
    lock = target.lock(LOCK, plan.owner());
    for (String name : names) {
      if (name.endsWith(PART)) target.delete(name);
    }
    plan.marker().ifPresent(marker -> marker.write(target));
  }

  /** Throws Invalid when there is anything in the directory. */
  static void empty(List<String> names) {
    for (String name : names) {
      boolean ours = name.equals(LOCK) || name.endsWith(PART);
      if (ours || name.equals("lost+found")) continue;
      throw new KdeltaException.Invalid("directory", "is not empty: it holds " + name);
    }
  }

  /** Brings one file, or a part of it, and answers what that took of the piece. */
  private long bring(Named file, long budget) {
    if (transfer != null) return copyOn(file, budget);
    if (isThere(file)) {
      bytes += file.bytes();
      next++;
      return LINK_COST;
    }
    if (target.exists(file.name())) target.delete(file.name());
    filesNew++;
    if (plan.how() != How.COPY && source.linkTo(file.name(), target, file.name())) {
      bytes += file.bytes();
      next++;
      return LINK_COST;
    }
    if (plan.how() == How.LINK) {
      throw new KdeltaException.Invalid(
          "snapshot", "this file system has no hard links; a backup copies");
    }
    transfer = new Transfer(source.openForReading(file.name()), target.create(file.name() + PART));
    return copyOn(file, budget);
  }

  private long copyOn(Named file, long budget) {
    Transfer open = transfer;
    if (open == null) throw new AssertionError("nothing to go on with");
    long at = open.to().size();
    int count = (int) Math.min(budget, file.bytes() - at);
    ByteBuffer buffer = ByteBuffer.allocate(count);
    if (open.from().readAt(at, buffer) != count) {
      throw new KdeltaException.Corrupt(file.name(), at, "the file is cut");
    }
    open.to().append(buffer.flip());
    bytesCopied += count;
    if (at + count < file.bytes()) return count;
    open.to().sync();
    close(open);
    target.rename(file.name() + PART, file.name());
    check(file);
    bytes += file.bytes();
    next++;
    return count;
  }

  private void close(Transfer open) {
    open.from().close();
    open.to().close();
    transfer = null;
  }

  /** What was copied is read once more and checked whole: a copy of rot is no copy. */
  private void check(Named file) {
    try {
      if (file.blob().isPresent()) {
        try (BlobFile copied = BlobFile.open(target, file.blob().get())) {
          copied.readAll();
        }
      } else {
        long number = FileNames.number(file.name());
        SSTableWriter.Finished table =
            new SSTableWriter.Finished(number, file.bytes(), file.checksum());
        try (SSTable copied = SSTable.open(target, table)) {
          copied.readAll();
        }
      }
    } catch (KdeltaException.Corrupt found) {
      target.delete(file.name());
      throw found;
    }
  }

  private boolean isThere(Named file) {
    if (!target.exists(file.name())) return false;
    byte[] footer = new byte[SSTableFormat.FOOTER_BYTES];
    try (Vfs.File open = target.openForReading(file.name())) {
      if (open.size() != file.bytes() || open.size() < footer.length) return false;
      open.readAt(open.size() - footer.length, ByteBuffer.wrap(footer));
    }
    return SSTableFormat.checksum(footer) == file.checksum();
  }

  private void finish() {
    List<String> before = target.list("");
    target.syncDirectory("");
    long highest = 0;
    for (String name : before) highest = Math.max(highest, FileNames.number(name));
    long log = Math.max(numbers.getAsLong(), highest + 1);
    long manifest = Math.max(numbers.getAsLong(), log + 1);
    SegmentNamed segment = writeLog(log);
    target.syncDirectory("");
    writeManifest(manifest, segment);
    target.syncDirectory("");
    writeCurrent(new ManifestFormat.Current(manifest, plan.manifestSalt()));
    finished = true;
    removeOld(before);
  }

  private SegmentNamed writeLog(long number) {
    int record = plan.first().isEmpty() ? 0 : WalFormat.recordBytes(plan.first().size());
    long size = (Math.max(SEGMENT_BYTES_MIN, WalFormat.HEADER_BYTES + record) + 4_095L) & -4_096L;
    SegmentNamed named = new SegmentNamed(1, number, plan.logSalt(), size);
    byte[] image = new byte[Math.toIntExact(size)];
    long flushed = plan.state().flushedLsn();
    format.encodeHeader(
        new WalFormat.Header(
            WalFormat.SEGMENT_MAGIC,
            named.salt(),
            named.sequence(),
            size,
            new WalFormat.Link(0, 0, flushed),
            false),
        image,
        0);
    if (record > 0) {
      format.encode(
          named.salt(),
          flushed + 1,
          flushed,
          StorageOpening.BATCH,
          plan.first(),
          image,
          WalFormat.HEADER_BYTES);
    }
    write(FileNames.log(number), image);
    return named;
  }

  private void writeManifest(long number, SegmentNamed segment) {
    TreeMap<Long, SegmentNamed> segments = new TreeMap<>();
    segments.put(segment.sequence(), segment);
    Bytes payload = ManifestFormat.encode(plan.state().withLog(segments).edits());
    byte[] image = new byte[WalFormat.HEADER_BYTES + WalFormat.recordBytes(payload.size())];
    format.encodeHeader(
        new WalFormat.Header(
            WalFormat.MANIFEST_MAGIC, plan.manifestSalt(), number, 0, WalFormat.Link.NONE, false),
        image,
        0);
    format.encode(
        plan.manifestSalt(),
        1,
        0,
        ManifestFormat.RECORD_TYPE,
        payload,
        image,
        WalFormat.HEADER_BYTES);
    write(FileNames.manifest(number), image);
  }

  private void writeCurrent(ManifestFormat.Current current) {
    String fresh = FileNames.CURRENT + ".next";
    if (target.exists(fresh)) target.delete(fresh);
    write(fresh, ManifestFormat.encodeCurrent(current).toArray());
    target.rename(fresh, FileNames.CURRENT);
    target.syncDirectory("");
  }

  private void write(String name, byte[] image) {
    try (Vfs.File file = target.create(name)) {
      file.append(ByteBuffer.wrap(image));
      file.sync();
    }
  }

  /** What only the copy before named. A file that can not go now goes the next time. */
  private void removeOld(List<String> before) {
    TreeSet<String> kept = new TreeSet<>();
    for (Named file : files) kept.add(file.name());
    for (String name : before) {
      if (FileNames.number(name) == 0 || kept.contains(name)) continue;
      try {
        target.delete(name);
      } catch (KdeltaException.DiskFault stays) {
        // It takes some room until the next copy, nothing worse.
      }
    }
  }
}
