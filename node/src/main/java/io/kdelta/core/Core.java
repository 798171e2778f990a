package io.kdelta.core;

import io.kdelta.causal.CausalStore;
import io.kdelta.causal.DamageReport;
import io.kdelta.causal.NodeId;
import io.kdelta.causal.Transaction;
import io.kdelta.cluster.Cluster;
import io.kdelta.cluster.SnapshotOrder;
import io.kdelta.cluster.Traffic;
import io.kdelta.document.DocumentSchema;
import io.kdelta.env.Entropy;
import io.kdelta.env.Time;
import io.kdelta.error.KdeltaException;
import io.kdelta.memory.Bytes;
import io.kdelta.storage.StorageEngine;
import io.kdelta.storage.StorageStats;
import io.kdelta.storage.StorageWork;
import io.kdelta.vfs.Vfs;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The state machine of a node: everything it decides, it decides in a turn.
 *
 * <p>Owner: one thread, which opens it, takes its turns and closes it. A turn takes up to 256
 * events, reads the clock once, calls nothing that blocks, and answers with effects. Opening and
 * closing may block.
 *
 * <p>Invariant: no reply leaves before the {@link CommitGate} has seen what it rests on synced. The
 * same events at the same times over the same disk with the same entropy give the same effects.
 */
public final class Core implements AutoCloseable {
  /** How many events a turn takes at most. */
  public static final int TURN_EVENTS_MAX = 256;

  private static final String LOCK_FILE = "LOCK";
  private static final long STORAGE_RETRY_NANOS = 1_000_000_000L;

  /** Of a frame that is shipped; a receiver writes several times as much in one batch. */
  private static final long FRAME_BYTES_MAX = 1 << 20;

  /** Debt of the store up to which acknowledgements are not slowed down. Judged. */
  private static final double PRESSURE_FREE = 0.67;

  /** By how much at the hard limit, in nanoseconds. Judged. */
  private static final double SLOWNESS_MAX = 50_000_000;

  private final Vfs.Lock lock;
  private final List<String> notes;
  private final StorageEngine engine;
  private final CausalStore store;
  private final TurnClock clock;
  private final Outbox outbox = new Outbox();
  private final Timers timers = new Timers();
  private final CoreConfig config;
  private final Entropy entropy;
  private final CommitGate gate;
  private final Mending mending;
  private final Errands errands;
  private final SnapshotWork snapshots;
  private final Upkeep upkeep;
  private @Nullable Service service;
  private Optional<String> readOnly = Optional.empty();
  private boolean started;
  private boolean fenced;
  private boolean rotten;
  private boolean stopped;
  private int workOut;
  private long recoveredLsn;
  private long durableTold;
  private long turns;
  private long eventsTaken;

  /** What can be asked once the store may be read. */
  private record Service(Peers peers, Desk desk) {}

  private Core(
      CoreConfig config,
      Vfs.Lock lock,
      StorageEngine engine,
      CausalStore store,
      TurnClock clock,
      Entropy entropy,
      Set<String> notes) {
    this.config = config;
    this.entropy = entropy;
    this.notes = List.copyOf(notes);
    this.lock = lock;
    this.engine = engine;
    this.store = store;
    this.clock = clock;
    this.gate = new CommitGate(store.node(), engine.durableLsn());
    this.mending = new Mending(engine, store);
    this.errands =
        new Errands(engine, store.node(), config.owner(), config.limits().scrubSeconds());
    this.snapshots =
        new SnapshotWork(
            engine,
            store,
            DocumentSchema.INSTANCE,
            entropy.split("snapshots"),
            clock,
            config.hasher());
    this.upkeep = new Upkeep(engine, store, config.limits().checkpointVersions());
    this.recoveredLsn = engine.lastLsn();
    if (!store.sound()) return;
    String row = StoredReplica.rowName(SnapshotOrder.ROW);
    Bytes told = store.graph().system(row);
    if (told == null || told.isEmpty()) snapshots.sweep();
    serve();
  }

