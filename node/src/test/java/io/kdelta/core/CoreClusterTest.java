package io.kdelta.core;

import static io.kdelta.core.CoreRig.key;
import static io.kdelta.core.CoreRig.put;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.causal.ContentType;
import io.kdelta.causal.Dot;
import io.kdelta.causal.Envelope;
import io.kdelta.causal.Frame;
import io.kdelta.causal.Version;
import io.kdelta.cluster.AckLevel;
import io.kdelta.cluster.Forgery;
import io.kdelta.cluster.Member;
import io.kdelta.document.Moment;
import io.kdelta.error.KdeltaException;
import io.kdelta.memory.Bytes;
import io.kdelta.reconciliation.Digest;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * Goal: a write is acknowledged at its level when, and only when, that many other nodes have it
 * synced; what a cut keeps apart comes together again. Method: whole cores with real protocols and
 * disks on one clock, joined by links that a test cuts.
 */
final class CoreClusterTest {
  private static final long SECOND = 1_000_000_000L;
  private static final long MINUTE = 60 * SECOND;

  private final RigNetwork net = new RigNetwork(11, 3);

  @Test
  void aWriteWithLevelOneWaitsForTheSyncOfAnother() {
    join();
    CoreRig a = net.rigs.get(0);
    long ticket = a.send(put("x", "1", CoreRig.level(AckLevel.ONE)));
    a.settle();
    assertTrue(a.open(ticket), "synced here, and nowhere else");
    net.until("the acknowledgement", 2 * SECOND, () -> !a.open(ticket));
    Reply.Written written = assertInstanceOf(Reply.Written.class, a.answered.get(ticket));
    assertEquals(AckLevel.ONE, written.level());
    assertTrue(written.synced() >= 2);
    net.until("everybody has it", MINUTE, this::sameRoots);
    assertTrue(net.rigs.get(2).ask(new Command.Exists(key("x")), Reply.Existence.class).exists());
  }

  @Test
  void theDefaultLevelRisesWithTheFirstMeeting() {
    CoreRig a = net.rigs.get(0).open();
    Reply.Written alone = a.ask(put("a", "1"), Reply.Written.class);
    assertEquals(AckLevel.LOCAL, alone.level());
    a.close();
    join();
    long ticket = a.send(put("b", "1"));
    net.until("the acknowledgement", 2 * SECOND, () -> !a.open(ticket));
    Reply.Written met = assertInstanceOf(Reply.Written.class, a.answered.get(ticket));
    assertEquals(AckLevel.ONE, met.level());
  }

  @Test
  void allNeedsAllAndADeadMemberMakesItUnreachable() {
    join();
    CoreRig a = net.rigs.get(0);
    long all = a.send(put("x", "1", CoreRig.level(AckLevel.ALL)));
    net.until("the acknowledgement", 2 * SECOND, () -> !a.open(all));
    assertEquals(3, assertInstanceOf(Reply.Written.class, a.answered.get(all)).synced());
    CoreStats counted = a.core().stats();
    assertTrue(counted.storage().logSyncs() > 0);
    assertTrue(counted.traffic().shippedBytes() > 0, counted::toString);
    assertTrue(
        counted.traffic().sessions().count() >= 2 && counted.traffic().sessions().rounds() >= 2);
    assertTrue(net.rigs.get(1).core().stats().traffic().receivedBytes() > 0);
    net.stop(2);
    net.rigs.get(2).disk.crash();
    net.until("the death is noticed", MINUTE, () -> states(a).contains(Member.State.DEAD));
    long before = net.time.nanos();
    Command again = put("y", "1", new Command.Terms("r", "", AckLevel.ALL));
    long unmet = a.send(again);
    net.until("the refusal", 2 * SECOND, () -> !a.open(unmet));
    var error = assertInstanceOf(KdeltaException.DurabilityUnmet.class, a.refused.get(unmet));
    assertTrue(net.time.nanos() - before < SECOND, "at once, not at the deadline");
    assertTrue(error.reached().contains("too few"), error.reached());
    net.rigs.get(2).open();
    net.until("it is back", MINUTE, () -> !states(a).contains(Member.State.DEAD) && sameRoots());
    long retry = a.send(again);
    net.until("the retry", 10 * SECOND, () -> !a.open(retry));
    Reply.Written written = assertInstanceOf(Reply.Written.class, a.answered.get(retry));
    assertTrue(written.versions().getFirst().repeated());
    assertEquals(3, written.synced());
  }

