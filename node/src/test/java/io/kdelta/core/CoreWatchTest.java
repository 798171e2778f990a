package io.kdelta.core;

import static io.kdelta.core.CoreRig.delete;
import static io.kdelta.core.CoreRig.put;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.causal.CausalToken;
import io.kdelta.causal.Envelope;
import io.kdelta.causal.Key;
import io.kdelta.cluster.AckLevel;
import io.kdelta.document.Precondition;
import io.kdelta.error.KdeltaException;
import io.kdelta.memory.Bytes;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * Goal: a watch tells every version of its scope in causal order, whatever happens between two
 * questions, shows nothing that a crash could take back, and keeps nothing of a slow watcher in
 * memory. Method: whole cores, asked question after question with the token of the last answer.
 */
final class CoreWatchTest {
  private static final long SECOND = 1_000_000_000L;
  private static final WatchScope ALL = new WatchScope("", "");
  private static final WatchFrom START = new WatchFrom.Start();

  private final CoreRig rig = new CoreRig(41).open();

  @Test
  void fromTheStartEverythingOfTheScopeComesInOrder() {
    rig.ask(put("a/1", "1"), Reply.Written.class);
    rig.ask(put("b/1", "2"), Reply.Written.class);
    rig.ask(put("a/1", "3"), Reply.Written.class);
    rig.ask(delete("a/1"), Reply.Written.class);
    assertEquals(List.of("a/1=1", "a/1=3", "a/1="), all(rig, new WatchScope("test", "a/"), 10));
    assertEquals(List.of("a/1=1", "a/1=3", "a/1="), all(rig, new WatchScope("test", "a/"), 1));
    assertEquals(List.of("a/1=1", "b/1=2", "a/1=3", "a/1="), all(rig, ALL, 2));
    assertEquals(List.of(), all(rig, new WatchScope("other", ""), 2));
  }

  /** Everything from the start on, {@code limit} at a time. */
  private static List<String> all(CoreRig rig, WatchScope scope, int limit) {
    List<String> told = new ArrayList<>();
    WatchFrom from = START;
    for (boolean current = false; !current; ) {
      long ticket = rig.send(watch(scope, from, limit));
      rig.settle();
      if (rig.open(ticket)) {
        rig.turn(new Event.Abandoned(ticket));
        break;
      }
      Reply.Changes changes = changes(rig, ticket);
      assertTrue(changes.versions().size() <= limit);
      told.addAll(texts(changes));
      current = changes.current();
      from = new WatchFrom.Token(changes.token());
    }
    return told;
  }

  private static Command.Watch watch(WatchScope scope, WatchFrom from, int limit) {
    return new Command.Watch(scope, from, limit, 1 << 20);
  }

  private static Reply.Changes changes(CoreRig rig, long ticket) {
    assertFalse(rig.refused.containsKey(ticket), () -> "" + rig.refused.get(ticket));
    return assertInstanceOf(Reply.Changes.class, rig.answered.get(ticket));
  }

  private static List<String> texts(Reply.Changes changes) {
    List<String> texts = new ArrayList<>();
    for (Envelope one : changes.versions()) {
      texts.add(one.version().key().key() + "=" + one.document().utf8());
    }
    return texts;
  }

  @Test
  void fromNowOnlyWhatComesAndOnlyWhatIsSynced() {
    rig.ask(put("x", "1"), Reply.Written.class);
    Reply.Changes begun = rig.ask(watch(ALL, new WatchFrom.Now(), 10), Reply.Changes.class);
    assertEquals(List.of(), begun.versions());
    assertTrue(begun.current());
    long waits = rig.send(watch(ALL, new WatchFrom.Token(begun.token()), 10));
    long elsewhere = rig.send(watch(new WatchScope("other", ""), new WatchFrom.Now(), 10));
    rig.settle();
    assertTrue(rig.open(waits), "nothing has come");
    rig.send(put("x", "2"));
    assertTrue(rig.open(waits), "a crash could take it back");
    rig.settle();
    Reply.Changes came = changes(rig, waits);
    assertEquals(List.of("x=2"), texts(came));
    assertTrue(changes(rig, elsewhere).versions().isEmpty(), "it was told where it begins");
    assertFalse(
        Objects.requireNonNull(rig.tokens.get(waits)).isEmpty(),
        "who reads with it reads nothing older");
  }

