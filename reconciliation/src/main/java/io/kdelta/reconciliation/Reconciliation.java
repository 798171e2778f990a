package io.kdelta.reconciliation;

import io.kdelta.reconciliation.DotSummary.Name;
import io.kdelta.reconciliation.DotSummary.Writer;
import io.kdelta.reconciliation.Message.Done;
import io.kdelta.reconciliation.Message.Fail;
import io.kdelta.reconciliation.Message.Fail.Code;
import io.kdelta.reconciliation.Message.Filter;
import io.kdelta.reconciliation.Message.Leaf;
import io.kdelta.reconciliation.Message.Over;
import io.kdelta.reconciliation.Message.Root;
import io.kdelta.reconciliation.Message.Same;
import io.kdelta.reconciliation.Message.State;
import io.kdelta.reconciliation.Message.Tree;
import io.kdelta.reconciliation.Message.Want;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.EnumSet;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
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
 * <p>Course: ROOT, then SAME or STATE, then the sides speak in turns, the initiator first. A turn
 * is FILTER parts, or at most one each of TREE, LEAF and WANT in this order, closed by OVER; or, if
 * it asks nothing, DONE alone. A side answers only after it has every version that the turn before
 * announced. Which message is legal in which state:
 *
 * <pre>
 * state          legal                                              next
 * NEW            (initiator) Start                                  AWAITING_STATE
 * AWAITING_ROOT  ROOT                                               LISTENING, FINISHED
 * AWAITING_STATE SAME, STATE                                        LISTENING, FINISHED
 * LISTENING      FILTER* | TREE? LEAF? WANT?, then OVER or DONE     SETTLING
 * SETTLING       the versions announced, nothing else               LISTENING, FINISHED
 * any            FAIL                                               FINISHED
 * </pre>
 *
 * FILTER is legal in the initiator's first turn and in the answer to it. TREE and LEAF are legal as
 * {@link DrillDown} says, and begin a drill-down at the whole space only when this side's last turn
 * said DONE or the session has just begun. Anything else ends the session with FAIL. Why a session
 * ends: see the package.
 */
public final class Reconciliation {
  /** More bytes than any message has beside its lists, frame header included. */
  static final int MESSAGE_OVERHEAD = 128;

  private static final int DRILLS_MAX = 2;
  private static final int RUN_SIZE_MAX = 14;
  private static final int WRITER_SIZE_MAX = 32;

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
  private final Set<Rung> rungs = EnumSet.of(Rung.ROOT);
  private Stage stage;
  private int rounds;
  private int turns;

  /** Snapshot and received, less what the peer refuses: the set that both sides make equal. */
  private MerkleTree set = MerkleTree.empty();

  /** What this side pushed; nothing is pushed twice. */
  private MerkleTree sent = MerkleTree.empty();

  private DotSummary peerDots = DotSummary.NONE;
  private Digest key = Digest.ZERO;

  /** The initiator's set when it told its filter; what came since is not to be tested. */
  private MerkleTree filtered = MerkleTree.empty();

  private @Nullable DrillDown drill;
  private int drills;

  /** Refused ids that the peer was not told yet. */
  private final Deque<Digest> refusals = new ArrayDeque<>();

  /** Missing parents of parked versions: still to be asked for, and asked for already. */
  private final TreeSet<Digest> parents = new TreeSet<>();

  private final TreeSet<Digest> parentsAsked = new TreeSet<>();
  private long left;
  private long expected;
  private final FilterRung incoming = new FilterRung();
  private final List<Message> turn = new ArrayList<>();
  private @Nullable Digest saidRoot;

  private Reconciliation(
      Limits limits, boolean initiator, Name nonce, Supplier<Snapshot> holdings) {
    this.limits = limits;
    this.initiator = initiator;
    this.nonce = nonce;
    this.holdings = holdings;
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
    return List.copyOf(rungs);
  }

  /** How often this side has heard the peer out, the answer to the root check included. */
  public int rounds() {
    return rounds;
  }

  private List<Effect> start() {
    if (stage != Stage.NEW) throw new IllegalStateException("started before");
    Snapshot snapshot = holdings.get();
    set = snapshot.set();
    stage = Stage.AWAITING_STATE;
    return List.of(new Effect.Send(new Root(set.root(), fitting(snapshot.dots()))));
  }

