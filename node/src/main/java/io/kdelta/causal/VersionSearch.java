package io.kdelta.causal;

import io.kdelta.error.KdeltaException;
import io.kdelta.reconciliation.Digest;
import io.kdelta.storage.RowView;
import io.kdelta.storage.Rows;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * Finds the row of a version by its id: the row by id names the key and the time, and these and the
 * id are the key of the version's row; or by a time of its key. All row keys are built in memory
 * that is used again.
 *
 * <p>Owner: one reader, on the core thread. The layouts are those of {@link Keyspace} and {@link
 * StoredRows}.
 */
final class VersionSearch {
  private static final VarHandle U64 =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle SORTED =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);
  private static final int ID_POINT_BYTES = 1 + Digest.SIZE;

  /** Bytes of the length of a key, which the row by id has and a point part has not. */
  private static final int KEY_LENGTH_BYTES = Short.BYTES;

  private final Rows rows;
  private final RowView pointer = new RowView();
  private byte[] value = new byte[64];
  private byte[] key = new byte[128];

  /** Searches {@code rows}. */
  VersionSearch(Rows rows) {
    this.rows = rows;
  }

  /** Whether the version is visible. */
  boolean visible(Digest id) {
    return point(id) && value[0] == StoredRows.VISIBLE;
  }

  /** Shows the row of a visible version; false when it is none. Corrupt for an id without a row. */
  boolean find(Digest id, RowView into) {
    if (!visible(id)) return false;
    int namespaceSize = Byte.toUnsignedInt(value[1]);
    int lengthAt = Keyspace.NAMESPACE_AT + namespaceSize;
    int timeAt = pointer.valueSize() - Long.BYTES;
    int keySize = timeAt - lengthAt - KEY_LENGTH_BYTES;
    int pointSize = lengthAt + keySize;
    int size = pointSize + Keyspace.VERSION_SUFFIX_BYTES;
    if (key.length < size) key = new byte[2 * size];
    key[0] = (byte) Keyspace.VERSION.code();
    System.arraycopy(value, 1, key, 1, 1 + namespaceSize);
    System.arraycopy(value, lengthAt + KEY_LENGTH_BYTES, key, lengthAt, keySize);
    key[pointSize] = Keyspace.VERSION_SUFFIX;
    SORTED.set(key, pointSize + 1, ~(long) U64.get(value, timeAt));
    SORTED.set(key, pointSize + 9, ~id.first());
    SORTED.set(key, pointSize + 17, ~id.second());
    SORTED.set(key, pointSize + 25, ~id.third());
    SORTED.set(key, pointSize + 33, ~id.fourth());
    if (rows.get(key, 0, pointSize, Keyspace.VERSION_SUFFIX_BYTES, into)) return true;
    throw new KdeltaException.Corrupt("version " + id, 0, "its id is known and its row is not");
  }

  /** Shows the row of the newest version of a key up to a time; false when there is none. */
  boolean newest(Key of, Timestamp latest, RowView into) {
    byte[] point = of.point();
    int size = point.length + 1 + Long.BYTES;
    if (key.length < size) key = new byte[2 * size];
    System.arraycopy(point, 0, key, 0, point.length);
    key[point.length] = Keyspace.VERSION_SUFFIX;
    SORTED.set(key, point.length + 1, ~latest.packed());
    return rows.ceiling(key, 0, point.length, 1 + Long.BYTES, into);
  }

  /** Reads the row by id; false when there is none. */
  private boolean point(Digest id) {
    key[0] = (byte) Keyspace.BY_ID.code();
    id.writeTo(key, 1);
    if (!rows.get(key, 0, ID_POINT_BYTES, 0, pointer)) return false;
    if (value.length < pointer.valueSize()) value = new byte[2 * pointer.valueSize()];
    pointer.copyValueTo(value, 0);
    return true;
  }
}
