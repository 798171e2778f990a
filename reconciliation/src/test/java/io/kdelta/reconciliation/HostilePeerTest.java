package io.kdelta.reconciliation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.reconciliation.DotSummary.Name;
import io.kdelta.reconciliation.Message.Fail.Code;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/**
 * Goal: no peer makes a session crash, run for ever, or call unequal sets equal. Method: seeded
 * peers that say random legal and illegal messages, that tamper with an honest peer's messages, and
 * that stall; every session is bounded in steps.
 */
final class HostilePeerTest {
  private static final Limits LIMITS =
      new Limits(Limits.FRAME_BYTES_MIN, 4_096, 4_096, 64, 4, 16, 16, 64, 16, 4_096, 200);

  @Test
  void anyMessageInAnyStateEndsOrGoesOn() {
    int aborted = 0;
    for (int seed = 0; seed < 20_000; seed++) {
      Random random = new Random(seed);
      MerkleTree held = MerkleTree.of(Sets.random(random, random.nextInt(400)));
      boolean initiator = random.nextBoolean();
      Reconciliation session =
          initiator
              ? Reconciliation.initiator(LIMITS, new Name(1, 2), () -> Snapshot.of(held))
              : Reconciliation.responder(LIMITS, new Name(1, 2), () -> Snapshot.of(held));
      if (initiator) session.step(new Input.Start());
      for (int step = 0; step < 50 && !session.isFinished(); step++) {
        List<Effect> effects = session.step(anything(random, held));
        if (session.isFinished()) {
          Effect end = effects.getLast();
          if (end instanceof Effect.Abort) aborted++;
          assertTrue(end instanceof Effect.Abort || end instanceof Effect.Done, "seed " + seed);
        }
      }
    }
    assertTrue(aborted > 15_000, aborted + " were ended");
  }

  @Test
  void tamperedMessagesNeverProveEquality() {
    int done = 0;
    int aborted = 0;
    for (int seed = 0; seed < 4_000; seed++) {
      Random random = new Random(seed);
      Link link = ReconciliationTest.pair(random, LIMITS, "seed " + seed);
      int victim = random.nextInt(8);
      link.honest = false;
      link.open(random);
      int said = 0;
      int steps = 0;
      while (true) {
        Link.Side source = link.two.stream.isEmpty() ? link.one : link.two;
        Object next = source.stream.peekFirst();
        if (next instanceof byte[] frame && frame.length > 0 && said++ == victim) {
          frame[random.nextInt(frame.length)] ^= (byte) (1 << random.nextInt(8));
        }
        if (!link.deliver(random)) break;
        assertTrue(steps++ < 100_000, "seed " + seed + " runs on");
      }
      for (Link.Side side : List.of(link.one, link.two)) {
        if (side.ends.isEmpty()) continue;
        if (side.ends.getFirst() instanceof Effect.Done) done++;
        if (side.ends.getFirst() instanceof Effect.Abort) aborted++;
      }
      boolean both =
          !link.one.ends.isEmpty()
              && !link.two.ends.isEmpty()
              && link.one.ends.getFirst() instanceof Effect.Done(Digest _, long first, var _, var _)
              && link.two.ends.getFirst()
                  instanceof Effect.Done(Digest _, long second, var _, var _)
              && first + second == 0;
      if (both) assertEquals(link.one.held.root(), link.two.held.root(), "seed " + seed);
    }
    assertTrue(done > 100 && aborted > 100, done + " done, " + aborted + " aborted");
  }

  @Test
  void aPeerThatTalksForEverMeetsTheBound() {
    // It refuses everything and asks for the same names in every turn.
    MerkleTree held = MerkleTree.of(Sets.numbered(1_000));
    Reconciliation session =
        Reconciliation.responder(LIMITS, new Name(1, 2), () -> Snapshot.of(held));
    session.step(new Input.Heard(new Message.Root(Digest.ZERO, DotReport.NONE)));
    List<Effect> effects = List.of();
    int turns = 0;
    while (!session.isFinished()) {
      session.step(
          new Input.Heard(new Message.Want(Message.Want.Kind.EPOCH, 8, 0, List.of(1L), List.of())));
      effects = session.step(new Input.Heard(new Message.Over(0, List.of())));
      assertTrue(turns++ <= LIMITS.turnsMax());
    }
    assertEquals(new Effect.Abort(Code.LIMIT, false), effects.getLast());
  }

  @Test
  void versionsThatNobodyAnnouncedEndTheSession() {
    Reconciliation session =
        Reconciliation.responder(
            LIMITS, new Name(1, 2), () -> Snapshot.of(MerkleTree.of(Sets.numbered(10))));
    session.step(new Input.Heard(new Message.Root(Digest.ZERO, DotReport.NONE)));
    List<Effect> effects = session.step(new Input.Received(Digest.ZERO));
    assertEquals(new Effect.Abort(Code.ILLEGAL, false), effects.getLast());
  }

  @Test
  void rootsThatNeverAgreeFailAfterTwoDrillDowns() {
    // The peer says that it holds nothing different and still names another root.
    MerkleTree held = MerkleTree.of(Sets.numbered(10));
    Reconciliation session =
        Reconciliation.initiator(LIMITS, new Name(1, 2), () -> Snapshot.of(held));
    session.step(new Input.Start());
    session.step(new Input.Heard(equalTo(held)));
    Input lie = new Input.Heard(new Message.Done(Digest.ZERO, 0, List.of(), 0));
    assertInstanceOf(Effect.Send.class, session.step(lie).getLast());
    assertInstanceOf(Effect.Send.class, session.step(lie).getLast());
    assertEquals(new Effect.Abort(Code.UNEQUAL, false), session.step(lie).getLast());
  }

