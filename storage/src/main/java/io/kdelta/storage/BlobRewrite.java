package io.kdelta.storage;

import io.kdelta.error.KdeltaException;
import io.kdelta.vfs.Vfs;
import java.util.BitSet;
import java.util.List;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Writes the values of a blob file that tables still refer to into a new file that takes over its
 * number. No table changes: entries keep their numbers. The old file goes when no view shows it.
 */
final class BlobRewrite extends TableWork.Output {
  final BlobFile old;
  private final LongSupplier numbers;
  private final List<SSTable> users;
  private final BlobContents contents;
  private @Nullable BlobFile opened;
  private int damagedEntry = -1;

  /**
   * @param users all tables that refer to the file
   */
  BlobRewrite(
      Vfs vfs,
      Manifest manifest,
      LongSupplier numbers,
      BlobFile old,
      List<SSTable> users,
      BlobContents contents) {
    super(vfs, manifest);
    this.numbers = numbers;
    this.old = old;
    this.users = List.copyOf(users);
    this.contents = contents;
  }

  /** The new file, open. */
  BlobFile opened() {
    if (opened == null) throw new AssertionError("the file was not rewritten");
    return opened;
  }

  /**
   * Whether a table refers to the value whose damage ended this piece; one that does not say any
   * more counts as if.
   */
  boolean isDamaged(SSTable table) {
    try {
      return damagedEntry >= 0 && entries(List.of(table)).get(damagedEntry);
    } catch (KdeltaException.Corrupt rotten) {
      return true;
    }
  }

  List<SSTable> users() {
    return users;
  }

  @Override
  void work() {
    contents.forget(old.number());
    BitSet live = entries(users);
    try (BlobWriter writer = new BlobWriter(vfs(), numbers, contents, written())) {
      writer.beginAgain(old.number());
      for (int entry = 0; entry < old.entries(); entry++) {
        if (live.get(entry)) {
          damagedEntry = entry;
          writer.keep(old, entry);
        } else {
          writer.drop();
        }
      }
      damagedEntry = -1;
      BlobWriter.Finished finished = writer.finish();
      if (finished == null) throw new AssertionError("a blob file that was not begun");
      vfs().syncDirectory("");
      opened = BlobFile.open(vfs(), finished.added());
      append(List.of(new ManifestEdit.BlobRemoved(old.number()), finished.added()));
    } catch (KdeltaException.DiskFault fault) {
      damagedEntry = -1;
      throw fault;
    }
  }

  @Override
  void letGo() {
    if (opened != null) opened.close();
    opened = null;
  }

  private BitSet entries(List<SSTable> tables) {
    BitSet entries = new BitSet();
    for (SSTable table : tables) {
      for (int i = 0; i < table.blobCount(); i++) {
        if (table.blobNumber(i) == old.number()) table.markBlobEntries(i, entries);
      }
    }
    return entries;
  }
}
