package io.kdelta.core;

import static io.kdelta.core.CoreRig.delete;
import static io.kdelta.core.CoreRig.key;
import static io.kdelta.core.CoreRig.put;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.causal.CausalToken;
import io.kdelta.causal.Intervals;
import io.kdelta.cluster.AckLevel;
import io.kdelta.document.Moment;
import io.kdelta.document.Write;
import io.kdelta.error.KdeltaException;
import io.kdelta.memory.Bytes;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/**
 * Goal: with its token a client is never told less than it knows, on any node; it waits, or hears
 * BEHIND and nothing was done; and it waits for nothing else. Method: whole cores on one clock,
 * joined by links that a test cuts.
 */
final class CoreTokenTest {
  private static final long SECOND = 1_000_000_000L;
  private static final long MINUTE = 60 * SECOND;
  private static final Command.Terms LOCAL = CoreRig.level(AckLevel.LOCAL);

  private final RigNetwork net = new RigNetwork(21, 3);
  private final CoreRig a = net.rigs.get(0);
  private final CoreRig b = net.rigs.get(1);

  @Test
  void whatWasWrittenOnOneNodeIsWaitedForOnAnother() {
    join();
    net.isolate(1, true);
    CausalToken token = done(a, a.send(put("x", "1", LOCAL)));
    assertFalse(token.isEmpty());
    long read = b.send(get("x"), token);
    b.settle();
    assertTrue(b.open(read), "it has not arrived there");
    long without = b.send(get("x"));
    b.settle();
    assertInstanceOf(KdeltaException.NotFound.class, b.refused.get(without), "no token, no wait");
    net.isolate(1, false);
    net.until("the answer", 20 * SECOND, () -> !b.open(read));
    Reply.Value value = assertInstanceOf(Reply.Value.class, b.answered.get(read));
    assertEquals("1", value.version().document().utf8());
    assertEquals(token, b.tokens.get(read), "it saw nothing else");
  }

  @Test
  void aWriteFollowsWhatItsClientHasRead() {
    join();
    net.isolate(1, true);
    CausalToken token = done(a, a.send(put("x", "1", LOCAL)));
    long write = b.send(put("x", "2", LOCAL), token);
    assertTrue(b.open(write));
    net.isolate(1, false);
    net.until("the write", 20 * SECOND, () -> !b.open(write));
    Reply.Written written = assertInstanceOf(Reply.Written.class, b.answered.get(write));
    assertEquals(1, written.versions().getFirst().superseded());
    CausalToken both = Objects.requireNonNull(b.tokens.get(write));
    assertEquals(2, both.logs().size(), both::summary);
    token.logs().forEach((log, places) -> assertEquals(places, both.logs().get(log)));
    net.until("everybody has both", MINUTE, () -> sees(a, both));
  }

  private static boolean sees(CoreRig rig, CausalToken token) {
    return done(rig, rig.send(new Command.Exists(key("x")), token)).equals(token);
  }

  @Test
  void atItsDeadlineItHearsBehindAndNothingWasDone() {
    join();
    net.isolate(1, true);
    CausalToken token = done(a, a.send(put("x", "1", LOCAL)));
    long write = b.send(put("y", "1", LOCAL), token);
    long read = b.send(get("x"), token);
    net.until("both", MINUTE, () -> !b.open(write) && !b.open(read));
    for (long ticket : List.of(write, read)) {
      var behind = assertInstanceOf(KdeltaException.Behind.class, b.refused.get(ticket));
      assertTrue(behind.position().startsWith("1 version of log "), behind.position());
      assertTrue(behind.hint().isPresent());
    }
    assertFalse(b.ask(new Command.Exists(key("y")), Reply.Existence.class).exists());
  }

  @Test
  void whatIsThereIsAnsweredInTheSameTurn() {
    join();
    CausalToken token = everywhere();
    b.settle();
    long read = b.send(get("x"), token);
    assertFalse(b.open(read));
    assertEquals(token, b.tokens.get(read));
  }

