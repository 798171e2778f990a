package io.kdelta.storage;

import io.kdelta.env.Entropy;
import io.kdelta.error.KdeltaException;
import io.kdelta.memory.Bytes;
import io.kdelta.vfs.Vfs;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Which files live: an append-only log of edits, one record an edit, each synced before the next.
 *
 * <p>Owned by whoever runs table work (at open: the opener), never used by two threads at once.
 * Every write blocks.
 *
 * <p>Order, always: outputs durable with their names, then the edit that names them durable, then
 * what it replaces may be deleted or used again. At open nothing is deleted: files that no edit
 * names move to lost/. A manifest is rewritten when it is four times as large as what it says.
 *
 * <p>After a failed write or sync the file is not touched again: the next append goes, with all
 * that lives, into a new manifest. Whether the failed edits count is not known until that one is
 * durable, so until then none of the files that they name may be deleted or used again.
 */
public final class Manifest implements AutoCloseable {
  private static final int REWRITE_FACTOR = 4;
  private static final long REWRITE_BYTES_MIN = 64 << 10;
  private static final String CURRENT_NEXT = FileNames.CURRENT + ".next";

  private final Vfs vfs;
  private final Entropy entropy;
  private final long rewriteBytesMin;
  private final WalFormat format = new WalFormat();
  private final List<String> lost = new ArrayList<>();
  private final List<Long> superseded = new ArrayList<>();
  private long number;
  private long salt;
  private long records;
  private long size;
  private final AtomicLong numberHighest = new AtomicLong();
  private ManifestState state;
  private Vfs.@Nullable File file;
  private @Nullable Damage torn;

  /** Whether something proves that the edit that was cut had been durable. */
  private boolean cutWasDurable;

  private Manifest(
      Vfs vfs, Entropy entropy, long rewriteBytesMin, long number, ManifestState state) {
    this.vfs = vfs;
    this.entropy = entropy;
    this.rewriteBytesMin = rewriteBytesMin;
    this.number = number;
    this.state = state;
  }

  /**
   * Reads the manifest that counts, or begins an empty one in a directory without a store. Files of
   * the store that it does not name move to lost/.
   *
   * @throws KdeltaException.Corrupt if there is a store whose manifest can not be trusted
   */
  public static Manifest open(Vfs vfs, Entropy entropy) {
    return open(vfs, entropy, REWRITE_BYTES_MIN);
  }

  /**
   * The same for a store whose files are smaller than usual.
   *
   * @param rewriteBytesMin a smaller manifest is not rewritten, however little of it still counts;
   *     above 64 KiB as if it were that
   */
  static Manifest open(Vfs vfs, Entropy entropy, long rewriteBytesMin) {
    List<String> names = vfs.list("");
    Optional<ManifestReader.Read> read = new ManifestReader(vfs).read(names);
    ManifestState state =
        read.map(r -> r.state().after(List.copyOf(r.rolledInto()))).orElse(ManifestState.EMPTY);
    long number = read.map(ManifestReader.Read::number).orElse(0L);
    Manifest manifest =
        new Manifest(vfs, entropy, Math.min(rewriteBytesMin, REWRITE_BYTES_MIN), number, state);
    long tornAt = read.map(ManifestReader.Read::tornAt).orElse(-1L);
    if (tornAt >= 0) {
      String name = FileNames.manifest(number);
      manifest.torn = new Damage(name, tornAt, 0, 0, -1, "an edit was cut here", false);
      manifest.cutWasDurable = !read.orElseThrow().rolledInto().isEmpty();
      // The next manifest will not show it.
      if (manifest.cutWasDurable) {
        manifest.state = state.after(List.of(new ManifestEdit.Remembered(name, tornAt, 0, 0, -1)));
      }
    }
    manifest.countNumbers(names);
    manifest.moveUnnamed(names);
    if (number == 0) manifest.rewrite(List.of());
    return manifest;
  }

  public ManifestState state() {
    return state;
  }

  /** The files that the open has moved to lost/. */
  public List<String> lost() {
    return List.copyOf(lost);
  }

