package io.kdelta.bench;

import io.kdelta.env.HostEntropy;
import io.kdelta.env.HostWorker;
import io.kdelta.error.KdeltaException;
import io.kdelta.memory.Bytes;
import io.kdelta.storage.Cursor;
import io.kdelta.storage.Errand;
import io.kdelta.storage.RowKey;
import io.kdelta.storage.RowView;
import io.kdelta.storage.StorageEngine;
import io.kdelta.storage.StorageLimits;
import io.kdelta.storage.StorageStats;
import io.kdelta.storage.StorageWork;
import io.kdelta.storage.WriteBatch;
import io.kdelta.vfs.HostVfs;
import java.nio.file.Path;
import java.util.concurrent.LinkedBlockingQueue;
import org.jspecify.annotations.Nullable;

/**
 * This store, driven as a node drives it: the calling thread is the core, one thread writes and
 * syncs the log, one builds tables, and finished work comes back through a queue.
 */
final class KdeltaEngine implements Engine {
  private final LinkedBlockingQueue<StorageWork> done = new LinkedBlockingQueue<>();
  private final RuntimeException death = new RuntimeException("a worker died");
  private final WriteBatch batch = new WriteBatch();
  private final RowView view = new RowView();
  private Mode mode = Mode.UNSYNCED;
  private @Nullable StorageEngine store;
  private @Nullable HostWorker log;
  private @Nullable HostWorker tables;
  private int out;
  private boolean logOut;
  private int tablePieces;

  @Override
  public void open(Path directory, Mode asked) {
    open(directory, asked, StorageLimits.standard());
  }

  void open(Path directory, Mode asked, StorageLimits limits) {
    mode = asked;
    log = new HostWorker("bench-log", death::addSuppressed);
    tables = new HostWorker("bench-tables", death::addSuppressed);
    tables
        .runBehindOthers()
        .ifPresent(why -> Meter.note("the table thread is no background: " + why));
    store = StorageEngine.open(new HostVfs(directory), new HostEntropy(), limits);
  }

  StorageEngine store() {
    StorageEngine opened = store;
    if (opened == null) throw new IllegalStateException("not open");
    return opened;
  }

  @Override
  public void put(byte[][] keys, byte[][] values, int count) throws InterruptedException {
    batch.clear();
    for (int i = 0; i < count; i++) add(keys[i], values[i]);
    long lsn = apply();
    if (mode == Mode.DURABLE) {
      commit(lsn);
    } else {
      turn();
    }
  }

  /**
   * One client that waits for its own put needs no thread beside it: it writes and syncs the log
   * itself, as the callers of the other engines do; tables are built on their own thread.
   */
  private void commit(long lsn) throws InterruptedException {
    take();
    for (StorageWork work : store().takeWork()) {
      if (work.kind() == StorageWork.Kind.LOG) {
        work.run();
        store().workDone(work);
      } else {
        submit(work);
      }
    }
    awaitDurable(lsn);
  }

  /** Puts one row without handing out work: {@link #turn} does that for many. */
  long append(byte[] key, byte[] value) throws InterruptedException {
    batch.clear();
    add(key, value);
    return apply();
  }

  /** The same, but answers false at once when the store has no room for it now. */
  boolean offer(byte[] key, byte[] value) {
    try {
      batch.clear();
      add(key, value);
      store().apply(batch);
      return true;
    } catch (KdeltaException.Overloaded _) {
      return false;
    }
  }

  /** After a refusal: waits for a piece of work that may make room. */
  void awaitRoom() throws InterruptedException {
    turn();
    if (death.getSuppressed().length > 0) throw death;
    if (out > 0) await();
  }

  @Override
  public int get(byte[] key, byte[] target) {
    if (!store().get(key, 0, key.length, 0, view)) return -1;
    view.copyValueTo(target, 0);
    return view.valueSize();
  }

  @Override
  public long scan(byte[] scratch) {
    long rows = 0;
    try (Cursor cursor = store().cursor(RowKey.first(Bytes.of(0)), null)) {
      while (cursor.next()) {
        cursor.view().copyValueTo(scratch, 0);
        rows++;
      }
    }
    return rows;
  }

  @Override
  public void sync() throws InterruptedException {
    awaitDurable(store().lastLsn());
  }

  @Override
  public void settle() throws InterruptedException {
    sync();
    Errand compaction = store().compact();
    for (turn(); out > 0 || !compaction.done(); turn()) {
      if (out > 0) await();
    }
    compaction.failure().ifPresent(death::addSuppressed);
    if (death.getSuppressed().length > 0) throw death;
  }

  @Override
  public long bytesWritten() {
    StorageStats stats = store().stats();
    // A record has a header of 26 bytes and up to 7 of padding.
    long logBytes = stats.batchBytes() + 30 * stats.batches();
    return logBytes + stats.flushedBytes() + stats.mergedBytes();
  }

  @Override
  public long tableBytes() {
    return store().stats().tableBytes();
  }

  @Override
  public int runs() {
    StorageStats stats = store().stats();
    return stats.unflushedMemtables() + stats.runs();
  }

  @Override
  public void close() {
    try {
      while (out > 0) await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
    if (log != null) log.close();
    if (tables != null) tables.close();
    // A store whose table work was held back stays as a killed one.
    if (mode == Mode.LOG_ONLY) store().close();
    else store().shutDown();
  }

  /** Takes finished work back and hands new work out: what a node does at the end of a turn. */
  void turn() {
    boolean took = take();
    if (!took && logOut) return;
    for (StorageWork work : store().takeWork()) {
      // The first piece makes the spare segment ready. Work that is never run stays out, and no
      // other of its kind is given.
      boolean isTable = work.kind() == StorageWork.Kind.TABLE;
      if (mode == Mode.LOG_ONLY && isTable && tablePieces++ > 0) continue;
      submit(work);
    }
  }

  private void submit(StorageWork work) {
    out++;
    boolean isLog = work.kind() == StorageWork.Kind.LOG;
    if (isLog) logOut = true;
    HostWorker worker = isLog ? log : tables;
    if (worker == null) throw new IllegalStateException("not open");
    worker.submit(() -> {
      work.run();
      done.add(work);
    });
  }

  /** Waits until a piece of work has come back. */
  void await() throws InterruptedException {
    back(done.take());
  }

  boolean isDurable(long lsn) {
    return store().durableLsn() >= lsn;
  }

  /** What can explain a long turn. */
  record State(int memtables, int runs, long flushes, long merges) {
    @Override
    public String toString() {
      return memtables
          + " memtables, "
          + runs
          + " runs after "
          + flushes
          + " flushes and "
          + merges
          + " merges";
    }
  }

  State state() {
    StorageStats stats = store().stats();
    return new State(stats.unflushedMemtables(), stats.runs(), stats.flushes(), stats.merges());
  }

  private void add(byte[] key, byte[] value) {
    batch.put(key, 0, key.length, 0, value, 0, value.length);
  }

  private long apply() throws InterruptedException {
    while (true) {
      try {
        return store().apply(batch);
      } catch (KdeltaException.Overloaded _) {
        awaitRoom();
      }
    }
  }

  private void awaitDurable(long lsn) throws InterruptedException {
    for (turn(); !isDurable(lsn); turn()) await();
  }

  private boolean take() {
    boolean took = false;
    for (StorageWork work = done.poll(); work != null; work = done.poll()) {
      back(work);
      took = true;
    }
    return took;
  }

  private void back(StorageWork work) {
    out--;
    if (work.kind() == StorageWork.Kind.LOG) logOut = false;
    store().workDone(work);
  }
}
