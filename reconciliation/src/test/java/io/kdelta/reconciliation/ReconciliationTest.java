package io.kdelta.reconciliation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.reconciliation.DotSummary.Name;
import io.kdelta.reconciliation.DotSummary.Run;
import io.kdelta.reconciliation.DotSummary.Writer;
import io.kdelta.reconciliation.Message.Fail.Code;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/**
 * Goal: whatever two sides hold, a session ends with both holding the union and knowing it, each
 * version having crossed once and only where it was missing. Method: thousands of seeded sessions
 * over random pairs of sets, through encoded bytes, some with tiny limits so that every message has
 * to go in parts, some cut off and begun again.
 */
final class ReconciliationTest {
  private static final Optional<SharedDots> NO_BASE = Optional.empty();

  private static final Limits TIGHT =
      new Limits(Limits.FRAME_BYTES_MIN, 4_096, 4_096, 64, 3, 3, 5, 64, 16, 4_096, 100_000);

  @Test
  void everySessionEndsWithTheUnion() {
    int[] rungs = new int[Rung.values().length];
    long vain = 0;
    long moved = 0;
    for (int seed = 0; seed < 4_000; seed++) {
      Random random = new Random(seed);
      Link link = pair(random, seed % 5 == 0 ? TIGHT : Limits.STANDARD, "seed " + seed);
      MerkleTree union = MerkleTreeTest.union(link.one.held, link.two.held);
      long missing = 2 * union.count() - link.one.held.count() - link.two.held.count();
      link.run(random);
      assertAgreed(link, union, "seed " + seed);
      assertEquals(missing + link.vain, link.one.pushed + link.two.pushed, "seed " + seed);
      vain += link.vain;
      moved += missing;
      assertEquals(missing, link.one.news + link.two.news, "seed " + seed);
      assertEquals(link.one.session.rungs(), link.two.session.rungs(), "seed " + seed);
      for (Rung rung : link.one.session.rungs()) rungs[List.of(Rung.values()).indexOf(rung)]++;
    }
    for (Rung rung : List.of(Rung.ROOT, Rung.CELLS, Rung.BLOOM)) {
      assertTrue(rungs[List.of(Rung.values()).indexOf(rung)] > 500, rung + ": " + List.of(rungs));
    }
    assertTrue(vain * 200 < moved, vain + " of " + moved + " in vain");
  }

  /** Whatever rung finds the difference: no turn pushes more, every session brings something. */
  @Test
  void sharesAddUpToTheUnion() {
    int share = 16;
    int sessions = 0;
    for (int seed = 0; seed < 300; seed++) {
      Random random = new Random(seed);
      Limits few =
          new Limits(Limits.FRAME_BYTES_MIN, 4_096, 4_096, 64, 3, 3, 5, 64, 16, share, 100_000);
      Link link = pair(random, few, "seed " + seed);
      link.pushMax = share;
      MerkleTree union = MerkleTreeTest.union(link.one.held, link.two.held);
      while (true) {
        long before = link.one.held.count() + link.two.held.count();
        link.run(random);
        sessions++;
        if (link.one.ends.getFirst() instanceof Effect.Done) break;
        Effect.Abort end = (Effect.Abort) link.one.ends.getFirst();
        assertEquals(Code.LIMIT, end.code(), "seed " + seed);
        assertEquals(
            List.of(new Effect.Abort(Code.LIMIT, !end.byPeer())), link.two.ends, "seed " + seed);
        long after = link.one.held.count() + link.two.held.count();
        assertTrue(after > before, "seed " + seed + ": nothing came");
      }
      assertAgreed(link, union, "seed " + seed);
    }
    assertTrue(sessions > 1_500, sessions + " sessions");
  }

