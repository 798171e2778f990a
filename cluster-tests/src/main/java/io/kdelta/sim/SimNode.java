package io.kdelta.sim;

import io.kdelta.core.Core;
import io.kdelta.core.CoreConfig;
import io.kdelta.core.Effect;
import io.kdelta.core.Event;
import io.kdelta.core.Reply;
import io.kdelta.env.Entropy;
import io.kdelta.env.SimTime;
import io.kdelta.error.KdeltaException;
import io.kdelta.memory.Bytes;
import io.kdelta.storage.StorageWork;
import io.kdelta.vfs.SimVfs;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One node of a simulated cluster: a real {@link Core} over a simulated disk, clock and network,
 * and the world's side of its effects.
 *
 * <p>Events that come while a turn waits are taken together, as the core thread does. Disk work
 * runs as an event of its own after a simulated time, so a crash can fall between its being handed
 * out and its being done, and, by {@link SimVfs}, inside it.
 */
final class SimNode implements SimNetwork.Endpoint {
  /** Who gets what a node answers. */
  interface Outcomes {
    void answered(SimNode node, long ticket, Reply reply);

    void refused(SimNode node, long ticket, KdeltaException error);

    /** The process of the node ended: what was asked of it has no answer and never will have. */
    void vanished(SimNode node);
  }

  private static final int EVENTS_A_TURN = 256;
  private static final long TURN_NANOS_MAX = 50_000;
  private static final long DISK_NANOS_MIN = 50_000;
  private static final long DISK_NANOS_MAX = 3_000_000;

  private final int index;
  private final Simulator simulator;
  private final SimNetwork network;
  private final Trace trace;
  private final Entropy entropy;
  private final Entropy pace;
  private final CoreConfig config;
  private final Outcomes outcomes;
  private final SimVfs disk;
  private final SimTime time = new SimTime();
  private final List<Event> waiting = new ArrayList<>();

  private @Nullable Core core;

  /** Counts the processes of this node: what belongs to an earlier one is dropped. */
  private int life;

  private boolean rotten;

  private boolean turnComes;
  private long wakeAtNanos = Long.MAX_VALUE;
  private long turns;

  SimNode(
      int index,
      Simulator simulator,
      SimNetwork network,
      Trace trace,
      Entropy entropy,
      CoreConfig config,
      Outcomes outcomes) {
    this.index = index;
    this.simulator = simulator;
    this.network = network;
    this.trace = trace;
    this.entropy = entropy;
    this.pace = entropy.split("pace");
    this.config = config;
    this.outcomes = outcomes;
    this.disk = new SimVfs(entropy.split("disk"));
  }

  int index() {
    return index;
  }

  String address() {
    return config.member().addresses().getFirst();
  }

  boolean up() {
    return core != null;
  }

  /** Changes whenever a process begins or ends. */
  int life() {
    return life;
  }

  long turns() {
    return turns;
  }

  SimVfs disk() {
    return disk;
  }

  /** Leaves the disk only so many bytes of room. */
  void fillDisk(long roomBytes) {
    disk.setCapacity(disk.used() + roomBytes);
  }

  /** Gives the disk room without end and takes back what was planned to fail. */
  void healDisk() {
    disk.setCapacity(Long.MAX_VALUE);
    disk.failNothing();
  }

  /** A byte of a file changes by itself: from now on the disk may be found damaged. */
  void rot(String path, long offset, int mask) {
    rotten = true;
    disk.flip(path, offset, mask);
  }

  /** Whether the disk has ever changed by itself. */
  boolean rotten() {
    return rotten;
  }

  SimTime time() {
    return time;
  }

  /**
   * Starts a process on the disk as it is. A start that the disk refuses leaves the node down.
   *
   * @return whether the node is up
   */
  boolean start() {
    if (core != null) return true;
    life++;
    time.advanceTo(simulator.nowNanos());
    try {
      core = Core.open(config, disk, time, entropy.split("life " + life));
    } catch (SimVfs.PowerLoss loss) {
      goDown("power lost at start");
      disk.crash();
      return false;
    } catch (KdeltaException.DiskFault | KdeltaException.ReadOnly fault) {
      // Read-only: there is damage to repair, and no room to write the repair down.
      goDown("start refused: " + fault.getMessage());
      disk.kill();
      return false;
    }
    note("started, life " + life);
    network.listen(index, address(), this);
    offer(new Event.Tick());
    return true;
  }

