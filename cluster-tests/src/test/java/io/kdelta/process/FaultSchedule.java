package io.kdelta.process;

import io.kdelta.env.Entropy;
import io.kdelta.env.SimEntropy;
import java.util.ArrayList;
import java.util.List;

/**
 * What strikes a cluster when: a pure function of the seed, the number of nodes and a few limits,
 * so that the same seed strikes the same way again, as far as real time allows. Immutable.
 *
 * @param faults in order of their times
 * @param lengthMillis when it ends
 */
record FaultSchedule(List<Timed> faults, long lengthMillis) {
  /**
   * A fault and when it strikes, in milliseconds from the start; faults that wait stop the clock.
   */
  record Timed(long atMillis, Fault fault) {}

  /**
   * What may be drawn.
   *
   * @param lengthMillis how long faults strike
   * @param pauseMillis longest pause between two
   * @param lastsMillis longest time that one lasts
   * @param stopMillis longest time that a process is stopped, once at most; the others last as the
   *     rest
   * @param waiting how many faults may wait for a whole cluster, which takes seconds each
   * @param fullDisks whether disks can be filled here
   */
  record Limits(
      long lengthMillis,
      int pauseMillis,
      int lastsMillis,
      int stopMillis,
      int waiting,
      boolean fullDisks) {
    /** In the build: a taste of everything. */
    static Limits taste(boolean fullDisks) {
      return new Limits(10_000, 1_500, 3_000, 3_000, 2, fullDisks);
    }

    /** In the long run. */
    static Limits soak(boolean fullDisks) {
      return new Limits(30_000, 3_000, 8_000, 120_000, 5, fullDisks);
    }
  }

  private static final int KINDS = 14;
  private static final int FULL_DISK = 8;
  private static final int MEGABYTE = 1 << 20;

  FaultSchedule {
    faults = List.copyOf(faults);
  }

  /** Draws a schedule: first which kinds strike at all, then what strikes when. */
  static FaultSchedule of(long seed, int nodes, Limits limits) {
    Entropy entropy = new SimEntropy(seed);
    Entropy swarm = entropy.split("swarm");
    List<Integer> kinds = new ArrayList<>();
    for (int kind = 0; kind < KINDS; kind++) if (swarm.nextInt(3) > 0) kinds.add(kind);
    if (!limits.fullDisks) kinds.removeIf(kind -> kind == FULL_DISK);
    if (kinds.isEmpty()) kinds.add(0);
    Entropy dice = entropy.split("nemesis");
    List<Timed> faults = new ArrayList<>();
    long length = limits.lengthMillis;
    int waiting = limits.waiting;
    boolean longStop = limits.stopMillis > limits.lastsMillis && swarm.nextInt(6) == 0;
    if (longStop) {
      long lasts = limits.stopMillis / 2L + dice.nextInt(limits.stopMillis / 2);
      faults.add(new Timed(1_000, new Fault.Stop(dice.nextInt(nodes), lasts)));
      length = lasts + 5_000;
      // What waits for a node to be whole would end the stop early.
      waiting = 0;
    }
    for (long at = dice.nextInt(limits.pauseMillis); at < length; ) {
      if (!kinds.isEmpty()) {
        Fault fault = draw(kinds.get(dice.nextInt(kinds.size())), nodes, limits, dice);
        if (fault.passes() || --waiting >= 0) faults.add(new Timed(at, fault));
      }
      at += limits.pauseMillis / 8 + dice.nextInt(limits.pauseMillis);
    }
    faults.sort((a, b) -> Long.compare(a.atMillis, b.atMillis));
    return new FaultSchedule(faults, length);
  }

  private static Fault draw(int kind, int nodes, Limits limits, Entropy dice) {
    int node = dice.nextInt(nodes);
    int other = (node + 1 + dice.nextInt(nodes - 1)) % nodes;
    long lasts = 200L + dice.nextInt(limits.lastsMillis);
    return switch (kind) {
      case 0 -> new Fault.Kill(node, lasts / 2);
      case 1 -> new Fault.Stop(node, lasts);
      case 2 -> new Fault.Restart(node);
      case 3 -> new Fault.Rolling();
      case 4 -> new Fault.OneWayCut(node, other, lasts);
      case 5 -> new Fault.Cut(node, other, lasts);
      case 6 -> new Fault.Isolate(node, lasts);
      case 7 -> new Fault.Slow(node, other, 5 + dice.nextInt(400), 4_000 << dice.nextInt(8), lasts);
      case FULL_DISK -> new Fault.FullDisk(node, dice.nextInt(600) * (long) MEGABYTE, lasts);
      case 9 -> new Fault.Rival(node);
      case 10 -> new Fault.Twin(node, 5 + dice.nextInt(20));
      case 11 ->
          new Fault.Rot(node, dice.nextInt(2) == 0, dice.nextInt(1_000), 1 << dice.nextInt(8));
      case 12 -> new Fault.Wipe(node);
      default -> new Fault.Restore(node, 10 + dice.nextInt(60));
    };
  }
}