  /** No room for cells or filters worth the name: the first answer keeps to that too. */
  @Test
  void whatFindsNoRoomOnOtherRungsTheLastOneFinds() {
    Limits least = new Limits(Limits.FRAME_BYTES_MIN, 8, 2, 64, 3, 3, 5, 64, 0, 4_096, 100_000);
    int last = 0;
    for (int seed = 0; seed < 200; seed++) {
      Random random = new Random(seed);
      Link link = pair(random, least, "seed " + seed);
      MerkleTree union = MerkleTreeTest.union(link.one.held, link.two.held);
      link.run(random);
      assertAgreed(link, union, "seed " + seed);
      if (link.one.session.rungs().contains(Rung.MERKLE)) last++;
    }
    assertTrue(last > 25, last + " times");
  }

  @Test
  void aBrokenLinkLosesOnlyWords() {
    for (int seed = 0; seed < 600; seed++) {
      Random random = new Random(seed);
      Link link = pair(random, seed % 3 == 0 ? TIGHT : Limits.STANDARD, "seed " + seed);
      MerkleTree union = MerkleTreeTest.union(link.one.held, link.two.held);
      long missing = 2 * union.count() - link.one.held.count() - link.two.held.count();
      for (int cut = 0; cut < 5; cut++) {
        link.open(random);
        int steps = random.nextInt(1 << random.nextInt(11));
        while (steps-- > 0 && link.deliver(random)) {
          // Up to the cut.
        }
      }
      link.run(random);
      assertAgreed(link, union, "seed " + seed);
      assertEquals(missing, link.one.news + link.two.news, "seed " + seed);
    }
  }

  @Test
  void liveWritesDoNotDisturbASession() {
    for (int seed = 0; seed < 300; seed++) {
      Random random = new Random(seed);
      Link link = pair(random, Limits.STANDARD, "seed " + seed);
      MerkleTree before = MerkleTreeTest.union(link.one.held, link.two.held);
      link.open(random);
      do {
        Digest written = Sets.random(random);
        if (random.nextBoolean()) {
          link.one.held = link.one.held.insert(written);
        } else {
          link.two.held = link.two.held.insert(written);
        }
      } while (link.deliver(random));
      String label = "seed " + seed;
      assertInstanceOf(Effect.Done.class, link.one.ends.getFirst(), label);
      assertInstanceOf(Effect.Done.class, link.two.ends.getFirst(), label);
      for (Digest digest : before) {
        assertTrue(link.one.held.contains(digest) && link.two.held.contains(digest), label);
      }
    }
  }

  @Test
  void aSubsetReceivesExactlyWhatItLacks() {
    List<Digest> all = Sets.numbered(3_898);
    for (boolean subsetBegins : List.of(true, false)) {
      MerkleTree whole = MerkleTree.of(all);
      MerkleTree part = MerkleTree.of(all.subList(0, 778));
      Link link =
          new Link(
              Limits.STANDARD, subsetBegins ? part : whole, subsetBegins ? whole : part, "subset");
      link.run(new Random(1));
      Link.Side subset = subsetBegins ? link.one : link.two;
      Link.Side other = subsetBegins ? link.two : link.one;
      assertAgreed(link, whole, "subset");
      assertEquals(3_120, subset.news);
      assertEquals(0, subset.pushed);
      assertEquals(3_120, other.pushed);
      assertTrue(link.one.session.rungs().contains(Rung.BLOOM));
      // A drill-down alone would cost 25 KB.
      assertTrue(subset.bytes + other.bytes < 9_000, subset.bytes + other.bytes + " bytes");
    }
  }

  @Test
  void equalSidesSayOneMessageEach() {
    Link link =
        new Link(
            Limits.STANDARD,
            MerkleTree.of(Sets.numbered(500)),
            MerkleTree.of(Sets.numbered(500)),
            "equal");
    link.run(new Random(1));
    assertAgreed(link, link.one.held, "equal");
    assertEquals(List.of(Rung.ROOT), link.one.session.rungs());
    assertEquals(1, link.one.session.rounds());
    assertEquals(33, link.one.bytes);
    assertEquals(0, link.two.bytes);
  }