  /** The power fails: what was not synced may be lost. */
  void losePower() {
    if (core == null) return;
    goDown("power lost");
    disk.crash();
  }

  /** SIGKILL: the process is gone, what it wrote is still in the page cache. */
  void kill() {
    if (core == null) return;
    goDown("killed");
    disk.kill();
  }

  private void goDown(String why) {
    note(why);
    Core gone = core;
    core = null;
    release(gone);
    life++;
    waiting.clear();
    turnComes = false;
    wakeAtNanos = Long.MAX_VALUE;
    network.vanish(index);
    outcomes.vanished(this);
  }

  /** Frees the memory of a core; its disk may be without power already. */
  private static void release(@Nullable Core gone) {
    if (gone == null) return;
    try {
      gone.close();
    } catch (SimVfs.PowerLoss loss) {
      // What it could not do any more, a power loss does not do either.
    }
  }

  /** Gives the core an event; it is taken in a turn that comes within microseconds. */
  void offer(Event event) {
    if (core == null) return;
    waiting.add(event);
    if (turnComes) return;
    turnComes = true;
    int of = life;
    simulator.after(
        pace.nextInt((int) TURN_NANOS_MAX),
        () -> {
          if (of == life) takeTurns();
        });
  }

  private void takeTurns() {
    turnComes = false;
    while (!waiting.isEmpty()) {
      Core running = core;
      if (running == null) return;
      List<Event> first = waiting.subList(0, Math.min(EVENTS_A_TURN, waiting.size()));
      List<Event> batch = List.copyOf(first);
      first.clear();
      time.advanceTo(simulator.nowNanos());
      turns++;
      try {
        for (Effect effect : running.turn(batch)) {
          perform(effect);
          if (core == null) return;
        }
      } catch (SimVfs.PowerLoss loss) {
        losePower();
        return;
      }
    }
  }

  private void perform(Effect effect) {
    switch (effect) {
      case Effect.Answer answer -> outcomes.answered(this, answer.ticket(), answer.reply());
      case Effect.Refuse refuse -> outcomes.refused(this, refuse.ticket(), refuse.error());
      case Effect.Run run -> runLater(run.work());
      case Effect.Send send -> network.send(index, send.link(), send.lane(), send.message());
      case Effect.Dial dial -> network.dial(index, dial.address());
      case Effect.Hangup hangup -> {
        note("hangs up " + hangup.link() + ": " + hangup.reason());
        network.hangUp(index, hangup.link());
      }
      case Effect.Notice notice -> note(notice.text());
      case Effect.Departed departed -> kill();
      case Effect.WakeAt wake -> wakeAt(wake.nanos());
      case Effect.Halt halt -> {
        note("halts: " + halt.cause().getMessage());
        kill();
      }
    }
  }

  private void runLater(StorageWork work) {
    int of = life;
    long took = DISK_NANOS_MIN + Math.floorMod(pace.nextLong(), DISK_NANOS_MAX - DISK_NANOS_MIN);
    simulator.after(
        took,
        () -> {
          if (of != life) return;
          try {
            work.run();
          } catch (SimVfs.PowerLoss loss) {
            losePower();
            return;
          }
          offer(new Event.WorkDone(work));
        });
  }

  private void wakeAt(long nanos) {
    wakeAtNanos = nanos;
    int of = life;
    simulator.at(
        nanos,
        () -> {
          if (of != life || wakeAtNanos != nanos) return;
          wakeAtNanos = Long.MAX_VALUE;
          offer(new Event.Tick());
        });
  }

  @Override
  public void linkUp(long link, String address) {
    note("link " + link + (address.isEmpty() ? " accepted" : " to " + address));
    offer(new Event.PeerUp(link, address.isEmpty() ? null : address));
  }

  @Override
  public void linkDown(long link) {
    note("link " + link + " down");
    offer(new Event.PeerDown(link));
  }

  @Override
  public void dialFailed(String address) {
    offer(new Event.DialFailed(address));
  }

  @Override
  public void received(long link, Bytes payload) {
    trace.note(simulator.nowNanos(), index, "got " + payload.size() + " B on " + link);
    offer(new Event.PeerMessage(link, payload));
  }

  private void note(String what) {
    trace.note(simulator.nowNanos(), index, what);
  }
}