  private List<Effect> hear(Message message) {
    return switch (stage) {
      case AWAITING_ROOT -> message instanceof Root root ? answerRoot(root) : fail(Code.ILLEGAL);
      case AWAITING_STATE ->
          switch (message) {
            case Same(DotSummary dots) -> {
              rounds++;
              yield finish(set.root(), 0, dots);
            }
            case State state -> answerState(state);
            default -> fail(Code.ILLEGAL);
          };
      case LISTENING -> listen(message);
      case NEW, SETTLING, FINISHED -> fail(Code.ILLEGAL);
    };
  }

  private List<Effect> answerRoot(Root root) {
    rounds++;
    Snapshot snapshot = holdings.get();
    set = snapshot.set();
    peerDots = root.dots();
    DotSummary dots = fitting(snapshot.dots());
    if (root.root().equals(set.root())) {
      List<Effect> effects = new ArrayList<>();
      effects.add(new Effect.Send(new Same(dots)));
      effects.addAll(finish(set.root(), 0, peerDots));
      return effects;
    }
    refusals.addAll(snapshot.refused());
    Octets samples = DifferenceEstimator.sample(set, set.count());
    State state = new State(set.count(), set.root(), 0, nonce, dots, takeRefusals(), samples);
    stage = Stage.LISTENING;
    return List.of(new Effect.Send(state));
  }

  private List<Effect> answerState(State state) {
    rounds++;
    if (state.floor() != 0) return fail(Code.FLOOR);
    Snapshot snapshot = holdings.get();
    set = snapshot.set();
    peerDots = state.dots();
    refusals.addAll(snapshot.refused());
    leaveOut(state.refused());
    if (set.root().equals(state.root())) return speak(List.of(), List.of());
    double differences = DifferenceEstimator.estimate(set, state.count(), state.samples());
    Plan plan = Plan.of(set.count(), state.count(), differences);
    if (!plan.filtersPay()) return drill();
    rungs.add(Rung.BLOOM);
    filtered = set;
    key = FilterRung.key(nonce, state.nonce());
    double rate = plan.rateOfInitiator();
    return speak(List.of(), FilterRung.tell(limits, key, nonce, rate, set.count(), set));
  }

  /** Collects the peer's turn; it is taken in when it is over and its versions are here. */
  private List<Effect> listen(Message message) {
    if (!isNext(message)) return fail(Code.ILLEGAL);
    if (message instanceof Filter part && !incoming.hear(part)) return fail(Code.ILLEGAL);
    turn.add(message);
    if (message instanceof Over over) {
      expected = over.pushing();
    } else if (message instanceof Done done) {
      expected = done.pushing();
    } else {
      return List.of();
    }
    rounds++;
    stage = Stage.SETTLING;
    return expected == 0 ? answerTurn() : List.of();
  }

  /** Whether {@code message} may follow what this turn has said so far. */
  private boolean isNext(Message message) {
    Message last = turn.isEmpty() ? null : turn.getLast();
    return switch (message) {
      case Filter _ -> (last == null || last instanceof Filter) && isFilterDue();
      case Tree tree -> last == null && isDrillDue(tree.nodes().getFirst().place());
      case Leaf leaf ->
          (last == null || last instanceof Tree) && isDrillDue(leaf.buckets().getFirst().place());
      case Want(int _, List<Long> cut, List<Digest> whole) ->
          !(last instanceof Want || last instanceof Filter)
              && (cut.isEmpty() || drill != null)
              && (whole.isEmpty() || drill != null || !sent.isEmpty());
      case Over _ -> last != null && (!(last instanceof Filter) || incoming.isComplete());
      case Done _ -> last == null;
      case Root _, Same _, State _, Fail _ -> false;
    };
  }

  private boolean isFilterDue() {
    return initiator ? turns == 1 && rungs.contains(Rung.BLOOM) : turns == 0;
  }

