package io.kdelta.causal;

import io.kdelta.memory.Bytes;
import io.kdelta.reconciliation.Digest;
import io.kdelta.storage.RowView;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * A row of a version's group where it lies: what a read needs to know before it copies anything.
 *
 * <p>Owner: one reader, on the core thread, which shows one row after the other in it. Valid as
 * long as the {@link RowView} that it shows. The layout is that of {@link StoredRows}, the key that
 * of {@link Keyspace}; both were written by this store, so nothing is checked but the bounds.
 */
final class VersionView {
  private static final VarHandle U16 =
      MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle U32 =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle SORTED =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

  private static final int CANONICAL_AT = StoredRows.CANONICAL_AT;

  private RowView row = new RowView();
  private byte[] key = new byte[128];
  private byte[] value = new byte[0];
  private int pointSize;
  private int keySize;
  private boolean brought;

  /** Shows the row that {@code row} shows. */
  void show(RowView shown) {
    row = shown;
    brought = false;
    pointSize = shown.pointSize();
    int size = pointSize + shown.suffixSize();
    if (key.length < size) key = new byte[2 * size];
    keySize = shown.copyKeyTo(key, 0);
  }

  /** Whether it is the row of the open heads, which is no version. */
  boolean isOpenHeads() {
    return keySize == pointSize + 1;
  }

  /** Whether it lies in the group of this point part. */
  boolean inGroup(Bytes group) {
    return group.size() == pointSize && group.equals(Bytes.wrap(key, 0, pointSize));
  }

  /** The point part, copied. */
  Bytes group() {
    return Bytes.wrap(Arrays.copyOf(key, pointSize));
  }

  /** The id of the version. */
  Digest id() {
    return new Digest(~idWord(0), ~idWord(1), ~idWord(2), ~idWord(3));
  }

  /** The time of the version. */
  Timestamp time() {
    return new Timestamp(~(long) SORTED.get(key, pointSize + 1));
  }

  /** Whether the version took the value away. */
  boolean deleted() {
    return value()[CANONICAL_AT + 1] == Version.Kind.DELETE.code();
  }

  /** How many parents the version has. */
  int parentCount() {
    byte[] bytes = value();
    int keyAt = CANONICAL_AT + 3 + Byte.toUnsignedInt(bytes[CANONICAL_AT + 2]);
    return Byte.toUnsignedInt(bytes[keyAt + 2 + unsignedShort(bytes, keyAt)]);
  }

  /** Size of the document; 0 for a delete. */
  int documentBytes() {
    byte[] bytes = value();
    int at = CANONICAL_AT + (int) U32.get(bytes, CANONICAL_AT - Integer.BYTES);
    at += Short.BYTES + Dot.SIZE * unsignedShort(bytes, at);
    boolean request = (bytes[1] & StoredRows.HAS_REQUEST) != 0;
    if (request) at += 1 + Byte.toUnsignedInt(bytes[at]) + 2 * Integer.BYTES;
    return (int) U32.get(bytes, at);
  }

  /** The LSN that wrote the row while it is in memory; 0 from a table. */
  long lsn() {
    return row.lsn();
  }

  /** The head that the version is while nothing supersedes it. */
  Head head() {
    return new Head(id(), time(), deleted());
  }

  /** The version, copied. */
  Stored stored() {
    return StoredRows.stored(row.value(), id(), row.lsn());
  }

  private long idWord(int index) {
    return (long) SORTED.get(key, pointSize + 1 + Long.BYTES + index * Long.BYTES);
  }

  /** The value, copied into memory that is used again: a mapped file may be cut under a read. */
  private byte[] value() {
    if (!brought) {
      if (value.length < row.valueSize()) value = new byte[2 * row.valueSize()];
      row.copyValueTo(value, 0);
      brought = true;
    }
    return value;
  }

  private static int unsignedShort(byte[] bytes, int at) {
    return Short.toUnsignedInt((short) U16.get(bytes, at));
  }
}