  @Test
  void whatIsRefusedIsLeftOutOnce() {
    for (int seed = 0; seed < 600; seed++) {
      Random random = new Random(seed);
      Link link = pair(random, seed % 4 == 0 ? TIGHT : Limits.STANDARD, "seed " + seed);
      MerkleTree one = link.one.held;
      MerkleTree two = link.two.held;
      int chance = 1 + random.nextInt(8);
      for (Digest digest : one) {
        if (!two.contains(digest) && random.nextInt(chance) == 0) link.two.refuses.add(digest);
      }
      for (Digest digest : two) {
        if (!one.contains(digest) && random.nextInt(chance) == 0) link.one.refuses.add(digest);
      }
      // Half of them are known as refused from an earlier session.
      TreeSet<Digest> late = new TreeSet<>();
      link.two.refuses.removeIf(digest -> random.nextBoolean() && late.add(digest));
      int refused = link.one.refuses.size() + link.two.refuses.size() + late.size();
      link.two.refuses.addAll(late);
      link.run(random);
      String label = "seed " + seed;
      if (refused > TIGHT.refusedMax() && seed % 4 == 0) {
        // More than a session tells: it may end unequal, never otherwise.
        assertEquals(1, link.one.ends.size(), label);
        continue;
      }
      Effect.Done first = assertInstanceOf(Effect.Done.class, link.one.ends.getFirst(), label);
      Effect.Done second = assertInstanceOf(Effect.Done.class, link.two.ends.getFirst(), label);
      assertEquals(first.root(), second.root(), label);
      assertEquals(refused, first.refused(), label);
      assertEquals(refused, second.refused(), label);
      assertEquals(
          two.count() - link.one.refuses.size() + one.count() - shared(one, two),
          link.one.held.count(),
          label);
    }
  }

  @Test
  void missingParentsAreAskedForByName() {
    // Both hold a thousand; one holds a child and its parent more, and a false positive hides the
    // parent: here the driver says so.
    Random random = new Random(3);
    List<Digest> shared = Sets.random(random, 1_000);
    List<Digest> more = Sets.random(random, 2);
    Reconciliation one =
        Reconciliation.initiator(
            Limits.STANDARD, new Name(1, 1), () -> Snapshot.of(MerkleTree.of(shared)));
    List<Digest> all = new ArrayList<>(shared);
    all.addAll(more);
    MerkleTree other = MerkleTree.of(all);
    one.step(new Input.Start());
    List<Effect> turn =
        one.step(
            new Input.Heard(
                new Message.State(
                    other.count(),
                    other.root(),
                    0,
                    0,
                    new Name(2, 2),
                    Octets.EMPTY,
                    List.of(),
                    DifferenceEstimator.sample(other, other.count()),
                    DotReport.NONE)));
    assertInstanceOf(Effect.Send.class, turn.getLast());
    // The peer tells of nothing, pushes the child and believes that both are equal.
    one.step(new Input.Heard(new Message.Done(other.root(), 1, List.of(), 0)));
    List<Effect> asked = one.step(new Input.Parked(more.get(0), more.get(1)));
    assertTrue(
        asked.stream()
            .anyMatch(effect ->
                effect instanceof Effect.Send(Message.Want want)
                    && want.whole().equals(List.of(more.get(1)))),
        asked.toString());
    one.step(new Input.Heard(new Message.Done(other.root(), 1, List.of(), 0)));
    List<Effect> end = one.step(new Input.Received(more.get(1)));
    assertEquals(new Effect.Done(other.root(), 0, DotSummary.NONE, NO_BASE), end.getLast());
  }