  /** Opens the desk and the cluster's door, over a store that may be read. */
  private void serve() {
    StoredReplica replica = new StoredReplica(engine, store);
    Cluster cluster =
        new Cluster(config.member().of(store.node()), replica, entropy.split("cluster"));
    long frameBytes = Math.min(FRAME_BYTES_MAX, config.storage().segmentBytes() / 8);
    Peers peers =
        new Peers(store, replica, cluster, gate, timers, outbox, (int) frameBytes, snapshots);
    Desk desk =
        new Desk(
            config.limits(),
            engine,
            errands,
            store,
            gate,
            peers,
            new NodeFacts(config, engine, store, cluster, notes),
            outbox,
            clock,
            this::stats);
    service = new Service(peers, desk);
  }

  /**
   * Opens the data directory and recovers what is in it; the node's id is durable before anybody is
   * told of it.
   *
   * <p>When the disk has no room for what a recovery has to write, the core opens all the same: it
   * answers what is whole and synced, takes no writes, and goes on by itself once there is room.
   *
   * @throws KdeltaException.DiskFault of operation "lock" when another process holds the directory:
   *     its cause says which
   * @throws KdeltaException.Corrupt when the log is damaged beyond what can be set aside
   * @throws KdeltaException.ReadOnly when a new directory has no room for the node's id
   */
  public static Core open(CoreConfig config, Vfs vfs, Time time, Entropy entropy) {
    Vfs.Lock lock = vfs.lock(LOCK_FILE, config.owner());
    StorageEngine engine = null;
    Core core = null;
    try {
      engine = StorageEngine.open(vfs, entropy.split("storage"), config.storage());
      core = recover(config, lock, engine, new TurnClock(time), entropy);
      return core;
    } finally {
      if (core == null && engine != null) engine.close();
      if (core == null) lock.close();
    }
  }

  private static Core recover(
      CoreConfig config, Vfs.Lock lock, StorageEngine engine, TurnClock clock, Entropy entropy) {
    LinkedHashSet<String> notes = new LinkedHashSet<>();
    saveWhole(engine);
    for (int attempt = 1; ; attempt++) {
      Entropy chance = entropy.split("causal " + attempt);
      // Taken down now: the engine forgets what the repair has dealt with.
      notes.addAll(NodeFacts.recovery(engine.recovery()));
      int damage = engine.recovery().setAside().size();
      try {
        CausalStore store = CausalStore.open(engine, clock, chance, DocumentSchema.INSTANCE);
        engine.runInline();
        Mending mending = new Mending(engine, store);
        if (mending.due(clock.nanos())) mending.run(clock.nanos());
        notes.addAll(NodeFacts.recovery(engine.recovery()));
        if (store.sound()) notes.addAll(NodeFacts.earlier(DamageReport.of(engine), notes));
        engine.runInline();
        return new Core(config, lock, engine, store, clock, entropy, notes);
      } catch (KdeltaException.Corrupt e) {
        // The first rows that are read may be the first touch of a damaged table.
        engine.runInline();
        boolean more = engine.recovery().setAside().size() > damage;
        if (!more || !engine.setDamagedAside()) throw e;
      }
    }
  }

  /** Of tables that an open found damaged; without room the repair does it, once there is some. */
  private static void saveWhole(StorageEngine engine) {
    try {
      if (!engine.setDamagedAside()) throw new AssertionError("table work is out before the start");
    } catch (KdeltaException.ReadOnly later) {
      // Until then what is damaged is refused with every touch.
      return;
    }
  }

  /** Takes one turn: at most {@link #TURN_EVENTS_MAX} events, one time for all of them. */
  public List<Effect> turn(List<Event> events) {
    if (events.size() > TURN_EVENTS_MAX) throw new AssertionError(events.size() + " events");
    if (stopped) throw new AssertionError("a turn after the last one");
    clock.read();
    long now = clock.nanos();
    turns++;
    eventsTaken += events.size();
    if (turns == 1) {
      for (String note : notes) outbox.notice(note);
      if (!store.sound()) outbox.notice(mending.waitsFor());
    }
    start(now);
    Service serving = service;
    if (serving != null) serving.desk.slow(slowness(engine.pressure()));
    for (Event event : events) take(event, now);
    for (Timers.Purpose purpose : timers.due(now)) {
      // The gate settles and the storage gives out work in every turn: waking up was all.
      if (purpose == Timers.Purpose.CLUSTER && started) {
        peers().tell(new io.kdelta.cluster.Event.WakeUp(), now);
      }
    }
    if (serving != null && serving.desk.takeWrote()) serving.peers.ship(now);
    settle(now);
    return outbox.take();
  }

