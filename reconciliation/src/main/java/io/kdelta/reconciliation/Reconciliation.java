package io.kdelta.reconciliation;

import io.kdelta.reconciliation.DotSummary.Name;
import io.kdelta.reconciliation.Message.Cells;
import io.kdelta.reconciliation.Message.Done;
import io.kdelta.reconciliation.Message.Dots;
import io.kdelta.reconciliation.Message.Fail;
import io.kdelta.reconciliation.Message.Fail.Code;
import io.kdelta.reconciliation.Message.Filter;
import io.kdelta.reconciliation.Message.Leaf;
import io.kdelta.reconciliation.Message.More;
import io.kdelta.reconciliation.Message.Over;
import io.kdelta.reconciliation.Message.Root;
import io.kdelta.reconciliation.Message.Same;
import io.kdelta.reconciliation.Message.State;
import io.kdelta.reconciliation.Message.Tree;
import io.kdelta.reconciliation.Message.Want;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.TreeSet;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One session between two sides, from either of them: a state machine without clock, thread, chance
 * or socket. {@link #step} takes what happened and answers what to do.
 *
 * <p>Owned by its driver, on the driver's thread. The driver carries messages and pushed versions
 * in order on one stream, tells the outcome of every version that arrives, and ends a session that
 * falls silent. A session that ended ignores everything.
 *
 * <p>Course: ROOT, then SAME or STATE, or DOTS as the responder's turn, then the sides speak in
 * turns, the initiator first. A turn is what its rung has to say, closed by OVER; or, if it asks
 * nothing, DONE alone. A side answers only after it has every version that the turn before
 * announced. Which message is legal in which state:
 *
 * <pre>
 * state          legal                                              next
 * NEW            (initiator) Start                                  AWAITING_STATE
 * AWAITING_ROOT  ROOT                                               LISTENING, FINISHED
 * AWAITING_STATE SAME, STATE, or DOTS as in LISTENING               LISTENING, FINISHED
 * LISTENING      words of the rung, then OVER; or DONE              SETTLING
 *                SAME in answer to DONE                             FINISHED
 *                (responder) ROOT, once                             LISTENING, FINISHED
 * SETTLING       the versions announced, nothing else               LISTENING, FINISHED
 * any            FAIL                                               FINISHED
 * </pre>
 *
 * The words of the rungs, and when they are legal, are {@link Ladder}'s. Anything else ends the
 * session with FAIL. Why a session ends: see the package.
 */
public final class Reconciliation {
  /** More bytes than any message has beside its lists. */
  static final int MESSAGE_OVERHEAD = 128;

  /** The first answer fits a datagram. */
  private static final int STATE_SIZE_MAX = 1_200;

  private static final int CELLS_FIRST_MIN = 16;
  private static final int CELLS_FIRST_MAX = 96;

  private enum Stage {
    NEW,
    AWAITING_ROOT,
    AWAITING_STATE,
    LISTENING,
    SETTLING,
    FINISHED
  }

  private final Limits limits;
  private final boolean initiator;
  private final Name nonce;
  private final Supplier<Snapshot> holdings;
  private final Holding holding = new Holding();
  private final Ladder ladder;
  private final DotRung dots;
  private Stage stage;
  private int rounds;
  private int turns;

  /** Whether ROOT was said again, after the dots. */
  private boolean again;

  /** What this side pushed; nothing is pushed twice. */
  private final TreeSet<Digest> sent = new TreeSet<>();

  /** Refused ids that the peer was not told yet. */
  private final Deque<Digest> refusals = new ArrayDeque<>();

  /** Missing parents of parked versions: still to be asked for, and asked for already. */
  private final TreeSet<Digest> parents = new TreeSet<>();

  private final TreeSet<Digest> parentsAsked = new TreeSet<>();

  /** Whether some ids to push had no room in a turn. */
  private boolean isCut;

  private long expected;
  private final List<Message> turn = new ArrayList<>();
  private @Nullable Digest saidRoot;

  private Reconciliation(
      Limits limits, boolean initiator, Name nonce, Supplier<Snapshot> holdings) {
    this.limits = limits;
    this.initiator = initiator;
    this.nonce = nonce;
    this.holdings = holdings;
    this.dots = new DotRung(limits, initiator);
    this.ladder = new Ladder(limits, initiator, nonce, holding, dots);
    this.stage = initiator ? Stage.NEW : Stage.AWAITING_ROOT;
  }

  /**
   * The side that begins, with {@link Input.Start}. It takes a snapshot then, and a new one when it
   * learns that the roots differ.
   */
  public static Reconciliation initiator(Limits limits, Name nonce, Supplier<Snapshot> holdings) {
    return new Reconciliation(limits, true, nonce, holdings);
  }

  /** The side that answers. It takes its snapshot when it hears ROOT. */
  public static Reconciliation responder(Limits limits, Name nonce, Supplier<Snapshot> holdings) {
    return new Reconciliation(limits, false, nonce, holdings);
  }

  /** Takes in one input; the effects are to be done in order. */
  public List<Effect> step(Input input) {
    if (stage == Stage.FINISHED) return List.of();
    return switch (input) {
      case Input.Start() -> start();
      case Input.Heard(Fail(Code code)) -> abort(code, true);
      case Input.Heard(Message message) -> hear(message);
      case Input.Garbled(String _) -> fail(Code.MALFORMED);
      case Input.Received(Digest id) -> arrived(id, null, false);
      case Input.Parked(Digest id, Digest missing) -> arrived(id, missing, false);
      case Input.Refused(Digest id) -> arrived(id, null, true);
      case Input.Stop(Code code) -> fail(code);
    };
  }

  /** Whether the session has ended. */
  public boolean isFinished() {
    return stage == Stage.FINISHED;
  }

  /** The rungs used so far, from the root check on. */
  public List<Rung> rungs() {
    return ladder.rungs();
  }

  /** How often this side has heard the peer out, the answer to the root check included. */
  public int rounds() {
    return rounds;
  }

  /** How many ids the sides differ in, as the initiator estimated it; 0 where it did not. */
  public double estimate() {
    return ladder.estimate();
  }

  /** Writers that the two sides know by different histories. */
  public List<Name> forked() {
    return dots.forked();
  }

  private List<Effect> start() {
    if (stage != Stage.NEW) throw new IllegalStateException("started before");
    Snapshot snapshot = holdings.get();
    holding.take(snapshot);
    dots.take(snapshot);
    stage = Stage.AWAITING_STATE;
    return List.of(new Effect.Send(new Root(holding.root(), dots.report())));
  }

  private List<Effect> hear(Message message) {
    return switch (stage) {
      case AWAITING_ROOT -> message instanceof Root root ? answerRoot(root) : fail(Code.ILLEGAL);
      case AWAITING_STATE ->
          switch (message) {
            case Same(DotReport report) -> {
              rounds++;
              if (!again) dots.hear(report);
              yield finish(0);
            }
            case State state -> answerState(state);
            case Dots(DotReport report) when !again -> {
              dots.hear(report);
              takeAnew();
              stage = Stage.LISTENING;
              yield listen(message);
            }
            default -> fail(Code.ILLEGAL);
          };
      case LISTENING ->
          switch (message) {
            case Root root when !initiator && !again && turn.isEmpty() -> {
              again = true;
              yield answerRoot(root);
            }
            case Same(DotReport report)
                when saidRoot != null && turn.isEmpty() && report.isEmpty() ->
                finish(holding.left());
            default -> listen(message);
          };
      case NEW, SETTLING, FINISHED -> fail(Code.ILLEGAL);
    };
  }

  private List<Effect> answerRoot(Root root) {
    rounds++;
    if (again) {
      dots.forget();
    } else {
      Snapshot snapshot = holdings.get();
      holding.take(snapshot);
      dots.take(snapshot);
      dots.hear(root.dots());
      refusals.addAll(snapshot.refused());
    }
    if (root.root().equals(holding.root())) {
      List<Effect> effects = new ArrayList<>();
      effects.add(new Effect.Send(new Same(again ? DotReport.NONE : dots.report())));
      effects.addAll(finish(holding.left()));
      return effects;
    }
    if (hasMore()) return fail(Code.LIMIT);
    if (!again && dots.isShared()) {
      return speak(ladder.shareDots(), List.of(new Dots(dots.report())));
    }
    State state = state();
    ladder.told(state.cells());
    stage = Stage.LISTENING;
    return List.of(new Effect.Send(state));
  }

  private State state() {
    MerkleTree set = holding.set();
    DotReport report = again ? DotReport.NONE : dots.report();
    ByteSink told = new ByteSink(256);
    DotCodec.write(told, report);
    int room = STATE_SIZE_MAX - MESSAGE_OVERHEAD / 2 - told.size();
    room -= DifferenceEstimator.samples(set.count());
    int cells = Math.clamp(room / Long.BYTES, CELLS_FIRST_MIN, CELLS_FIRST_MAX);
    cells = Math.min(cells, limits.cellsMax());
    if (set.isEmpty()) cells = 0;
    return new State(
        set.count(),
        set.root(),
        0,
        holding.epoch(),
        nonce,
        CellStream.pack(holding.cells(0, cells), 0, cells),
        takeRefusals(),
        DifferenceEstimator.sample(set, set.count()),
        report);
  }

  private List<Effect> answerState(State state) {
    rounds++;
    if (state.floor() != 0) return fail(Code.FLOOR);
    if (!again) {
      takeAnew();
      dots.hear(state.dots());
    }
    holding.leaveOut(state.refused());
    stage = Stage.LISTENING;
    if (holding.root().equals(state.root())) return speak(List.of(), List.of());
    List<Digest> pushes = new ArrayList<>();
    List<Message> words = ladder.climb(state, pushes);
    return speak(pushes, words);
  }

  /** The roots differ: what came since ROOT was said is compared too. */
  private void takeAnew() {
    Snapshot snapshot = holdings.get();
    holding.take(snapshot);
    refusals.addAll(snapshot.refused());
  }

  /** Collects the peer's turn; it is taken in when it is over and its versions are here. */
  private List<Effect> listen(Message message) {
    if (message instanceof Over over) {
      if (turn.isEmpty() && !ladder.isHearing()) return fail(Code.ILLEGAL);
      expected = over.pushing();
    } else if (message instanceof Done done) {
      if (!turn.isEmpty() || ladder.isHearing()) return fail(Code.ILLEGAL);
      expected = done.pushing();
    } else {
      return isHeard(message) ? List.of() : fail(Code.ILLEGAL);
    }
    turn.add(message);
    rounds++;
    stage = Stage.SETTLING;
    return expected == 0 ? answerTurn() : List.of();
  }

  /** Whether {@code message} may follow what this turn has said so far; it is taken in then. */
  private boolean isHeard(Message message) {
    Message last = turn.isEmpty() ? null : turn.getLast();
    boolean isKept =
        switch (message) {
          case Dots dotsSaid -> last == null && ladder.isDue(dotsSaid);
          case Tree tree ->
              last == null && ladder.isDrillDue(tree.nodes().getFirst().place(), true);
          case Leaf leaf ->
              (last == null || last instanceof Tree)
                  && ladder.isDrillDue(leaf.buckets().getFirst().place(), last == null);
          case Want want -> isDue(want);
          case Filter _, Cells _, More _, Root _, Same _, State _, Over _, Done _, Fail _ -> false;
        };
    if (isKept) return turn.add(message);
    return last == null && ladder.hear(message);
  }

  /** One for each kind of names, and of names that were told. */
  private boolean isDue(Want want) {
    for (Message said : turn) {
      if (said instanceof Want other && other.kind() == want.kind()) return false;
    }
    if (want.kind() != Want.Kind.IDS && !want.whole().isEmpty()) return false;
    return ladder.isDue(want) && (want.whole().isEmpty() || ladder.isDrilling() || !sent.isEmpty());
  }

  /** One of the versions that the peer announced is here. */
  private List<Effect> arrived(Digest id, @Nullable Digest missing, boolean refused) {
    if (stage != Stage.SETTLING || expected == 0) return fail(Code.ILLEGAL);
    expected--;
    if (refused) {
      refusals.add(id);
    } else {
      holding.insert(id);
      if (missing != null) parents.add(missing);
    }
    return expected == 0 ? answerTurn() : List.of();
  }

  /** The turn of the peer is over and everything it pushed is here: this side's turn. */
  private List<Effect> answerTurn() {
    List<Message> said = List.copyOf(turn);
    turn.clear();
    if (said.getLast() instanceof Done done) {
      holding.leaveOut(done.refused());
      return answerDone(done);
    }
    if (said.getLast() instanceof Over over) holding.leaveOut(over.refused());
    // Missing parents are told still; where the peer climbs, the next session begins nearer.
    if (hasMore() && said.stream().noneMatch(Want.class::isInstance)) return fail(Code.LIMIT);
    List<Digest> pushes = new ArrayList<>();
    List<Message> words = new ArrayList<>();
    for (Message message : said) {
      boolean legal =
          switch (message) {
            case Dots _ -> {
              pushes.addAll(ladder.shareDots());
              yield true;
            }
            case Tree tree -> ladder.drill(tree);
            case Leaf leaf -> ladder.drill(leaf);
            case Want want -> ladder.collect(want, pushes);
            default -> true;
          };
      if (!legal) return fail(Code.ILLEGAL);
    }
    if (!ladder.settle(pushes, words)) return fail(Code.ILLEGAL);
    return speak(pushes, words);
  }

  private List<Effect> answerDone(Done done) {
    if (done.pushing() > 0) ladder.notePushes();
    if (done.root().equals(holding.root())) {
      List<Effect> effects = new ArrayList<>();
      // A peer that says what this side said last has compared the two and is finished.
      if (!done.root().equals(saidRoot)) {
        long left = holding.left();
        effects.add(
            new Effect.Send(
                left == 0
                    ? new Same(DotReport.NONE)
                    : new Done(holding.root(), 0, List.of(), left)));
      }
      effects.addAll(finish(holding.left() + done.left()));
      return effects;
    }
    if (ladder.isOwed()) return fail(Code.ILLEGAL);
    boolean quiet = refusals.isEmpty() && parents.isEmpty() && !ladder.hasWords();
    // The initiator alone climbs; the responder's DONE tells it to.
    if (quiet && hasMore()) return fail(Code.LIMIT);
    if (!quiet || !initiator) return speak(List.of(), List.of());
    if (ladder.isAtDots() && !again) {
      again = true;
      dots.forget();
      stage = Stage.AWAITING_STATE;
      return List.of(new Effect.Send(new Root(holding.root(), DotReport.NONE)));
    }
    List<Message> words = ladder.climbOn();
    return words == null ? fail(Code.UNEQUAL) : speak(List.of(), words);
  }

  /**
   * Whether this side has more to push than it has pushed: the next session is for that. Nothing is
   * climbed for what is known to be missing.
   */
  private boolean hasMore() {
    return isCut || ladder.isCut();
  }

  /** Says one turn: pushes and what has to be asked, or DONE when nothing has to be. */
  private List<Effect> speak(List<Digest> pushes, List<Message> asks) {
    if (++turns > limits.turnsMax()) return fail(Code.LIMIT);
    TreeSet<Digest> chosen = new TreeSet<>();
    for (Digest digest : pushes) {
      if (!holding.set().contains(digest) || sent.contains(digest)) continue;
      if (chosen.size() < limits.pushesMax()) chosen.add(digest);
      else isCut |= !chosen.contains(digest);
    }
    sent.addAll(chosen);
    List<Digest> fresh = List.copyOf(chosen);
    List<Message> words = new ArrayList<>(asks);
    words.addAll(ladder.takeWords(takeParents()));
    List<Effect> effects = new ArrayList<>();
    words.forEach(word -> effects.add(new Effect.Send(word)));
    if (words.isEmpty()) {
      saidRoot = holding.root();
      long left = holding.left();
      effects.add(new Effect.Send(new Done(saidRoot, fresh.size(), takeRefusals(), left)));
    } else {
      saidRoot = null;
      effects.add(new Effect.Send(new Over(fresh.size(), takeRefusals())));
    }
    if (!fresh.isEmpty()) effects.add(new Effect.Push(fresh));
    ladder.spoken(saidRoot != null);
    stage = Stage.LISTENING;
    return effects;
  }

  /** Missing parents to ask for by name, each once. */
  private List<Digest> takeParents() {
    int half = (limits.frameBytesMax() - MESSAGE_OVERHEAD) / 2;
    int max = Math.min(limits.wantEntriesMax(), half / Digest.SIZE);
    List<Digest> whole = new ArrayList<>();
    while (!parents.isEmpty() && whole.size() < max) {
      Digest parent = parents.removeFirst();
      // What a filter hid is most often among what the cells have told just now.
      if (holding.set().contains(parent) || ladder.isWanted(parent)) continue;
      if (parentsAsked.add(parent)) whole.add(parent);
    }
    return whole;
  }

  private List<Digest> takeRefusals() {
    int max = Math.min(limits.refusedMax(), limits.frameBytesMax() / 4 / Digest.SIZE);
    List<Digest> taken = new ArrayList<>();
    while (!refusals.isEmpty() && taken.size() < max) taken.add(refusals.removeFirst());
    return taken;
  }

  private List<Effect> finish(long refused) {
    stage = Stage.FINISHED;
    return List.of(new Effect.Done(holding.root(), refused, dots.told(), dots.nextBase()));
  }

  private List<Effect> fail(Code code) {
    stage = Stage.FINISHED;
    return List.of(new Effect.Send(new Fail(code)), new Effect.Abort(code, false));
  }

  private List<Effect> abort(Code code, boolean byPeer) {
    stage = Stage.FINISHED;
    return List.of(new Effect.Abort(code, byPeer));
  }
}
