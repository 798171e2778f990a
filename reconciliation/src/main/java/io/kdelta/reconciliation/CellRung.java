package io.kdelta.reconciliation;

import io.kdelta.reconciliation.Message.Cells;
import io.kdelta.reconciliation.Message.More;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedSet;
import org.jspecify.annotations.Nullable;

/**
 * The rung of maintained cells: one side tells a first part of its cells, the other takes its own
 * out of them and peels.
 *
 * <p>Owned by one session, on its thread; one for each STATE. The initiator peels the cells of
 * STATE and, where these are too few, asks for more; or it tells its own, and the responder peels.
 */
final class CellRung {
  private final Limits limits;
  private final List<Message> words = new ArrayList<>();
  private @Nullable CellStream stream;
  private boolean settled = true;
  private boolean failed;

  /** How many cells this side has told; -1 = it does not tell any. */
  private int told = -1;

  private int asked;

  private CellRung(Limits limits) {
    this.limits = limits;
  }

  /** The responder's half: STATE has told so many. */
  static CellRung ofResponder(Limits limits, int told) {
    CellRung rung = new CellRung(limits);
    rung.told = told;
    return rung;
  }

  /** The initiator's half: STATE has told these. */
  static CellRung ofInitiator(Limits limits, Octets cells) {
    CellRung rung = new CellRung(limits);
    rung.stream = CellStream.after(limits, cells);
    return rung;
  }

  /** Whether the cells of STATE are enough: then they have been taken in. */
  boolean peel(Holding holding, List<Digest> pushes, SortedSet<Long> wants) {
    CellStream first = peeled();
    return first.size() > 0 && decode(first, holding, pushes, wants);
  }

  /** The initiator asks for cells up to {@code end}. */
  void ask(int end) {
    words.add(peeled().ask(Math.max(end, peeled().size() + 1)));
    settled = false;
  }

  /** The initiator tells its own cells, up to {@code end}, for the responder to peel. */
  void tell(Holding holding, int end) {
    stream = null;
    told = end;
    words.addAll(CellStream.tell(limits, Prefix.ALL, false, 0, holding.cells(0, end)));
  }

  /** Takes in cells; false when this side does not wait for them. */
  boolean hear(Cells part, boolean isFirstTurn) {
    if (stream == null) {
      // The first turn after STATE may announce the cells of the initiator.
      if (!isFirstTurn || part.end() == 0 || part.end() > EpochCells.COUNT) return false;
      stream = CellStream.announced(limits, Prefix.ALL, false);
      settled = false;
    }
    return !settled && stream.hear(part);
  }

  /** Takes in a wish for more cells; false when this side does not tell any, or not from there. */
  boolean hear(More more, Holding holding) {
    int end = more.from() + more.count();
    boolean tells = told >= 0 && stream == null && !hasWords() && more.from() == told;
    if (!tells || end > EpochCells.COUNT || asked++ > CellStream.TOP_UPS_MAX) return false;
    words.addAll(CellStream.tell(limits, Prefix.ALL, false, told, holding.cells(more.from(), end)));
    told = end;
    return true;
  }

  /** The peer's turn is over: takes in what it told. False when it broke off in the middle. */
  boolean settle(Holding holding, List<Digest> pushes, SortedSet<Long> wants) {
    if (settled || stream == null) return true;
    if (!stream.isComplete()) return false;
    settled = true;
    if (decode(stream, holding, pushes, wants)) return true;
    More more = stream.topUp();
    if (more == null) {
      failed = true;
    } else {
      words.add(more);
      settled = false;
    }
    return true;
  }

  /** Whether the peer has not told what was asked for. */
  boolean isOwed() {
    return !settled;
  }

  /** Whether there is something to say. */
  boolean hasWords() {
    return !words.isEmpty();
  }

  /** What has to be said, once. */
  List<Message> takeWords() {
    List<Message> taken = List.copyOf(words);
    words.clear();
    return taken;
  }

  /** Whether this side could not make anything of the cells. */
  boolean hasFailed() {
    return failed;
  }

  private boolean decode(
      CellStream cells, Holding holding, List<Digest> pushes, SortedSet<Long> wants) {
    return cells.decode(holding.code(), holding.cells(0, cells.size()), holding, pushes, wants);
  }

  private CellStream peeled() {
    if (stream == null) throw new IllegalStateException("this side does not peel");
    return stream;
  }
}
