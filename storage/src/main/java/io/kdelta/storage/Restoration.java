package io.kdelta.storage;

import io.kdelta.env.Entropy;
import io.kdelta.error.KdeltaException;
import io.kdelta.memory.Bytes;
import io.kdelta.vfs.Holding;
import io.kdelta.vfs.Vfs;
import java.util.Optional;

/**
 * Makes a store of a backup, in an empty directory; offline, in place. Every file is copied and
 * then read and checked once more. The store opens like any other: its owner writes under a new
 * incarnation, as at every start.
 *
 * <p>A restore that is cut leaves a directory that no engine opens, or the whole store.
 */
public final class Restoration {
  private Restoration() {}

  /** Told now and then how far it has come. */
  @FunctionalInterface
  public interface Progress {
    /** So many of so many bytes are there. */
    void at(long done, long total);
  }

  /**
   * Restores.
   *
   * @param first a batch that the store holds beside what the backup has; empty for none
   * @param owner who does it, for others who want one of the directories meanwhile
   * @throws KdeltaException.Invalid when one directory is no backup or the other is not empty
   * @throws KdeltaException.Corrupt when the backup is damaged
   */
  public static Errand.Report restore(
      Vfs backup,
      Vfs target,
      Entropy entropy,
      Optional<WriteBatch> first,
      String owner,
      Progress progress) {
    if (!backup.exists(BackupMarker.NAME)) {
      throw new KdeltaException.Invalid("backup", "the directory has no file BACKUP: it is none");
    }
    if (!backup.exists(FileNames.CURRENT)) {
      throw new KdeltaException.Invalid("backup", "it was never finished: it has no file CURRENT");
    }
    try (Holding _ = Holding.of(backup, owner)) {
      ManifestState state = new ManifestReader(backup).read(backup.list("")).orElseThrow().state();
      long total = 0;
      for (ManifestEdit.TableAdded table : state.tables().values()) total += table.bytes();
      for (ManifestEdit.BlobAdded blob : state.blobs().values()) total += blob.bytes();
      StoreCopy.Plan plan =
          new StoreCopy.Plan(
              state,
              Optional.empty(),
              owner,
              StoreCopy.How.COPY,
              first.map(WriteBatch::encoded).orElse(Bytes.EMPTY),
              entropy.nextLong(),
              entropy.nextLong());
      // Nobody has given a number in the new directory yet; the copy goes on above the tables'.
      StoreCopy copy = new StoreCopy(backup, target, plan, () -> 1);
      try {
        while (!copy.piece()) progress.at(copy.report().bytes(), total);
        return copy.report();
      } finally {
        copy.close();
      }
    }
  }
}
