package io.kdelta.core;

import static io.kdelta.core.CoreRig.put;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.causal.CausalToken;
import io.kdelta.cluster.AckLevel;
import io.kdelta.cluster.Member;
import io.kdelta.error.KdeltaException;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * Goal: a node that drains takes nothing more, ships everything, waits for it no longer than it
 * must, and is a member still. Method: three cores that are joined, in one thread.
 */
final class CoreDrainTest {
  private static final long SECOND = 1_000_000_000L;
  private static final long MINUTE = 60 * SECOND;
  private static final String WHOLE = "Departed[left=false, shipped=true]";
  private static final String LACKING = "Departed[left=false, shipped=false]";

  private final RigNetwork net = new RigNetwork(700, 3);

  private void join() {
    for (CoreRig rig : net.rigs) if (!rig.running()) rig.open();
    CoreRig first = net.rigs.get(0);
    net.until("three members", MINUTE, () -> states(first).size() == 3);
    long write = first.send(put("first", "1"));
    net.until("the first write", MINUTE, () -> !first.open(write));
    net.until("equal roots", MINUTE, this::sameRoots);
    net.until("level one", MINUTE, this::allHaveMet);
  }

  private boolean allHaveMet() {
    for (CoreRig rig : net.rigs) {
      for (Reply.MemberList.Node node : members(rig)) if (!node.member().met()) return false;
    }
    return true;
  }

  private boolean sameRoots() {
    return net.rigs.stream()
            .filter(CoreRig::running)
            .map(rig -> rig.ask(new Command.AdminStatus(), Reply.Status.class).root())
            .distinct()
            .count()
        == 1;
  }

  private static List<Reply.MemberList.Node> members(CoreRig rig) {
    return rig.ask(new Command.ClusterStatus(), Reply.MemberList.class).nodes();
  }

  private static List<Member.State> states(CoreRig rig) {
    return members(rig).stream().map(node -> node.member().state()).toList();
  }

  private static Member member(CoreRig rig, String name) {
    for (Reply.MemberList.Node node : members(rig)) {
      if (node.member().card().name().equals(name)) return node.member();
    }
    throw new AssertionError("no " + name);
  }

  /** A process that was asked to end, as its thread ends it. */
  private void end(int rig) {
    CoreRig drained = net.rigs.get(rig);
    drained.settle();
    drained.core().stop("the node is stopping");
    drained.core().finish();
    drained.core().close();
    net.stop(rig);
  }

  @Test
  void whatIsWrittenInTheTurnOfTheDrainIsShippedAndAcknowledged() {
    join();
    CoreRig c = net.rigs.get(2);
    Event write =
        new Event.Arrived(
            9_001,
            put("last", "1", CoreRig.level(AckLevel.ALL)),
            CausalToken.NONE,
            net.time.nanos() + 30 * SECOND);
    c.turn(write, new Event.Drain());
    net.until("drained", MINUTE, () -> c.trace.contains(WHOLE));
    c.settle();
    assertInstanceOf(Reply.Written.class, c.answered.get(9_001L));
    end(2);
    for (CoreRig other : net.rigs.subList(0, 2)) {
      assertTrue(
          other.ask(new Command.Exists(CoreRig.key("last")), Reply.Existence.class).exists());
      assertEquals(Member.State.DOWN, member(other, "node-2").state());
    }
    long all = net.rigs.get(0).send(put("x", "1", CoreRig.level(AckLevel.ALL)));
    net.until("the refusal", MINUTE, () -> !net.rigs.get(0).open(all));
    assertInstanceOf(
        KdeltaException.DurabilityUnmet.class,
        net.rigs.get(0).refused.get(all),
        "who is down is counted");
    c.open();
    net.until("it is back", MINUTE, () -> member(net.rigs.get(0), "node-2").alive());
    net.until("equal roots", MINUTE, this::sameRoots);
  }

  @Test
  void aDrainThatNobodyTakesEndsInTimeAndSaysSo() {
    join();
    CoreRig c = net.rigs.get(2);
    net.isolate(2, true);
    long unheard = c.send(put("unheard", "1", CoreRig.level(AckLevel.LOCAL)));
    c.settle();
    assertInstanceOf(Reply.Written.class, c.answered.get(unheard));
    long began = net.time.nanos();
    long drain = c.send(new Command.Drain());
    long late = c.send(put("late", "1"));
    assertInstanceOf(KdeltaException.ReadOnly.class, c.refused.get(late));
    assertTrue(
        c.ask(new Command.Exists(CoreRig.key("first")), Reply.Existence.class).exists(),
        "it still answers reads");
    assertEquals(
        "this node is draining",
        c.ask(new Command.AdminStatus(), Reply.Status.class).readiness().reason());
    assertEquals(Member.Stage.DRAINING, member(c, "node-2").facts().stage());
    assertFalse(c.trace.contains(LACKING));
    net.until("the end", MINUTE, () -> c.trace.contains(LACKING));
    assertTrue(net.time.nanos() - began <= 11 * SECOND, "bounded");
    assertFalse(assertInstanceOf(Reply.Left.class, c.answered.get(drain)).shipped());
    end(2);
    net.isolate(2, false);
    c.open();
    net.until("what nobody took comes later", MINUTE, this::sameRoots);
    assertTrue(
        net.rigs
            .get(0)
            .ask(new Command.Exists(CoreRig.key("unheard")), Reply.Existence.class)
            .exists());
  }

  @Test
  void whoDrainsSaysSoWhileItWaits() {
    join();
    CoreRig a = net.rigs.get(0);
    CoreRig c = net.rigs.get(2);
    // One of its backups is gone and not yet called so: the drain waits for it.
    net.stop(1);
    net.rigs.get(1).disk.crash();
    c.send(put("more", "1", CoreRig.level(AckLevel.LOCAL)));
    c.turn(new Event.Drain());
    net.until(
        "the other hears of it",
        2 * SECOND,
        () -> member(a, "node-2").facts().stage() == Member.Stage.DRAINING);
    assertEquals(Member.State.ALIVE, member(a, "node-2").state());
    // As soon as the lost one is called dead, one backup is all there is.
    net.until("drained", MINUTE, () -> c.trace.contains(WHOLE));
    net.until("down", SECOND, () -> member(a, "node-2").state() == Member.State.DOWN);
    net.rigs.get(1).open();
    net.until(
        "the third hears of it", MINUTE, () -> states(net.rigs.get(1)).contains(Member.State.DOWN));
  }
}
