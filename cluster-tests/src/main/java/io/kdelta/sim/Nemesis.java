package io.kdelta.sim;

import io.kdelta.env.Entropy;
import io.kdelta.vfs.SimVfs;
import io.kdelta.vfs.Vfs;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;

/**
 * What goes wrong, and when: each seed first draws which faults exist at all in its run, then how
 * often they strike (swarm testing, Groce et al. 2012), so that rare mixtures come up too.
 */
final class Nemesis {
  /** The faults there are. */
  enum Fault {
    CUT,
    ONE_WAY_CUT,
    ISOLATE,
    LOSS,
    DELAY,
    DUPLICATION,
    REORDERING,
    POWER_LOSS,
    POWER_LOSS_OF_ALL,
    POWER_LOSS_AT_A_CALL,
    POWER_LOSS_AT_THE_MANIFEST,
    SYNC_LOSES_PAGES,
    IO_ERROR,
    KILL,
    DISK_FULL,
    CLOCK_JUMP,
    LOG_ROT
  }

  private static final long SECOND = 1_000_000_000L;

  private final Simulator simulator;
  private final SimNetwork network;
  private final Trace trace;
  private final Entropy dice;
  private final List<SimNode> nodes;
  private final DurabilityProbe probe;
  private final Consumer<SimNode> afterRot;

  /** The one disk that rots in this run: the others keep a good copy of what it loses. */
  private final SimNode rotting;

  private final Set<Fault> faults = EnumSet.noneOf(Fault.class);
  private final long pauseNanos;
  private boolean stopped;
  private int struck;

  /**
   * @param probe knows whether what a disk would lose is safe elsewhere
   * @param afterRot looks at a node that was started on a rotten disk
   */
  Nemesis(
      Simulator simulator,
      SimNetwork network,
      Trace trace,
      Entropy entropy,
      List<SimNode> nodes,
      DurabilityProbe probe,
      Consumer<SimNode> afterRot) {
    this.simulator = simulator;
    this.network = network;
    this.trace = trace;
    this.dice = entropy;
    this.nodes = List.copyOf(nodes);
    this.probe = probe;
    this.afterRot = afterRot;
    this.rotting = nodes.get(entropy.nextInt(nodes.size()));
    for (Fault fault : Fault.values()) {
      if (dice.nextInt(2) == 0) faults.add(fault);
    }
    this.pauseNanos = SECOND / 2 + Math.floorMod(dice.nextLong(), 5 * SECOND);
  }

  /** The faults of this run. */
  Set<Fault> faults() {
    return EnumSet.copyOf(faults.isEmpty() ? EnumSet.noneOf(Fault.class) : faults);
  }

  /** How many faults were injected. */
  int struck() {
    return struck;
  }

  void start() {
    List<Fault> possible = new ArrayList<>(faults);
    if (possible.isEmpty()) return;
    next(possible);
  }

  private void next(List<Fault> possible) {
    simulator.after(
        Math.floorMod(dice.nextLong(), pauseNanos),
        () -> {
          if (stopped) return;
          strike(possible.get(dice.nextInt(possible.size())));
          struck++;
          next(possible);
        });
  }

  /** The faults stop: links heal, disks have room, clocks go right, every node is started. */
  void stop() {
    stopped = true;
    network.healAll();
    for (SimNode node : nodes) {
      node.healDisk();
      node.time().setWallOffsetMicros(0);
      node.start();
    }
  }

