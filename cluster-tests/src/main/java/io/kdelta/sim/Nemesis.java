package io.kdelta.sim;

import io.kdelta.env.Entropy;
import io.kdelta.vfs.SimVfs;
import java.util.ArrayList;
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
    CUT(2),
    ONE_WAY_CUT(2),
    ISOLATE(2),
    HALVES(4),
    BRIDGE(4),
    FLAPPING(4),
    LOSS(2),
    DELAY(2),
    DUPLICATION(2),
    REORDERING(2),
    CLOG(4),
    STALLED_READER(4),
    RESET(4),
    HALF_OPEN(4),
    POWER_LOSS(2),
    POWER_LOSS_OF_ALL(2),
    POWER_LOSS_AT_A_CALL(2),
    POWER_LOSS_AT_THE_MANIFEST(2),
    STOP_AT_A_PORT(4),
    SYNC_LOSES_PAGES(2),
    IO_ERROR(2),
    READ_ERROR(4),
    SHORT_READ(4),
    SHORT_WRITE(4),
    NO_ROOM_AT_A_CALL(4),
    DISK_FULL(2),
    SLOW_DISK(4),
    HUNG_DISK(4),
    KILL(2),
    PAUSE(4),
    ROLLING_RESTART(4),
    CLOCK_JUMP(2),
    DRIFT(4),
    LOG_ROT(2),
    ROT_AT_REST(4),
    ROT_WHILE_UP(4),
    WIPE(4),
    ROLL_BACK(4);

    /** In one seed of so many it exists. */
    private final int oneIn;

    Fault(int oneIn) {
      this.oneIn = oneIn;
    }
  }

  private static final long SECOND = 1_000_000_000L;
  private static final long PAUSE_MAX = 120 * SECOND;
  private static final long RUIN_WITHIN = 50 * SECOND;

  private final World world;
  private final Stage stage;
  private final Entropy dice;
  private final NetworkFaults network;
  private final DiskFaults disks;
  private final Set<Fault> faults = EnumSet.noneOf(Fault.class);
  private final Fates fates;
  private final long pauseNanos;
  private boolean stopped;

  Nemesis(Stage stage, Fates fates) {
    this.fates = fates;
    this.stage = stage;
    this.world = stage.world();
    this.dice = world.chance("nemesis");
    this.network = new NetworkFaults(this, stage);
    this.disks = new DiskFaults(this, stage);
    for (Fault fault : Fault.values()) {
      if (dice.nextInt(fault.oneIn) == 0) faults.add(fault);
    }
    this.pauseNanos = SECOND / 2 + Math.floorMod(dice.nextLong(), 5 * SECOND);
  }

  void start() {
    world.trace().remark(world.nowNanos(), -1, "faults of this run: " + faults);
    if (fates.beyond()) ruin();
    begin();
  }

  private void begin() {
    List<Fault> possible = List.copyOf(faults);
    if (!possible.isEmpty()) next(possible);
  }

  /** Some disks rot, all at once or one by one, whatever only they hold. */
  private void ruin() {
    int times = 1 + dice.nextInt(3);
    for (int i = 0; i < times; i++) {
      boolean all = dice.nextInt(2) == 0;
      later(
          Math.floorMod(dice.nextLong(), RUIN_WITHIN),
          () -> {
            List<SimNode> standing = world.standing();
            if (stopped) return;
            if (all) {
              // Each a decision of its own: a glance lets time pass, so it is the end of one.
              long after = 0;
              for (SimNode node : standing) later(after++, () -> ruin(node));
            } else {
              disks.ruin(standing.get(dice.nextInt(standing.size())).index());
            }
          });
    }
  }

  private void ruin(SimNode node) {
    if (!stopped) disks.ruin(node.index());
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
    for (SimNode node : world.standing()) {
      for (Action.OnNode end : Stage.endOfFaults(node.index())) stage.perform(end);
    }
  }

  /** Nothing strikes for so long, some nodes are off all the while, some stand still for a bit. */
  void rest(long nanos) {
    stopped = true;
    for (SimNode node : world.standing()) {
      int index = node.index();
      switch (dice.nextInt(4)) {
        case 0 -> stage.perform(new Action.PowerLoss(index));
        case 1 -> stage.perform(new Action.Kill(index));
        case 2 -> {
          stage.perform(new Action.Pause(index));
          long lasts = Math.min(nanos, SECOND + Math.floorMod(dice.nextLong(), PAUSE_MAX));
          later(lasts, () -> stage.perform(new Action.Resume(index)));
        }
        default -> {
          // It lives through it, if nothing else has struck it.
        }
      }
    }
  }

  /** The faults begin anew, after {@link #rest}; whoever is off comes back. */
  void goOn() {
    stopped = false;
    for (SimNode node : world.standing()) stage.perform(new Action.Start(node.index()));
    begin();
  }

  private void strike(Fault fault) {
    int victim = dice.nextInt(nodes());
    int other = dice.nextInt(nodes());
    long lasts = SECOND / 10 + Math.floorMod(dice.nextLong(), 20 * SECOND);
    world.trace().remark(world.nowNanos(), victim, fault + " strikes");
    switch (fault) {
      case CUT -> network.cutFor(victim, other, true, lasts);
      case ONE_WAY_CUT -> network.cutFor(victim, other, false, lasts);
      case ISOLATE -> network.isolate(victim, lasts);
      case HALVES -> network.halves(lasts);
      case BRIDGE -> network.bridge(victim, lasts);
      case FLAPPING -> network.flap(victim, other, lasts);
      case LOSS, DELAY, DUPLICATION, REORDERING -> network.storm(fault, victim, other, lasts);
      case CLOG -> network.clog(lasts);
      case STALLED_READER -> network.stall(victim, lasts);
      case RESET -> network.reset(victim, other);
      case HALF_OPEN -> network.halfOpen(victim, other);
      case POWER_LOSS -> {
        stage.perform(new Action.PowerLoss(victim));
        startAfter(victim, lasts);
      }
      case POWER_LOSS_OF_ALL -> {
        for (int node = 0; node < nodes(); node++) {
          stage.perform(new Action.PowerLoss(node));
          startAfter(node, lasts / 4);
        }
      }
      // Where outputs take the place of inputs: flushes come first, merges a few calls later.
      case POWER_LOSS_AT_THE_MANIFEST ->
          disks.failCall(victim, 12, ".manifest", SimVfs.Fault.POWER_LOSS, lasts);
      case POWER_LOSS_AT_A_CALL -> disks.failCall(victim, 40, "", SimVfs.Fault.POWER_LOSS, lasts);
      case STOP_AT_A_PORT -> {
        List<Fuse.Port> ports = List.of(Fuse.Port.values());
        Fuse.Port port = ports.get(dice.nextInt(ports.size()));
        stage.perform(new Action.StopAt(victim, port, 1 + dice.nextInt(30)));
        startAfter(victim, lasts);
      }
      case SYNC_LOSES_PAGES -> disks.loseSyncs(victim, lasts);
      case IO_ERROR -> disks.failCall(victim, 20, "", SimVfs.Fault.IO_ERROR, lasts);
      case READ_ERROR -> disks.failCall(victim, 4, "", SimVfs.Fault.READ_ERROR, lasts);
      case SHORT_READ -> disks.failCall(victim, 4, "", SimVfs.Fault.SHORT_READ, lasts);
      case SHORT_WRITE -> disks.failCall(victim, 10, "", SimVfs.Fault.SHORT_WRITE, lasts);
      case NO_ROOM_AT_A_CALL -> disks.failCall(victim, 20, "", SimVfs.Fault.DISK_FULL, lasts);
      case DISK_FULL -> {
        stage.perform(new Action.Fill(victim, dice.nextInt(64 << 10)));
        later(lasts, () -> stage.perform(new Action.HealDisk(victim)));
      }
      case SLOW_DISK -> disks.slow(victim, lasts);
      case HUNG_DISK -> {
        stage.perform(new Action.HangDisk(victim));
        later(lasts, () -> stage.perform(new Action.HealDisk(victim)));
      }
      case KILL -> {
        stage.perform(new Action.Kill(victim));
        startAfter(victim, lasts / 8);
      }
      case PAUSE -> {
        stage.perform(new Action.Pause(victim));
        later(lasts, () -> stage.perform(new Action.Resume(victim)));
      }
      case ROLLING_RESTART -> roll(0, lasts / 4);
      case CLOCK_JUMP -> jump(victim);
      case DRIFT -> {
        int most = dice.nextInt(4) == 0 ? 200_000 : 500;
        stage.perform(new Action.Drift(victim, dice.nextInt(2 * most + 1) - most));
      }
      case LOG_ROT, ROT_AT_REST, ROT_WHILE_UP, WIPE, ROLL_BACK -> disks.destroy(fault, victim);
    }
  }

  private void jump(int victim) {
    long year = 365L * 24 * 3600 * 1_000_000;
    long offset = Math.floorMod(dice.nextLong(), 2 * year) - year;
    stage.perform(new Action.Clock(victim, dice.nextInt(2) == 0 ? offset : offset / 10_000));
  }

  /** One after the other, each when the one before is up again. */
  private void roll(int node, long eachNanos) {
    if (node == nodes() || stopped) return;
    stage.perform(dice.nextInt(2) == 0 ? new Action.Kill(node) : new Action.PowerLoss(node));
    later(
        eachNanos,
        () -> {
          if (stopped) return;
          stage.perform(new Action.Start(node));
          later(SECOND, () -> roll(node + 1, eachNanos));
        });
  }

  Entropy dice() {
    return dice;
  }

  int nodes() {
    return world.nodes().size();
  }

  boolean stopped() {
    return stopped;
  }

  /** All nodes in an order of chance. */
  List<Integer> shuffled() {
    List<Integer> order = new ArrayList<>();
    for (int node = 0; node < nodes(); node++) order.add(dice.nextInt(node + 1), node);
    return order;
  }

  void startAfter(int node, long nanos) {
    later(
        nanos,
        () -> {
          if (!stopped) stage.perform(new Action.Start(node));
        });
  }

  void later(long nanos, Runnable decision) {
    world.simulator().outside(world.nowNanos() + nanos, decision);
  }
}
