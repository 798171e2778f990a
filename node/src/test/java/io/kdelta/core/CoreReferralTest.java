package io.kdelta.core;

import static io.kdelta.core.CoreRig.key;
import static io.kdelta.core.CoreRig.put;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import io.kdelta.cluster.AckLevel;
import io.kdelta.document.Moment;
import io.kdelta.error.KdeltaException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * Goal: a node that holds nothing does not pass that off as an answer while nobody has told it what
 * there is, or others hold something; it says where to ask. Where nobody holds anything, there is
 * nothing. Method: whole cores on one clock; the empty one is asked after every round of messages.
 */
final class CoreReferralTest {
  private static final long MINUTE = 60_000_000_000L;
  private static final String ELSEWHERE = "ask " + RigNetwork.address(0);

  /** Neither an answer nor a word of who has one. */
  private static final String NOBODY = "ask ";

  private final RigNetwork net = new RigNetwork(7, 2);
  private final CoreRig full = net.rigs.get(0);
  private final CoreRig empty = net.rigs.get(1);

  private String heard(Command command) {
    long ticket = empty.send(command);
    empty.settle();
    Reply reply = empty.answered.get(ticket);
    if (reply != null) return reply instanceof Reply.Value ? "found" : "answered";
    KdeltaException refused = empty.refused.get(ticket);
    if (refused instanceof KdeltaException.NotFound) return "not found";
    var behind = assertInstanceOf(KdeltaException.Behind.class, refused);
    return "ask " + String.join(",", behind.elsewhere());
  }

  private void fill() {
    full.open();
    empty.open();
    net.isolate(1, true);
    long ticket = full.send(put("x", "1", CoreRig.level(AckLevel.LOCAL)));
    net.until("the write", MINUTE, () -> full.answered.containsKey(ticket));
  }

  private List<String> heardWhileItJoins(Command command, String last) {
    List<String> heard = new ArrayList<>();
    net.afterEachRound(() -> heard.add(heard(command)));
    net.isolate(1, false);
    net.until("it has joined", MINUTE, () -> heard.getLast().equals(last));
    net.afterEachRound(() -> {});
    return List.copyOf(new LinkedHashSet<>(heard));
  }

  @Test
  void aReadIsReferredUntilSomethingIsThere() {
    fill();
    Command get = new Command.Get(key("x"), new Moment.Latest());
    assertEquals(List.of(NOBODY, ELSEWHERE, "found"), heardWhileItJoins(get, "found"));
  }

  @Test
  void whatNobodyHoldsIsNotReferredForEver() {
    fill();
    Command get = new Command.Get(key("never"), new Moment.Latest());
    List<String> heard = new ArrayList<>();
    net.afterEachRound(() -> heard.add(heard(get)));
    net.isolate(1, false);
    net.until(
        "equal", MINUTE, () -> heard.contains(ELSEWHERE) && heard.getLast().equals("not found"));
  }

  @Test
  void aListIsReferredToo() {
    fill();
    List<String> heard = new ArrayList<>();
    net.afterEachRound(() -> heard.add(heard(new Command.ListNamespaces())));
    net.isolate(1, false);
    net.until(
        "it has joined",
        MINUTE,
        () -> heard.contains(ELSEWHERE) && heard.getLast().equals("answered"));
    assertEquals(NOBODY, heard.getFirst());
  }

  @Test
  void whereNobodyHoldsAnythingThereIsNothing() {
    full.open();
    empty.open();
    Command get = new Command.Get(key("x"), new Moment.Latest());
    List<String> heard = new ArrayList<>();
    net.afterEachRound(() -> heard.add(heard(get)));
    net.until("they have met", MINUTE, () -> heard.contains("not found"));
    net.until("long behind that", MINUTE, () -> net.time.nanos() > MINUTE / 2);
    assertEquals(List.of(NOBODY, "not found"), List.copyOf(new LinkedHashSet<>(heard)));
  }

  @Test
  void whoeverIsToldOfNobodyAnswersByItself() {
    full.open();
    long ticket = full.send(new Command.Get(key("x"), new Moment.Latest()));
    full.settle();
    assertInstanceOf(KdeltaException.NotFound.class, full.refused.get(ticket));
  }

  @Test
  void whatWasWrittenHereIsReadHere() {
    full.open();
    empty.open();
    Command x = new Command.Get(key("x"), new Moment.Latest());
    net.until("they have met", MINUTE, () -> heard(x).equals("not found"));
    net.isolate(1, true);
    for (CoreRig rig : net.rigs) {
      String key = rig == full ? "x" : "y";
      long write = rig.send(put(key, "1", CoreRig.level(AckLevel.LOCAL)));
      net.until("the write", MINUTE, () -> rig.answered.containsKey(write));
    }
    assertEquals("found", heard(new Command.Get(key("y"), new Moment.Latest())));
    assertEquals("not found", heard(x), "it is not here yet");
  }

  @Test
  void whoWasRemovedIsNotWaitedFor() {
    fill();
    Command get = new Command.Get(key("x"), new Moment.Latest());
    List<String> heard = new ArrayList<>();
    net.afterEachRound(() -> {
      heard.add(heard(get));
      // It hears who holds something, and nothing of what that is.
      if (heard.getLast().equals(ELSEWHERE)) net.isolate(0, true);
    });
    net.isolate(1, false);
    net.until("the holder is lost", MINUTE, () -> heard.contains(ELSEWHERE));
    net.afterEachRound(() -> {});
    net.until("it is dead", MINUTE, this::isRemoved);
    assertEquals("not found", heard(get));
  }

  private boolean isRemoved() {
    assertEquals(NOBODY, heard(new Command.Get(key("x"), new Moment.Latest())));
    long ticket = empty.send(new Command.Remove("node-0"));
    empty.settle();
    return empty.answered.containsKey(ticket);
  }

  @Test
  void whoStandsAloneForAWhileBeginsAlone() {
    RigNetwork named = new RigNetwork(7, 2, "named");
    CoreRig first = named.rigs.get(1).open();
    long early = first.send(new Command.Get(key("x"), new Moment.Latest()));
    first.settle();
    assertInstanceOf(KdeltaException.Behind.class, first.refused.get(early));
    named.until("a while", MINUTE, () -> named.time.nanos() > MINUTE / 10);
    long later = first.send(new Command.Get(key("x"), new Moment.Latest()));
    first.settle();
    assertInstanceOf(KdeltaException.NotFound.class, first.refused.get(later));
  }
}