  private void strike(Fault fault) {
    SimNode victim = nodes.get(dice.nextInt(nodes.size()));
    SimNode other = nodes.get(dice.nextInt(nodes.size()));
    long lasts = SECOND / 10 + Math.floorMod(dice.nextLong(), 20 * SECOND);
    trace.note(simulator.nowNanos(), -1, fault + " strikes node-" + victim.index());
    switch (fault) {
      case CUT -> cutFor(victim, other, true, lasts);
      case ONE_WAY_CUT -> cutFor(victim, other, false, lasts);
      case ISOLATE -> {
        for (SimNode peer : nodes) cutFor(victim, peer, true, lasts);
      }
      case LOSS -> weather(victim, other, 100_000, 400_000, 1 + dice.nextInt(300), 0, 0, lasts);
      case DELAY -> {
        long slowest = 1_000_000 + Math.floorMod(dice.nextLong(), 2 * SECOND);
        weather(victim, other, 100_000, slowest, 0, 0, 0, lasts);
      }
      case DUPLICATION ->
          weather(victim, other, 100_000, 400_000, 0, 1 + dice.nextInt(300), 0, lasts);
      case REORDERING ->
          weather(victim, other, 100_000, 50_000_000, 0, 0, 1 + dice.nextInt(500), lasts);
      case POWER_LOSS -> {
        victim.losePower();
        startAfter(victim, lasts);
      }
      case POWER_LOSS_OF_ALL -> {
        for (SimNode node : nodes) {
          node.losePower();
          startAfter(node, lasts / 4);
        }
      }
      case POWER_LOSS_AT_A_CALL -> {
        victim.disk().failCall(1 + dice.nextInt(40), SimVfs.Fault.POWER_LOSS);
        startAfter(victim, lasts);
      }
      case POWER_LOSS_AT_THE_MANIFEST -> {
        // Where outputs take the place of inputs: flushes come first, merges a few calls later.
        victim.disk().failCall(1 + dice.nextInt(12), ".manifest", SimVfs.Fault.POWER_LOSS);
        startAfter(victim, lasts);
      }
      case SYNC_LOSES_PAGES -> {
        victim.disk().failCall(1 + dice.nextInt(20), SimVfs.Fault.SYNC_LOSES_PAGES);
        startAfter(victim, lasts);
      }
      case IO_ERROR -> {
        victim.disk().failCall(1 + dice.nextInt(20), SimVfs.Fault.IO_ERROR);
        startAfter(victim, lasts);
      }
      case KILL -> {
        victim.kill();
        startAfter(victim, lasts / 8);
      }
      case LOG_ROT -> rot();
      case DISK_FULL -> {
        victim.fillDisk(dice.nextInt(64 << 10));
        simulator.after(lasts, () -> victim.healDisk());
      }
      case CLOCK_JUMP -> {
        long year = 365L * 24 * 3600 * 1_000_000;
        long offset = Math.floorMod(dice.nextLong(), 2 * year) - year;
        victim.time().setWallOffsetMicros(dice.nextInt(2) == 0 ? offset : offset / 10_000);
      }
    }
  }

  /** Flips a byte in the log of the one node whose every version another disk would keep. */
  private void rot() {
    rotting.losePower();
    SimVfs copy = rotting.disk().copy(dice.split("rot"));
    copy.failNothing();
    List<String> logs = copy.list("").stream().filter(name -> name.endsWith(".log")).toList();
    if (!logs.isEmpty() && probe.coveredByAnother(rotting, nodes)) {
      String log = logs.get(dice.nextInt(logs.size()));
      long written = Math.max(1, written(copy, log));
      long offset = Math.floorMod(dice.nextLong(), written);
      rotting.rot(log, offset, 1 << dice.nextInt(8));
      trace.note(simulator.nowNanos(), rotting.index(), "rot in " + log + " at " + offset);
    }
    if (rotting.start()) afterRot.accept(rotting);
  }

  /** Where the zeros of a preallocated log begin. */
  private static long written(SimVfs disk, String log) {
    try (Vfs.File file = disk.open(log)) {
      ByteBuffer bytes = ByteBuffer.allocate((int) file.size());
      file.readAt(0, bytes);
      int end = bytes.position();
      while (end > 0 && bytes.get(end - 1) == 0) end--;
      return end;
    }
  }

  private void cutFor(SimNode from, SimNode to, boolean bothWays, long lasts) {
    if (from == to) return;
    network.cut(from.index(), to.index());
    if (bothWays) network.cut(to.index(), from.index());
    simulator.after(
        lasts,
        () -> {
          network.heal(from.index(), to.index());
          if (bothWays) network.heal(to.index(), from.index());
        });
  }

  private void weather(
      SimNode from,
      SimNode to,
      long latencyMin,
      long latencyMax,
      int lost,
      int duplicated,
      int reordered,
      long lasts) {
    if (from == to) return;
    SimNetwork.Weather storm =
        new SimNetwork.Weather(latencyMin, latencyMax, lost, duplicated, reordered);
    network.weather(from.index(), to.index(), storm);
    simulator.after(
        lasts, () -> network.weather(from.index(), to.index(), SimNetwork.Weather.CLEAR));
  }

  private void startAfter(SimNode node, long nanos) {
    simulator.after(
        nanos,
        () -> {
          if (!stopped) node.start();
        });
  }
}