  @Test
  void aRetryOnAnotherNodeWaitsForItsOwnLevel() {
    join();
    CoreRig a = net.rigs.get(0);
    CoreRig b = net.rigs.get(1);
    long first = a.send(put("x", "1", new Command.Terms("r", "", AckLevel.LOCAL)));
    net.until("everybody has it", MINUTE, () -> !a.open(first) && sameRoots());
    long retry = b.send(put("x", "1", new Command.Terms("r", "", AckLevel.ONE)));
    net.until("the retry", 4 * SECOND, () -> !b.open(retry));
    Reply.Written written = assertInstanceOf(Reply.Written.class, b.answered.get(retry));
    assertTrue(written.versions().getFirst().repeated());
    assertTrue(written.synced() >= 2);
    assertEquals(1, a.ask(new Command.Stats(""), Reply.Stats.class).versions());
  }

  @Test
  void bothSidesOfACutAreHeadsAfterwardsEverywhere() {
    join();
    CoreRig a = net.rigs.get(0);
    long base = a.send(put("k", "0", CoreRig.level(AckLevel.ALL)));
    net.until("the base", 2 * SECOND, () -> !a.open(base));
    net.isolate(2, true);
    CoreRig c = net.rigs.get(2);
    long here = a.send(put("k", "1", CoreRig.level(AckLevel.LOCAL)));
    long there = c.send(put("k", "2", CoreRig.level(AckLevel.LOCAL)));
    net.until("both accepted", 2 * SECOND, () -> !a.open(here) && !c.open(there));
    net.isolate(2, false);
    net.until("equal roots", MINUTE, this::sameRoots);
    Reply.HeadList first = heads(a);
    assertEquals(2, first.heads().size());
    for (CoreRig rig : net.rigs) {
      assertEquals(first.stateId(), heads(rig).stateId());
      assertEquals(
          first.heads().getFirst().version().id(), heads(rig).heads().getFirst().version().id());
    }
  }

  @Test
  void whatRotsInOneLogComesBackFromTheOthers() {
    join();
    CoreRig c = net.rigs.get(2);
    for (int i = 0; i < 20; i++) {
      CoreRig writer = net.rigs.get(i % 3);
      long ticket = writer.send(put("k" + i, "1", CoreRig.level(AckLevel.ALL)));
      net.until("write " + i, 2 * SECOND, () -> !writer.open(ticket));
    }
    c.settle();
    net.stop(2);
    c.disk.kill();
    int damaged = 0;
    for (String name : c.disk.list("")) {
      if (!name.endsWith(".log")) continue;
      for (long at = 3_000; at < 12_000; at += 3_000) c.disk.flip(name, at, 0x04);
      damaged++;
    }
    assertTrue(damaged > 0);
    c.open();
    assertFalse(c.ask(new Command.AdminStatus(), Reply.Status.class).recovery().isEmpty(), "named");
    net.until("healed", 2 * MINUTE, this::sameRoots);
    assertEquals(20, c.ask(new Command.Stats("test"), Reply.Stats.class).versions());
    for (int i = 0; i < 20; i++) {
      c.ask(new Command.Get(key("k" + i), new Moment.Latest()), Reply.Value.class);
    }
  }

