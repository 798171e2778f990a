package io.kdelta.reconciliation;

import io.kdelta.reconciliation.DotSummary.Name;
import io.kdelta.reconciliation.Message.Fail.Code;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Seeded lives of two peers, over several sessions each that are cut, lose, repeat and reorder what
 * is on the stream, hear flipped bits, see writes, restores and new keys in the middle; with shared
 * and separate logs, ids as hashes or ground to be alike. In a quarter of the lives one of the two
 * then lies for some sessions ({@link FuzzLiar}) and is honest again: what it said may not stay.
 *
 * <p>What does not hold is thrown as a {@link Flaw} that names what noticed it:
 *
 * <ul>
 *   <li>EQUAL: two sides said DONE, and their sets differ; or one whose peer lies said it of a root
 *       that is not its own;
 *   <li>AGREES: a session to which nothing happened did not make the sides equal;
 *   <li>ENDS: a session runs on, or does not end when it is told to, or more than once.
 * </ul>
 */
public final class SessionFuzz {
  /** Up to so many versions a side has unless more are asked for. */
  static final int IDS = 1_000;

  private static final List<Fate> FATES = List.copyOf(EnumSet.range(Fate.NOTHING, Fate.FLIP));
  private static final int STEPS_MAX = 60_000;
  private static final Limits TIGHT =
      new Limits(Limits.FRAME_BYTES_MIN, 4_096, 2_048, 64, 3, 8, 64, 64, 16, 4_096, 4_096);

  /** What happens to one session. */
  enum Fate {
    NOTHING,
    WRITES,
    CUT,
    RESTORE,
    LOSS,
    REPEAT,
    REORDER,
    FLIP,
    LIES
  }

  /** Something did not hold. */
  static final class Flaw extends RuntimeException {
    Flaw(String oracle, String what) {
      super(oracle + " " + what);
    }
  }

  /** What many lives came to. */
  static final class Totals {
    final Map<Fate, int[]> outcomes = new EnumMap<>(Fate.class);
    final Map<Rung, Integer> rungs = new EnumMap<>(Rung.class);
    long lives;
    long sessions;
    long differences;

    void add(Totals other) {
      lives += other.lives;
      sessions += other.sessions;
      differences += other.differences;
      other.rungs.forEach((rung, count) -> rungs.merge(rung, count, Integer::sum));
      other.outcomes.forEach((fate, counts) -> {
        int[] mine = outcomes.computeIfAbsent(fate, f -> new int[2]);
        for (int i = 0; i < mine.length; i++) mine[i] += counts[i];
      });
    }

    @Override
    public String toString() {
      StringBuilder told = new StringBuilder();
      told.append(sessions).append(" sessions of ").append(lives).append(" lives, ");
      told.append(differences).append(" differences; 0 unequal at DONE, 0 endless;");
      outcomes.forEach((fate, counts) ->
          told.append(" %s: %d done, %d ended;".formatted(fate, counts[0], counts[1])));
      return told.append(" rungs ").append(rungs).toString();
    }
  }

  private SessionFuzz() {}

  /**
   * Lives from seed {@code from} on until there were so many sessions, on every processor.
   *
   * @param ids about how many versions the peers share; up to {@link #IDS}: at most
   */
  static Totals run(int from, long sessions, int ids) {
    Totals all = new Totals();
    AtomicLong next = new AtomicLong(from);
    AtomicLong left = new AtomicLong(sessions);
    List<Thread> workers = new ArrayList<>();
    List<Throwable> failures = new ArrayList<>();
    for (int i = 0; i < Runtime.getRuntime().availableProcessors(); i++) {
      workers.add(
          Thread.ofPlatform()
              .start(() -> {
                Totals mine = new Totals();
                try {
                  while (left.get() > 0) {
                    left.addAndGet(-new Life((int) next.getAndIncrement(), ids, mine).live());
                  }
                } catch (RuntimeException | AssertionError e) {
                  left.set(0);
                  synchronized (failures) {
                    failures.add(e);
                  }
                }
                synchronized (all) {
                  all.add(mine);
                }
              }));
    }
    for (Thread worker : workers) join(worker);
    if (!failures.isEmpty()) throw new AssertionError("session fuzz", failures.getFirst());
    return all;
  }

