package io.kdelta.reconciliation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.reconciliation.DotSummary.Name;
import io.kdelta.reconciliation.Message.Fail.Code;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/**
 * Goal: whatever happens to a session, it ends, in bounded work, and never says that unequal sets
 * are equal; and a session to which nothing happens makes them equal. Method: seeded lives of two
 * peers with up to a thousand versions, shared and separate logs, ids as hashes or ground to be
 * alike, over several sessions that are cut, lose, repeat and reorder what is on the stream, hear
 * flipped bits, see writes, restores and new keys in the middle. As many lives as the property
 * kdelta.sessions says, {@value #LIVES} if it says nothing.
 */
final class SessionFuzzTest {
  private static final List<Fate> FATES = List.of(Fate.values());
  private static final int LIVES = 1_000;
  private static final int STEPS_MAX = 60_000;
  private static final Limits TIGHT =
      new Limits(Limits.FRAME_BYTES_MIN, 4_096, 2_048, 64, 3, 8, 64, 64, 16, 4_096);

  /** What happens to one session. */
  private enum Fate {
    NOTHING,
    WRITES,
    CUT,
    RESTORE,
    LOSS,
    REPEAT,
    REORDER,
    FLIP
  }

  @Test
  void noSessionEndsWrongOrNotAtAll() {
    int lives = Integer.getInteger("kdelta.sessions", LIVES);
    int from = Integer.getInteger("kdelta.seed", 0);
    Map<Fate, int[]> outcomes = new EnumMap<>(Fate.class);
    Map<Rung, Integer> rungs = new EnumMap<>(Rung.class);
    int sessions = 0;
    for (int seed = from; seed < from + lives; seed++) {
      sessions += new Life(seed, outcomes, rungs).live();
    }
    StringBuilder told = new StringBuilder(sessions + " sessions;");
    outcomes.forEach((fate, counts) ->
        told.append(" %s: %d done, %d ended;".formatted(fate, counts[0], counts[1])));
    System.out.println(told.append(" rungs ").append(rungs));
    if (lives < LIVES) return;
    for (Fate fate : Fate.values()) assertTrue(outcomes.containsKey(fate), told.toString());
    for (Rung rung : Rung.values()) {
      assertTrue(rungs.getOrDefault(rung, 0) > 10, rung + ": " + told);
    }
  }

  /** Two peers and their sessions. */
  private static final class Life {
    private final int seed;
    private final Random random;
    private final Map<Fate, int[]> outcomes;
    private final Map<Rung, Integer> rungs;
    private final FuzzPeer one;
    private final FuzzPeer two;
    private final List<Digest> ground;
    private long names = 1;

    Life(int seed, Map<Fate, int[]> outcomes, Map<Rung, Integer> rungs) {
      this.seed = seed;
      this.random = new Random(seed);
      this.outcomes = outcomes;
      this.rungs = rungs;
      Limits limits = seed % 4 == 0 ? TIGHT : Limits.STANDARD;
      Map<Digest, FuzzPeer.Place> places = new TreeMap<>();
      one = new FuzzPeer(limits, places, name());
      two = new FuzzPeer(limits, places, name());
      boolean hostile = random.nextInt(4) == 0;
      ground = hostile ? new ArrayList<>(Sets.clustered(random, 1_500)) : List.of();
      int shared = random.nextInt(1 << random.nextInt(10));
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
      int sessions = 1 + random.nextInt(5);
      for (int i = 0; i < sessions; i++) {
        Fate fate = FATES.get(random.nextInt(FATES.size()));
        run(fate);
        if (random.nextBoolean()) writeSome();
      }
      MerkleTree union = MerkleTreeTest.union(one.held(), two.held());
      run(Fate.NOTHING);
      String label = "seed " + seed;
      assertInstanceOf(Effect.Done.class, one.ends.getFirst(), label);
      assertInstanceOf(Effect.Done.class, two.ends.getFirst(), label);
      assertEquals(union.root(), one.held().root(), label);
      assertEquals(union.root(), two.held().root(), label);
      return sessions + 1;
    }

    private void run(Fate fate) {
      one.open(true, random);
      two.open(false, random);
      one.take(new Input.Start());
      int strike = random.nextInt(1 << random.nextInt(8));
      int steps = 0;
      while (!one.outgoing.isEmpty() || !two.outgoing.isEmpty()) {
        assertTrue(steps++ < STEPS_MAX, "seed " + seed + " runs on");
        boolean first = two.outgoing.isEmpty() || (!one.outgoing.isEmpty() && random.nextBoolean());
        FuzzPeer source = first ? one : two;
        if (fate == Fate.WRITES && random.nextInt(4) == 0) one.write(id(), true);
        if (fate == Fate.WRITES && random.nextInt(4) == 0) two.write(id(), true);
        if (steps == strike && !strike(fate, source)) break;
        if (source.outgoing.isEmpty()) continue;
        (first ? two : one).arrive(source.outgoing.removeFirst());
      }
      judge(fate);
    }

    /** Does it; false when the session is over with it. */
    private boolean strike(Fate fate, FuzzPeer source) {
      switch (fate) {
        case NOTHING, WRITES -> {
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
      if (first != null && second != null) {
        assertEquals(first, second, label);
        for (Digest id : one.compared) assertTrue(two.held().contains(id), label);
        for (Digest id : two.compared) assertTrue(one.held().contains(id), label);
      }
      if (fate == Fate.NOTHING || fate == Fate.WRITES) {
        assertTrue(first != null && second != null, label + one.ends + two.ends);
        for (Rung rung : one.session.rungs()) rungs.merge(rung, 1, Integer::sum);
      }
      int[] counts = outcomes.computeIfAbsent(fate, f -> new int[2]);
      counts[first != null && second != null ? 0 : 1]++;
      for (FuzzPeer peer : List.of(one, two)) {
        peer.take(new Input.Stop(Code.SILENT));
        assertTrue(peer.session.isFinished(), label);
        assertEquals(1, peer.ends.size(), label);
      }
    }

    private void writeSome() {
      boolean dotted = random.nextInt(4) > 0;
      for (int i = random.nextInt(1 << random.nextInt(9)); i > 0; i--) one.write(id(), dotted);
      for (int i = random.nextInt(1 << random.nextInt(9)); i > 0; i--) two.write(id(), dotted);
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
