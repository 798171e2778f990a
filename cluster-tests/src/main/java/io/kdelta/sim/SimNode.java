package io.kdelta.sim;

import io.kdelta.cluster.PeerCodec;
import io.kdelta.core.Core;
import io.kdelta.core.CoreConfig;
import io.kdelta.core.Effect;
import io.kdelta.core.Event;
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
  private static final int EVENTS_A_TURN = 256;

  /** Who is up by then is one of the first. */
  static final long FOUNDED_NANOS = 1_000_000_000L;

  /** What a node says that hears of its removal. */
  private static final String REMOVED = "this node was removed from the cluster";

  /** A moment that no run reaches, about 30 years. */
  private static final long NEVER = 1L << 60;

  private final int index;
  private final Simulator simulator;
  private final SimNetwork network;
  private final Trace trace;
  private final Entropy entropy;
  private final Entropy chance;
  private final Setup.Pace pace;
  private final CoreConfig replacement;
  private final NodeOutcomes outcomes;
  private final SimVfs disk;
  private final Fuse fuse;
  private final PastReceipts receipts;
  private final SimTime time = new SimTime();
  private final List<Event> waiting = new ArrayList<>();
  private final List<String> said = new ArrayList<>();

  /** What came due while the machine or its disk stood still, in order. */
  private final List<Runnable> late = new ArrayList<>();

  private @Nullable Core core;

  /** Counts the processes of this node: what belongs to an earlier one is dropped. */
  private int life;

  /** How many of these came up. */
  private int starts;

  /** How it is started: with the operator's words of the first time, or of the last replacement. */
  private CoreConfig config;

  private boolean founder;
  private @Nullable SimVfs image;
  private boolean paused;
  private boolean hung;

  /** It was asked to stop; a start that is asked for means one behind its end. */
  private boolean draining;

  private boolean startsAgain;
  private boolean ending;
  private int workOut;

  /** Longest time of a work of the disk, and of a call in the middle of a turn. */
  private long diskNanosMax;

  private long callNanosMax;

  private boolean turnComes;
  private long wakeAtNanos = Long.MAX_VALUE;
  private long turns;

  SimNode(
      int index,
      Simulator simulator,
      SimNetwork network,
      Trace trace,
      Entropy entropy,
      Setup.Pace pace,
      CoreConfig config,
      CoreConfig replacement,
      NodeOutcomes outcomes) {
    this.index = index;
    this.simulator = simulator;
    this.network = network;
    this.trace = trace;
    this.entropy = entropy;
    this.chance = entropy.split("pace");
    this.pace = pace;
    this.diskNanosMax = pace.diskMax();
    this.config = config;
    this.replacement = replacement;
    this.outcomes = outcomes;
    this.disk = new SimVfs(entropy.split("disk"));
    disk.keepMapped();
    this.fuse = new Fuse(disk);
    this.receipts = new PastReceipts(simulator);
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

  /** How many processes it has had that came up. */
  int starts() {
    return starts;
  }

  /** Whether it was there from the very beginning. */
  boolean founder() {
    return founder;
  }

  /** What it has told its operator, in all its lives. */
  List<String> said() {
    return said;
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

  /** Gives the disk room and speed again and takes back what was planned to fail. */
  void healDisk() {
    disk.setCapacity(Long.MAX_VALUE);
    disk.failNothing();
    fuse.clear();
    slowDisk(pace.diskMax(), 0);
    if (hung) {
      hung = false;
      goOn();
    }
  }

  /**
   * Makes the disk slow, or of its usual speed again.
   *
   * @param workNanosMax how long a write-and-sync or a piece of table work takes at most
   * @param turnCallNanosMax how long a call takes that is made in the middle of a turn
   */
  void slowDisk(long workNanosMax, long turnCallNanosMax) {
    diskNanosMax = Math.max(pace.diskMin() + 1, workNanosMax);
    callNanosMax = turnCallNanosMax;
  }

  /** No call to the disk comes back until {@link #healDisk}; who makes one stands still with it. */
  void hangDisk() {
    if (core != null) hung = true;
  }

  /** The whole machine stands still, its timers pile up, until {@link #resume}. */
  void pause() {
    if (core == null || paused) return;
    note("stands still");
    paused = true;
    network.sleep(index);
  }

  void resume() {
    if (!paused) return;
    note("goes on");
    paused = false;
    network.awake(index);
    goOn();
  }

  /** Whether it is up, but neither works nor answers. */
  boolean stuck() {
    return paused || hung;
  }

  /** Stops the machine at a coming call to one of its ports. */
  void stopAt(Fuse.Port port, int nth) {
    fuse.plan(port, nth);
  }

  private void goOn() {
    List<Runnable> due = List.copyOf(late);
    late.clear();
    for (Runnable action : due) action.run();
  }

  /** Runs it now, or as soon as the machine goes on. */
  private void whenAwake(Runnable action) {
    if (paused) late.add(() -> whenAwake(action));
    else action.run();
  }

  /** Makes an image of the disk, as a power loss now would leave it at worst. */
  void rememberDisk() {
    SimVfs copy = disk.copy(entropy.split("image"));
    copy.crashDropping();
    image = copy;
  }

  /** What was made last by {@link #rememberDisk}; an empty disk before that. */
  private SimVfs image() {
    return image == null ? new SimVfs(entropy.split("image")) : image;
  }

  /** Does to the disk what destroys something on it. Files that do not exist suffer nothing. */
  void strike(Action.OnDisk action, List<SimNode> nodes) {
    receipts.struck(action);
    if (!action.rots()) losePower();
    SimNode source = action instanceof Action.Clone clone ? nodes.get(clone.source()) : this;
    Ruin.strike(action, disk, source::image);
  }

  /** What its disk no longer bears out. */
  PastReceipts receipts() {
    return receipts;
  }

  /** Whether anything on the disk was ever destroyed, or all of it made older. */
  boolean struck() {
    return receipts.struck();
  }

  /** Makes both clocks run too fast by so many parts in a million, or too slow. */
  void drift(int ppm) {
    time.advanceTo(simulator.nowNanos());
    time.setDriftPpm(ppm);
  }

  /** Whether the disk has ever changed by itself. */
  boolean rotten() {
    return receipts.rotten();
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
    startsAgain = draining;
    if (core != null) return true;
    // An operator who puts an empty disk in names the others, so that the node joins them.
    if (life > 0 && disk.files().isEmpty()) {
      config = replacement;
      receipts.replaced();
    }
    if (starts > 0) config = config.withFormat(PeerCodec.NEWEST); // A restart is an upgrade.
    founder |= simulator.nowNanos() < FOUNDED_NANOS;
    life++;
    time.advanceTo(simulator.nowNanos());
    try {
      core = Core.open(config, disk, fuse.time(time), fuse.entropy(entropy.split("life " + life)));
      receipts.started(core.node());
    } catch (SimVfs.PowerLoss loss) {
      stoppedAs(" at start");
      return false;
    } catch (KdeltaException.DiskFault | KdeltaException.ReadOnly fault) {
      // Read-only: there is damage to repair, and no room to write the repair down.
      goDown("start refused: " + fault.getMessage());
      disk.kill();
      return false;
    } catch (KdeltaException.Corrupt damage) {
      if (!rotten()) throw damage;
      return replaceDisk(damage);
    }
    starts++;
    note("started, life " + life);
    network.listen(index, address(), this);
    offer(new Event.Tick());
    return true;
  }

  /** Damage beyond what can be set aside: it says so, and the operator gives it another disk. */
  private boolean replaceDisk(KdeltaException.Corrupt damage) {
    goDown("start refused: " + damage.getMessage());
    disk.wipe();
    note("gets an empty disk");
    return start();
  }

  /** The power fails: what was not synced may be lost. */
  void losePower() {
    if (core == null) return;
    goDown("power lost");
    disk.crash();
  }

  /** A planned fault has stopped the machine, or the process alone. */
  private void stopped() {
    if (core != null) stoppedAs("");
  }

  private void stoppedAs(String where) {
    boolean killed = disk.onlyTheProcessStopped();
    goDown((killed ? "killed" : "power lost") + where);
    if (killed) disk.kill();
    else disk.crash();
  }

  /** SIGKILL: the process is gone, what it wrote is still in the page cache. */
  void kill() {
    if (core == null) return;
    goDown("killed");
    disk.kill();
  }

  /** SIGTERM: it ships what it has, then it ends by itself. */
  void drain() {
    draining |= core != null;
    offer(new Event.Drain());
  }

  /** It has told the others: it ends in good order as soon as no work of its disk is out. */
  private void endWhenIdle() {
    Core running = core;
    if (!ending || running == null || workOut > 0 || turnComes) return;
    try {
      for (Effect effect : running.stop("the node is stopping")) perform(effect);
      running.finish();
    } catch (SimVfs.PowerLoss loss) {
      stopped();
      return;
    } catch (KdeltaException failed) {
      note("ends badly: " + failed.getMessage());
    }
    boolean again = startsAgain;
    goDown("stopped");
    disk.kill();
    if (again) start();
  }

  private void goDown(String why) {
    note(why);
    ending = false;
    draining = false;
    startsAgain = false;
    workOut = 0;
    release();
    life++;
    waiting.clear();
    late.clear();
    fuse.clear();
    turnComes = false;
    paused = false;
    hung = false;
    wakeAtNanos = Long.MAX_VALUE;
    network.awake(index);
    network.vanish(index);
    outcomes.vanished(this);
  }

  /** The world ends: nobody will look at this node any more, and its memory is given back. */
  void end() {
    release();
    life++;
  }

  /**
   * Frees the memory of the core; its disk may be without power already. What no longer lives can
   * hold nothing: in a soak of thousands of lives each mapping that is left is one for ever.
   */
  private void release() {
    Core gone = core;
    core = null;
    try {
      if (gone != null) gone.close();
    } catch (SimVfs.PowerLoss loss) {
      // What it could not do any more, a power loss does not do either.
    }
    int left = disk.mappings();
    if (left > 0) {
      throw new AssertionError("node-" + index + " ended and left " + left + " files mapped");
    }
  }

  /** Gives the core an event; it is taken in a turn that comes within microseconds. */
  void offer(Event event) {
    if (core == null || (ending && event instanceof Event.Arrived)) return;
    waiting.add(event instanceof Event.Arrived arrived ? inMyTime(arrived) : event);
    if (turnComes) return;
    turnComes = true;
    inThisLife(chance.nextInt(pace.turnMax()), this::takeTurns);
  }

  /** A client counts its patience on its own clock, the node on its own. */
  private Event inMyTime(Event.Arrived arrived) {
    return new Event.Arrived(
        arrived.ticket(),
        arrived.command(),
        arrived.after(),
        time.nanosAt(arrived.deadlineNanos()));
  }

  private void inThisLife(long afterNanos, Runnable action) {
    int of = life;
    simulator.after(
        afterNanos,
        () -> {
          if (of == life) whenAwake(action);
        });
  }

  private void takeTurns() {
    turnComes = false;
    Core running = core;
    if (running == null || waiting.isEmpty()) return;
    List<Event> first = waiting.subList(0, Math.min(EVENTS_A_TURN, waiting.size()));
    List<Event> batch = List.copyOf(first);
    first.clear();
    time.advanceTo(simulator.nowNanos());
    turns++;
    long calls = disk.calls();
    List<Effect> effects;
    try {
      effects = running.turn(batch);
    } catch (SimVfs.PowerLoss loss) {
      note("turn: " + loss.getMessage());
      stopped();
      return;
    }
    // While a call stands still, nothing of the turn has come out and no other turn begins.
    turnComes = true;
    afterDisk(disk.calls() - calls, () -> performAll(effects));
  }

  private void performAll(List<Effect> effects) {
    try {
      for (Effect effect : effects) {
        perform(effect);
        if (core == null) return;
      }
    } catch (SimVfs.PowerLoss loss) {
      stopped();
      return;
    }
    turnComes = !waiting.isEmpty();
    if (turnComes) takeTurns();
    else endWhenIdle();
  }

  /** Goes on when that many calls to the disk have come back. */
  private void afterDisk(long calls, Runnable action) {
    if (calls == 0) {
      action.run();
    } else if (hung) {
      late.add(() -> whenAwake(() -> afterDisk(calls, action)));
    } else if (callNanosMax > 0) {
      inThisLife(Math.floorMod(chance.nextLong(), callNanosMax * calls), action);
    } else {
      action.run();
    }
  }

  private void perform(Effect effect) {
    fuse.call(
        switch (effect) {
          case Effect.Answer _, Effect.Refuse _ -> Fuse.Port.ANSWER;
          case Effect.Run _ -> Fuse.Port.WORK;
          default -> Fuse.Port.SEND;
        });
    switch (effect) {
      case Effect.Answer answer ->
          outcomes.answered(this, answer.ticket(), answer.reply(), answer.token());
      case Effect.Refuse refuse ->
          outcomes.refused(this, refuse.ticket(), refuse.error(), refuse.token());
      case Effect.Run run -> runLater(run.work());
      case Effect.Send send -> network.send(index, send.link(), send.lane(), send.message());
      case Effect.Dial dial -> network.dial(index, dial.address());
      case Effect.Hangup hangup -> {
        note("hangs up " + hangup.link() + ": " + hangup.reason());
        network.hangUp(index, hangup.link());
      }
      case Effect.Notice notice -> {
        note(notice.text());
        said.add(notice.text());
        if (notice.text().equals(REMOVED)) outcomes.left(this);
      }
      case Effect.Departed departed -> {
        if (departed.left()) {
          kill();
          outcomes.left(this);
        } else {
          ending = true;
          outcomes.drained(this, departed.shipped());
        }
      }
      case Effect.WakeAt wake -> wakeAt(wake.nanos());
      case Effect.Halt halt -> {
        note("halts: " + halt.cause().getMessage());
        kill();
      }
    }
  }

  private void runLater(StorageWork work) {
    workOut++;
    long span = diskNanosMax - pace.diskMin() + 1;
    long took = pace.diskMin() + Math.floorMod(chance.nextLong(), span);
    inThisLife(took, () -> run(work));
  }

  private void run(StorageWork work) {
    if (hung) {
      late.add(() -> whenAwake(() -> run(work)));
      return;
    }
    try {
      work.run();
    } catch (SimVfs.PowerLoss loss) {
      note(work.getClass().getSimpleName() + ": " + loss.getMessage());
      stopped();
      return;
    }
    workOut--;
    offer(new Event.WorkDone(work));
  }

  private void wakeAt(long nanos) {
    wakeAtNanos = nanos;
    if (nanos >= NEVER) return;
    long moment = time.trueNanosAt(nanos);
    inThisLife(
        moment - simulator.nowNanos(),
        () -> {
          if (wakeAtNanos != nanos) return;
          time.advanceTo(simulator.nowNanos());
          if (time.nanos() < nanos) {
            wakeAt(nanos); // The clock was slowed down in the meantime.
            return;
          }
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