  /** The first seed that fails and its oracle, as "seed oracle"; empty when none does. */
  public static String firstFailure(long from, long seeds) {
    for (long seed = from; seed < from + seeds; seed++) {
      try {
        new Life((int) seed, IDS, new Totals()).live();
      } catch (Flaw e) {
        String said = String.valueOf(e.getMessage());
        return seed + " " + said.substring(0, said.indexOf(' '));
      }
    }
    return "";
  }

  private static void join(Thread worker) {
    try {
      worker.join();
    } catch (InterruptedException e) {
      throw new AssertionError("nobody interrupts", e);
    }
  }

  private static void check(boolean holds, String oracle, String what) {
    if (!holds) throw new Flaw(oracle, what);
  }

  /** Two peers and their sessions. */
  private static final class Life {
    private final int seed;
    private final Random random;
    private final int ids;
    private final Totals totals;
    private final FuzzPeer one;
    private final FuzzPeer two;
    private final List<Digest> ground;
    private final FuzzLiar lies;
    private @Nullable FuzzPeer liar;
    private long names = 1;

    Life(int seed, int ids, Totals totals) {
      this.seed = seed;
      this.random = new Random(seed);
      this.ids = ids;
      this.totals = totals;
      Limits limits = seed % 4 == 0 ? TIGHT : Limits.STANDARD;
      Map<Digest, FuzzPeer.Place> places = new TreeMap<>();
      one = new FuzzPeer(limits, places, name());
      two = new FuzzPeer(limits, places, name());
      lies = new FuzzLiar(new Random(~seed), limits);
      boolean hostile = random.nextInt(4) == 0;
      ground = hostile ? new ArrayList<>(Sets.clustered(random, 1_500)) : List.of();
      int shared =
          ids <= IDS ? random.nextInt(1 << random.nextInt(10)) : ids - random.nextInt(1 + ids / 4);
      boolean dotted = random.nextInt(4) > 0;
      for (int i = 0; i < shared; i++) {
        Digest id = id();
        one.write(id, dotted);
        two.insert(id);
      }
      writeSome();
      if (random.nextInt(10) == 0) fork();
      if (random.nextInt(20) == 0) two.rotate(2);
    }

    int live() {
      totals.lives++;
      int sessions = 1 + random.nextInt(5);
      for (int i = 0; i < sessions; i++) {
        Fate fate = FATES.get(random.nextInt(FATES.size()));
        run(fate);
        if (random.nextBoolean()) writeSome();
      }
      settle("at the end");
      return sessions + 1 + (seed % 4 == 3 ? lied() : 0);
    }

    /** One of the two lies for some sessions and is honest again. */
    private int lied() {
      int sessions = 1 + random.nextInt(4);
      for (int i = 0; i < sessions; i++) {
        writeSome();
        liar = random.nextBoolean() ? one : two;
        run(Fate.LIES);
        liar = null;
      }
      settle("after the lies");
      return sessions + 1;
    }

    private void settle(String when) {
      MerkleTree union = union();
      run(Fate.NOTHING);
      String label = "seed " + seed + " " + when;
      check(union.root().equals(one.held().root()), "AGREES", label);
      check(union.root().equals(two.held().root()), "AGREES", label);
    }

