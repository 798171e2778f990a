package io.kdelta.storage;

import io.kdelta.error.KdeltaException;
import io.kdelta.memory.Bytes;

/**
 * The key of a row: a point part, which is hashed and finds the group in one step, and a suffix,
 * which orders the rows of the group.
 *
 * <p>Order: point bytes unsigned, then suffix bytes unsigned. Both lengths are stored wherever a
 * key is, so no separator is needed and none can be forged. Immutable; any thread.
 *
 * @param point the hashed part, never empty
 * @param suffix the ordered part, may be empty
 */
public record RowKey(Bytes point, Bytes suffix) implements Comparable<RowKey> {
  /** The longest key, both parts together, in bytes (storage.md section 1). */
  public static final int BYTES_MAX = 4096;

  /** Checks the lengths; throws Invalid for an empty point part or a key over the limit. */
  public RowKey {
    if (point.size() == 0) throw new KdeltaException.Invalid("row key", "the point part is empty");
    if (point.size() + suffix.size() > BYTES_MAX) {
      throw new KdeltaException.Invalid("row key", "longer than " + BYTES_MAX + " bytes");
    }
  }

  /** The first possible key of a group: its point part with an empty suffix. */
  public static RowKey first(Bytes point) {
    return new RowKey(point, Bytes.EMPTY);
  }

  /** Bytes of both parts. */
  public int size() {
    return point.size() + suffix.size();
  }

  @Override
  public int compareTo(RowKey other) {
    int byPoint = point.compareTo(other.point);
    return byPoint != 0 ? byPoint : suffix.compareTo(other.suffix);
  }
}