  /** A number that no file of the store ever had. Any thread. */
  public long nextFileNumber() {
    return numberHighest.incrementAndGet();
  }

  /**
   * Makes the edits part of the state, all or none, durable when this returns.
   *
   * @throws KdeltaException.DiskFault if that is not known; see the class comment
   */
  public void append(List<ManifestEdit> edits) {
    if (file == null || oversized()) {
      rewrite(edits);
      return;
    }
    ManifestState next = state.after(edits);
    Bytes payload = ManifestFormat.encode(edits);
    byte[] record = new byte[WalFormat.recordBytes(payload.size())];
    format.encode(salt, records + 1, records, ManifestFormat.RECORD_TYPE, payload, record, 0);
    Vfs.File target = file;
    try {
      target.writeAt(size, ByteBuffer.wrap(record));
      target.sync();
    } catch (KdeltaException.DiskFault fault) {
      close();
      throw fault;
    }
    records++;
    size += record.length;
    state = next;
  }

  /** Makes the edits part of the state and writes it whole into a new manifest. */
  public void rewrite(List<ManifestEdit> edits) {
    ManifestState next = state.after(edits);
    close();
    long nextNumber = nextFileNumber();
    long nextSalt = entropy.nextLong();
    byte[] image = image(nextNumber, nextSalt, next);
    String name = FileNames.manifest(nextNumber);
    Vfs.File written = vfs.create(name);
    try {
      written.append(ByteBuffer.wrap(image));
      written.sync();
      vfs.syncDirectory("");
      switchTo(new ManifestFormat.Current(nextNumber, nextSalt));
    } catch (KdeltaException.DiskFault fault) {
      // It may count already, so it stays; if not, the next open finds it unnamed.
      superseded.add(nextNumber);
      written.close();
      throw fault;
    }
    if (number != 0) superseded.add(number);
    file = written;
    number = nextNumber;
    salt = nextSalt;
    records = 1;
    size = image.length;
    state = next;
    deleteSuperseded();
  }

  /**
   * Reads the file again, by which the next open will live. What it says other than the state is
   * put right: the state is whole in memory, and is written anew.
   *
   * @return what was wrong and no longer is
   * @throws KdeltaException.DiskFault if it can not be read, or not be written anew
   */
  Optional<KdeltaException.Corrupt> scrub() {
    String name = FileNames.manifest(number);
    KdeltaException.Corrupt wrong;
    try {
      ManifestReader.Read read = new ManifestReader(vfs).again(number);
      // A file that an append failed in, or whose end was cut at the open, is not written to again.
      boolean whole = file == null || read.tornAt() < 0;
      if (whole && read.state().equals(state)) return Optional.empty();
      wrong = new KdeltaException.Corrupt(name, 0, "does not say what is so");
    } catch (KdeltaException.Corrupt found) {
      wrong = found;
    }
    rewrite(List.of());
    return Optional.of(wrong);
  }

  /**
   * Called once tables and log are open: empties lost/ if every named table and blob file is
   * present in full and the log starts in time. Otherwise keeps it and answers what is wrong; an
   * edit that was cut as torn was then in truth corrupted, and is named too.
   */
  public List<Damage> settle(WalRecovery recovery) {
    List<Damage> wrong = new ArrayList<>();
    for (ManifestEdit.TableAdded table : state.tables().values()) {
      present(FileNames.table(table.number()), table.bytes(), wrong);
    }
    for (ManifestEdit.BlobAdded blob : state.blobs().values()) {
      present(FileNames.blob(blob.file()), blob.bytes(), wrong);
    }
    long due = state.flushedLsn() + 1;
    boolean late = recovery.firstLsn() > due;
    if (torn != null && (late || !wrong.isEmpty() || cutWasDurable)) wrong.add(torn);
    if (wrong.isEmpty() && !late) emptyLost();
    return wrong;
  }

  private void present(String name, long bytes, List<Damage> wrong) {
    if (!vfs.exists(name)) {
      wrong.add(new Damage(name, 0, bytes, 0, -1, "the file is missing", false));
    } else if (size(name) != bytes) {
      wrong.add(new Damage(name, 0, bytes, 0, -1, "the size is not as named", false));
    }
  }