    private void run(Fate fate) {
      one.open(true, random);
      two.open(false, random);
      one.take(new Input.Start());
      int strike = random.nextInt(1 << random.nextInt(8));
      int steps = 0;
      while (!one.outgoing.isEmpty() || !two.outgoing.isEmpty()) {
        check(steps++ < STEPS_MAX * (1 + ids / IDS), "ENDS", "seed " + seed + " runs on");
        boolean first = two.outgoing.isEmpty() || (!one.outgoing.isEmpty() && random.nextBoolean());
        FuzzPeer source = first ? one : two;
        if (fate == Fate.WRITES && random.nextInt(4) == 0) one.write(id(), true);
        if (fate == Fate.WRITES && random.nextInt(4) == 0) two.write(id(), true);
        if (steps == strike && !strike(fate, source)) break;
        if (source.outgoing.isEmpty()) continue;
        FuzzPeer target = first ? two : one;
        Object said = source.outgoing.removeFirst();
        if (source == liar && steps >= strike) {
          lies.inPlaceOf(said, target).ifPresent(target::arrive);
        } else {
          target.arrive(said);
        }
        lies.overhear(said);
      }
      judge(fate);
    }

    /** Does it; false when the session is over with it. */
    private boolean strike(Fate fate, FuzzPeer source) {
      switch (fate) {
        case NOTHING, WRITES, LIES -> {
          return true;
        }
        case CUT -> {
          return false;
        }
        case RESTORE -> {
          source.restore(random.nextInt(source.count() + 1), name());
          return false;
        }
        case LOSS -> source.outgoing.removeFirst();
        case REPEAT -> source.outgoing.addFirst(source.outgoing.getFirst());
        case REORDER -> source.outgoing.addLast(source.outgoing.removeFirst());
        case FLIP -> {
          if (source.outgoing.getFirst() instanceof byte[] frame && frame.length > 0) {
            frame[random.nextInt(frame.length)] ^= (byte) (1 << random.nextInt(8));
          }
        }
      }
      return true;
    }

    private void judge(Fate fate) {
      String label = "seed " + seed + " " + fate;
      Digest first = one.agreedRoot();
      Digest second = two.agreedRoot();
      boolean agreed = first != null && second != null;
      if (fate == Fate.LIES) {
        FuzzPeer honest = liar == one ? two : one;
        Digest proven = honest.agreedRoot();
        check(proven == null || proven.equals(honest.compared.root()), "EQUAL", label);
      } else if (first != null && second != null) {
        check(first.equals(second), "EQUAL", label);
        for (Digest id : one.compared) check(two.held().contains(id), "EQUAL", label);
        for (Digest id : two.compared) check(one.held().contains(id), "EQUAL", label);
      }
      if (fate == Fate.NOTHING || fate == Fate.WRITES) {
        check(agreed, "AGREES", label + one.ends + two.ends);
        for (Rung rung : one.session.rungs()) totals.rungs.merge(rung, 1, Integer::sum);
      }
      totals.sessions++;
      totals.outcomes.computeIfAbsent(fate, f -> new int[2])[agreed ? 0 : 1]++;
      for (FuzzPeer peer : List.of(one, two)) {
        peer.take(new Input.Stop(Code.SILENT));
        check(peer.session.isFinished(), "ENDS", label);
        check(peer.ends.size() == 1, "ENDS", label + " ended " + peer.ends);
      }
    }

    private MerkleTree union() {
      MerkleTree union = one.held();
      for (Digest id : two.held()) union = union.insert(id);
      totals.differences += 2 * union.count() - one.held().count() - two.held().count();
      return union;
    }

    private void writeSome() {
      boolean dotted = random.nextInt(4) > 0;
      int bits = ids <= IDS ? 9 : 13;
      for (int i = random.nextInt(1 << random.nextInt(bits)); i > 0; i--) one.write(id(), dotted);
      for (int i = random.nextInt(1 << random.nextInt(bits)); i > 0; i--) two.write(id(), dotted);
    }

    /** A copied directory: both sides have written under one name. */
    private void fork() {
      Name name = name();
      for (long at = 1L + random.nextInt(5); at > 0; at--) {
        one.fork(name, at, id());
        two.fork(name, at, id());
      }
    }

    private Digest id() {
      return ground.isEmpty() || random.nextInt(3) == 0
          ? Sets.random(random)
          : ground.get(random.nextInt(ground.size()));
    }

    private Name name() {
      return new Name(names++, random.nextLong());
    }
  }
}
