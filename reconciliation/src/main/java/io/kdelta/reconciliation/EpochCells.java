package io.kdelta.reconciliation;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The cells of a set, kept up with every insert, under the key of an epoch.
 *
 * <p>Owned by whoever owns the set, on its thread. Invariant: the cells are the XOR of the symbols
 * of exactly the ids of the set; as XOR undoes itself, {@link #add} is called once for each id that
 * became a member and never for one that was. An add touches about 22 of the {@value #COUNT} words
 * and reads nothing else. A snapshot shares the words until the next change, which copies them.
 *
 * <p>The checkpoint (integers little-endian):
 *
 * <pre>
 *  0  4        "KDCE"
 *  4  8        key epoch
 * 12  32       key
 * 44  8        count of ids in the cells
 * 52           the cells, until there are 2^16: count of cells that are zero, varint,
 *              count of cells that follow, varint | 8 each
 * .. 32        SHA-256 of everything before
 * </pre>
 */
public final class EpochCells {
  /** How many cells are kept; enough for a difference of about 46,000. */
  public static final int COUNT = 1 << 16;

  private static final int MAGIC = 0x4543444b;

  private final long epoch;
  private final CellCode code;
  private long[] cells;
  private long count;
  private boolean shared;

  private EpochCells(long epoch, Digest key, long[] cells, long count) {
    this.epoch = epoch;
    this.code = CellCode.of(key);
    this.cells = cells;
    this.count = count;
  }

  /** The cells of no id. */
  public static EpochCells empty(long epoch, Digest key) {
    return new EpochCells(epoch, key, new long[COUNT], 0);
  }

  /** The cells of a set, by one pass over it. */
  public static EpochCells of(long epoch, Digest key, Iterable<Digest> ids) {
    EpochCells built = empty(epoch, key);
    for (Digest id : ids) built.add(id);
    return built;
  }

  /** The cells of a checkpoint; null when it is none, or damaged: then they have to be rebuilt. */
  public static @Nullable EpochCells restore(byte[] checkpoint) {
    int body = checkpoint.length - Digest.SIZE;
    if (body < 0) return null;
    Digest sum = Digest.fromBytes(checkpoint, body);
    if (!Digest.sha256(checkpoint, 0, body).equals(sum)) return null;
    try {
      return read(new ByteSource(Arrays.copyOf(checkpoint, body)));
    } catch (ByteSource.Malformed e) {
      return null;
    }
  }

  private static @Nullable EpochCells read(ByteSource source) {
    if (source.u32() != MAGIC) return null;
    long epoch = source.u64();
    Digest key = source.digest();
    long count = source.u64();
    long[] cells = new long[COUNT];
    for (int at = 0; at < COUNT; ) {
      at += (int) source.varint(COUNT - at);
      int end = at + source.count(COUNT - at, Long.BYTES);
      while (at < end) cells[at++] = source.u64();
    }
    source.end();
    return new EpochCells(epoch, key, cells, count);
  }

  /** The bytes to keep beside the position in the log that the cells are of. */
  public byte[] checkpoint() {
    ByteSink sink = new ByteSink(1 << 14);
    sink.u32(MAGIC);
    sink.u64(epoch);
    sink.digest(code.key());
    sink.u64(count);
    for (int at = 0; at < COUNT; ) {
      int from = at;
      while (at < COUNT && cells[at] == 0) at++;
      sink.varint(at - from);
      from = at;
      while (at < COUNT && cells[at] != 0) at++;
      sink.varint(at - from);
      for (int i = from; i < at; i++) sink.u64(cells[i]);
    }
    sink.digest(Digest.sha256(sink.toBytes()));
    return sink.toBytes();
  }

  /** An id became a member. */
  public void add(Digest id) {
    change(id);
    count++;
  }

  /** A member is none any more. */
  public void remove(Digest id) {
    change(id);
    count--;
  }

  /** How many ids the cells hold: what the set has, or they are not its cells. */
  public long count() {
    return count;
  }

  /** The number of the key. */
  public long epoch() {
    return epoch;
  }

  /** The key. */
  public Digest key() {
    return code.key();
  }

  /** The cells as they are now; later changes do not reach it. */
  public CellSketch snapshot() {
    shared = true;
    return CellSketch.maintained(epoch, code, cells);
  }

  private void change(Digest id) {
    if (shared) {
      cells = cells.clone();
      shared = false;
    }
    code.toggle(code.symbol(id), cells);
  }
}
