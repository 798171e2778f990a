package io.kdelta.reconciliation;

import io.kdelta.reconciliation.DotSummary.Name;
import io.kdelta.reconciliation.Message.Cells;
import io.kdelta.reconciliation.Message.Dots;
import io.kdelta.reconciliation.Message.Filter;
import io.kdelta.reconciliation.Message.Leaf;
import io.kdelta.reconciliation.Message.More;
import io.kdelta.reconciliation.Message.State;
import io.kdelta.reconciliation.Message.Tree;
import io.kdelta.reconciliation.Message.Want;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The rungs of one session: which is climbed when, what it says, and what it may hear.
 *
 * <p>Owned by one session, on its thread. The initiator alone climbs, when the roots differ and
 * neither side has anything left to say:
 *
 * <ul>
 *   <li>dots, where both shared their positions before (the responder begins), or where the
 *       positions explain the estimated difference;
 *   <li>cells of the epoch, if those of STATE come apart or the estimate says how many will;
 *   <li>scopes under the key of the session, where filters pay, where the difference is too large
 *       for the maintained cells, and where those did not come apart;
 *   <li>the drill-down, with hashes cut to eight bytes, then with whole ones; then there is none.
 * </ul>
 *
 * <p>What is legal: CELLS and MORE of a range that was asked for, or announced in the first turn
 * after STATE; FILTER as {@link FreshTeller} and {@link FreshAsker} say; DOTS of the initiator in
 * its first turn; TREE and LEAF as {@link DrillDown} says, from the whole space on only in the turn
 * after the responder's DONE; WANT with names of a rung that was used.
 */
final class Ladder {
  private static final int DRILLS_MAX = 2;
  private static final int NAME_BITS_MORE = 10;

  /** Ids with the same first bits that are no crowd. */
  private static final int FEW = 4;

  /** Cells that did not come apart after two top-ups: the estimate was this much too low. */
  private static final double TOO_LOW = 1.7;

  private final Limits limits;
  private final boolean initiator;
  private final Name nonce;
  private final Holding holding;
  private final DotRung dots;
  private final Set<Rung> rungs = EnumSet.of(Rung.ROOT);
  private final TreeSet<Long> epochWants = new TreeSet<>();
  private final TreeSet<Long> freshWants = new TreeSet<>();
  private @Nullable CellRung cells;
  private @Nullable FreshAsker asker;
  private @Nullable FreshTeller teller;
  private @Nullable DrillDown drill;
  private @Nullable Plan plan;
  private Name peer;
  private long peerCount;
  private int drills;
  private boolean isAtDots;
  private boolean isFirstTurn;
  private boolean isHearing;
  private boolean isQuiet;
  private boolean hasTold;
  private boolean isCut;

  Ladder(Limits limits, boolean initiator, Name nonce, Holding holding, DotRung dots) {
    this.limits = limits;
    this.initiator = initiator;
    this.nonce = nonce;
    this.peer = nonce;
    this.holding = holding;
    this.dots = dots;
  }

  /** The rungs used so far. */
  List<Rung> rungs() {
    return List.copyOf(rungs);
  }

  /** What the initiator estimated. */
  double estimate() {
    return plan == null ? 0 : plan.differences();
  }

  /** The responder has told these cells in STATE. */
  void told(Octets told) {
    cells = CellRung.ofResponder(limits, told.size() / Long.BYTES);
    isFirstTurn = true;
    isAtDots = false;
  }

  /** Positions are used: what the peer lacks by them. */
  List<Digest> shareDots() {
    rungs.add(Rung.DOTS);
    isAtDots = true;
    DotShare share = dots.lackedByPeer(holding.set());
    isCut |= share.isCut();
    return share.ids();
  }

  /** Whether there is more to push than a turn may. */
  boolean isCut() {
    return isCut;
  }

  /** Whether the last rung was that of dots. */
  boolean isAtDots() {
    return isAtDots;
  }

  /**
   * The initiator's first step after STATE: what it says, and into {@code pushes} what it pushes.
   */
  List<Message> climb(State state, List<Digest> pushes) {
    isAtDots = false;
    peer = state.nonce();
    peerCount = state.count();
    MerkleTree set = holding.set();
    if (peerCount == 0) {
      rungs.add(Rung.CELLS);
      pushAll(pushes);
      return List.of();
    }
    CellRung rung = CellRung.ofInitiator(limits, state.cells());
    cells = rung;
    double differences = DifferenceEstimator.estimate(set, peerCount, state.samples());
    Plan chosen = Plan.of((double) set.count(), (double) peerCount, differences);
    plan = chosen;
    boolean sameKey = holding.choose(state.epoch());
    if (sameKey && rung.peel(holding, pushes, epochWants)) {
      rungs.add(Rung.CELLS);
      return List.of();
    }
    if (!rungs.contains(Rung.DOTS) && dots.explains(differences)) {
      pushes.addAll(shareDots());
      return List.of(new Dots(DotReport.NONE));
    }
    int cellsMax = Math.min(EpochCells.COUNT, limits.cellsMax());
    if (!sameKey || chosen.filtersPay() || chosen.cells() > cellsMax) return fresh(chosen);
    rungs.add(Rung.CELLS);
    int end = (int) Math.ceil(chosen.cells());
    if (chosen.initiatorPeels()) {
      rung.ask(end);
    } else {
      hasTold = true;
      rung.tell(holding, end);
    }
    return rung.takeWords();
  }