  /** A drill-down begins at the whole space, after a turn that asked nothing; else it goes on. */
  private boolean isDrillDue(Prefix first) {
    if (first.depth() > 0) return drill != null;
    boolean quiet = saidRoot != null || (!initiator && turns == 0);
    return turn.isEmpty() && quiet && drills < DRILLS_MAX;
  }

  /** One of the versions that the peer announced is here. */
  private List<Effect> arrived(Digest id, @Nullable Digest missing, boolean refused) {
    if (stage != Stage.SETTLING || expected == 0) return fail(Code.ILLEGAL);
    expected--;
    if (refused) {
      refusals.add(id);
    } else {
      set = set.insert(id);
      if (missing != null) parents.add(missing);
    }
    return expected == 0 ? answerTurn() : List.of();
  }

  /** The turn of the peer is over and everything it pushed is here: this side's turn. */
  private List<Effect> answerTurn() {
    List<Message> said = List.copyOf(turn);
    turn.clear();
    Message end = said.getLast();
    if (end instanceof Done done) {
      leaveOut(done.refused());
      return answerDone(done);
    }
    leaveOut(((Over) end).refused());
    if (said.getFirst() instanceof Filter) return answerFilter();
    List<Digest> pushes = new ArrayList<>();
    for (Message message : said) {
      boolean legal = true;
      if (message instanceof Tree tree) {
        legal = walk(tree.nodes().getFirst().place()).hear(tree, set);
      } else if (message instanceof Leaf leaf) {
        legal = walk(leaf.buckets().getFirst().place()).hear(leaf, set);
      } else if (message instanceof Want want) {
        collect(want, pushes);
      }
      if (!legal) return fail(Code.ILLEGAL);
    }
    if (drill != null) pushes.addAll(drill.takePushes());
    return speak(pushes, List.of());
  }

  private List<Effect> answerDone(Done done) {
    if (!done.root().equals(set.root())) {
      boolean quiet = refusals.isEmpty() && !hasWords();
      return quiet ? drill() : speak(List.of(), List.of());
    }
    List<Effect> effects = new ArrayList<>();
    // A peer that says what this side said last has compared the two and is finished.
    if (!done.root().equals(saidRoot)) {
      effects.add(new Effect.Send(new Done(set.root(), 0, List.of(), left)));
    }
    effects.addAll(finish(set.root(), left + done.left(), peerDots));
    return effects;
  }

  private List<Effect> answerFilter() {
    Filter header = incoming.header();
    List<Digest> pushes = new ArrayList<>();
    if (initiator) {
      if (!header.nonce().equals(nonce)) return fail(Code.ILLEGAL);
      BloomFilter filter = incoming.filter(key);
      for (Digest digest : filtered) {
        if (!filter.passes(digest)) pushes.add(digest);
      }
      return speak(pushes, List.of());
    }
    rungs.add(Rung.BLOOM);
    key = FilterRung.key(header.nonce(), nonce);
    BloomFilter filter = incoming.filter(key);
    List<Digest> survivors = new ArrayList<>();
    for (Digest digest : set) {
      (filter.passes(digest) ? survivors : pushes).add(digest);
    }
    double rate = Plan.rateOfResponder(survivors.size(), header.items());
    if (BloomFilter.hashesFor(rate) == 0) return speak(pushes, List.of());
    return speak(
        pushes, FilterRung.tell(limits, key, header.nonce(), rate, survivors.size(), survivors));
  }

