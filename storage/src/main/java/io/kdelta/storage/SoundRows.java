package io.kdelta.storage;

import io.kdelta.error.KdeltaException;

/**
 * The rows of a damaged table that are whole: blocks that do not pass their checksums are passed
 * over, and rows whose value in a blob file does not. A row counts only if its value is sound both
 * in the mapping and in the file, so that whoever takes the row over meets no damage that is known.
 *
 * <p>The columns must have been found sound: they say where the blocks lie. Owner: one thread, with
 * nobody else at the table.
 */
final class SoundRows extends RowSource {
  private final SSTable table;
  private final TableSource source;
  private int block = -1;
  private boolean within;
  private int blocksLost;
  private int valuesLost;

  SoundRows(SSTable table) {
    this.table = table;
    this.source = TableSource.blockByBlock(table);
  }

  /** Blocks that were passed over so far. */
  int blocksLost() {
    return blocksLost;
  }

  /** Rows of sound blocks that were passed over so far, for their values. */
  int valuesLost() {
    return valuesLost;
  }

  @Override
  boolean next() {
    while (true) {
      while (within && source.nextInBlock()) {
        if (valueIsSound()) {
          show();
          return true;
        }
        valuesLost++;
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
    try {
      source.enter(target);
      within = true;
    } catch (KdeltaException.Corrupt | KdeltaException.DiskFault lost) {
      within = false;
      blocksLost++;
    }
  }

  private boolean valueIsSound() {
    if (!source.blob) return true;
    try {
      BlobFile file =
          table.blobOf(BlobFormat.referenceNumber(source.valueSegment, source.valueOffset));
      int entry = BlobFormat.referenceEntry(source.valueSegment, source.valueOffset);
      int size = BlobFormat.referenceSize(source.valueSegment, source.valueOffset);
      int crc = BlobFormat.referenceCrc(source.valueSegment, source.valueOffset);
      file.valueOffset(entry, size, crc);
      return file.read(entry).remaining() == size;
    } catch (KdeltaException.Corrupt | KdeltaException.DiskFault lost) {
      return false;
    }
  }

  private void show() {
    key = source.key;
    pointSize = source.pointSize;
    keySize = source.keySize;
    tombstone = source.tombstone;
    blob = source.blob;
    lsn = source.lsn;
    valueSegment = source.valueSegment;
    valueOffset = source.valueOffset;
    valueSize = source.valueSize;
  }
}