  @Test
  void whatRotsInTheTablesOfARunningNodeComesBackWithoutARestart() {
    join();
    CoreRig c = net.rigs.get(2);
    int keys = 300;
    for (int i = 0; i < keys; i++) {
      CoreRig writer = net.rigs.get(i % 3);
      String json = "\"" + "x".repeat(i % 10 == 0 ? 5_000 : 500) + i + "\"";
      long ticket = writer.send(put("k" + i, json, CoreRig.level(AckLevel.ALL)));
      net.until("write " + i, 2 * SECOND, () -> !writer.open(ticket));
    }
    c.settle();
    int damaged = 0;
    for (String name : c.disk.list("")) {
      if (!name.endsWith(".table")) continue;
      long size = c.disk.open(name).size();
      for (long at = 40_000; at < size / 2; at += 200_000) {
        c.disk.flip(name, at, 0x10);
        damaged++;
      }
    }
    assertTrue(damaged > 0, "no table is large enough");
    // What nobody touches is found by the merges that these writes bring about.
    for (int i = 0; i < keys; i++) {
      long ticket = c.send(put("m" + i % 100, "\"" + "y".repeat(600) + i + "\""));
      net.until("write", MINUTE, () -> !c.open(ticket));
    }
    net.until("found", MINUTE, () -> notices(c).contains("damaged data was set aside"));
    net.until("equal roots", 2 * MINUTE, this::sameRoots);
    for (int i = 0; i < keys; i++) {
      Reply.Value value =
          c.ask(new Command.Get(key("k" + i), new Moment.Latest()), Reply.Value.class);
      assertTrue(value.version().document().utf8().endsWith(i + "\""), "key " + i);
    }
    assertEquals(keys + 100, c.ask(new Command.Stats("test"), Reply.Stats.class).keys());
    long after = c.send(put("after", "1", CoreRig.level(AckLevel.ALL)));
    net.until("it writes on", 2 * SECOND, () -> !c.open(after));
    assertInstanceOf(Reply.Written.class, c.answered.get(after));
  }

  @Test
  void aNodeWhoseLogALiarSquatsGoesOnUnderANewName() {
    join();
    CoreRig a = net.rigs.get(0);
    long first = a.send(put("x", "1", CoreRig.level(AckLevel.ALL)));
    net.until("the first write", 2 * SECOND, () -> !a.open(first));
    assertInstanceOf(Reply.Written.class, a.answered.get(first));
    Envelope written = stored(a, "x");
    Dot honest = written.dots().getFirst();
    Version forged = forged(written.version());
    Dot squatted = new Dot(honest.incarnation(), honest.seq() + 1);
    Envelope envelope = new Envelope(forged, List.of(squatted), null, Bytes.utf8("2"), Bytes.EMPTY);
    Frame frame =
        new Frame(
            squatted.incarnation(),
            forged.node(),
            squatted.seq(),
            null,
            null,
            List.of(new Frame.Entry(envelope, false)));
    net.forge(1, 2, Forgery.ship(frame));
    net.forge(2, 1, Forgery.ship(frame));
    long second = a.send(put("y", "1", CoreRig.level(AckLevel.LOCAL)));
    net.until("the second write", 2 * SECOND, () -> !a.open(second));
    net.until("a is told", 10 * SECOND, () -> notices(a).contains("a new one is begun"));
    long third = a.send(put("z", "1", CoreRig.level(AckLevel.ALL)));
    net.until("the third write", 4 * SECOND, () -> !a.open(third));
    assertInstanceOf(Reply.Written.class, a.answered.get(third), "" + a.refused);
    Dot fresh = stored(a, "z").dots().getFirst();
    assertNotEquals(honest.incarnation(), fresh.incarnation());
    net.until("equal roots", MINUTE, this::sameRoots);
    for (CoreRig rig : net.rigs) {
      for (String name : List.of("x", "y", "z")) {
        assertTrue(rig.ask(new Command.Exists(key(name)), Reply.Existence.class).exists());
      }
    }
  }