  private CausalToken everywhere() {
    long ticket = a.send(put("x", "1", CoreRig.level(AckLevel.ALL)));
    net.until("it is everywhere", MINUTE, () -> !a.open(ticket));
    return done(a, ticket);
  }

  @Test
  void absenceAfterADeleteIsRemembered() {
    join();
    everywhere();
    net.isolate(1, true);
    done(a, a.send(new Command.Delete(key("x"), none(), List.of(), LOCAL)));
    long gone = a.send(get("x"));
    a.settle();
    assertInstanceOf(KdeltaException.NotFound.class, a.refused.get(gone));
    long read = b.send(get("x"), Objects.requireNonNull(a.tokens.get(gone)));
    b.settle();
    assertTrue(b.open(read), "there it is still");
    net.isolate(1, false);
    net.until("the answer", 20 * SECOND, () -> !b.open(read));
    assertInstanceOf(KdeltaException.NotFound.class, b.refused.get(read));
  }

  private static io.kdelta.document.Precondition none() {
    return io.kdelta.document.Precondition.NONE;
  }

  @Test
  void allHeadsAreNamedAndListsNameEverything() {
    join();
    net.isolate(1, true);
    CausalToken here = done(a, a.send(put("x", "1", LOCAL)));
    CausalToken there = done(b, b.send(put("x", "2", LOCAL)));
    CausalToken other = done(a, a.send(put("y", "1", LOCAL)));
    net.isolate(1, false);
    CausalToken conflict = here.union(there);
    long meet = a.send(get("x"), conflict);
    net.until("the conflict", MINUTE, () -> !a.open(meet));
    assertEquals(2, assertInstanceOf(Reply.Value.class, a.answered.get(meet)).heads());
    assertEquals(conflict, done(a, a.send(get("x"))), "both heads, without being asked with them");
    Command heads = new Command.Heads(key("x"), new Moment.Latest());
    assertEquals(conflict, done(a, a.send(heads)));
    Command list = new Command.ListKeys("test", "", "", 10);
    assertEquals(conflict.union(other), done(a, a.send(list)));
    Command history = new Command.History(key("y"), 0, "", 10);
    assertEquals(other, done(a, a.send(history)));
    long show = a.send(new Command.Show(winner(meet)));
    assertEquals(conflict, done(a, show), "that it is a head was told, too");
  }

  private String winner(long ticket) {
    return assertInstanceOf(Reply.Value.class, a.answered.get(ticket))
        .version()
        .version()
        .id()
        .hex();
  }

  @Test
  void aTokenOfAnotherClusterIsRefusedAtOnce() {
    CoreRig alone = new CoreRig(5).open();
    CausalToken token = done(alone, alone.send(put("x", "1")));
    CoreRig other = new CoreRig(6).open();
    long read = other.send(get("x"), token);
    assertInstanceOf(KdeltaException.WrongCluster.class, other.refused.get(read));
    assertInstanceOf(
        Reply.NamespaceList.class, alone.ask(new Command.ListNamespaces(), Reply.class));
  }

  @Test
  void whereNobodyCouldBringItNobodyWaits() {
    CoreRig alone = new CoreRig(7).open();
    CausalToken token = done(alone, alone.send(put("x", "1")));
    long log = token.logs().firstKey();
    CausalToken lost =
        new CausalToken(token.cluster(), false, new TreeMap<>(Map.of(log, Intervals.of(1, 9))));
    long read = alone.send(get("x"), lost);
    var behind = assertInstanceOf(KdeltaException.Behind.class, alone.refused.get(read));
    assertTrue(behind.position().startsWith("8 versions of log "), behind.position());
  }

  @Test
  void aTokenSurvivesRestartsAndNamesBoth() {
    CoreRig alone = new CoreRig(8).open();
    CausalToken first = done(alone, alone.send(put("x", "1")));
    alone.close();
    alone.open();
    CausalToken second = done(alone, alone.send(put("x", "2"), first));
    assertEquals(2, second.logs().size());
    assertEquals(second, done(alone, alone.send(get("x"), first)));
  }

