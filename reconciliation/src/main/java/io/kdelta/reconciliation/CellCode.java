package io.kdelta.reconciliation;

import java.nio.charset.StandardCharsets;

/**
 * How ids become symbols, and symbols land in cells, under one key.
 *
 * <p>An immutable value; any thread. A symbol is one word, so that a cell is one word too, the XOR
 * of the symbols in it:
 *
 * <pre>
 * bits 63-40  the first 24 bits of the id: where to look for it
 * bits 39-20  the low 20 bits of SipHash-1-3 of the id under the first half of the key
 * bits 19-0   a check of the upper 44 bits, keyed with the third word
 * </pre>
 *
 * The cells of a symbol: 0, then {@code i + ceil((i + 1.5) (1 / sqrt(u) - 1))} from each cell i,
 * with u drawn from (0, 1] by SplitMix64 seeded with a keyed mix of the symbol; so cell i holds a
 * symbol with probability 1 / (1 + i / 2) (Yang, Gilad and Alizadeh, "Practical rateless set
 * reconciliation", 2024). Square root and product are exact in IEEE double on every machine.
 */
public final class CellCode {
  /** The bits of a symbol that are first bits of the id. */
  static final int ID_BITS = 24;

  /** The bits of a symbol that tell ids apart. */
  static final int NAME_BITS = 44;

  /** The bits of those that are keyed. */
  static final int KEYED_BITS = NAME_BITS - ID_BITS;

  private static final int CHECK_BITS = Long.SIZE - NAME_BITS;
  private static final long CHECK_MASK = (1L << CHECK_BITS) - 1;
  private static final long KEYED_MASK = (1L << KEYED_BITS) - 1;
  private static final long GOLDEN = 0x9e3779b97f4a7c15L;
  private static final double UNIT = 0x1p-53;

  private final Digest key;

  private CellCode(Digest key) {
    this.key = key;
  }

  /** The code under {@code key}. */
  public static CellCode of(Digest key) {
    return new CellCode(key);
  }

  /**
   * The key of the cells that a cluster maintains: SHA-256("kdelta.epoch" | cluster id | u64
   * epoch).
   */
  public static Digest epochKey(long clusterHigh, long clusterLow, long epoch) {
    ByteSink sink = new ByteSink(64);
    for (byte letter : "kdelta.epoch".getBytes(StandardCharsets.US_ASCII)) sink.u8(letter);
    sink.word(clusterHigh);
    sink.word(clusterLow);
    sink.u64(epoch);
    return Digest.sha256(sink.toBytes());
  }

  /** The key. */
  Digest key() {
    return key;
  }

  /** The symbol of an id. */
  long symbol(Digest id) {
    long keyed = SipHash.hash(key.first(), key.second(), id) & KEYED_MASK;
    long name = ((id.first() >>> (Long.SIZE - ID_BITS)) << KEYED_BITS) | keyed;
    return (name << CHECK_BITS) | check(name);
  }

  /** The first bits of an id, and behind them {@code keyed} keyed ones; {@code width} in all. */
  long name(Digest id, int width, int keyed) {
    return cut(symbol(id) >>> CHECK_BITS, width, keyed);
  }

  /** The same of a name with all its bits. */
  static long cut(long name, int width, int keyed) {
    long plain = name >>> (NAME_BITS - (width - keyed));
    return (plain << keyed) | ((name & KEYED_MASK) >>> (KEYED_BITS - keyed));
  }

  /** Whether a word could be one symbol alone in cell {@code index}. */
  boolean isPure(long word, int index) {
    long name = word >>> CHECK_BITS;
    if ((word & CHECK_MASK) != check(name)) return false;
    long state = seed(word);
    long at = 0;
    while (at < index) {
      state += GOLDEN;
      at = next(at, state);
    }
    return at == index;
  }

  /** Puts a symbol into, or takes it out of, those of its cells that {@code cells} has. */
  void toggle(long symbol, long[] cells) {
    toggle(symbol, cells, 0, cells.length);
  }

  /** The same for cells {@code from} to {@code to} (exclusive), the first of them at index 0. */
  void toggle(long symbol, long[] cells, int from, int to) {
    long state = seed(symbol);
    long at = 0;
    while (at < to) {
      if (at >= from) cells[(int) at - from] ^= symbol;
      state += GOLDEN;
      at = next(at, state);
    }
  }

  /** The cells of a symbol below {@code end}, one at a time. */
  Walk walk(long symbol, int end) {
    return new Walk(seed(symbol), end);
  }

  /** Walks the cells of one symbol. */
  static final class Walk {
    private final int end;
    private long state;
    private long at;

    private Walk(long state, int end) {
      this.state = state;
      this.end = end;
    }

    /** The next cell, or -1 behind the last. */
    int next() {
      if (at >= end) return -1;
      int cell = (int) at;
      state += GOLDEN;
      at = CellCode.next(at, state);
      return cell;
    }
  }

  private long check(long name) {
    return mix(name ^ key.third()) >>> (Long.SIZE - CHECK_BITS);
  }

  private long seed(long symbol) {
    return mix(symbol ^ key.fourth());
  }

  private static long next(long at, long state) {
    double unit = ((mix(state) >>> 11) + 1) * UNIT;
    long step = (long) Math.ceil(((double) at + 1.5) * (1 / Math.sqrt(unit) - 1));
    return at + Math.max(1, step);
  }

  /** The finalizer of SplitMix64 (Steele, Lea and Flood 2014, constants of Stafford's mix 13). */
  private static long mix(long word) {
    long mixed = (word ^ (word >>> 30)) * 0xbf58476d1ce4e5b9L;
    mixed = (mixed ^ (mixed >>> 27)) * 0x94d049bb133111ebL;
    return mixed ^ (mixed >>> 31);
  }
}
