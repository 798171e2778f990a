package io.kdelta.core;

import io.kdelta.causal.Envelope;
import io.kdelta.causal.Key;
import io.kdelta.document.CanonicalJson;
import io.kdelta.document.Choice;
import io.kdelta.document.Moment;
import io.kdelta.document.Precondition;
import io.kdelta.document.Write;
import io.kdelta.env.HostEntropy;
import io.kdelta.env.HostTime;
import io.kdelta.env.Time;
import io.kdelta.error.KdeltaException;
import io.kdelta.memory.Bytes;
import io.kdelta.storage.StorageLimits;
import io.kdelta.vfs.HostVfs;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * kdelta inside a program: one node without peers, with the calls of the client.
 *
 * <p>Thread-safe. Every call returns at once; its future ends with the reply, or with a {@link
 * KdeltaException} that says why not. A write's future ends when the write is synced. What hangs on
 * a future never runs on the thread of the core.
 *
 * <pre>{@code
 * try (Kdelta db = Kdelta.open(Path.of("data"))) {
 *   Key alice = new Key("users", "alice");
 *   db.put(alice, "{\"name\":\"Alice\"}").join();
 *   String json = db.get(alice).join().version().document().utf8();
 * }
 * }</pre>
 */
public final class Kdelta implements AutoCloseable {
  private static final long TIMEOUT_NANOS = TimeUnit.SECONDS.toNanos(30);
  private static final String SOFTWARE = "embedded";

  private final CoreThread core;

  private Kdelta(CoreThread core) {
    this.core = core;
  }

  /**
   * Opens the data in a directory, which is made when there is none.
   *
   * @throws KdeltaException.DiskFault of operation "lock" when another process has it open
   */
  public static Kdelta open(Path directory) {
    Time time = new HostTime();
    long process = ProcessHandle.current().pid();
    return new Kdelta(
        CoreThread.start(
            config("process " + process + ", embedded"),
            new HostVfs(directory),
            time,
            new HostEntropy(),
            EffectSink.NONE));
  }

  /** Opens an empty store in memory; it is gone when it is closed. */
  public static Kdelta inMemory() {
    return new Kdelta(
        CoreThread.startInMemory(
            config("in memory"), new HostTime(), new HostEntropy(), EffectSink.NONE));
  }

  /** Writes a document over all heads of its key. */
  public CompletableFuture<Reply.Written> put(Key key, String json) {
    return put(key, json, Precondition.NONE, Command.Terms.NONE);
  }

  /** Writes a document over all heads of its key, if the condition holds. */
  public CompletableFuture<Reply.Written> put(
      Key key, String json, Precondition precondition, Command.Terms terms) {
    return call(
        () ->
            new Command.Put(
                Write.put(key, Bytes.utf8(json), CanonicalJson.STANDARD).when(precondition), terms),
        Reply.Written.class);
  }

  /** Deletes a key; NotFound when it has no value. */
  public CompletableFuture<Reply.Written> delete(Key key) {
    return delete(key, Precondition.NONE, Command.Terms.NONE);
  }

  /** Deletes a key, if the condition holds. */
  public CompletableFuture<Reply.Written> delete(
      Key key, Precondition precondition, Command.Terms terms) {
    return call(() -> new Command.Delete(key, precondition, List.of(), terms), Reply.Written.class);
  }

  /** All of these writes or none; their documents are canonical JSON. */
  public CompletableFuture<Reply.Written> batch(List<Write> writes, Command.Terms terms) {
    return call(() -> new Command.Batch(writes, terms), Reply.Written.class);
  }

  /** The value of a key. */
  public CompletableFuture<Reply.Value> get(Key key) {
    return get(key, new Moment.Latest());
  }

  /** The value of a key at a moment. */
  public CompletableFuture<Reply.Value> get(Key key, Moment moment) {
    return call(() -> new Command.Get(key, moment), Reply.Value.class);
  }

  /** All heads of a key at a moment. */
  public CompletableFuture<Reply.HeadList> heads(Key key, Moment moment) {
    return call(() -> new Command.Heads(key, moment), Reply.HeadList.class);
  }

  /** Whether a key has a value. */
  public CompletableFuture<Boolean> exists(Key key) {
    return call(() -> new Command.Exists(key), Reply.Existence.class)
        .thenApply(Reply.Existence::exists);
  }

  /** A page of the keys of a namespace. */
  public CompletableFuture<Reply.KeyList> keys(
      String namespace, String prefix, String page, int limit) {
    return call(() -> new Command.ListKeys(namespace, prefix, page, limit), Reply.KeyList.class);
  }

  /** Every namespace with its counts. */
  public CompletableFuture<Reply.NamespaceList> namespaces() {
    return call(Command.ListNamespaces::new, Reply.NamespaceList.class);
  }

  /** A page of the versions of a key, newest first. */
  public CompletableFuture<Reply.VersionList> history(Key key, String page, int limit) {
    return call(() -> new Command.History(key, 0, page, limit), Reply.VersionList.class);
  }

  /** What changed in a key; a null source is the first parent of the target. */
  public CompletableFuture<Reply.Difference> diff(Key key, @Nullable Moment source, Moment target) {
    return call(() -> new Command.Diff(key, source, target), Reply.Difference.class);
  }

  /** One version by the first digits of its id. */
  public CompletableFuture<Reply.Shown> show(String prefix) {
    return call(() -> new Command.Show(prefix), Reply.Shown.class);
  }

  /** A page of the keys with two or more heads; an empty namespace means all. */
  public CompletableFuture<Reply.ConflictList> conflicts(String namespace, String page, int limit) {
    return call(() -> new Command.Conflicts(namespace, page, limit), Reply.ConflictList.class);
  }

  /** Makes one head of several. */
  public CompletableFuture<Reply.Resolved> resolve(
      Key key, Choice choice, boolean dryRun, Command.Terms terms) {
    return call(
        () -> new Command.Resolve(key, choice, dryRun, Precondition.NONE, terms),
        Reply.Resolved.class);
  }

  /** Takes over whole versions, parents before children. */
  public CompletableFuture<Reply.Imported> importVersions(List<Envelope> versions) {
    return call(() -> new Command.ImportVersions(versions, null), Reply.Imported.class);
  }

  /** A page of a namespace, with or without its history. */
  public CompletableFuture<Reply.VersionList> export(
      String namespace, boolean history, String page, int limit) {
    return call(
        () -> new Command.Export(namespace, history, page, limit, Long.MAX_VALUE),
        Reply.VersionList.class);
  }

  /** Counts of a namespace, of everything when it is empty. */
  public CompletableFuture<Reply.Stats> stats(String namespace) {
    return call(() -> new Command.Stats(namespace), Reply.Stats.class);
  }

  /** What waits is finished, then files and lock are released. */
  @Override
  public void close() {
    core.close();
  }

  private <R extends Reply> CompletableFuture<R> call(Supplier<Command> command, Class<R> type) {
    try {
      return core.submit(command.get(), TIMEOUT_NANOS).thenApply(type::cast);
    } catch (KdeltaException e) {
      return CompletableFuture.failedFuture(e);
    }
  }

  private static CoreConfig config(String owner) {
    return new CoreConfig(
        owner,
        CoreConfig.Member.alone(SOFTWARE, SOFTWARE),
        StorageLimits.standard(),
        CoreConfig.Limits.DEFAULT);
  }
}