  /** Seed 27: who comes in between a new version and the look at it hid it from who had waited. */
  @Test
  void whoComesInTheTurnOfAVersionHidesItFromNobody() {
    WatchScope elsewhere = new WatchScope("other", "");
    long waits = rig.send(watch(ALL, START, 10));
    long before = rig.send(watch(elsewhere, START, 10));
    rig.settle();
    long deadline = rig.time.nanos() + CoreRig.TIMEOUT_NANOS;
    long late = 1_000_001;
    rig.turn(
        new Event.Arrived(1_000_000, put("x", "1"), CausalToken.NONE, deadline),
        new Event.Arrived(late, watch(elsewhere, START, 10), CausalToken.NONE, deadline));
    rig.settle();
    assertEquals(List.of("x=1"), texts(changes(rig, waits)));
    rig.ask(
        new Command.Put(
            new Key("other", "y"),
            Bytes.utf8("2"),
            Precondition.NONE,
            List.of(),
            Command.Terms.NONE),
        Reply.Written.class);
    assertEquals(List.of("y=2"), texts(changes(rig, before)));
    assertEquals(List.of("y=2"), texts(changes(rig, late)));
  }

  @Test
  void aSnapshotTellsTheHeadsOfLiveKeysAndThenWhatComes() {
    rig.ask(put("a", "1"), Reply.Written.class);
    rig.ask(put("b", "1"), Reply.Written.class);
    rig.ask(put("a", "2"), Reply.Written.class);
    rig.ask(delete("b"), Reply.Written.class);
    Reply.Changes snapshot = rig.ask(watch(ALL, new WatchFrom.Snapshot(), 10), Reply.Changes.class);
    assertEquals(List.of("a=2"), texts(snapshot));
    assertTrue(snapshot.current());
    rig.ask(put("a", "3"), Reply.Written.class);
    rig.ask(put("a", "4"), Reply.Written.class);
    WatchFrom behind = new WatchFrom.Token(snapshot.token());
    Reply.Changes then = rig.ask(watch(ALL, behind, 10), Reply.Changes.class);
    assertEquals(List.of("a=3", "a=4"), texts(then));
  }

  @Test
  void atItsDeadlineAWatchHearsWhereToGoOn() {
    long waits = rig.send(watch(ALL, START, 10));
    rig.settle();
    assertTrue(rig.open(waits));
    assertTrue(rig.wakeAt <= rig.time.nanos() + CoreRig.TIMEOUT_NANOS, "somebody wakes the core");
    rig.time.advance(CoreRig.TIMEOUT_NANOS + 1);
    rig.turn(new Event.Tick());
    Reply.Changes nothing = changes(rig, waits);
    assertEquals(List.of(), nothing.versions());
    rig.ask(put("x", "1"), Reply.Written.class);
    WatchFrom behind = new WatchFrom.Token(nothing.token());
    assertEquals(List.of("x=1"), texts(rig.ask(watch(ALL, behind, 10), Reply.Changes.class)));
  }

  @Test
  void aRestartAndAPowerLossBreakNoWatch() {
    Random chance = new Random(5);
    List<String> written = new ArrayList<>();
    List<String> told = new ArrayList<>();
    WatchFrom from = START;
    for (int round = 0; round < 60; round++) {
      String json = "" + round;
      rig.ask(put("k" + round % 3, json), Reply.Written.class);
      written.add("k" + round % 3 + "=" + json);
      // Not synced, so the power loss takes it back, or does not.
      if (round % 7 == 3) {
        rig.send(put("unsynced", json));
        rig.forget();
        rig.disk.crash();
        rig.open();
      }
      if (chance.nextInt(3) > 0) continue;
      Reply.Changes changes = rig.ask(watch(ALL, from, 5), Reply.Changes.class);
      told.addAll(texts(changes));
      from = new WatchFrom.Token(changes.token());
    }
    for (int i = 0; i < 40 && told.size() < written.size() + 60; i++) {
      long ticket = rig.send(watch(ALL, from, 5));
      rig.settle();
      if (rig.open(ticket)) break;
      Reply.Changes changes = changes(rig, ticket);
      told.addAll(texts(changes));
      from = new WatchFrom.Token(changes.token());
    }
    told.removeIf(text -> text.startsWith("unsynced"));
    assertEquals(written, told);
  }

