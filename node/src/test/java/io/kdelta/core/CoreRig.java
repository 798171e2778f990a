package io.kdelta.core;

import io.kdelta.causal.CausalToken;
import io.kdelta.causal.Key;
import io.kdelta.cluster.AckLevel;
import io.kdelta.document.Precondition;
import io.kdelta.document.Write;
import io.kdelta.env.SimEntropy;
import io.kdelta.env.SimTime;
import io.kdelta.error.KdeltaException;
import io.kdelta.memory.Bytes;
import io.kdelta.storage.StorageLimits;
import io.kdelta.storage.StorageWork;
import io.kdelta.vfs.SimVfs;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A core on a simulated disk, stepped by hand: turns happen when the test says so, and disk work
 * stays in hand until the test runs it. Over many lives of one machine.
 */
final class CoreRig {
  static final long TIMEOUT_NANOS = 30_000_000_000L;
  private static final int TURNS_MAX = 10_000;

  final SimVfs disk;
  final SimTime time;
  final ArrayDeque<StorageWork> inHand = new ArrayDeque<>();
  final TreeMap<Long, Reply> answered = new TreeMap<>();
  final TreeMap<Long, KdeltaException> refused = new TreeMap<>();
  final TreeMap<Long, CausalToken> tokens = new TreeMap<>();
  final List<String> trace = new ArrayList<>();
  final List<Effect> outgoing = new ArrayList<>();
  long wakeAt = Timers.NEVER;
  private final SimEntropy chance;
  private final CoreConfig config;
  private @Nullable Core core;
  private long tickets;
  private int lives;

  CoreRig(long seed) {
    this(seed, CoreConfig.Limits.DEFAULT);
  }

  CoreRig(long seed, CoreConfig.Limits limits) {
    this(seed, new SimTime(), CoreConfig.Member.alone("rig", "test"), limits);
  }

  CoreRig(long seed, SimTime time, CoreConfig.Member member, CoreConfig.Limits limits) {
    this.time = time;
    this.chance = new SimEntropy(seed);
    this.disk = new SimVfs(chance.split("disk"));
    this.config = new CoreConfig("rig", member, StorageLimits.small(), limits);
  }

  /** Starts the machine: a new life of the core. */
  CoreRig open() {
    openMute();
    turn();
    return this;
  }

  /** The same, and nothing comes of it yet: no turn is taken. */
  void openMute() {
    lives++;
    inHand.clear();
    outgoing.clear();
    wakeAt = Timers.NEVER;
    core = Core.open(config, disk, time, chance.split("life " + lives));
  }

  boolean running() {
    return core != null;
  }

  Core core() {
    if (core == null) throw new AssertionError("not open");
    return core;
  }

  /** Ends the process in good order. */
  void close() {
    settle();
    core().close();
    core = null;
  }

  /** The machine is gone; {@link SimVfs#crash} or {@link SimVfs#kill} comes next. */
  void forget() {
    core = null;
    inHand.clear();
  }

  /** Offers a command to the core and takes a turn; its ticket. */
  long send(Command command) {
    return send(command, CausalToken.NONE);
  }

  /** The same for a client that has seen something. */
  long send(Command command, CausalToken after) {
    long ticket = ++tickets;
    turn(new Event.Arrived(ticket, command, after, time.nanos() + TIMEOUT_NANOS));
    return ticket;
  }

  /** One turn; effects are kept, work is taken in hand. */
  List<Effect> turn(Event... events) {
    List<Effect> effects = core().turn(List.of(events));
    for (Effect effect : effects) {
      trace.add(text(effect));
      switch (effect) {
        case Effect.Answer(long ticket, Reply reply, CausalToken token) -> {
          tokens.put(ticket, token);
          once(ticket, answered.put(ticket, reply));
        }
        case Effect.Refuse(long ticket, KdeltaException error, CausalToken token) -> {
          tokens.put(ticket, token);
          once(ticket, refused.put(ticket, error));
        }
        case Effect.Run(StorageWork work) -> inHand.add(work);
        case Effect.WakeAt(long nanos) -> wakeAt = nanos;
        default -> outgoing.add(effect);
      }
    }
    return effects;
  }

  /** Runs one piece of work and tells the core in a turn of its own. */
  List<Effect> runWork() {
    StorageWork work = inHand.remove();
    work.run();
    return turn(new Event.WorkDone(work));
  }

  /** Runs work until none is left. */
  void settle() {
    for (int i = 0; !inHand.isEmpty(); i++) {
      if (i > TURNS_MAX) throw new AssertionError("work without end");
      runWork();
    }
  }

  /** Sends and settles; the reply, or the refusal thrown. */
  <R extends Reply> R ask(Command command, Class<R> type) {
    long ticket = send(command);
    settle();
    KdeltaException error = refused.get(ticket);
    if (error != null) throw error;
    Reply reply = answered.get(ticket);
    if (reply == null) throw new AssertionError("no answer to " + command);
    return type.cast(reply);
  }

  boolean open(long ticket) {
    return !answered.containsKey(ticket) && !refused.containsKey(ticket);
  }

  static Key key(String name) {
    return new Key("test", name);
  }

  static Command.Put put(String name, String json) {
    return put(name, json, Command.Terms.NONE);
  }

  static Command.Put put(String name, String json, Command.Terms terms) {
    return new Command.Put(key(name), Bytes.utf8(json), Precondition.NONE, List.of(), terms);
  }

  static Command.Delete delete(String name) {
    return new Command.Delete(key(name), Precondition.NONE, List.of(), Command.Terms.NONE);
  }

  static Command.Terms request(String id) {
    return new Command.Terms(id, "", null);
  }

  static Command.Terms level(AckLevel level) {
    return new Command.Terms("", "", level);
  }

  static Command.Batch batch(String id, Write... writes) {
    return new Command.Batch(List.of(writes), request(id));
  }

  private void once(long ticket, @Nullable Object before) {
    if (before != null || (answered.containsKey(ticket) && refused.containsKey(ticket))) {
      throw new AssertionError("ticket " + ticket + " was answered twice");
    }
  }

  private static String text(Effect effect) {
    return switch (effect) {
      // Work prints differently in every process; what it does to the disk is compared instead.
      case Effect.Run(StorageWork work) -> "run " + work.kind();
      case Effect.Refuse(long ticket, KdeltaException error, CausalToken _) ->
          "refuse " + ticket + " " + error;
      default -> effect.toString();
    };
  }
}