  /** The peer holds nothing: all goes there, the oldest first if it is too much for a turn. */
  private void pushAll(List<Digest> pushes) {
    MerkleTree set = holding.set();
    if (set.count() > limits.pushesMax()) {
      isCut = true;
      pushes.addAll(dots.lackedByPeer(set).ids());
    }
    if (!pushes.isEmpty()) return;
    Iterator<Digest> ids = set.iterator(Prefix.ALL);
    while (ids.hasNext() && pushes.size() < limits.pushesMax()) pushes.add(ids.next());
  }

  /** The initiator's next step when nothing is left to say; null when there is none. */
  @Nullable List<Message> climbOn() {
    if (hasTold && asker == null && plan != null) return fresh(tooLow(plan));
    if (drills == DRILLS_MAX) return null;
    drill = DrillDown.begin(nextHashSize());
    return List.of();
  }

  /** Whether words were heard that are no messages of their own kept by the session. */
  boolean isHearing() {
    return isHearing;
  }

  /** Whether a drill-down has begun. */
  boolean isDrilling() {
    return drill != null;
  }

  /** Whether there is something to say that the peer did not ask for. */
  boolean hasWords() {
    return !epochWants.isEmpty() || !freshWants.isEmpty() || (drill != null && drill.hasWords());
  }

  /** Whether an id is about to be asked for by the name of its symbol. */
  boolean isWanted(Digest id) {
    return isNamed(id, holding.code(), epochWants)
        || (asker != null && isNamed(id, asker.code(), freshWants));
  }

  private static boolean isNamed(Digest id, CellCode code, SortedSet<Long> names) {
    return !names.isEmpty()
        && names.contains(code.name(id, CellCode.NAME_BITS, CellCode.KEYED_BITS));
  }

  /** Whether the peer owes cells that were asked for. */
  boolean isOwed() {
    return (asker != null && asker.isOwed()) || (cells != null && cells.isOwed());
  }

  /** Whether the peer may say DOTS now. */
  boolean isDue(Dots message) {
    if (rungs.contains(Rung.DOTS)) return false;
    return initiator ? plan == null : isFirstTurn && message.dots().isEmpty();
  }

  /** Whether the peer may ask for names of that kind. */
  boolean isDue(Want want) {
    return switch (want.kind()) {
      case IDS -> want.cut().isEmpty() || drill != null;
      case EPOCH -> cells != null;
      case FRESH -> asker != null || teller != null;
    };
  }

  /** Whether a message about that place may come, as the first of its turn or not. */
  boolean isDrillDue(Prefix first, boolean isFirst) {
    if (first.depth() > 0) return drill != null;
    return isFirst && !initiator && isQuiet && drills < DRILLS_MAX;
  }

  /** Takes in a filter, cells, or a wish for some; false when it is not legal now. */
  boolean hear(Message message) {
    boolean legal =
        switch (message) {
          case Filter part -> hearFilter(part);
          case Cells part when part.fresh() -> asker != null && asker.hear(part);
          case Cells part -> cells != null && cells.hear(part, isFirstTurn);
          case More more when more.fresh() -> teller != null && teller.hear(more);
          case More more -> cells != null && cells.hear(more, holding);
          default -> false;
        };
    if (!legal) return false;
    isHearing = true;
    if (message instanceof Cells part && !part.fresh()) rungs.add(Rung.CELLS);
    if (message instanceof More more && !more.fresh()) rungs.add(Rung.CELLS);
    return true;
  }

  /** Takes in inner places; false when they are not legal. */
  boolean drill(Tree tree) {
    return walk(tree.nodes().getFirst().place()).hear(tree, holding.set());
  }

  /** Takes in small places; false when they are not legal. */
  boolean drill(Leaf leaf) {
    return walk(leaf.buckets().getFirst().place()).hear(leaf, holding.set());
  }

  /** What of this side the peer asks for; names of nothing are passed over. */
  boolean collect(Want want, List<Digest> pushes) {
    pushes.addAll(want.whole());
    CellCode code =
        switch (want.kind()) {
          case IDS -> null;
          case EPOCH -> holding.code();
          case FRESH -> asker != null ? asker.code() : teller != null ? teller.code() : null;
        };
    if (want.kind() == Want.Kind.EPOCH) rungs.add(Rung.CELLS);
    for (long cut : want.cut()) {
      pushes.addAll(
          code == null
              ? holding.beginningWith(cut, want.width())
              : holding.named(code, cut, want.width(), want.keyed()));
    }
    return true;
  }