  @Test
  void thoseWhoWaitAreBoundedAbandonedAndRefusedAtTheEnd() {
    join();
    net.isolate(1, true);
    CausalToken token = done(a, a.send(put("x", "1", LOCAL)));
    long first = b.send(get("x"), token);
    for (int i = 1; i < Anteroom.REQUESTS_MAX; i++) b.send(get("x"), token);
    long over = b.send(get("x"), token);
    assertInstanceOf(KdeltaException.Overloaded.class, b.refused.get(over));
    b.turn(new Event.Abandoned(first));
    assertTrue(b.open(b.send(get("x"), token)), "one has left");
    assertEquals(1, b.refused.size());
    Bytes large = Bytes.utf8("\"" + "x".repeat(1 << 20) + "\"");
    b.turn(new Event.Abandoned(first + 1));
    long batch =
        b.send(
            new Command.Batch(
                List.of(Write.put(key("l"), large), Write.put(key("m"), large)), LOCAL),
            token);
    assertTrue(b.open(batch));
    int refusedBefore = b.refused.size();
    for (Effect effect : b.core().stop("the test ends")) {
      if (effect instanceof Effect.Refuse(long ticket, KdeltaException error, CausalToken _)) {
        assertInstanceOf(KdeltaException.Behind.class, error);
        b.refused.put(ticket, error);
      }
    }
    assertEquals(Anteroom.REQUESTS_MAX, b.refused.size() - refusedBefore);
  }

  /** Two of four are backups; to the others a log comes by relay, which takes its time. */
  @Test
  void whatAClientWaitsForIsAskedForAtOnce() {
    RigNetwork four = new RigNetwork(31, 4);
    join(four);
    CoreRig origin = four.rigs.getFirst();
    for (int round = 0; round < 5; round++) {
      long written = origin.send(put("x", "" + round, CoreRig.level(AckLevel.ALL)));
      four.until("the write", SECOND, () -> !origin.open(written));
      CausalToken token = Objects.requireNonNull(origin.tokens.get(written));
      long began = four.time.nanos();
      for (CoreRig rig : four.rigs) {
        long read = rig.send(get("x"), token);
        four.until("the read", SECOND, () -> !rig.open(read));
        assertInstanceOf(Reply.Value.class, rig.answered.get(read));
      }
      long waited = four.time.nanos() - began;
      assertTrue(waited <= 90_000_000L, "waited for " + waited + " ns");
      four.until("all is quiet", SECOND, () -> four.time.nanos() >= began + SECOND - 1);
    }
  }

  @Test
  void aRefusedWriteTellsWhatItRanInto() {
    CoreRig alone = new CoreRig(9).open();
    CausalToken token = done(alone, alone.send(put("x", "1")));
    Command again =
        new Command.Put(
            key("x"),
            Bytes.utf8("2"),
            io.kdelta.document.Precondition.IF_ABSENT,
            List.of(),
            Command.Terms.NONE);
    assertEquals(token, done(alone, alone.send(again)));
    assertEquals(1, alone.refused.size());
    assertEquals(CausalToken.NONE, done(alone, alone.send(delete("never"))).without(List.of()));
  }

  /** Settles, and gives the token that came. */
  private static CausalToken done(CoreRig rig, long ticket) {
    rig.settle();
    CausalToken token = rig.tokens.get(ticket);
    if (token == null) throw new AssertionError("no answer to " + ticket);
    return token;
  }

  private static Command get(String name) {
    return new Command.Get(key(name), new Moment.Latest());
  }

  private void join() {
    join(net);
  }

  private static void join(RigNetwork net) {
    for (CoreRig rig : net.rigs) if (!rig.running()) rig.open();
    for (CoreRig rig : net.rigs) {
      net.until(
          "all have met",
          MINUTE,
          () -> {
            List<Reply.MemberList.Node> nodes =
                rig.ask(new Command.Members(), Reply.MemberList.class).nodes();
            return nodes.size() == net.rigs.size()
                && nodes.stream().allMatch(node -> node.member().met());
          });
    }
  }
}
