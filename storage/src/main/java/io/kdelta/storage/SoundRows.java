package io.kdelta.storage;

import io.kdelta.error.KdeltaException;
import java.util.function.BooleanSupplier;

/**
 * The rows of a damaged table that are whole: blocks that do not pass their checksums are passed
 * over, and rows whose value in a blob file does not. A row counts only if its value is sound both
 * in the mapping and in the file, so that whoever takes the row over meets no damage that is known.
 *
 * <p>The columns must have been found sound: they say where the blocks lie. Owner: one thread, with
 * nobody else at the table.
 */
final class SoundRows extends RowSource {
  /** Reads of one place before it counts as unreadable: a bad sector fails each time. */
  private static final int ATTEMPTS = 3;

  private final SSTable table;
  private final TableSource source;
  private int block = -1;
  private boolean within;

  SoundRows(SSTable table) {
    this.table = table;
    this.source = TableSource.blockByBlock(table);
  }

  @Override
  boolean next() {
    while (true) {
      while (within && source.nextInBlock()) {
        if (valueIsSound()) {
          showRowOf(source);
          return true;
        }
      }
      if (block + 1 >= table.blocks()) return false;
      enter(block + 1);
    }
  }

  @Override
  boolean seek(RowKey target) {
    throw new UnsupportedOperationException("what is left of a table is read from its beginning");
  }

  @Override
  String place() {
    return table.path();
  }

  private void enter(int target) {
    block = target;
    within =
        isRead(() -> {
          source.enter(target);
          return true;
        });
  }

  private boolean valueIsSound() {
    return !source.blob || isRead(this::valueIsWhole);
  }

  private boolean valueIsWhole() {
    BlobFile file =
        table.blobOf(BlobFormat.referenceNumber(source.valueSegment, source.valueOffset));
    int entry = BlobFormat.referenceEntry(source.valueSegment, source.valueOffset);
    int size = BlobFormat.referenceSize(source.valueSegment, source.valueOffset);
    int crc = BlobFormat.referenceCrc(source.valueSegment, source.valueOffset);
    file.valueOffset(entry, size, crc);
    return file.read(entry).remaining() == size;
  }

  /**
   * Whether what is asked for was read and is sound. Bytes that do not pass their checksum are
   * lost; a read that the disk refused is tried again, since what is passed over here may be the
   * last copy there is.
   */
  private boolean isRead(BooleanSupplier read) {
    for (int attempt = 1; ; attempt++) {
      try {
        return read.getAsBoolean();
      } catch (KdeltaException.Corrupt rotten) {
        return false;
      } catch (KdeltaException.DiskFault refused) {
        if (attempt == ATTEMPTS) return false;
      }
    }
  }
}