  /** The peer's turn is over; false when it broke off in the middle. */
  boolean settle(List<Digest> pushes, List<Message> words) {
    CellRung rung = cells;
    if (rung != null) {
      if (!rung.settle(holding, pushes, epochWants)) return false;
      words.addAll(rung.takeWords());
      if (rung.hasFailed() && initiator && asker == null && plan != null) {
        words.addAll(fresh(tooLow(plan)));
        return true;
      }
    }
    if (asker != null) {
      if (!asker.settle(holding, pushes, freshWants)) return false;
      words.addAll(asker.takeWords(holding));
    }
    if (teller != null && !teller.settle(holding, pushes, words)) return false;
    if (drill != null) pushes.addAll(drill.takePushes());
    return true;
  }

  /** The initiator pushed right after STATE: its cells were enough. */
  void notePushes() {
    if (isFirstTurn) rungs.add(Rung.CELLS);
  }

  /** Places to tell, and names to ask for; {@code parents} by their whole ids. */
  List<Message> takeWords(List<Digest> parents) {
    List<Message> words = new ArrayList<>();
    if (drill != null) words.addAll(drill.tell(holding.set(), limits));
    Want ids = wantIds(parents);
    if (ids != null) words.add(ids);
    if (!epochWants.isEmpty()) words.add(wantNames(Want.Kind.EPOCH, epochWants));
    if (!freshWants.isEmpty()) words.add(wantNames(Want.Kind.FRESH, freshWants));
    return words;
  }

  /** This side has spoken; {@code quiet}: it had nothing to say but DONE. */
  void spoken(boolean quiet) {
    isQuiet = quiet;
    isFirstTurn = false;
    isHearing = false;
  }

  private List<Message> fresh(Plan chosen) {
    rungs.add(Rung.BLOOM);
    FreshAsker created = new FreshAsker(limits, nonce, peer, chosen);
    asker = created;
    return created.takeWords(holding);
  }

  private static Plan tooLow(Plan plan) {
    return Plan.of(plan.mine(), plan.theirs(), plan.differences() * TOO_LOW);
  }

  private boolean hearFilter(Filter part) {
    if (initiator) return asker != null && asker.hear(part);
    FreshTeller told = teller;
    if (told == null) {
      told = new FreshTeller(limits, nonce, part.nonce());
      teller = told;
      rungs.add(Rung.BLOOM);
    }
    return told.hear(part);
  }

  /** The drill-down that words beginning at this place belong to. */
  private DrillDown walk(Prefix first) {
    DrillDown walk = drill;
    if (first.depth() == 0 || walk == null) {
      walk = DrillDown.follow(nextHashSize());
      drill = walk;
    }
    return walk;
  }

  private int nextHashSize() {
    rungs.add(Rung.MERKLE);
    return drills++ == 0 ? Tree.SHORT : Tree.WHOLE;
  }

  /** Ids heard in small places, and missing parents. */
  private @Nullable Want wantIds(List<Digest> parents) {
    List<Digest> whole = new ArrayList<>(parents);
    int width = Math.min(RiceCode.WIDTH_MAX, Integer.SIZE + bits(holding.set().count()));
    TreeSet<Long> cut = new TreeSet<>();
    if (drill != null) {
      int half = (limits.frameBytesMax() - Reconciliation.MESSAGE_OVERHEAD) / 2;
      int max = Math.min(limits.wantEntriesMax(), half / Digest.SIZE) - whole.size();
      for (Digest digest : drill.takeWanted(holding.set(), max)) {
        long beginning = RiceCode.cut(digest, width);
        // An id ground to begin like one that both hold is asked for by its whole name.
        if (holding.beginningWith(beginning, width).isEmpty()) {
          cut.add(beginning);
        } else {
          whole.add(digest);
        }
      }
    }
    if (cut.isEmpty() && whole.isEmpty()) return null;
    return new Want(Want.Kind.IDS, width, 0, List.copyOf(cut), List.copyOf(new TreeSet<>(whole)));
  }

  /**
   * As many names of symbols as a message holds, cut so short that one in 2^10 hits another; where
   * ids crowd, as ground ones do, with as many more keyed bits.
   */
  private Want wantNames(Want.Kind kind, SortedSet<Long> names) {
    long ids = Math.max(holding.set().count(), peerCount) + names.size();
    int plain = Math.min(CellCode.ID_BITS, bits(ids));
    double crowd = 0;
    for (long name : names) crowd += holding.crowd(name, plain);
    int more = bits((long) (crowd / names.size() / FEW));
    int keyed = Math.min(CellCode.KEYED_BITS, NAME_BITS_MORE + more);
    int width = plain + keyed;
    int room = limits.frameBytesMax() / 2 / (width / Byte.SIZE + 1);
    int max = Math.min(limits.wantEntriesMax(), room);
    TreeSet<Long> cut = new TreeSet<>();
    while (!names.isEmpty() && cut.size() < max) {
      cut.add(CellCode.cut(names.removeFirst(), width, keyed));
    }
    return new Want(kind, width, keyed, List.copyOf(cut), List.of());
  }

  private static int bits(long count) {
    return Long.SIZE - Long.numberOfLeadingZeros(count);
  }
}
