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
