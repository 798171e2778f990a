package io.kdelta.storage;

import io.kdelta.error.KdeltaException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The {@link BulkLoad} that is about to become the oldest run. From the moment it is given until it
 * has ended no batch is applied: whoever gave it looked at rows that must not change before it is
 * shown. So it lasts for some files' renaming and a sync of the manifest; after an append that
 * failed, until one succeeds, for until then nobody knows whether the manifest names it.
 *
 * <p>Owner: the core thread.
 */
final class Installing {
  private final StorageLimits limits;
  private final StorageOpening.Opened opened;
  private @Nullable BulkLoad load;

  /** Whether the manifest may name it since an append that failed. */
  private boolean undecided;

  private Consumer<Optional<KdeltaException>> afterwards = _ -> {};

  Installing(StorageLimits limits, StorageOpening.Opened opened) {
    this.limits = limits;
    this.opened = opened;
  }

  /** An empty one, for rows in so many orders: its tables are like those of a bottom run. */
  BulkLoad prepare(int lanes) {
    SSTableWriter.Layout layout =
        new SSTableWriter.Layout(
            opened.hashSeed(), limits.blockBytes(), true, limits.compressBottom());
    return new BulkLoad(
        opened.vfs(), opened.manifest()::nextFileNumber, layout, limits.partitionBytes(), lanes);
  }

  /** Whether one is under way: no batch is applied meanwhile. */
  boolean isUnderWay() {
    return load != null;
  }

  /**
   * Takes a load on that is finished.
   *
   * @param told on the core thread, as soon as its rows are shown, or why they will never be
   */
  void begin(BulkLoad finished, Consumer<Optional<KdeltaException>> told) {
    List<Run> runs = opened.views().current().runs();
    if (load != null || (!runs.isEmpty() && runs.getLast().age() <= BulkInstall.AGE)) {
      throw new KdeltaException.Overloaded("something was loaded into this store before");
    }
    load = finished;
    afterwards = told;
  }

  /** The piece that is due, while no merge is under way; null for none. */
  @Nullable TableWork next() {
    BulkLoad due = load;
    return due == null ? null : new BulkInstall(opened.vfs(), opened.manifest(), due);
  }

  /** Shows what the manifest names by now, below all that was there. */
  void done(BulkInstall install, Views views, Blobs blobs) {
    for (BlobFile blob : install.blobs()) {
      blob.shownSince = views.current().sequence();
      blobs.put(blob, views.current());
    }
    for (SSTable table : install.tables()) blobs.link(table);
    blobs.changed();
    if (!install.tables().isEmpty()) {
      List<Run> runs = new ArrayList<>(views.current().runs());
      runs.addLast(new Run(BulkInstall.AGE, install.tables()));
      views.show(views.current().memtables(), runs);
    }
    end(Optional.empty());
  }

  /** It failed; whether it has to be tried again before anything else is known. */
  boolean failed(BulkInstall install, KdeltaException failure) {
    // What a later try fails with before it comes to the manifest says nothing about an earlier
    // one.
    undecided |= install.undecided();
    if (undecided) return true;
    end(Optional.of(failure));
    return false;
  }

  private void end(Optional<KdeltaException> failure) {
    Consumer<Optional<KdeltaException>> told = afterwards;
    load = null;
    undecided = false;
    afterwards = _ -> {};
    told.accept(failure);
  }
}