  @Test
  void shortHashesThatCollideAreFoundByWholeOnes() {
    // Honest but for two lies: its cells are the listener's own, and so is every short hash, as if
    // both had been ground.
    Random random = new Random(9);
    List<Digest> shared = Sets.random(random, 20_000);
    List<Digest> all = new ArrayList<>(shared);
    all.add(Sets.random(random));
    MerkleTree mine = MerkleTree.of(shared);
    Link link = new Link(Limits.STANDARD, mine, MerkleTree.of(all), "collision");
    boolean[] lied = new boolean[2];
    link.two.liar =
        message ->
            switch (message) {
              case Message.State state -> {
                lied[0] = true;
                yield new Message.State(
                    state.count(),
                    state.root(),
                    0,
                    0,
                    state.nonce(),
                    cellsOf(mine),
                    List.of(),
                    state.samples(),
                    state.dots());
              }
              case Message.Tree(int size, var nodes) when size == 8 -> {
                lied[1] = true;
                yield new Message.Tree(8, nodes.stream().map(node -> forged(node, mine)).toList());
              }
              default -> message;
            };
    link.run(random);
    assertTrue(lied[0]);
    assertEquals(MerkleTree.of(all).root(), link.one.held.root());
    assertInstanceOf(Effect.Done.class, link.one.ends.getFirst());
    assertTrue(link.one.session.rungs().contains(Rung.MERKLE));
  }

  @Test
  void cellsThatDoNotComeApartAreTriedUnderAnotherKey() {
    // Every cell of the epoch that the peer tells is noise, as if a set had been crafted for it.
    for (int seed = 0; seed < 40; seed++) {
      Random random = new Random(seed);
      Link link = ReconciliationTest.pair(random, Limits.STANDARD, "seed " + seed);
      MerkleTree union = MerkleTreeTest.union(link.one.held, link.two.held);
      boolean[] lied = new boolean[1];
      UnaryOperator<Message> noise =
          message ->
              switch (message) {
                case Message.State state -> {
                  lied[0] = !state.cells().equals(Octets.EMPTY);
                  yield new Message.State(
                      state.count(),
                      state.root(),
                      0,
                      0,
                      state.nonce(),
                      noise(random, state.cells()),
                      List.of(),
                      state.samples(),
                      state.dots());
                }
                case Message.Cells(Prefix scope, boolean fresh, int from, int end, Octets cells)
                    when !fresh ->
                    new Message.Cells(scope, false, from, end, noise(random, cells));
                default -> message;
              };
      link.one.liar = noise;
      link.two.liar = noise;
      link.run(random);
      assertEquals(union.root(), link.one.held.root(), "seed " + seed);
      assertEquals(union.root(), link.two.held.root(), "seed " + seed);
      if (lied[0]) assertTrue(link.one.session.rungs().contains(Rung.BLOOM), "seed " + seed);
    }
  }

  private static Octets noise(Random random, Octets cells) {
    byte[] bytes = new byte[cells.size()];
    random.nextBytes(bytes);
    return Octets.wrap(bytes);
  }

  private static Message.State equalTo(MerkleTree held) {
    return new Message.State(
        held.count(),
        Digest.ZERO,
        0,
        0,
        new Name(5, 5),
        cellsOf(held),
        List.of(),
        DifferenceEstimator.sample(held, held.count()),
        DotReport.NONE);
  }

  private static Octets cellsOf(MerkleTree held) {
    return CellStream.pack(Snapshot.of(held).cells().getFirst().range(0, 96), 0, 96);
  }

  private static Message.Tree.Node forged(Message.Tree.Node node, MerkleTree mine) {
    List<Digest> hashes = new ArrayList<>();
    for (int nibble = 0; nibble < 16; nibble++) {
      if ((node.present() & (1 << nibble)) == 0) continue;
      Digest hash = mine.hash(node.place().child(nibble));
      hashes.add(new Digest(hash == null ? 1 : hash.first(), 0, 0, 0));
    }
    return new Message.Tree.Node(node.place(), node.present(), hashes);
  }

  private static Input anything(Random random, MerkleTree held) {
    return switch (random.nextInt(12)) {
      case 0 -> new Input.Garbled("noise");
      case 1 -> new Input.Received(Sets.random(random));
      case 2 -> new Input.Parked(Sets.random(random), Sets.random(random));
      case 3 -> new Input.Refused(Sets.random(random));
      case 4 -> new Input.Heard(new Message.Root(Sets.random(random), DotReport.NONE));
      case 5 -> new Input.Heard(new Message.Done(held.root(), random.nextInt(2), List.of(), 0));
      case 6 -> new Input.Heard(new Message.Over(random.nextInt(2), List.of()));
      case 7 ->
          new Input.Heard(
              new Message.Leaf(List.of(new Message.Leaf.Bucket(Prefix.ALL, List.of()))));
      case 8 -> new Input.Heard(equalTo(held));
      case 9 ->
          new Input.Heard(
              new Message.Tree(
                  8, List.of(new Message.Tree.Node(Prefix.ALL, 1, List.of(Digest.ZERO)))));
      default -> new Input.Heard(RandomMessage.draw(random));
    };
  }
}
