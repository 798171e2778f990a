package io.kdelta.causal;

import io.kdelta.memory.Bytes;
import io.kdelta.reconciliation.Digest;
import io.kdelta.storage.RowView;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
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
  private static final ValueLayout.OfByte U8 = ValueLayout.JAVA_BYTE;
  private static final ValueLayout.OfShort U16 =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt U32 =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle SORTED =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

  private byte[] key = new byte[128];
  private int pointSize;
  private int keySize;
  private RowView row;
  private MemorySegment memory = MemorySegment.NULL;
  private long canonicalAt;

  /** Shows nothing yet. */
  VersionView() {
    this.row = new RowView();
  }

  /** Shows the row that {@code row} shows. */
  void show(RowView shown) {
    row = shown;
    pointSize = shown.pointSize();
    int size = pointSize + shown.suffixSize();
    if (key.length < size) key = new byte[2 * size];
    keySize = shown.copyKeyTo(key, 0);
    memory = shown.valueSegment();
    canonicalAt = shown.valueOffset() + StoredRows.CANONICAL_AT;
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
    return memory.get(U8, canonicalAt + 1) == Version.Kind.DELETE.code();
  }

  /** How many parents the version has. */
  int parentCount() {
    return Byte.toUnsignedInt(memory.get(U8, parentsAt()));
  }

  /** Size of the document; 0 for a delete. */
  int documentBytes() {
    long at = canonicalAt + memory.get(U32, canonicalAt - Integer.BYTES);
    at += Short.BYTES + (long) Dot.SIZE * Short.toUnsignedInt(memory.get(U16, at));
    boolean request = (memory.get(U8, row.valueOffset() + 1) & StoredRows.HAS_REQUEST) != 0;
    if (request) at += 1 + Byte.toUnsignedInt(memory.get(U8, at)) + 2L * Integer.BYTES;
    return memory.get(U32, at);
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

  private long parentsAt() {
    long keyAt = canonicalAt + 3 + Byte.toUnsignedInt(memory.get(U8, canonicalAt + 2));
    return keyAt + 2 + Short.toUnsignedInt(memory.get(U16, keyAt));
  }
}