  /** The last turn: everything that still waits is refused as UNKNOWN for this reason. */
  public List<Effect> stop(String reason) {
    stopped = true;
    gate.stop(reason, outbox);
    if (service != null) {
      service.peers.stop(reason);
      service.desk.stop();
    }
    return outbox.take();
  }

  /**
   * After {@link #stop}, when all work given out has come back: closes the store in good order, so
   * that the next start reads no log. Blocks; {@link #close} follows.
   */
  public void finish() {
    if (!stopped) throw new AssertionError("stop comes first");
    upkeep.finish();
    engine.shutDown();
  }

  /** This node's id; another one than before when damage or the loss of the disk took that. */
  public NodeId node() {
    return store.node();
  }

  /** Counters as of the last turn. */
  public CoreStats stats() {
    StorageStats storage = engine.stats();
    return new CoreStats(
        turns,
        eventsTaken,
        service == null ? 0 : service.desk.commands(),
        service == null ? 0 : service.desk.writes(),
        outbox.replies(),
        outbox.refusals(),
        0,
        gate.unmet(),
        gate.parked(),
        0,
        0,
        store.stats().versions(),
        store.stats().conflicts(),
        StoredReplica.diskBytes(storage),
        engine.lastLsn(),
        engine.durableLsn(),
        storage,
        service == null ? Traffic.NONE : service.peers.cluster().traffic(),
        service == null ? CoreStats.Waiting.NONE : service.desk.waiting());
  }

  /** Releases the files and the lock of the data directory. Work given out must have ended. */
  @Override
  public void close() {
    stopped = true;
    // Whatever the snapshot could not write any more: the store and the lock are let go of.
    try (lock;
        engine) {
      snapshots.close();
    }
  }

  /** How long acknowledgements are kept back, so that the store is not written to its limit. */
  static long slowness(double pressure) {
    double over = Math.clamp((pressure - PRESSURE_FREE) / (1 - PRESSURE_FREE), 0, 1);
    return (long) (over * over * SLOWNESS_MAX);
  }

  private void take(Event event, long now) {
    switch (event) {
      case Event.Arrived asked -> serve(asked);
      case Event.Abandoned(long ticket) -> {
        gate.abandon(ticket);
        if (service != null) service.peers.abandon(ticket);
        if (service != null) service.desk.abandon(ticket);
        errands.abandon(ticket);
      }
      case Event.WorkDone(StorageWork work) -> {
        workOut--;
        engine.workDone(work);
      }
      case Event.Tick _ -> {
        // Waking up was all: what is due is found by the time.
      }
      case Event.Drain _ -> {
        if (started) {
          peers().drain(now);
        } else {
          outbox.departed(false, false);
        }
      }
      case Event.PeerUp up -> {
        if (started) {
          Optional<String> dialled = Optional.ofNullable(up.dialled());
          peers().tell(new io.kdelta.cluster.Event.LinkUp(up.link(), dialled), now);
        } else {
          outbox.hangup(up.link(), "this node has not recovered yet");
        }
      }
      case Event.PeerDown(long link) -> {
        if (started) peers().tell(new io.kdelta.cluster.Event.LinkDown(link), now);
      }
      case Event.DialFailed(String address) -> {
        if (started) peers().tell(new io.kdelta.cluster.Event.DialFailed(address), now);
      }
      case Event.Resolved(String name, List<String> addresses) -> {
        if (started) peers().tell(new io.kdelta.cluster.Event.Resolved(name, addresses), now);
      }
      case Event.PeerMessage(long link, Bytes message) -> {
        if (started) peers().tell(new io.kdelta.cluster.Event.Received(link, message), now);
      }
    }
  }

  private void serve(Event.Arrived asked) {
    boolean readable = store.sound() || asked.command() instanceof Command.Steering;
    if (service != null && readable) {
      service.desk.serve(asked);
    } else {
      outbox.refuse(asked.ticket(), new KdeltaException.Unreachable(List.of(mending.waitsFor())));
    }
  }

