package io.kdelta.storage;

import io.kdelta.memory.Bytes;

/** One change of what lives in the store. Edits given together become durable together. */
public sealed interface ManifestEdit {
  /**
   * A table is complete and synced, its name too.
   *
   * @param bytes size of the file
   * @param facts what the table side wants to know about it at open; opaque here
   */
  record TableAdded(long number, long bytes, Bytes facts) implements ManifestEdit {}

  /** A table is no longer part of the store; its file may be deleted once this is durable. */
  record TableRemoved(long number) implements ManifestEdit {}

  /**
   * A blob file is complete and synced, its name too. Tables refer to it by its number; when its
   * live values are written anew, the new file takes over the number.
   *
   * @param number what references name
   * @param file the number in its file name, which is never used twice
   * @param bytes size of the file
   * @param checksum that stands for all of it, see {@link BlobFormat}
   */
  record BlobAdded(long number, long file, long bytes, long checksum) implements ManifestEdit {}

  /** A blob file is no longer part of the store; it may be deleted once this is durable. */
  record BlobRemoved(long number) implements ManifestEdit {}

  /** Everything up to this LSN is in tables. */
  record Flushed(long lsn) implements ManifestEdit {}

  /**
   * A segment of the log may be used from now on.
   *
   * @param sequence its place in the log; a later use of the same file has a greater one
   * @param file the number of the file
   * @param salt what seeds every checksum in this use of the file
   * @param bytes size of the file, all preallocated
   */
  record SegmentNamed(long sequence, long file, long salt, long bytes) implements ManifestEdit {}

  /** A segment of the log is not needed any more; its file may be used again. */
  record SegmentReleased(long sequence) implements ManifestEdit {}

  /** A bad part of a segment was found and reported; recovery passes over it from now on. */
  record SetAside(long sequence, long offset, long bytes, long firstLsn, long lastLsn)
      implements ManifestEdit {}

  /**
   * A part of a file was found bad, and the owner of the store has not yet said that it has dealt
   * with the loss: it is reported by every open, whether anything still names the file or not. What
   * is {@link SetAside} is remembered with it.
   */
  record Remembered(String file, long offset, long bytes, long firstLsn, long lastLsn)
      implements ManifestEdit {
    /** Whether that is the same part. */
    boolean isOf(Damage damage) {
      return file.equals(damage.file()) && offset == damage.offset() && bytes == damage.bytes();
    }
  }

  /** The owner of the store has dealt with everything that is {@link Remembered}. */
  record Forgotten() implements ManifestEdit {}

  /**
   * The store was closed in good order: the log ends there, tables hold all of it, and no segment
   * that comes later was used. Whatever names a segment after it takes it back.
   *
   * @param end offset after the last record of that segment
   */
  record LogEnded(long sequence, long end, long lastLsn) implements ManifestEdit {}
}
