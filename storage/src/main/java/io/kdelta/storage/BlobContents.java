package io.kdelta.storage;

import io.kdelta.error.KdeltaException;
import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Which contents the youngest blob files hold, so that a value written again is not stored again.
 * Bounded: the oldest are forgotten first. Owner: whoever runs table work; the files are closed by
 * table work alone, after they were forgotten here.
 */
final class BlobContents {
  /** At about 150 bytes each, 10 MB. */
  private static final int CONTENTS_MAX = 1 << 16;

  private final LinkedHashMap<Mark, Kept> contents = new LinkedHashMap<>();

  /**
   * By what a value is looked for. Two values of one mark may differ, so they are compared: a
   * cryptographic hash of every value would cost more than all the rest of a flush.
   */
  record Mark(int crc, int size) {}

  private static final class Kept {
    private final BlobFile file;
    private final int entry;
    private final byte[] reference;

    Kept(BlobFile file, int entry, byte[] reference) {
      this.file = file;
      this.entry = entry;
      this.reference = reference;
    }

    boolean isOf(ByteBuffer value) {
      try {
        return file.read(entry).equals(value);
      } catch (KdeltaException.Corrupt | KdeltaException.DiskFault rotten) {
        return false; // Whoever reads it there finds that out; this one is stored anew.
      }
    }
  }

  /** The reference to that value, or null when it is not there, or can not be read there. */
  byte @Nullable [] reference(Mark mark, ByteBuffer value) {
    Kept kept = contents.get(mark);
    return kept != null && kept.isOf(value) ? kept.reference : null;
  }

  void add(Mark mark, BlobFile file, int entry, byte[] reference) {
    contents.put(mark, new Kept(file, entry, reference));
    if (contents.size() > CONTENTS_MAX) contents.pollFirstEntry();
  }

  /** A blob file goes, or some of its values: nothing new may refer to it. */
  void forget(long number) {
    for (var each = contents.entrySet().iterator(); each.hasNext(); ) {
      Map.Entry<Mark, Kept> entry = each.next();
      if (entry.getValue().file.number() == number) each.remove();
    }
  }
}