  @Override
  public void close() {
    if (file != null) file.close();
    file = null;
  }

  private boolean oversized() {
    return size > rewriteBytesMin
        && size > (long) REWRITE_FACTOR * ManifestFormat.encode(state.edits()).size();
  }

  private byte[] image(long ofNumber, long ofSalt, ManifestState ofState) {
    Bytes payload = ManifestFormat.encode(ofState.edits());
    byte[] image = new byte[WalFormat.HEADER_BYTES + WalFormat.recordBytes(payload.size())];
    format.encodeHeader(
        new WalFormat.Header(
            WalFormat.MANIFEST_MAGIC, ofSalt, ofNumber, 0, WalFormat.Link.NONE, false),
        image,
        0);
    format.encode(ofSalt, 1, 0, ManifestFormat.RECORD_TYPE, payload, image, WalFormat.HEADER_BYTES);
    return image;
  }

  private void switchTo(ManifestFormat.Current current) {
    if (vfs.exists(CURRENT_NEXT)) vfs.delete(CURRENT_NEXT);
    try (Vfs.File next = vfs.create(CURRENT_NEXT)) {
      next.append(ManifestFormat.encodeCurrent(current).buffer());
      next.sync();
    }
    vfs.rename(CURRENT_NEXT, FileNames.CURRENT);
    vfs.syncDirectory("");
  }

  private void emptyLost() {
    try {
      if (!vfs.exists(FileNames.LOST)) return;
      for (String name : vfs.list(FileNames.LOST)) vfs.delete(FileNames.LOST + "/" + name);
    } catch (KdeltaException.DiskFault ignored) {
      // The next open tries again.
    }
  }

  /** What can not be deleted now is found, unnamed, by the next open. */
  private void deleteSuperseded() {
    for (long old : superseded) {
      String name = FileNames.manifest(old);
      try {
        if (vfs.exists(name)) vfs.delete(name);
      } catch (KdeltaException.DiskFault ignored) {
        // It takes a little room until then, nothing worse.
      }
    }
    superseded.clear();
  }

  private void countNumbers(List<String> names) {
    for (String name : names) countNumber(FileNames.number(name));
    // What is named lives, also when its file is gone.
    for (long table : state.tables().keySet()) countNumber(table);
    for (ManifestEdit.BlobAdded blob : state.blobs().values()) countNumber(blob.file());
    for (ManifestEdit.SegmentNamed segment : state.segments().values()) {
      countNumber(segment.file());
    }
    if (!names.contains(FileNames.LOST)) return;
    for (String name : vfs.list(FileNames.LOST)) countNumber(FileNames.number(name));
  }

  private void countNumber(long taken) {
    numberHighest.accumulateAndGet(taken, Math::max);
  }

  private void moveUnnamed(List<String> names) {
    for (String name : names) {
      if (FileNames.number(name) != 0 && !named(name)) lost.add(name);
    }
    if (lost.isEmpty()) return;
    vfs.createDirectories(FileNames.LOST);
    for (String name : lost) vfs.rename(name, FileNames.LOST + "/" + name);
    vfs.syncDirectory(FileNames.LOST);
    vfs.syncDirectory("");
  }

  private boolean named(String name) {
    if (name.equals(FileNames.manifest(Math.max(1, number)))) return number != 0;
    for (ManifestEdit.TableAdded table : state.tables().values()) {
      if (name.equals(FileNames.table(table.number()))) return true;
    }
    for (ManifestEdit.BlobAdded blob : state.blobs().values()) {
      if (name.equals(FileNames.blob(blob.file()))) return true;
    }
    for (ManifestEdit.SegmentNamed segment : state.segments().values()) {
      if (name.equals(FileNames.log(segment.file()))) return true;
    }
    return false;
  }

  private long size(String name) {
    try (Vfs.File opened = vfs.open(name)) {
      return opened.size();
    }
  }
}
