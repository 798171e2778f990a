package io.kdelta.core;

import static io.kdelta.core.CoreRig.key;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.causal.Envelope;
import io.kdelta.causal.Version;
import io.kdelta.reconciliation.Digest;
import io.kdelta.vfs.SimVfs.Fault;
import io.kdelta.vfs.SimVfs.PowerLoss;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/**
 * Goal: whatever was acknowledged is there after a crash at any moment (O1), a batch is whole or
 * absent, and no version is there without its parents (NOHOLE). Method: a scripted session over a
 * simulated disk; the power fails at every call that it makes to the disk, the machine comes back,
 * and everything is read again and compared with the client's ledger.
 */
final class CoreCrashTest {
  private static final long SEED = 4711;
  private static final int STEPS = 90;

  @Test
  void acknowledgedWritesSurviveACrashAtEveryCall() {
    long calls = callsOfAWholeRun();
    assertTrue(calls > 50, "a script that touches the disk often: " + calls);
    long lost = 0;
    for (long nth = 1; nth <= calls; nth++) lost += crashAt(nth);
    assertTrue(lost > 0, "the disk must have lost something, or nothing was tried");
  }

  private static long callsOfAWholeRun() {
    CoreRig rig = new CoreRig(SEED);
    long before = rig.disk.calls();
    rig.open();
    new CoreSession(rig, SEED).run(STEPS);
    rig.settle();
    return rig.disk.calls() - before;
  }

  /** How many items the disk lost. */
  private static long crashAt(long nth) {
    CoreRig rig = new CoreRig(SEED);
    CoreSession session = new CoreSession(rig, SEED);
    rig.disk.failCall(nth, Fault.POWER_LOSS);
    try {
      rig.open();
      session.run(STEPS);
      rig.settle();
    } catch (PowerLoss e) {
      // The planned end of this life.
    }
    rig.forget();
    if (nth % 3 == 0) {
      rig.disk.kill();
    } else {
      rig.disk.crash();
    }
    rig.open();
    check(rig, session, "crash at call " + nth + " of seed " + SEED);
    rig.close();
    // What was recovered once must not depend on anything that a second crash takes.
    rig.disk.crash();
    rig.open();
    check(rig, session, "second crash after call " + nth + " of seed " + SEED);
    return rig.disk.itemsLost();
  }

  /** What is struck while the machine is off. */
  private enum Blow {
    LOG_ERASED,
    LOG_ROTS,
    TABLE_ROTS
  }

  /** The start that finds damage may end before anybody was told, and the next ones too. */
  @Test
  void damageIsReportedHoweverOftenTheStartThatDealsWithItCrashes() {
    for (Blow blow : Blow.values()) {
      CoreRig whole = struck(blow).rig();
      long before = whole.disk.calls();
      whole.open();
      long calls = whole.disk.calls() - before;
      assertTrue(calls > 20, blow + " is dealt with in " + calls + " calls");
      for (long nth = 1; nth <= calls; nth++) reported(blow, nth);
    }
  }

  private static void reported(Blow blow, long nth) {
    Struck struck = struck(blow);
    CoreRig rig = struck.rig();
    String file = struck.file();
    for (int start = 1; start <= 2; start++) {
      // The second one ends as early as the first, or a little later.
      rig.disk.failCall(nth + start - 1, Fault.POWER_LOSS);
      try {
        rig.openMute();
      } catch (PowerLoss e) {
        // The planned end of this life.
      }
      rig.forget();
      rig.disk.crash();
      rig.disk.failNothing();
    }
    rig.open();
    List<String> report = rig.ask(new Command.AdminStatus(), Reply.Status.class).recovery();
    assertTrue(
        report.stream().anyMatch(note -> note.contains("set aside " + file)),
        () -> blow + ", crash at call " + nth + ": " + file + " is not in " + report);
  }

  /** A machine that is off, and what was destroyed on its disk. */
  private record Struck(CoreRig rig, String file) {}

  private static Struck struck(Blow blow) {
    CoreRig rig = new CoreRig(SEED).open();
    new CoreSession(rig, SEED).run(STEPS);
    if (blow == Blow.TABLE_ROTS) {
      rig.close();
    } else {
      rig.settle();
      rig.forget();
      rig.disk.kill();
      rig.disk.crash();
    }
    String file = victim(rig, blow);
    switch (blow) {
      case LOG_ERASED -> rig.disk.erase(file);
      case LOG_ROTS -> rig.disk.flip(file, 200, 0x10);
      case TABLE_ROTS -> rig.disk.flip(file, 5, 0x10);
    }
    return new Struck(rig, file);
  }

  /** The youngest table, or the oldest segment of the log: in use, the others are prepared. */
  private static String victim(CoreRig rig, Blow blow) {
    List<String> names = new ArrayList<>(rig.disk.files());
    names.removeIf(name -> name.contains("/"));
    names.removeIf(name -> !name.endsWith(blow == Blow.TABLE_ROTS ? ".table" : ".log"));
    return blow == Blow.TABLE_ROTS ? names.getLast() : names.getFirst();
  }

  private static void check(CoreRig rig, CoreSession session, String when) {
    TreeSet<Digest> held = new TreeSet<>();
    List<Envelope> versions = new ArrayList<>();
    String page = "";
    do {
      Reply.VersionList list =
          rig.ask(new Command.Export("test", true, page, 1_000, 1 << 20), Reply.VersionList.class);
      versions.addAll(list.versions());
      page = list.next();
    } while (!page.isEmpty());
    for (Envelope version : versions) {
      held.add(version.version().id());
      assertTrue(held.containsAll(version.version().parents()), when + ": a parent is missing");
    }
    for (List<Version> request : session.acknowledged()) {
      for (Version version : request) {
        assertTrue(held.contains(version.id()), () -> when + ": lost " + version);
      }
    }
    assertEquals(
        count(versions, "left"), count(versions, "right"), when + ": half of a batch is there");
    assertEquals(
        versions.size(),
        rig.ask(new Command.Stats(""), Reply.Stats.class).versions(),
        when + ": the counts disagree");
    rig.ask(CoreRig.put("after", "1"), Reply.Written.class);
    held.clear();
    assertTrue(rig.ask(new Command.Exists(key("after")), Reply.Existence.class).exists());
  }

  private static long count(List<Envelope> versions, String name) {
    return versions.stream().filter(v -> v.version().key().equals(key(name))).count();
  }
}
