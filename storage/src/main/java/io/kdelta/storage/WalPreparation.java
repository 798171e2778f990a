package io.kdelta.storage;

import io.kdelta.error.KdeltaException;
import io.kdelta.storage.ManifestEdit.SegmentNamed;
import io.kdelta.vfs.Vfs;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Makes one segment ready: a new file filled with zeros, or one that was used before, named in the
 * manifest. Deletes files that are of no use any more. Runs once, on the table thread; then the
 * core takes it back with {@link Wal#prepared}. A disk fault stays inside until then.
 *
 * <p>Having no room here is not a failed append: the log goes on once there is room.
 */
public final class WalPreparation implements Runnable {
  private final Vfs vfs;
  private final Manifest manifest;

  /** Sequence 0: only delete. File 0: make a new one. */
  private final SegmentNamed wanted;

  private final List<Long> delete;
  private long freeFile;
  private @Nullable WalSegment ready;
  private KdeltaException.@Nullable DiskFault failure;

  WalPreparation(Vfs vfs, Manifest manifest, SegmentNamed wanted, List<Long> delete) {
    this.vfs = vfs;
    this.manifest = manifest;
    this.wanted = wanted;
    this.delete = delete;
    freeFile = wanted.file();
  }

  @Override
  public void run() {
    for (long file : delete) deleteIfPossible(vfs, FileNames.log(file));
    if (wanted.sequence() == 0) return;
    Vfs.File opened = null;
    try {
      opened = wanted.file() != 0 ? reopen(vfs, wanted.file(), wanted.bytes()) : make();
      SegmentNamed named =
          new SegmentNamed(wanted.sequence(), freeFile, wanted.salt(), wanted.bytes());
      manifest.append(List.of(named));
      ready = new WalSegment(named, opened);
      freeFile = 0;
    } catch (KdeltaException.DiskFault fault) {
      failure = fault;
      if (opened != null) opened.close();
    }
  }

  Optional<WalSegment> ready() {
    return Optional.ofNullable(ready);
  }

  /** A file that can be tried again; 0 if there is none. */
  long freeFile() {
    return freeFile;
  }

  Optional<KdeltaException.DiskFault> failure() {
    return Optional.ofNullable(failure);
  }

  private Vfs.File make() {
    long number = manifest.nextFileNumber();
    Vfs.File file = createZeroed(vfs, number, wanted.bytes());
    freeFile = number;
    return file;
  }

  /** A file that was used before; somebody may have cut it. */
  static Vfs.File reopen(Vfs vfs, long number, long bytes) {
    Vfs.File file = vfs.open(FileNames.log(number));
    try {
      if (file.size() < bytes) {
        file.preallocate(bytes);
        file.sync();
      }
      return file;
    } catch (KdeltaException.DiskFault fault) {
      file.close();
      throw fault;
    }
  }

  /** A new file of zeros, durable with its name; if that fails nothing stays behind. */
  static Vfs.File createZeroed(Vfs vfs, long number, long bytes) {
    String name = FileNames.log(number);
    Vfs.File file = vfs.create(name);
    try {
      file.preallocate(bytes);
      file.sync();
      vfs.syncDirectory("");
      return file;
    } catch (KdeltaException.DiskFault fault) {
      file.close();
      deleteIfPossible(vfs, name);
      throw fault;
    }
  }

  /** What can not be deleted is unnamed, and the next open finds it. */
  private static void deleteIfPossible(Vfs vfs, String name) {
    try {
      if (vfs.exists(name)) vfs.delete(name);
    } catch (KdeltaException.DiskFault ignored) {
      // It takes room until then, nothing worse.
    }
  }
}