  /** Begins the next drill-down: short hashes first, then whole ones, then there is no other. */
  private List<Effect> drill() {
    if (drills == DRILLS_MAX) return fail(Code.UNEQUAL);
    drill = DrillDown.begin(nextHashSize());
    return speak(List.of(), List.of());
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

  private boolean hasWords() {
    return !parents.isEmpty() || (drill != null && drill.hasWords());
  }

  /** Says one turn: pushes and what has to be asked, or DONE when nothing has to be. */
  private List<Effect> speak(List<Digest> pushes, List<Message> asks) {
    if (++turns > limits.turnsMax()) return fail(Code.LIMIT);
    List<Digest> fresh = new ArrayList<>();
    for (Digest digest : new TreeSet<>(pushes)) {
      if (!set.contains(digest) || sent.contains(digest)) continue;
      fresh.add(digest);
      sent = sent.insert(digest);
    }
    List<Effect> effects = new ArrayList<>();
    asks.forEach(ask -> effects.add(new Effect.Send(ask)));
    if (drill != null) {
      drill.tell(set, limits).forEach(word -> effects.add(new Effect.Send(word)));
    }
    Want want = want();
    if (want != null) effects.add(new Effect.Send(want));
    if (effects.isEmpty()) {
      saidRoot = set.root();
      effects.add(new Effect.Send(new Done(set.root(), fresh.size(), takeRefusals(), left)));
    } else {
      saidRoot = null;
      effects.add(new Effect.Send(new Over(fresh.size(), takeRefusals())));
    }
    if (!fresh.isEmpty()) effects.add(new Effect.Push(fresh));
    stage = Stage.LISTENING;
    return effects;
  }

  /** What this side asks for by name: ids heard in small places, and missing parents. */
  private @Nullable Want want() {
    int half = (limits.frameBytesMax() - MESSAGE_OVERHEAD) / 2;
    int wholeMax = Math.min(limits.wantEntriesMax(), half / Digest.SIZE);
    List<Digest> whole = new ArrayList<>();
    while (!parents.isEmpty() && whole.size() < wholeMax) {
      Digest parent = parents.removeFirst();
      if (!set.contains(parent) && parentsAsked.add(parent)) whole.add(parent);
    }
    int bits = Long.SIZE - Long.numberOfLeadingZeros(set.count());
    int width = Math.min(RiceCode.WIDTH_MAX, Integer.SIZE + bits);
    TreeSet<Long> cut = new TreeSet<>();
    if (drill != null) {
      int max = Math.min(limits.wantEntriesMax(), half / Digest.SIZE) - whole.size();
      for (Digest digest : drill.takeWanted(set, max)) {
        long beginning = RiceCode.cut(digest, width);
        // An id ground to begin like one that both hold is asked for by its whole name.
        if (beginningWith(beginning, width).isEmpty()) {
          cut.add(beginning);
        } else {
          whole.add(digest);
        }
      }
    }
    if (cut.isEmpty() && whole.isEmpty()) return null;
    return new Want(width, List.copyOf(cut), List.copyOf(new TreeSet<>(whole)));
  }

  /** What of this side the peer asks for; names of nothing are passed over. */
  private void collect(Want want, List<Digest> pushes) {
    for (long cut : want.cut()) pushes.addAll(beginningWith(cut, want.width()));
    pushes.addAll(want.whole());
  }

  private List<Digest> beginningWith(long cut, int width) {
    List<Digest> found = new ArrayList<>();
    Digest bits = new Digest(cut << (Long.SIZE - width), 0, 0, 0);
    Iterator<Digest> near = set.iterator(new Prefix(bits, width / 4));
    while (near.hasNext()) {
      Digest digest = near.next();
      if (RiceCode.cut(digest, width) == cut) found.add(digest);
    }
    return found;
  }

  private void leaveOut(List<Digest> refused) {
    for (Digest digest : refused) {
      if (!set.contains(digest)) continue;
      set = set.remove(digest);
      left++;
    }
  }

  private List<Digest> takeRefusals() {
    int max = Math.min(limits.refusedMax(), limits.frameBytesMax() / 4 / Digest.SIZE);
    List<Digest> taken = new ArrayList<>();
    while (!refusals.isEmpty() && taken.size() < max) taken.add(refusals.removeFirst());
    return taken;
  }

  /**
   * As much of {@code dots} as a message has room for; what is left out is only asked for again.
   */
  private DotSummary fitting(DotSummary dots) {
    List<Writer> writers = new ArrayList<>();
    long room = limits.frameBytesMax() / 4;
    for (Writer writer : dots.writers()) {
      long size = WRITER_SIZE_MAX + (long) RUN_SIZE_MAX * writer.runs().size();
      if (size > room || writers.size() == limits.writersMax()) continue;
      room -= size;
      writers.add(writer);
    }
    return new DotSummary(writers);
  }

  private List<Effect> finish(Digest root, long refused, DotSummary dots) {
    stage = Stage.FINISHED;
    return List.of(new Effect.Done(root, refused, dots));
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
