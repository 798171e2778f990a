package io.kdelta.core;

import io.kdelta.causal.CausalToken;
import io.kdelta.env.Entropy;
import io.kdelta.env.HostWorker;
import io.kdelta.env.Time;
import io.kdelta.env.Worker;
import io.kdelta.error.KdeltaException;
import io.kdelta.storage.StorageWork;
import io.kdelta.vfs.SimVfs;
import io.kdelta.vfs.Vfs;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * The threads of a core: the one that takes its turns, one that writes and syncs the log, one that
 * builds tables, one for chores, which are the files of snapshots. The only class of this package
 * that knows threads.
 *
 * <p>Every method may be called from any thread. What crosses are immutable values: events go in
 * through the {@link Inbox}, replies and messages go out through a {@link Responder} and the {@link
 * EffectSink}, both called on the core thread.
 *
 * <p>A turn that throws is a bug, and a log that fails can not be trusted again: either way the
 * core stops, everything waiting is refused as UNKNOWN, and {@link EffectSink#halted} is told.
 */
public final class CoreThread implements AutoCloseable {
  private static final long TIMEOUT_NANOS_MAX = TimeUnit.DAYS.toNanos(1);

  private final CoreConfig config;
  private final Time time;
  private final EffectSink sink;
  private final Inbox inbox;
  private final Worker log;
  private final Worker tables;
  private final Worker chores;

  /** Why the table thread competes with the others, if it does. */
  private final Optional<String> competes;

  private final List<HostWorker> workers;
  private final AtomicLong tickets = new AtomicLong();
  private final AtomicLong logNanos = new AtomicLong();
  private final ConcurrentHashMap<Long, Responder> responders = new ConcurrentHashMap<>();
  private final CompletableFuture<CoreStats> opened = new CompletableFuture<>();
  private final Thread thread;
  private volatile @Nullable CoreStats stats;
  private volatile long turnNanos;
  private volatile long longestTurnNanos;
  private volatile @Nullable Throwable failure;
  private long wakeAt = Timers.NEVER;
  private int workOut;

  private CoreThread(
      CoreConfig config, Vfs vfs, Time time, Entropy entropy, EffectSink sink, boolean inPlace) {
    this.config = config;
    this.time = time;
    this.sink = sink;
    this.inbox = new Inbox(config.limits().inboxEvents(), config.limits().inboxBytes());
    if (inPlace) {
      this.workers = List.of();
      this.log = Runnable::run;
      this.tables = Runnable::run;
      this.chores = Runnable::run;
      this.competes = Optional.empty();
    } else {
      HostWorker logThread = new HostWorker("kdelta-log", this::fail);
      HostWorker tableThread = new HostWorker("kdelta-tables", this::fail);
      HostWorker choreThread = new HostWorker("kdelta-chores", this::fail);
      this.workers = List.of(logThread, tableThread, choreThread);
      this.log = logThread;
      this.tables = tableThread;
      this.chores = choreThread;
      // A flush or a merge runs for seconds: a turn or a sync that becomes due goes first.
      this.competes = tableThread.runBehindOthers().or(choreThread::runBehindOthers);
    }
    this.thread =
        Thread.ofPlatform().name("kdelta-core").daemon(true).unstarted(() -> live(vfs, entropy));
  }

  /**
   * Starts the threads and opens the core on its own; returns when recovery is done.
   *
   * @throws KdeltaException of {@link Core#open}
   */
  public static CoreThread start(
      CoreConfig config, Vfs vfs, Time time, Entropy entropy, EffectSink sink) {
    return started(new CoreThread(config, vfs, time, entropy, sink, false));
  }

  /**
   * The same over a disk in memory, which is gone when the process is: nothing survives a restart,
   * and every acknowledgement means just that. The work is done on the core thread, since such a
   * disk never blocks and belongs to one thread.
   */
  public static CoreThread startInMemory(
      CoreConfig config, Time time, Entropy entropy, EffectSink sink) {
    Vfs disk = new SimVfs(entropy.split("disk"));
    return started(new CoreThread(config, disk, time, entropy, sink, true));
  }

  private static CoreThread started(CoreThread core) {
    core.thread.start();
    try {
      core.opened.join();
      return core;
    } catch (CompletionException e) {
      core.close();
      switch (e.getCause()) {
        case KdeltaException error -> throw error;
        case Error error -> throw error;
        case null, default -> throw e;
      }
    }
  }

  /**
   * Hands a command to the core; the responder hears of the outcome.
   *
   * @param after what the client has seen before
   * @param timeoutNanos from now: when the client wants an answer at the latest
   * @return the ticket, for {@link #abandon}
   * @throws KdeltaException.Overloaded at once when the inbox is full
   * @throws KdeltaException.ReadOnly when the core has stopped; the responder is called in neither
   *     case
   */
  public long submit(Command command, CausalToken after, long timeoutNanos, Responder responder) {
    long ticket = tickets.incrementAndGet();
    responders.put(ticket, responder);
    long deadline = time.nanos() + Math.clamp(timeoutNanos, 0, TIMEOUT_NANOS_MAX);
    if (inbox.offer(new Event.Arrived(ticket, command, after, deadline))) return ticket;
    responders.remove(ticket);
    if (inbox.closed()) throw new KdeltaException.ReadOnly("the node is stopping");
    throw new KdeltaException.Overloaded(
        config.limits().inboxEvents()
            + " requests or "
            + config.limits().inboxBytes()
            + " bytes wait already");
  }

  /**
   * The same for a client without a token, as a future, completed away from the core thread; its
   * failure is a {@link KdeltaException}.
   */
  public CompletableFuture<Reply> submit(Command command, long timeoutNanos) {
    CompletableFuture<Reply> future = new CompletableFuture<>();
    submit(
        command,
        CausalToken.NONE,
        timeoutNanos,
        new Responder() {
          @Override
          public void answered(Reply reply, CausalToken token) {
            future.completeAsync(() -> reply);
          }

          @Override
          public void refused(KdeltaException error, CausalToken token) {
            future.completeAsync(() -> {
              throw error;
            });
          }
        });
    return future;
  }

  /**
   * The client of a ticket went away: its responder is not called any more, what it wrote stays.
   */
  public void abandon(long ticket) {
    if (responders.remove(ticket) != null) inbox.offer(new Event.Abandoned(ticket));
  }

  /**
   * Tells the core of a link, a message, or that the process was asked to stop.
   *
   * @return false when there is no room for it or the core has stopped: whoever sent it slows down
   */
  public boolean offer(Event event) {
    return inbox.offer(event);
  }

  /** Counters as of the last turn, and what waits now. */
  public CoreStats stats() {
    CoreStats last = stats;
    if (last == null) throw new AssertionError("nobody holds a core that was not opened");
    return last.with(inbox.refused(), inbox.events(), inbox.bytes());
  }

  /** How long writes of the log took since the start, each with its sync, in nanoseconds. */
  public long logNanos() {
    return logNanos.get();
  }

  /** How long turns took since the start, in nanoseconds. */
  public long turnNanos() {
    return turnNanos;
  }

  /** How long the longest turn since the start took, in nanoseconds, pauses of the JVM included. */
  public long longestTurnNanos() {
    return longestTurnNanos;
  }

  /**
   * Ends the core: what came before is finished as far as this node can alone, what waits for
   * others is refused as UNKNOWN, the log is synced, memtables are written as tables, files and
   * lock are released.
   */
  @Override
  public void close() {
    inbox.close();
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) Thread.currentThread().interrupt();
  }

  private void live(Vfs vfs, Entropy entropy) {
    Core core = null;
    try {
      competes.ifPresent(
          why -> sink.notice("the threads for tables and chores run like the others: " + why));
      core = Core.open(config, vfs, time, entropy);
      stats = core.stats();
      perform(core.turn(List.of()));
      opened.complete(core.stats());
      while (failure == null && turn(core)) {}
      if (failure == null) {
        perform(core.stop("the node is stopping"));
        core.finish();
      }
    } catch (Throwable thrown) {
      fail(thrown);
    } finally {
      inbox.close();
      for (HostWorker worker : workers) worker.close();
      if (core != null) core.close();
      end();
    }
  }

  /** One turn; false when the core was asked to end and nothing is left to be done. */
  private boolean turn(Core core) throws InterruptedException {
    long wait = wakeAt == Timers.NEVER ? Inbox.FOREVER : wakeAt - time.nanos();
    boolean closing = inbox.closed() && workOut == 0;
    List<Event> events = inbox.take(Core.TURN_EVENTS_MAX, closing ? 0 : wait);
    if (events.isEmpty() && closing) return false;
    if (wakeAt <= time.nanos()) wakeAt = Timers.NEVER;
    for (Event event : events) {
      if (event instanceof Event.WorkDone) workOut--;
    }
    long begun = time.nanos();
    perform(core.turn(events));
    stats = core.stats();
    took(time.nanos() - begun);
    return true;
  }

  /** Written by the core thread alone. */
  @SuppressWarnings("NonAtomicVolatileUpdate")
  private void took(long nanos) {
    turnNanos += nanos;
    if (nanos > longestTurnNanos) longestTurnNanos = nanos;
  }

  private void perform(List<Effect> effects) {
    for (Effect effect : effects) {
      switch (effect) {
        case Effect.Answer answer -> {
          Responder responder = responders.remove(answer.ticket());
          if (responder != null) responder.answered(answer.reply(), answer.token());
        }
        case Effect.Refuse refusal -> {
          Responder responder = responders.remove(refusal.ticket());
          if (responder != null) responder.refused(refusal.error(), refusal.token());
        }
        case Effect.Run(StorageWork work) -> run(work);
        case Effect.Send send -> sink.send(send.link(), send.message(), send.lane());
        case Effect.Dial(String address) -> sink.dial(address);
        case Effect.Hangup(long link, String reason) -> sink.hangup(link, reason);
        case Effect.WakeAt(long nanos) -> wakeAt = nanos;
        case Effect.Notice(String text) -> sink.notice(text);
        case Effect.Departed _ -> sink.departed();
        case Effect.Halt(KdeltaException cause) -> sink.halted(cause);
      }
    }
  }

  private void run(StorageWork work) {
    workOut++;
    Worker worker =
        switch (work.kind()) {
          case LOG -> log;
          case TABLE -> tables;
          case CHORE -> chores;
        };
    worker.submit(() -> {
      long begun = time.nanos();
      work.run();
      if (work.kind() == StorageWork.Kind.LOG) logNanos.addAndGet(time.nanos() - begun);
      inbox.finish(new Event.WorkDone(work));
    });
  }

  private void fail(Throwable thrown) {
    failure = thrown;
    inbox.close();
  }

  /** The last act: nobody is left waiting for ever. */
  private void end() {
    Throwable cause = failure;
    if (cause != null && !opened.completeExceptionally(cause)) sink.halted(cause);
    String reason = cause == null ? "the node is stopping" : "the node stopped: " + cause;
    for (Responder responder : new TreeMap<>(responders).values()) {
      responder.refused(new KdeltaException.DurabilityUnmet("local", reason), CausalToken.NONE);
    }
    responders.clear();
  }
}
