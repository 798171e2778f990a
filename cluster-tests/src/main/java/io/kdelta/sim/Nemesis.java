package io.kdelta.sim;

import io.kdelta.env.Entropy;
import io.kdelta.vfs.SimVfs;
import io.kdelta.vfs.Vfs;
import java.nio.ByteBuffer;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * What goes wrong, and when: each seed first draws which faults exist at all in its run, then how
 * often they strike (swarm testing, Groce et al. 2012), so that rare mixtures come up too. It only
 * decides; what it decides {@link Stage} performs.
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

  private final World world;
  private final Stage stage;
  private final Entropy dice;
  private final DurabilityProbe probe;

  /** The one disk that rots in this run: the others keep a good copy of what it loses. */
  private final int rotting;

  private final Set<Fault> faults = EnumSet.noneOf(Fault.class);
  private final long pauseNanos;
  private boolean stopped;

  Nemesis(Stage stage) {
    this.stage = stage;
    this.world = stage.world();
    this.dice = world.chance("nemesis");
    this.probe = new DurabilityProbe(dice.split("probe"), world.setup().storage());
    this.rotting = dice.nextInt(world.setup().nodes());
    for (Fault fault : Fault.values()) {
      if (dice.nextInt(2) == 0) faults.add(fault);
    }
    this.pauseNanos = SECOND / 2 + Math.floorMod(dice.nextLong(), 5 * SECOND);
  }

  void start() {
    world.trace().remark(world.nowNanos(), -1, "faults of this run: " + faults);
    List<Fault> possible = List.copyOf(faults);
    if (!possible.isEmpty()) next(possible);
  }

  private void next(List<Fault> possible) {
    later(
        Math.floorMod(dice.nextLong(), pauseNanos),
        () -> {
          if (stopped) return;
          strike(possible.get(dice.nextInt(possible.size())));
          next(possible);
        });
  }

  /** The faults stop: links heal, disks have room, clocks go right, every node is started. */
  void stop() {
    stopped = true;
    stage.perform(new Action.HealAll());
    for (int node = 0; node < world.nodes().size(); node++) {
      stage.perform(new Action.HealDisk(node));
      stage.perform(new Action.Clock(node, 0));
      stage.perform(new Action.Start(node));
    }
  }

  private void strike(Fault fault) {
    int nodes = world.nodes().size();
    int victim = dice.nextInt(nodes);
    int other = dice.nextInt(nodes);
    long lasts = SECOND / 10 + Math.floorMod(dice.nextLong(), 20 * SECOND);
    world.trace().remark(world.nowNanos(), victim, fault + " strikes");
    switch (fault) {
      case CUT -> cutFor(victim, other, true, lasts);
      case ONE_WAY_CUT -> cutFor(victim, other, false, lasts);
      case ISOLATE -> {
        for (int peer = 0; peer < nodes; peer++) cutFor(victim, peer, true, lasts);
      }
      case LOSS -> weather(victim, other, 400_000, 1 + dice.nextInt(300), 0, 0, lasts);
      case DELAY -> {
        long slowest = 1_000_000 + Math.floorMod(dice.nextLong(), 2 * SECOND);
        weather(victim, other, slowest, 0, 0, 0, lasts);
      }
      case DUPLICATION -> weather(victim, other, 400_000, 0, 1 + dice.nextInt(300), 0, lasts);
      case REORDERING -> weather(victim, other, 50_000_000, 0, 0, 1 + dice.nextInt(500), lasts);
      case POWER_LOSS -> {
        stage.perform(new Action.PowerLoss(victim));
        startAfter(victim, lasts);
      }
      case POWER_LOSS_OF_ALL -> {
        for (int node = 0; node < nodes; node++) {
          stage.perform(new Action.PowerLoss(node));
          startAfter(node, lasts / 4);
        }
      }
      // Where outputs take the place of inputs: flushes come first, merges a few calls later.
      case POWER_LOSS_AT_THE_MANIFEST ->
          failCall(victim, 12, ".manifest", SimVfs.Fault.POWER_LOSS, lasts);
      case POWER_LOSS_AT_A_CALL -> failCall(victim, 40, "", SimVfs.Fault.POWER_LOSS, lasts);
      case SYNC_LOSES_PAGES -> failCall(victim, 20, "", SimVfs.Fault.SYNC_LOSES_PAGES, lasts);
      case IO_ERROR -> failCall(victim, 20, "", SimVfs.Fault.IO_ERROR, lasts);
      case KILL -> {
        stage.perform(new Action.Kill(victim));
        startAfter(victim, lasts / 8);
      }
      case LOG_ROT -> rot();
      case DISK_FULL -> {
        stage.perform(new Action.Fill(victim, dice.nextInt(64 << 10)));
        later(lasts, () -> stage.perform(new Action.HealDisk(victim)));
      }
      case CLOCK_JUMP -> {
        long year = 365L * 24 * 3600 * 1_000_000;
        long offset = Math.floorMod(dice.nextLong(), 2 * year) - year;
        stage.perform(new Action.Clock(victim, dice.nextInt(2) == 0 ? offset : offset / 10_000));
      }
    }
  }

  private void failCall(int victim, int nthMax, String suffix, SimVfs.Fault fault, long lasts) {
    stage.perform(new Action.FailCall(victim, 1 + dice.nextInt(nthMax), suffix, fault));
    startAfter(victim, lasts);
  }

  /** Flips a byte in the log of the one node whose every version another disk would keep. */
  private void rot() {
    SimNode node = world.nodes().get(rotting);
    stage.perform(new Action.PowerLoss(rotting));
    SimVfs copy = node.disk().copy(dice.split("rot"));
    copy.failNothing();
    List<String> logs = copy.list("").stream().filter(name -> name.endsWith(".log")).toList();
    if (!logs.isEmpty() && probe.coveredByAnother(node, world.nodes())) {
      String log = logs.get(dice.nextInt(logs.size()));
      long written = Math.max(1, written(copy, log));
      long offset = Math.floorMod(dice.nextLong(), written);
      stage.perform(new Action.Flip(rotting, log, offset, 1 << dice.nextInt(8)));
    }
    stage.perform(new Action.Start(rotting));
    stage.perform(new Action.Glance(rotting));
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

  private void cutFor(int from, int to, boolean bothWays, long lasts) {
    if (from == to) return;
    stage.perform(new Action.Cut(from, to));
    if (bothWays) stage.perform(new Action.Cut(to, from));
    later(
        lasts,
        () -> {
          stage.perform(new Action.Heal(from, to));
          if (bothWays) stage.perform(new Action.Heal(to, from));
        });
  }

  private void weather(
      int from, int to, long latencyMax, int lost, int duplicated, int reordered, long lasts) {
    if (from == to) return;
    long latencyMin = SimNetwork.Weather.CLEAR.latencyNanosMin();
    SimNetwork.Weather storm =
        new SimNetwork.Weather(latencyMin, latencyMax, lost, duplicated, reordered);
    stage.perform(new Action.WeatherTurns(from, to, storm));
    later(lasts, () -> stage.perform(new Action.WeatherTurns(from, to, SimNetwork.Weather.CLEAR)));
  }

  private void startAfter(int node, long nanos) {
    later(
        nanos,
        () -> {
          if (!stopped) stage.perform(new Action.Start(node));
        });
  }

  private void later(long nanos, Runnable decision) {
    world.simulator().outside(world.nowNanos() + nanos, decision);
  }
}
