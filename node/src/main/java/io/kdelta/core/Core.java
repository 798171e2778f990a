package io.kdelta.core;

import io.kdelta.causal.CausalStore;
import io.kdelta.causal.Transaction;
import io.kdelta.cluster.Cluster;
import io.kdelta.document.DocumentSchema;
import io.kdelta.document.DocumentStore;
import io.kdelta.env.Entropy;
import io.kdelta.env.Time;
import io.kdelta.error.KdeltaException;
import io.kdelta.storage.StorageEngine;
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

  /** How often a store is opened whose tables turn out to be damaged one after the other. */
  private static final int ATTEMPTS_MAX = 64;

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
  private final CommitGate gate;
  private final Peers peers;
  private final Desk desk;
  private Optional<String> readOnly = Optional.empty();
  private boolean started;
  private boolean fenced;
  private boolean stopped;
  private long repairAt = Long.MIN_VALUE;
  private long durableTold;
  private long turns;
  private long eventsTaken;

  private Core(
      CoreConfig config,
      Vfs.Lock lock,
      StorageEngine engine,
      CausalStore store,
      TurnClock clock,
      Entropy entropy,
      Set<String> notes) {
    this.notes = List.copyOf(notes);
    this.lock = lock;
    this.engine = engine;
    this.store = store;
    this.clock = clock;
    this.gate = new CommitGate(store.node(), engine.durableLsn());
    StoredReplica replica = new StoredReplica(engine, store);
    Cluster cluster =
        new Cluster(config.member().of(store.node()), replica, entropy.split("cluster"));
    long frameBytes = Math.min(FRAME_BYTES_MAX, config.storage().segmentBytes() / 8);
    this.peers = new Peers(store, replica, cluster, gate, timers, outbox, (int) frameBytes);
    this.desk =
        new Desk(
            config.limits(),
            engine,
            new DocumentStore(store),
            gate,
            peers,
            new NodeFacts(config, engine, store, cluster, this.notes),
            outbox,
            clock,
            this::stats);
  }

  /**
   * Opens the data directory and recovers what is in it; the node's id is durable afterwards.
   *
   * @throws KdeltaException.DiskFault of operation "lock" when another process holds the directory:
   *     its cause says which
   * @throws KdeltaException.Corrupt when the log is damaged beyond what can be set aside
   * @throws KdeltaException.ReadOnly when the disk has no room for what a repair has to write
   */
  public static Core open(CoreConfig config, Vfs vfs, Time time, Entropy entropy) {
    Vfs.Lock lock = vfs.lock(LOCK_FILE, config.owner());
    Core core = null;
    try {
      LinkedHashSet<String> notes = new LinkedHashSet<>();
      for (int attempt = 1; core == null; attempt++) {
        Entropy chance = entropy.split("attempt " + attempt);
        core = recover(config, lock, vfs, new TurnClock(time), chance, notes, attempt);
      }
      return core;
    } finally {
      if (core == null) lock.close();
    }
  }

  /**
   * Opens what lies in the directory. Reading all of it may be the first touch of a damaged table,
   * which the engine sets aside when it is opened again: then null, and the next attempt is due.
   */
  private static @Nullable Core recover(
      CoreConfig config,
      Vfs.Lock lock,
      Vfs vfs,
      TurnClock clock,
      Entropy entropy,
      Set<String> notes,
      int attempt) {
    StorageEngine engine = StorageEngine.open(vfs, entropy.split("storage"), config.storage());
    // Taken down now: the engine forgets what the repair has dealt with.
    notes.addAll(NodeFacts.recovery(engine.recovery()));
    Core core = null;
    try {
      CausalStore store =
          CausalStore.open(engine, clock, entropy.split("causal"), DocumentSchema.INSTANCE);
      if (store.needsRepair()) store.repair();
      engine.runInline();
      if (engine.durableLsn() < engine.lastLsn()) {
        throw new KdeltaException.ReadOnly(
            engine.readOnlyReason().orElse("what was recovered can not be synced"));
      }
      notes.addAll(NodeFacts.recovery(engine.recovery()));
      core = new Core(config, lock, engine, store, clock, entropy, notes);
      return core;
    } catch (KdeltaException.Corrupt e) {
      if (attempt == ATTEMPTS_MAX || !engine.recovery().lossy()) throw e;
      engine.runInline();
      return null;
    } finally {
      if (core == null) engine.close();
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
    if (!started) {
      started = true;
      for (String note : notes) outbox.notice(note);
      peers.start(now);
    }
    desk.slow(slowness(engine.stats().pressure()));
    for (Event event : events) take(event, now);
    for (Timers.Purpose purpose : timers.due(now)) {
      // The gate settles and the storage gives out work in every turn: waking up was all.
      if (purpose == Timers.Purpose.CLUSTER) {
        peers.tell(new io.kdelta.cluster.Event.WakeUp(), now);
      }
    }
    if (desk.takeWrote()) peers.ship(now);
    settle(now);
    return outbox.take();
  }

  /** The last turn: everything that still waits is refused as UNKNOWN for this reason. */
  public List<Effect> stop(String reason) {
    stopped = true;
    gate.stop(reason, outbox);
    peers.stop(reason);
    return outbox.take();
  }

  /** Counters as of the last turn. */
  public CoreStats stats() {
    return new CoreStats(
        turns,
        eventsTaken,
        desk.commands(),
        desk.writes(),
        outbox.replies(),
        outbox.refusals(),
        0,
        gate.unmet(),
        gate.parked(),
        0,
        0,
        store.stats().versions(),
        StoredReplica.diskBytes(engine.stats()),
        engine.lastLsn(),
        engine.durableLsn());
  }

  /** Releases the files and the lock of the data directory. Work given out must have ended. */
  @Override
  public void close() {
    stopped = true;
    engine.close();
    lock.close();
  }

  /** How long acknowledgements are kept back, so that the store is not written to its limit. */
  static long slowness(double pressure) {
    double over = Math.clamp((pressure - PRESSURE_FREE) / (1 - PRESSURE_FREE), 0, 1);
    return (long) (over * over * SLOWNESS_MAX);
  }

  private void take(Event event, long now) {
    switch (event) {
      case Event.Arrived(long ticket, Command command, long deadline) ->
          desk.serve(ticket, command, deadline);
      case Event.Abandoned(long ticket) -> {
        gate.abandon(ticket);
        peers.abandon(ticket);
      }
      case Event.PeerUp up ->
          peers.tell(
              new io.kdelta.cluster.Event.LinkUp(up.link(), Optional.ofNullable(up.dialled())),
              now);
      case Event.PeerDown(long link) -> peers.tell(new io.kdelta.cluster.Event.LinkDown(link), now);
      case Event.DialFailed(String address) ->
          peers.tell(new io.kdelta.cluster.Event.DialFailed(address), now);
      case Event.PeerMessage message ->
          peers.tell(new io.kdelta.cluster.Event.Received(message.link(), message.message()), now);
      case Event.WorkDone(StorageWork work) -> engine.workDone(work);
      case Event.Tick _ -> {
        // Waking up was all: what is due is found by the time.
      }
      case Event.Drain _ -> peers.tell(new io.kdelta.cluster.Event.Drain(), now);
    }
  }

  /** What every turn ends with: durability is told, replies leave, work goes out. */
  private void settle(long now) {
    if (store.needsRepair() && now >= repairAt) repair(now);
    if (store.draining()) drainParked(now);
    long durable = engine.durableLsn();
    gate.durable(durable);
    if (durable > durableTold) {
      durableTold = durable;
      peers.tell(new io.kdelta.cluster.Event.Durable(durable), now);
    }
    peers.save();
    for (StorageWork work : engine.takeWork()) outbox.run(work);
    watchStorage(now);
    gate.settle(now, outbox);
    peers.expire(now);
    timers.set(Timers.Purpose.GATE, Math.min(gate.nextMoment(), peers.nextDeadline()));
    if (timers.announce()) outbox.wakeAt(timers.next());
  }

  private void repair(long now) {
    try {
      store.repair();
      outbox.notice("damaged data was set aside; what is missing is asked from the peers");
    } catch (KdeltaException.Corrupt e) {
      // Only opening sets a damaged table aside. Until then its keys answer DATA_LOSS.
      repairAt = Timers.NEVER;
      outbox.notice("damage was found that the next start of this node repairs: " + e.getMessage());
    } catch (KdeltaException e) {
      // No room for the repair's own rows: damaged keys stay refused, and it is tried again.
      repairAt = now + STORAGE_RETRY_NANOS;
      outbox.notice("the repair waits: " + e.getMessage());
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
    boolean retries =
        (reason.isPresent() && !fenced) || (store.needsRepair() && repairAt != Timers.NEVER);
    timers.set(Timers.Purpose.STORAGE, retries ? now + STORAGE_RETRY_NANOS : Timers.NEVER);
  }
}
