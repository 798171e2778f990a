package io.kdelta.sim;

import io.kdelta.causal.Key;
import io.kdelta.cluster.AckLevel;
import io.kdelta.core.Command;
import io.kdelta.core.Reply;
import io.kdelta.document.Precondition;
import io.kdelta.error.KdeltaException;
import io.kdelta.memory.Bytes;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The end of a run (simulation.md section 3): the nodes agree within {@link #LIVE_NANOS}; each
 * alone takes a local write; everything is started cold and agrees again. In between the oracles
 * look.
 */
final class Judgement {
  /** How long a connected, quiet cluster may take to agree (LIVE). */
  static final long LIVE_NANOS = 30_000_000_000L;

  /** In place of the root of a node that is down or can not tell it yet. */
  private static final String SILENT = "silent";

  private static final long SECOND = 1_000_000_000L;
  private static final long AVAIL_NANOS = SECOND;

  private final World world;
  private int versions;
  private int conflicts;

  Judgement(World world) {
    this.world = world;
  }

  /** Versions that every node held at the end. */
  int versions() {
    return versions;
  }

  /** Keys that ended with several heads. */
  int conflicts() {
    return conflicts;
  }

  void judge() {
    List<Audit> audits = agree("after the faults stopped");
    for (Oracle oracle : world.oracles()) oracle.quiet(audits);
    alone();
    coldStart();
    audits = agree("after a cold start of everything");
    for (Oracle oracle : world.oracles()) oracle.cold(audits);
    for (Oracle oracle : world.oracles()) oracle.end();
    versions = audits.getFirst().graph().size();
    conflicts = audits.getFirst().graph().conflicts().size();
  }

  /** LIVE, then O2: waits until all roots are equal, audits every node and compares them all. */
  private List<Audit> agree(String when) {
    waitForEqualRoots(when);
    boolean touched = false;
    for (SimNode node : world.standing()) {
      if (!node.rotten()) continue;
      repaired(node);
      touched = true;
    }
    if (touched) waitForEqualRoots(when);
    return audits();
  }

  /** Of what was destroyed and nobody else held, a node may say that it can not answer. */
  private boolean maybeLost(String path) {
    return world.atlas().mayMiss(path);
  }

  /** REPAIR: damage is found when it is touched, and what a peer has comes back. */
  private void repaired(SimNode node) {
    long deadline = world.nowNanos() + LIVE_NANOS;
    while (true) {
      try {
        Audit.of(world.subject(node), this::maybeLost);
        return;
      } catch (KdeltaException.Corrupt | KdeltaException.Unreachable missing) {
        if (world.nowNanos() > deadline) {
          throw new OracleFailure(
              "REPAIR", World.name(node.index()) + " still misses after 30 s: " + missing);
        }
        pass(SECOND / 2);
      }
    }
  }

  private void waitForEqualRoots(String when) {
    long deadline = world.nowNanos() + LIVE_NANOS;
    while (!rootsEqual()) {
      if (world.nowNanos() > deadline) {
        // A node that contradicts itself says more than one that is late.
        for (SimNode node : world.standing()) {
          for (Oracle oracle : world.oracles()) if (node.up()) oracle.glance(node);
        }
        throw new OracleFailure("LIVE", "roots still differ 30 s " + when + "\n" + roots());
      }
      pass(SECOND / 4);
    }
  }

  private List<Audit> audits() {
    RawGraph union = new RawGraph();
    List<Audit> audits = new ArrayList<>();
    for (SimNode node : world.standing()) {
      Audit audit = Audit.of(world.subject(node), this::maybeLost);
      audits.add(audit);
      union.addAll(audit.graph());
    }
    for (Audit audit : audits) {
      if (!audit.graph().equals(union)) {
        throw new OracleFailure(
            "O2", audit.name() + " lacks what others have:\n" + audit.graph().difference(union));
      }
    }
    return audits;
  }

  private boolean rootsEqual() {
    SortedMap<Integer, String> roots = roots();
    return !roots.containsValue(SILENT) && roots.values().stream().distinct().count() == 1;
  }

  private SortedMap<Integer, String> roots() {
    TreeMap<Integer, String> roots = new TreeMap<>();
    for (SimNode node : world.standing()) {
      if (!node.up() && !node.start()) {
        roots.put(node.index(), SILENT);
        continue;
      }
      try {
        Reply.Status status = (Reply.Status) world.asker().ask(node, new Command.AdminStatus());
        DiskOracle.check(node, status);
        roots.put(node.index(), status.root() + " " + status.stats().versions());
      } catch (KdeltaException.Unreachable waits) {
        // A repair that waits for room, or for memtables to be written, ends by itself: LIVE.
        roots.put(node.index(), SILENT);
      }
    }
    return roots;
  }

  /** AVAIL: cut off from everybody, each node takes a local write within a second. */
  private void alone() {
    for (SimNode node : world.standing()) {
      for (SimNode peer : world.standing()) {
        if (peer != node) world.network().cut(node.index(), peer.index());
      }
    }
    pass(3 * SECOND);
    for (SimNode node : world.standing()) {
      String name = World.name(node.index());
      Command put =
          new Command.Put(
              new Key("t", "alone-" + node.index()),
              Bytes.wrap("{\"alone\":true}".getBytes(StandardCharsets.UTF_8)),
              Precondition.NONE,
              List.of(),
              new Command.Terms("", "alone-" + node.index(), AckLevel.LOCAL));
      long asked = world.nowNanos();
      Reply reply;
      try {
        reply = world.asker().ask(node, put);
      } catch (KdeltaException refused) {
        throw new OracleFailure("AVAIL", name + " refuses a write alone: " + refused);
      }
      if (!(reply instanceof Reply.Written written)) {
        throw new OracleFailure("AVAIL", name + " did not take a write alone: " + reply);
      }
      world.ledger().acknowledged(written.versions().getFirst().version().id(), "alone");
      if (world.nowNanos() - asked > AVAIL_NANOS) {
        throw new OracleFailure("AVAIL", name + " took more than a second");
      }
    }
    world.network().healAll();
  }

  private void coldStart() {
    for (SimNode node : world.standing()) node.losePower();
    pass(SECOND);
    for (SimNode node : world.standing()) node.start();
    pass(SECOND);
  }

  private void pass(long nanos) {
    world.simulator().runUntil(world.nowNanos() + nanos);
  }
}
