package io.kdelta.core;

import static io.kdelta.core.CoreRig.batch;
import static io.kdelta.core.CoreRig.delete;
import static io.kdelta.core.CoreRig.key;
import static io.kdelta.core.CoreRig.level;
import static io.kdelta.core.CoreRig.put;
import static io.kdelta.core.CoreRig.request;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.cluster.AckLevel;
import io.kdelta.document.Moment;
import io.kdelta.document.Precondition;
import io.kdelta.document.Write;
import io.kdelta.env.SimEntropy;
import io.kdelta.error.KdeltaException;
import io.kdelta.memory.Bytes;
import io.kdelta.reconciliation.Digest;
import io.kdelta.vfs.SimVfs.Fault;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/**
 * Goal: what a single core promises its clients: no answer before its sync, none after a fence, one
 * result for a retried request, all or nothing of a batch, and the same effects for the same seed.
 * Method: a core over a simulated disk, its work run by hand, so every moment between append and
 * sync can be looked at.
 */
final class CoreTest {
  private final CoreRig rig = new CoreRig(1).open();

  @Test
  void aWriteIsAnsweredWhenItsSyncIsBackAndNotBefore() {
    rig.settle();
    long ticket = rig.send(put("a", "{\"n\":1}"));
    rig.turn();
    assertTrue(rig.open(ticket), "appended only");
    var work = rig.inHand.element();
    work.run();
    rig.turn();
    assertTrue(rig.open(ticket), "synced, but the core was not told");
    rig.inHand.remove();
    rig.turn(new Event.WorkDone(work));
    Reply.Written written = assertInstanceOf(Reply.Written.class, rig.answered.get(ticket));
    assertEquals(AckLevel.LOCAL, written.level());
    assertEquals(1, written.synced());
    assertEquals(key("a"), written.versions().getFirst().version().key());
  }