  @Test
  void positionsAreToldBothWays() {
    DotSummary mine = dots(1);
    DotSummary yours = dots(2);
    for (boolean equal : List.of(true, false)) {
      MerkleTree set = MerkleTree.of(Sets.numbered(equal ? 10 : 9));
      Reconciliation one =
          Reconciliation.initiator(Limits.STANDARD, new Name(1, 1), () -> snapshot(set, mine));
      Reconciliation two =
          Reconciliation.responder(
              Limits.STANDARD,
              new Name(2, 2),
              () -> snapshot(MerkleTree.of(Sets.numbered(10)), yours));
      List<Effect> ends = new ArrayList<>();
      List<Effect> effects = one.step(new Input.Start());
      boolean first = true;
      while (!effects.isEmpty()) {
        List<Effect> answers = new ArrayList<>();
        Reconciliation target = first ? two : one;
        for (Effect effect : effects) {
          switch (effect) {
            case Effect.Send(Message message) ->
                answers.addAll(target.step(new Input.Heard(message)));
            case Effect.Push(List<Digest> ids) ->
                ids.forEach(id -> answers.addAll(target.step(new Input.Received(id))));
            case Effect.Done done -> ends.add(done);
            case Effect.Abort abort -> ends.add(abort);
          }
        }
        effects = answers;
        first = !first;
      }
      Digest root = MerkleTree.of(Sets.numbered(10)).root();
      assertEquals(2, ends.size());
      Effect told = new Effect.Done(root, 0, yours, Optional.of(new SharedDots(mine, yours)));
      Effect heard = new Effect.Done(root, 0, mine, Optional.of(new SharedDots(yours, mine)));
      assertTrue(ends.contains(told) && ends.contains(heard), ends.toString());
    }
  }

  @Test
  void aSessionThatIsStoppedSaysWhy() {
    Reconciliation one =
        Reconciliation.initiator(
            Limits.STANDARD, new Name(1, 1), () -> Snapshot.of(MerkleTree.empty()));
    one.step(new Input.Start());
    assertEquals(
        List.of(
            new Effect.Send(new Message.Fail(Code.SILENT)), new Effect.Abort(Code.SILENT, false)),
        one.step(new Input.Stop(Code.SILENT)));
    assertTrue(one.isFinished());
    assertEquals(List.of(), one.step(new Input.Stop(Code.SILENT)));
    Reconciliation two =
        Reconciliation.initiator(
            Limits.STANDARD, new Name(1, 1), () -> Snapshot.of(MerkleTree.empty()));
    two.step(new Input.Start());
    assertEquals(
        List.of(new Effect.Abort(Code.BUSY, true)),
        two.step(new Input.Heard(new Message.Fail(Code.BUSY))));
  }

  private static Snapshot snapshot(MerkleTree set, DotSummary dots) {
    Snapshot plain = Snapshot.of(set);
    return new Snapshot(set, List.of(), plain.cells(), dots, plain.places(), Optional.empty());
  }

  private static DotSummary dots(int seed) {
    return new DotSummary(
        List.of(new Writer(new Name(seed, seed), seed, List.of(new Run(1, 10L * seed)))));
  }

  private static void assertAgreed(Link link, MerkleTree union, String label) {
    Effect expected = new Effect.Done(union.root(), 0, DotSummary.NONE, NO_BASE);
    assertEquals(List.of(expected), link.one.ends, label);
    assertEquals(List.of(expected), link.two.ends, label);
    assertEquals(union.root(), link.one.held.root(), label);
    assertEquals(union.root(), link.two.held.root(), label);
  }

  private static long shared(MerkleTree one, MerkleTree two) {
    return one.count() + two.count() - MerkleTreeTest.union(one, two).count();
  }

  /** Two sets of 0 to 2,000 ids with differences from none to all. */
  static Link pair(Random random, Limits limits, String label) {
    int shared = random.nextInt(1 << random.nextInt(12));
    int onlyOne = random.nextInt(3) == 0 ? 0 : random.nextInt(1 << random.nextInt(11));
    int onlyTwo = random.nextInt(3) == 0 ? 0 : random.nextInt(1 << random.nextInt(11));
    int count = shared + onlyOne + onlyTwo;
    List<Digest> all =
        random.nextInt(8) == 0 ? Sets.clustered(random, count) : Sets.random(random, count);
    List<Digest> mixed = Sets.shuffled(all, random);
    MerkleTree one = MerkleTree.of(mixed.subList(0, shared + onlyOne));
    List<Digest> second = new ArrayList<>(mixed.subList(0, shared));
    second.addAll(mixed.subList(shared + onlyOne, count));
    return new Link(limits, one, MerkleTree.of(second), label);
  }
}
