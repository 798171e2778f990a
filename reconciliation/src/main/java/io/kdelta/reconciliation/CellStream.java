package io.kdelta.reconciliation;

import io.kdelta.reconciliation.Message.Cells;
import io.kdelta.reconciliation.Message.More;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SortedSet;
import org.jspecify.annotations.Nullable;

/**
 * The peer's cells of one scope as they come in, and what they say.
 *
 * <p>Owned by one session, on its thread. Only cells that were asked for, or announced by the first
 * of them, are taken. Where they do not come apart, up to {@value #TOP_UPS_MAX} times a few more
 * are asked for; after that the scope is given up.
 */
final class CellStream {
  /** How often more cells are asked for. */
  static final int TOP_UPS_MAX = 2;

  private static final double TOP_UP = 0.3;
  private static final int CELL_SIZE = 8;

  private final Limits limits;
  private final Prefix scope;
  private final boolean fresh;
  private long[] heard;

  /** How many are to be heard; -1 = the first part says. */
  private int due;

  private int topUps;

  private CellStream(Limits limits, Prefix scope, boolean fresh, long[] heard, int due) {
    this.limits = limits;
    this.scope = scope;
    this.fresh = fresh;
    this.heard = heard;
    this.due = due;
  }

  /** Goes on from the cells of STATE. */
  static CellStream after(Limits limits, Octets cells) {
    long[] heard = unpack(cells);
    return new CellStream(limits, Prefix.ALL, false, heard, heard.length);
  }

  /** The peer says how many come. */
  static CellStream announced(Limits limits, Prefix scope, boolean fresh) {
    return new CellStream(limits, scope, fresh, new long[0], -1);
  }

  /** Takes in the next part; false when it is none. */
  boolean hear(Cells part) {
    if (part.from() != heard.length || isComplete()) return false;
    if (due < 0) due = part.end();
    if (part.end() != due) return false;
    long[] more = unpack(part.cells());
    long[] all = Arrays.copyOf(heard, heard.length + more.length);
    System.arraycopy(more, 0, all, heard.length, more.length);
    heard = all;
    return true;
  }

  /** Whether all cells that were asked for are here. */
  boolean isComplete() {
    return heard.length == due;
  }

  /** How many cells are here. */
  int size() {
    return heard.length;
  }

  /** Asks for cells up to {@code end}, exclusive. */
  More ask(int end) {
    due = end;
    return new More(scope, fresh, heard.length, end - heard.length);
  }

  /** Asks for some more; null when that was done too often. */
  @Nullable More topUp() {
    int cellsMax = fresh ? limits.cellsMax() : Math.min(EpochCells.COUNT, limits.cellsMax());
    int end = (int) Math.min(cellsMax, heard.length + Math.ceil(TOP_UP * heard.length) + 1);
    if (topUps++ == TOP_UPS_MAX || end <= heard.length) return null;
    return ask(end);
  }

  /**
   * Finds what differs from this side's cells: {@code pushes} gets the ids that the peer lacks,
   * {@code wants} the first {@value CellCode#NAME_BITS} bits of the symbols that it has more. False
   * when the cells do not come apart.
   */
  boolean decode(
      CellCode code, long[] mine, Holding holding, List<Digest> pushes, SortedSet<Long> wants) {
    List<Long> symbols = CellPeeler.peel(code, CellPeeler.difference(heard, mine));
    if (symbols == null) return false;
    for (long symbol : symbols) {
      long name = symbol >>> (Long.SIZE - CellCode.NAME_BITS);
      List<Digest> known = holding.named(code, name, CellCode.NAME_BITS, CellCode.KEYED_BITS);
      if (known.isEmpty()) {
        wants.add(name);
      } else {
        pushes.addAll(known);
      }
    }
    return true;
  }

  /** The messages that carry {@code cells}, the first of which is cell {@code from}. */
  static List<Message> tell(Limits limits, Prefix scope, boolean fresh, int from, long[] cells) {
    int partMax = (limits.frameBytesMax() - Reconciliation.MESSAGE_OVERHEAD) / CELL_SIZE;
    List<Message> messages = new ArrayList<>();
    int at = 0;
    do {
      int size = Math.min(partMax, cells.length - at);
      Octets part = pack(cells, at, size);
      messages.add(new Cells(scope, fresh, from + at, from + cells.length, part));
      at += size;
    } while (at < cells.length);
    return messages;
  }

  /** The bytes of {@code size} cells. */
  static Octets pack(long[] cells, int at, int size) {
    ByteSink sink = new ByteSink(Math.max(1, size * CELL_SIZE));
    for (int i = at; i < at + size; i++) sink.u64(cells[i]);
    return Octets.wrap(sink.toBytes());
  }

  private static long[] unpack(Octets octets) {
    byte[] bytes = new byte[octets.size()];
    octets.copyTo(bytes, 0);
    ByteSource source = new ByteSource(bytes);
    long[] cells = new long[bytes.length / CELL_SIZE];
    for (int i = 0; i < cells.length; i++) cells[i] = source.u64();
    return cells;
  }
}
