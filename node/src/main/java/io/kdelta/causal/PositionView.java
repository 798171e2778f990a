package io.kdelta.causal;

import io.kdelta.reconciliation.Digest;
import io.kdelta.storage.RowView;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * A row of a position, read without a copy of its own.
 *
 * <p>Owner: one reader, on the core thread, which shows one row after the other in it. The layout
 * is that of {@link StoredRows}, the key that of {@link Keyspace}.
 */
final class PositionView {
  private static final VarHandle WORD =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);
  private static final int INCARNATION_AT = 1;
  private static final int SEQ_AT = INCARNATION_AT + Incarnation.SIZE;
  private static final int KEY_BYTES = SEQ_AT + Long.BYTES;
  private static final int ID_AT = 1;
  private static final int CHAIN_AT = ID_AT + Digest.SIZE;

  private final byte[] key = new byte[KEY_BYTES];
  private final byte[] value = new byte[CHAIN_AT + Digest.SIZE];

  /** Takes what {@code row} shows. */
  void show(RowView row) {
    row.copyKeyTo(key, 0);
    row.copyValueTo(value, 0);
  }

  /** Whether it is a position of this log. */
  boolean of(Incarnation incarnation) {
    return incarnation.high() == word(key, INCARNATION_AT)
        && incarnation.low() == word(key, INCARNATION_AT + 8);
  }

  /** Whose position it is. */
  Incarnation incarnation() {
    return new Incarnation(word(key, INCARNATION_AT), word(key, INCARNATION_AT + 8));
  }

  /** The position. */
  long seq() {
    return word(key, SEQ_AT);
  }

  /** The version that lies there. */
  Digest id() {
    return Digest.fromBytes(value, ID_AT);
  }

  /** Whether the chain value is known. */
  boolean chained() {
    return (value[0] & StoredRows.CHAINED) != 0;
  }

  /** The chain value behind the version, if it is known. */
  Digest chain() {
    return Digest.fromBytes(value, CHAIN_AT);
  }

  private static long word(byte[] bytes, int at) {
    return (long) WORD.get(bytes, at);
  }
}