  @Test
  void oneSyncServesAllWritesOfATurn() {
    rig.settle();
    List<Event> events = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      long deadline = rig.time.nanos() + CoreRig.TIMEOUT_NANOS;
      events.add(new Event.Arrived(1_000 + i, put("k" + i, "1"), deadline));
    }
    rig.turn(events.toArray(Event[]::new));
    rig.runWork();
    assertEquals(100, rig.answered.tailMap(1_000L).size());
  }

  @Test
  void aReadWaitsForTheRowsItTouchedOnly() {
    rig.ask(put("old", "1"), Reply.Written.class);
    long write = rig.send(put("new", "2"));
    long fresh = rig.send(new Command.Get(key("new"), new Moment.Latest()));
    long idle = rig.send(new Command.Get(key("old"), new Moment.Latest()));
    assertFalse(rig.open(idle), "an idle key never waits");
    assertTrue(rig.open(fresh), "what it shows could still be lost");
    rig.settle();
    assertFalse(rig.open(write));
    assertEquals(
        Bytes.utf8("2"),
        assertInstanceOf(Reply.Value.class, rig.answered.get(fresh)).version().document());
  }

  @Test
  void whatIsSyncedIsAnsweredInTheSameTurn() {
    rig.ask(put("old", "1"), Reply.Written.class);
    rig.ask(delete("old"), Reply.Written.class);
    rig.ask(put("old", "2"), Reply.Written.class);
    long ticket = rig.send(new Command.Get(key("old"), new Moment.Latest()));
    rig.turn();
    assertEquals(
        Bytes.utf8("2"),
        assertInstanceOf(Reply.Value.class, rig.answered.get(ticket)).version().document());
    assertThrows(
        KdeltaException.Invalid.class,
        () -> new Command.Put(Write.delete(key("old")), Command.Terms.NONE));
  }

  @Test
  void aRefusalThatRestsOnRowsWaitsForThemToo() {
    rig.ask(put("a", "1"), Reply.Written.class);
    long gone = rig.send(delete("a"));
    long missing = rig.send(new Command.Get(key("a"), new Moment.Latest()));
    assertTrue(rig.open(missing), "the delete could still be lost");
    rig.settle();
    assertFalse(rig.open(gone));
    assertInstanceOf(KdeltaException.NotFound.class, rig.refused.get(missing));
  }

  @Test
  void aRetryIsTheFirstResultAndWaitsForItsSync() {
    rig.settle();
    long first = rig.send(put("a", "1", request("r1")));
    long again = rig.send(put("a", "1", request("r1")));
    assertTrue(rig.open(first) && rig.open(again));
    rig.settle();
    Reply.Written one = assertInstanceOf(Reply.Written.class, rig.answered.get(first));
    Reply.Written two = assertInstanceOf(Reply.Written.class, rig.answered.get(again));
    assertEquals(id(one), id(two));
    assertFalse(one.versions().getFirst().repeated());
    assertTrue(two.versions().getFirst().repeated());
    assertEquals(1, rig.ask(new Command.Stats("test"), Reply.Stats.class).versions());
    assertThrows(
        KdeltaException.Conflict.class,
        () -> rig.ask(put("a", "2", request("r1")), Reply.Written.class));
    rig.close();
    rig.open();
    Reply.Written three = rig.ask(put("a", "1", request("r1")), Reply.Written.class);
    assertEquals(id(one), id(three), "also after a restart");
  }

  @Test
  void aBatchIsAllOrNothing() {
    Digest wrong = Digest.ZERO;
    assertThrows(
        KdeltaException.Conflict.class,
        () ->
            rig.ask(
                batch(
                    "",
                    Write.put(key("a"), Bytes.utf8("1")),
                    Write.put(key("b"), Bytes.utf8("2")).when(Precondition.ifState(wrong))),
                Reply.Written.class));
    assertFalse(rig.ask(new Command.Exists(key("a")), Reply.Existence.class).exists());
    Reply.Written both =
        rig.ask(
            batch("b1", Write.put(key("a"), Bytes.utf8("1")), Write.put(key("b"), Bytes.utf8("2"))),
            Reply.Written.class);
    assertEquals(2, both.versions().size());
    assertTrue(rig.ask(new Command.Exists(key("b")), Reply.Existence.class).exists());
  }

  @Test
  void aLevelThatNobodyCanReachIsToldAndTheWriteStays() {
    rig.settle();
    long ticket = rig.send(put("a", "1", level(AckLevel.ONE)));
    assertTrue(rig.open(ticket), "first the local sync");
    rig.settle();
    var unmet = assertInstanceOf(KdeltaException.DurabilityUnmet.class, rig.refused.get(ticket));
    assertEquals("one", unmet.level());
    assertTrue(unmet.reached().startsWith("on 1 node"), unmet.reached());
    assertTrue(rig.ask(new Command.Exists(key("a")), Reply.Existence.class).exists());
    assertEquals(1, rig.core().stats().unmet());
  }

  @Test
  void afterAFailedSyncNothingIsAcknowledgedAndTheNodeStops() {
    int fenced = 0;
    for (int nth = 1; nth <= 6; nth++) {
      CoreRig each = new CoreRig(nth).open();
      each.ask(put("old", "1"), Reply.Written.class);
      long write = each.send(put("a", "1"));
      long read = each.send(new Command.Get(key("a"), new Moment.Latest()));
      each.disk.failCall(nth, Fault.SYNC_LOSES_PAGES);
      each.settle();
      each.disk.failNothing();
      if (each.trace.stream().noneMatch(text -> text.startsWith("Halt"))) continue;
      fenced++;
      assertInstanceOf(KdeltaException.DurabilityUnmet.class, each.refused.get(write));
      assertInstanceOf(KdeltaException.DurabilityUnmet.class, each.refused.get(read));
      long late = each.send(put("b", "1"));
      assertInstanceOf(KdeltaException.ReadOnly.class, each.refused.get(late));
      long retry = each.send(new Command.Get(key("a"), new Moment.Latest()));
      assertInstanceOf(KdeltaException.DurabilityUnmet.class, each.refused.get(retry));
      each.ask(new Command.Get(key("old"), new Moment.Latest()), Reply.Value.class);
    }
    assertTrue(fenced > 0, "the fault must have hit the sync of the log");
  }

  @Test
  void aFullDiskRefusesWritesServesReadsAndHeals() {
    rig.ask(put("old", "1"), Reply.Written.class);
    rig.disk.setCapacity(rig.disk.used());
    String big = "\"" + "x".repeat(60_000) + "\"";
    KdeltaException refusal = null;
    for (int i = 0; refusal == null; i++) {
      assertTrue(i < 1_000, "a full disk must be noticed");
      long ticket = rig.send(put("fill" + i, big));
      rig.settle();
      refusal = rig.refused.get(ticket);
    }
    assertTrue(
        refusal instanceof KdeltaException.ReadOnly
            || refusal instanceof KdeltaException.Overloaded,
        refusal::toString);
    rig.ask(new Command.Get(key("old"), new Moment.Latest()), Reply.Value.class);
    rig.disk.setCapacity(Long.MAX_VALUE);
    for (int i = 0; i < 10; i++) {
      rig.time.advance(2_000_000_000L);
      rig.turn(new Event.Tick());
      rig.settle();
    }
    rig.ask(put("after", "1"), Reply.Written.class);
  }

  @Test
  void whatCanNotBeServedIsRefusedAtOnce() {
    CoreRig small = new CoreRig(2, new CoreConfig.Limits(10, 1 << 20, 2, 5_000, 0, 100)).open();
    small.settle();
    small.send(put("a", "1"));
    small.send(put("b", "1"));
    long third = small.send(put("c", "1"));
    assertInstanceOf(KdeltaException.Overloaded.class, small.refused.get(third));
    small.settle();
    assertFalse(small.ask(new Command.Exists(key("c")), Reply.Existence.class).exists());
    small.turn(new Event.Arrived(99, put("d", "1"), small.time.nanos()));
    assertInstanceOf(KdeltaException.Overloaded.class, small.refused.get(99L));
  }

  @Test
  void aWriteThatIsNotSyncedInTimeIsUnknownAndTheDeadlineIsAnnounced() {
    rig.settle();
    long ticket = rig.send(put("a", "1"));
    rig.time.advance(5_000_000_000L);
    rig.turn(new Event.Tick());
    assertInstanceOf(KdeltaException.DurabilityUnmet.class, rig.refused.get(ticket));
    assertTrue(rig.trace.stream().anyMatch(text -> text.startsWith("WakeAt")));
  }

  @Test
  void debtSlowsAcknowledgementsDownSmoothly() {
    assertEquals(0, Core.slowness(0));
    assertEquals(0, Core.slowness(0.66));
    assertEquals(50_000_000, Core.slowness(1));
    long before = 0;
    for (double pressure = 0.67; pressure <= 1; pressure += 0.01) {
      assertTrue(Core.slowness(pressure) >= before);
      assertTrue(Core.slowness(pressure) - before < 4_000_000, "no jump at " + pressure);
      before = Core.slowness(pressure);
    }
  }

  @Test
  void anAbandonedRequestIsNotAnswered() {
    rig.settle();
    long ticket = rig.send(put("a", "1"));
    rig.turn(new Event.Abandoned(ticket));
    rig.settle();
    assertTrue(rig.open(ticket));
    assertTrue(rig.ask(new Command.Exists(key("a")), Reply.Existence.class).exists());
  }

  @Test
  void twoProcessesNeverShareADirectory() {
    CoreConfig other =
        new CoreConfig(
            "second",
            CoreConfig.Member.alone("b", "test"),
            io.kdelta.storage.StorageLimits.small(),
            CoreConfig.Limits.DEFAULT);
    var fault =
        assertThrows(
            KdeltaException.DiskFault.class,
            () -> Core.open(other, rig.disk, rig.time, new SimEntropy(9)));
    assertEquals("lock", fault.operation());
    assertTrue(
        Objects.requireNonNull(Objects.requireNonNull(fault.getCause()).getMessage())
            .contains("rig"),
        "says who holds it");
    rig.close();
    Core.open(other, rig.disk, rig.time, new SimEntropy(9)).close();
  }

  @Test
  void damageAndNoRoomToRepairItIsNoReasonNotToStart() {
    String document = "\"" + "x".repeat(3_000) + "\"";
    for (int i = 0; i < 600; i++) rig.ask(put("k" + i, document), Reply.Written.class);
    rig.close();
    for (String name : rig.disk.list("")) {
      if (name.endsWith(".table")) rig.disk.flip(name, 70_000, 0x10);
    }
    rig.disk.setCapacity(rig.disk.used() + 200_000);
    rig.open();
    long read = rig.send(new Command.Get(key("k1"), new Moment.Latest()));
    long write = rig.send(put("new", "1"));
    for (long ticket : new long[] {read, write}) {
      KdeltaException refusal = rig.refused.get(ticket);
      assertTrue(refusal instanceof KdeltaException.Unreachable, String.valueOf(refusal));
      String why = String.valueOf(refusal.getMessage());
      assertTrue(why.contains("room") || why.contains("no space"), why);
    }
    rig.turn(new Event.PeerUp(7, null));
    assertTrue(rig.outgoing.stream().anyMatch(e -> e instanceof Effect.Hangup), "too early");
    rig.disk.setCapacity(Long.MAX_VALUE);
    for (int i = 0; i < 40; i++) {
      rig.time.advance(2_000_000_000L);
      rig.turn(new Event.Tick());
      rig.settle();
    }
    rig.ask(put("after", "1"), Reply.Written.class);
    Reply.Status status = rig.ask(new Command.AdminStatus(), Reply.Status.class);
    assertTrue(status.readiness().ready());
    assertTrue(status.recovery().stream().anyMatch(note -> note.contains(".table")));
  }

  @Test
  void noRoomForWhatWasRecoveredIsNoReasonNotToStart() {
    rig.ask(put("old", "1"), Reply.Written.class);
    long last = rig.send(put("last", "1"));
    assertTrue(rig.open(last), "not synced");
    rig.forget();
    rig.disk.kill();
    rig.disk.setCapacity(rig.disk.used() + 200_000);
    rig.open();
    rig.settle();
    long write = rig.send(put("new", "1"));
    assertInstanceOf(KdeltaException.ReadOnly.class, rig.refused.get(write));
    long read = rig.send(new Command.Get(key("old"), new Moment.Latest()));
    rig.disk.setCapacity(Long.MAX_VALUE);
    for (int i = 0; i < 40; i++) {
      rig.time.advance(1_000_000_000L);
      rig.turn(new Event.Tick());
      rig.settle();
    }
    assertInstanceOf(Reply.Value.class, rig.answered.get(read));
    rig.ask(put("after", "1"), Reply.Written.class);
  }

  /** The repair is done and the engine has forgotten the damage when the process ends. */
  @Test
  void aStartThatEndedBeforeItToldAnybodyLeavesItsReport() {
    String document = "\"" + "x".repeat(3_000) + "\"";
    for (int i = 0; i < 600; i++) rig.ask(put("k" + i, document), Reply.Written.class);
    rig.close();
    String struck = "";
    for (String name : rig.disk.list("")) if (name.endsWith(".table")) struck = name;
    rig.disk.flip(struck, 5_000, 0x10);
    rig.openMute();
    rig.forget();
    rig.disk.kill();
    rig.open();
    String file = struck;
    Reply.Status status = rig.ask(new Command.AdminStatus(), Reply.Status.class);
    assertTrue(
        status.recovery().stream()
            .anyMatch(note -> note.startsWith("earlier: set aside " + file + ": ")),
        () -> file + " is not in " + status.recovery());
    assertTrue(
        rig.trace.stream()
            .anyMatch(text -> text.startsWith("Notice[text=earlier: set aside " + file)));
  }

  @Test
  void damageInEveryTableIsNamedNeverAnsweredAndTheNodeStarts() {
    String document = "\"" + "x".repeat(3_000) + "\"";
    for (int i = 0; i < 600; i++) rig.ask(put("k" + i, document), Reply.Written.class);
    rig.close();
    int tables = 0;
    for (String name : rig.disk.list("")) {
      if (!name.endsWith(".table")) continue;
      tables++;
      rig.disk.flip(name, 5_000, 0x10);
    }
    assertTrue(tables > 0, () -> "nothing to damage among " + rig.disk.list(""));
    rig.open();
    Reply.Status status = rig.ask(new Command.AdminStatus(), Reply.Status.class);
    assertTrue(
        status.recovery().stream().anyMatch(note -> note.contains(".table")), "named the file");
    assertTrue(rig.trace.stream().anyMatch(text -> text.startsWith("Notice[text=set aside")));
    int refused = 0;
    for (int i = 0; i < 600; i++) {
      long ticket = rig.send(new Command.Get(key("k" + i), new Moment.Latest()));
      rig.settle();
      if (rig.answered.get(ticket) instanceof Reply.Value value) {
        assertEquals(Bytes.utf8(document), value.version().document(), "damage is never data");
      } else {
        refused++;
      }
    }
    assertTrue(refused > 0, "the damage must have hit something");
    rig.ask(put("after", "1"), Reply.Written.class);
    rig.close();
    rig.open();
    assertTrue(rig.ask(new Command.Exists(key("after")), Reply.Existence.class).exists());
  }

  @Test
  void theNodeKeepsItsIdAndEveryStartWritesUnderANewIncarnation() {
    Reply.Status before = rig.ask(new Command.AdminStatus(), Reply.Status.class);
    rig.ask(put("a", "1"), Reply.Written.class);
    rig.close();
    rig.open();
    Reply.Status after = rig.ask(new Command.AdminStatus(), Reply.Status.class);
    assertEquals(before.node(), after.node());
    assertEquals(before.cluster(), after.cluster());
    assertNotEquals(before.root(), after.root());
    rig.ask(put("b", "1"), Reply.Written.class);
    assertEquals(2, rig.ask(new Command.Stats(""), Reply.Stats.class).versions());
  }

  @Test
  void listsGoOnWhereTheyEnded() {
    List<String> expected = new ArrayList<>();
    for (int i = 0; i < 25; i++) {
      rig.ask(put(String.format("k%02d", i), "1"), Reply.Written.class);
      expected.add(String.format("k%02d", i));
    }
    List<String> found = new ArrayList<>();
    String page = "";
    do {
      Reply.KeyList list =
          rig.ask(new Command.ListKeys("test", "k", page, 10), Reply.KeyList.class);
      list.keys().forEach(k -> found.add(k.key()));
      page = list.next();
    } while (!page.isEmpty());
    assertEquals(expected, found);
    for (int i = 0; i < 7; i++) rig.ask(put("k00", "" + i), Reply.Written.class);
    List<Digest> ids = new ArrayList<>();
    page = "";
    do {
      Reply.VersionList list =
          rig.ask(new Command.History(key("k00"), 0, page, 3), Reply.VersionList.class);
      list.versions().forEach(v -> ids.add(v.version().id()));
      page = list.next();
    } while (!page.isEmpty());
    assertEquals(8, ids.size());
    assertEquals(8, ids.stream().distinct().count());
    List<Digest> exported = new ArrayList<>();
    page = "";
    do {
      Reply.VersionList list =
          rig.ask(new Command.Export("test", true, page, 5, 1 << 20), Reply.VersionList.class);
      list.versions().forEach(v -> exported.add(v.version().id()));
      page = list.next();
    } while (!page.isEmpty());
    assertEquals(32, exported.stream().distinct().count());
    Collections.reverse(ids);
    assertEquals(ids, exported.subList(0, 8), "oldest first");
    assertThrows(
        KdeltaException.Invalid.class,
        () -> rig.ask(new Command.ListKeys("test", "", "", 0), Reply.KeyList.class));
  }

  @Test
  void theSameSeedGivesTheSameEffectsAndTheSameDisk() {
    CoreRig one = new CoreRig(77).open();
    CoreRig two = new CoreRig(77).open();
    CoreRig other = new CoreRig(78).open();
    for (CoreRig each : List.of(one, two, other)) new CoreSession(each, 5).run(200);
    assertEquals(one.trace, two.trace);
    assertEquals(one.disk.digest(), two.disk.digest());
    assertNotEquals(one.disk.digest(), other.disk.digest(), "the comparison can fail");
  }

  @Test
  void aTurnTakesNoMoreThanItsBound() {
    List<Event> many = Collections.nCopies(Core.TURN_EVENTS_MAX + 1, new Event.Tick());
    assertThrows(AssertionError.class, () -> rig.core().turn(many));
    rig.core().stop("the end");
    assertThrows(AssertionError.class, () -> rig.core().turn(List.of()));
  }

  private static Digest id(Reply.Written written) {
    return written.versions().getFirst().version().id();
  }
}