  private static Envelope stored(CoreRig rig, String name) {
    Command get = new Command.Get(key(name), new Moment.Latest());
    return rig.ask(get, Reply.Value.class).version();
  }

  /** A version of another key that somebody else made. */
  private static Version forged(Version like) {
    return Version.of(
        Version.Kind.PUT,
        key("forged"),
        List.of(),
        like.time(),
        like.node(),
        Bytes.EMPTY,
        ContentType.JSON,
        ContentType.JSON.idOf(Bytes.utf8("2")),
        "");
  }

  @Test
  void aDrainedNodeEndsAndALeavingOneIsAnswered() {
    join();
    CoreRig b = net.rigs.get(1);
    long leave = b.send(new Command.Leave());
    net.until("the farewell", MINUTE, () -> !b.open(leave));
    assertTrue(assertInstanceOf(Reply.Left.class, b.answered.get(leave)).told() >= 1);
    assertTrue(b.trace.contains("Departed[left=true, shipped=true]"));
    long late = b.send(put("late", "1"));
    assertInstanceOf(KdeltaException.ReadOnly.class, b.refused.get(late));
    CoreRig a = net.rigs.get(0);
    net.until(
        "the others know",
        MINUTE,
        () -> a.ask(new Command.ClusterStatus(), Reply.MemberList.class).nodes().size() == 2);
    CoreRig c = net.rigs.get(2);
    c.turn(new Event.Drain());
    net.until("drained", MINUTE, () -> c.trace.contains("Departed[left=false, shipped=true]"));
  }

  @Test
  void aDeadMemberIsRemovedDurablyAndOneThatLivesIsNot() {
    join();
    CoreRig a = net.rigs.get(0);
    Command remove = new Command.Remove("node-2");
    long early = a.send(remove);
    assertInstanceOf(KdeltaException.Invalid.class, a.refused.get(early));
    long stranger = a.send(new Command.Remove("nobody"));
    net.until("refused", MINUTE, () -> !a.open(stranger));
    assertInstanceOf(KdeltaException.NotFound.class, a.refused.get(stranger));
    net.stop(2);
    net.rigs.get(2).disk.crash();
    net.until("the death is noticed", MINUTE, () -> states(a).contains(Member.State.DEAD));
    long asked = a.send(remove);
    assertTrue(a.open(asked), "it is not durable yet");
    net.until("removed", MINUTE, () -> !a.open(asked));
    assertEquals(1, assertInstanceOf(Reply.Removed.class, a.answered.get(asked)).told());
    net.stop(0);
    a.disk.crash();
    a.open();
    assertTrue(states(a).contains(Member.State.LEFT), "a removal survives a power loss");
  }

  private void join() {
    for (CoreRig rig : net.rigs) if (!rig.running()) rig.open();
    for (CoreRig rig : net.rigs) {
      net.until(
          "all have met",
          MINUTE,
          () -> {
            List<Reply.MemberList.Node> nodes =
                rig.ask(new Command.Members(), Reply.MemberList.class).nodes();
            return nodes.size() == 3 && nodes.stream().allMatch(node -> node.member().met());
          });
    }
    assertFalse(net.rigs.isEmpty());
  }

  private static String notices(CoreRig rig) {
    return String.join("\n", rig.trace);
  }

  private static List<Member.State> states(CoreRig rig) {
    return rig.ask(new Command.Members(), Reply.MemberList.class).nodes().stream()
        .map(node -> node.member().state())
        .toList();
  }

  private boolean sameRoots() {
    List<Digest> roots =
        net.rigs.stream()
            .map(rig -> rig.ask(new Command.AdminStatus(), Reply.Status.class).root())
            .distinct()
            .toList();
    return roots.size() == 1;
  }

  private static Reply.HeadList heads(CoreRig rig) {
    return rig.ask(new Command.Heads(key("k"), new Moment.Latest()), Reply.HeadList.class);
  }
}