  /** Opens for the peers once everything that was recovered is sound and synced. */
  private void start(long now) {
    if (started || service == null || engine.durableLsn() < recoveredLsn) return;
    started = true;
    service.peers.start(now);
  }

  private Peers peers() {
    if (service == null) throw new AssertionError("not started");
    return service.peers;
  }

  /** What every turn ends with: durability is told, replies leave, work goes out. */
  private void settle(long now) {
    if (mending.due(now) && workOut == 0) mend(now);
    if (store.sound() && store.draining()) drainParked(now);
    if (started) timers.set(Timers.Purpose.UPKEEP, upkeep.work(now));
    long durable = engine.durableLsn();
    gate.durable(durable);
    start(now);
    if (started && durable > durableTold) {
      durableTold = durable;
      peers().tell(new io.kdelta.cluster.Event.Durable(durable), now);
    }
    if (service != null) {
      service.peers.goOn(now);
      if (store.sound()) service.desk.goOn();
      if (service.desk.takeWrote()) service.peers.ship(now);
      service.peers.save();
    }
    if (!mending.due(now)) {
      errands.scrubOn(now);
      for (StorageWork work : engine.takeWork()) {
        workOut++;
        outbox.run(work);
      }
    }
    errands.answer(outbox);
    timers.set(Timers.Purpose.ERRAND, Math.min(errands.nextMoment(now), snapshots.nextMoment(now)));
    watchStorage(now);
    gate.settle(now, outbox);
    long due = gate.nextMoment();
    if (service != null) {
      service.peers.expire(now);
      service.desk.expire(now);
      due = Math.min(due, Math.min(service.peers.nextDeadline(), service.desk.nextDeadline()));
    }
    timers.set(Timers.Purpose.GATE, due);
    if (timers.announce()) outbox.wakeAt(timers.next());
  }

  /** Repairs what was found damaged; the workers rest. */
  private void mend(long now) {
    boolean served = store.sound();
    try {
      boolean done = mending.run(now);
      for (String damage : NodeFacts.recovery(engine.recovery())) outbox.notice(damage);
      if (done) {
        outbox.notice("damaged data was set aside; what is missing is asked from the peers");
        if (service == null) {
          recoveredLsn = engine.lastLsn();
          serve();
        } else if (started) {
          peers().tell(new io.kdelta.cluster.Event.Mended(), now);
        }
      } else if (served) {
        outbox.notice(mending.waitsFor());
      }
    } catch (KdeltaException.Corrupt e) {
      outbox.halt(e);
    }
  }

  /** Goes on with parked versions that a parent has freed, more of them than fit one batch. */
  private void drainParked(long now) {
    Transaction transaction = store.begin();
    try {
      boolean moved = !transaction.commit().applied().isEmpty();
      // A store that takes nothing now would be asked again without a pause.
      if (store.draining()) {
        timers.set(Timers.Purpose.DRAIN, moved ? now : now + STORAGE_RETRY_NANOS);
      }
    } catch (KdeltaException e) {
      // The store takes nothing now: they stay parked, and it is tried again.
      transaction.abandon();
      timers.set(Timers.Purpose.DRAIN, now + STORAGE_RETRY_NANOS);
    }
  }

  private void watchStorage(long now) {
    Optional<String> reason = engine.readOnlyReason();
    if (!reason.equals(readOnly)) {
      readOnly = reason;
      outbox.notice(
          reason.map(text -> "read-only: " + text).orElse("the store takes writes again"));
    }
    if (engine.fenced() && !fenced) {
      fenced = true;
      String text = reason.orElse("the log failed");
      gate.fence(text);
      outbox.halt(new KdeltaException.ReadOnly(text));
    }
    Optional<KdeltaException.Corrupt> systematic = engine.systematicDamage();
    if (systematic.isPresent() && !rotten) {
      rotten = true;
      gate.fence(String.valueOf(systematic.get().getMessage()));
      outbox.halt(systematic.get());
    }
    boolean retries = (reason.isPresent() || store.needsRepair()) && !fenced;
    timers.set(Timers.Purpose.STORAGE, retries ? now + STORAGE_RETRY_NANOS : Timers.NEVER);
  }
}
