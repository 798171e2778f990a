package io.kdelta.bench;

import io.kdelta.causal.CausalToken;
import io.kdelta.causal.Key;
import io.kdelta.core.Command;
import io.kdelta.core.Core;
import io.kdelta.core.CoreConfig;
import io.kdelta.core.Effect;
import io.kdelta.core.Event;
import io.kdelta.document.Moment;
import io.kdelta.env.HostEntropy;
import io.kdelta.env.HostTime;
import io.kdelta.memory.Bytes;
import io.kdelta.storage.StorageLimits;
import io.kdelta.storage.StorageWork;
import io.kdelta.vfs.HostVfs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;

/**
 * A whole core on the measuring thread: commands in, replies out. What it hands out to other
 * threads is done between the measured turns.
 */
final class CoreRig implements AutoCloseable {
  private static final int STEPS = 20_000;

  private final HostTime time = new HostTime();
  private final CoreConfig config;
  private final HostVfs disk;
  private final List<CausalToken> told = new ArrayList<>();
  private final List<StorageWork> work = new ArrayList<>();
  private Core core;
  private int documents;
  private long tickets;
  private long answers;

  CoreRig(Path directory) throws IOException {
    Files.createDirectories(directory);
    config =
        new CoreConfig(
            "benchmark",
            CoreConfig.Member.alone("bench", "bench"),
            StorageLimits.standard(),
            CoreConfig.Limits.DEFAULT);
    disk = new HostVfs(directory);
    core = open();
    turn(List.of());
    finishWork();
  }

  private Core open() {
    return Core.open(config, disk, time, new HostEntropy());
  }

  /** Writes under another incarnation from now on, as another node would. */
  void restart() {
    close();
    core = open();
    turn(List.of());
    finishWork();
  }

  /** Writes so many documents, in that many lives of the node. */
  void fillInLives(int count, int lives) {
    List<CausalToken> last = new ArrayList<>();
    for (int life = 0; life < lives; life++) {
      fill(count);
      last.add(told.getLast());
      restart();
    }
    told.clear();
    told.addAll(last);
  }

  /** Writes so many documents. */
  void fill(int count) {
    documents = count;
    for (int from = 0; from < count; from += 100) {
      List<Event> events = new ArrayList<>();
      for (int i = from; i < from + 100; i++) events.add(arrived(put(i)));
      told.clear();
      turn(events);
      finishWork();
    }
  }

  /** New versions of the documents, so many a turn. */
  Timing puts(int perTurn) {
    return measure(perTurn, this::put);
  }

  Timing gets(int perTurn) {
    return measure(perTurn, i -> new Command.Get(key(i), new Moment.Latest()));
  }

  /**
   * Reads as a client does that has seen a version of each log so far, or nothing: its token is
   * decoded, compared, and that of the answer is encoded.
   */
  Timing reads(int perTurn, boolean carries) {
    CausalToken seen = CausalToken.NONE;
    for (CausalToken token : told) seen = seen.union(token);
    Bytes token = carries ? seen.encode() : Bytes.EMPTY;
    int steps = Math.max(500, STEPS / perTurn);
    long[] bytes = new long[1];
    Timing timing =
        Timing.of(
            steps,
            perTurn,
            first -> {
              List<Event> events = new ArrayList<>(perTurn);
              for (int i = first; i < first + perTurn; i++) {
                Command get = new Command.Get(key(i), new Moment.Latest());
                CausalToken after = CausalToken.decode(token);
                events.add(new Event.Arrived(++tickets, get, after, Long.MAX_VALUE));
              }
              told.clear();
              turn(events);
              for (CausalToken answer : told) bytes[0] += answer.encode().size();
            },
            this::finishWork);
    long least = (long) steps * perTurn * (1 + Timing.WARM) * token.size();
    if (bytes[0] < least) throw new AssertionError(bytes[0] + " bytes of tokens");
    told.add(seen);
    return timing;
  }

  Timing contains(int perTurn) {
    return measure(perTurn, i -> new Command.Exists(key(i)));
  }

  @Override
  public void close() {
    finishWork();
    core.close();
  }

  /** The commands are made before, as the edge makes them. */
  private Timing measure(int perTurn, IntFunction<Command> command) {
    List<List<Event>> turns = new ArrayList<>();
    int steps = Math.max(500, STEPS / perTurn);
    for (int i = 0; i < (1 + Timing.WARM) * steps; i++) {
      List<Event> events = new ArrayList<>();
      for (int j = 0; j < perTurn; j++) events.add(arrived(command.apply(i * perTurn + j)));
      turns.add(events);
    }
    long before = answers;
    told.clear();
    Timing timing =
        Timing.of(
            steps,
            perTurn,
            i -> {
              told.clear();
              turn(turns.get(i / perTurn));
            },
            this::finishWork);
    long asked = (long) turns.size() * perTurn;
    if (answers - before != asked) throw new AssertionError(answers - before + " of " + asked);
    return timing;
  }

  private Command put(int index) {
    return new Command.Put(Documents.put(key(index), index), Command.Terms.NONE);
  }

  private Key key(int index) {
    return Documents.key(index, documents);
  }

  private Event arrived(Command command) {
    return new Event.Arrived(++tickets, command, Long.MAX_VALUE);
  }

  private void turn(List<Event> events) {
    for (Effect effect : core.turn(events)) {
      switch (effect) {
        case Effect.Run(StorageWork one) -> work.add(one);
        case Effect.Answer answer -> {
          answers++;
          told.add(answer.token());
        }
        case Effect.Refuse(long _, var error, _) -> throw error;
        default -> {
          // A lone node talks to nobody, and every turn is its own wake-up.
        }
      }
    }
  }

  private void finishWork() {
    while (!work.isEmpty()) {
      List<Event> done = new ArrayList<>();
      for (StorageWork one : work) {
        one.run();
        done.add(new Event.WorkDone(one));
      }
      work.clear();
      turn(done);
    }
  }
}