  @Test
  void aWatchGoesOnAtAnotherNodeWithoutWhatItHasSeen() {
    RigNetwork net = new RigNetwork(51, 2);
    net.rigs.forEach(CoreRig::open);
    CoreRig a = net.rigs.get(0);
    CoreRig b = net.rigs.get(1);
    Command.Terms everywhere = CoreRig.level(AckLevel.ONE);
    net.until("both are there", 60 * SECOND, () -> a.core().stats() != null && linked(a));
    for (int i = 0; i < 3; i++) {
      long ticket = a.send(put("x", "" + i, everywhere));
      net.until("written", 60 * SECOND, () -> !a.open(ticket));
    }
    Reply.Changes seen = a.ask(watch(ALL, START, 10), Reply.Changes.class);
    assertEquals(List.of("x=0", "x=1", "x=2"), texts(seen));
    long last = b.send(put("y", "9", everywhere));
    net.until("written there", 60 * SECOND, () -> !b.open(last));
    WatchFrom behind = new WatchFrom.Token(seen.token());
    long there = b.send(watch(ALL, behind, 10));
    net.until("told there", 60 * SECOND, () -> !b.open(there));
    assertEquals(List.of("y=9"), texts(changes(b, there)));

    // In the middle as well: what was told, and what was passed over on the way to it.
    WatchScope xs = new WatchScope("test", "x");
    for (int limit = 1; limit <= 2; limit++) {
      Reply.Changes some = a.ask(watch(xs, START, limit), Reply.Changes.class);
      assertFalse(some.current());
      long rest = b.send(watch(xs, new WatchFrom.Token(some.token()), 10));
      net.until("told the rest", 60 * SECOND, () -> !b.open(rest));
      List<String> both = new ArrayList<>(texts(some));
      both.addAll(texts(changes(b, rest)));
      assertEquals(List.of("x=0", "x=1", "x=2"), both);
    }
  }

  private static boolean linked(CoreRig rig) {
    return rig.ask(new Command.Members(), Reply.MemberList.class).nodes().stream()
            .filter(node -> node.member().alive())
            .count()
        == 2;
  }

  @Test
  void tokensOfSomethingElseAreRefused() {
    Reply.Changes begun = rig.ask(watch(ALL, new WatchFrom.Now(), 10), Reply.Changes.class);
    WatchFrom token = new WatchFrom.Token(begun.token());
    var scope = watch(new WatchScope("test", ""), token, 10);
    assertThrows(KdeltaException.Invalid.class, () -> rig.ask(scope, Reply.class));
    byte[] bytes = begun.token().toArray();
    bytes[40] ^= 1;
    var bent = watch(ALL, new WatchFrom.Token(Bytes.wrap(bytes)), 10);
    assertThrows(KdeltaException.Invalid.class, () -> rig.ask(bent, Reply.class));
    assertThrows(KdeltaException.Invalid.class, () -> new WatchScope("", "a"));
    assertThrows(KdeltaException.Invalid.class, () -> rig.ask(watch(ALL, START, 0), Reply.class));
  }

  @Test
  void thoseWhoWaitAreBoundedAbandonedAndRefusedAtTheEnd() {
    List<Long> tickets = new ArrayList<>();
    for (int i = 0; i <= Watches.WATCHERS_MAX; i++) tickets.add(rig.send(watch(ALL, START, 1)));
    long over = tickets.removeLast();
    assertInstanceOf(KdeltaException.Overloaded.class, rig.refused.get(over));
    rig.turn(new Event.Abandoned(tickets.getFirst()));
    long again = rig.send(watch(ALL, START, 1));
    assertTrue(rig.open(again), "there is room again");
    for (Effect effect : rig.core().stop("the end")) {
      if (effect instanceof Effect.Refuse(long ticket, KdeltaException error, var _)) {
        assertInstanceOf(KdeltaException.Unreachable.class, error);
        tickets.remove(ticket);
      }
    }
    assertEquals(List.of(tickets.getFirst()), tickets, "the abandoned one alone hears nothing");
  }
}
