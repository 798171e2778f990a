package io.kdelta.soak;

import io.kdelta.env.Entropy;
import io.kdelta.env.HostWorker;
import io.kdelta.error.KdeltaException;
import io.kdelta.storage.StorageEngine;
import io.kdelta.storage.StorageLimits;
import io.kdelta.storage.StorageWork;
import io.kdelta.vfs.Vfs;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** An engine with the threads that a node gives it, telling the {@link Story}. One thread calls. */
final class Driver implements AutoCloseable {
  /** Small, so that a second holds rolls, flushes and merges. */
  static final StorageLimits LIMITS =
      new StorageLimits(256 << 10, 3, 8L << 20, 512 << 10, 4 << 10, 512 << 10, 0);

  private final StorageEngine store;
  private final AtomicReference<@Nullable Throwable> died = new AtomicReference<>();
  private final HostWorker logs = new HostWorker("soak-log", died::set);
  private final HostWorker tables = new HostWorker("soak-tables", died::set);
  private final LinkedBlockingQueue<StorageWork> done = new LinkedBlockingQueue<>();
  private int out;
  private String refusal = "";

  Driver(Vfs vfs, Entropy entropy) {
    store = StorageEngine.open(vfs, entropy, LIMITS);
  }

  StorageEngine store() {
    return store;
  }

  /** Applies as many batches as it is allowed to, at most so many. Answers whether all of them. */
  boolean tell(int batches) {
    for (int i = 0; i < batches; i++) {
      try {
        long lsn = store.lastLsn() + 1;
        long applied = store.apply(Story.batch(lsn));
        if (applied != lsn) throw new AssertionError(applied + " instead of " + lsn);
      } catch (KdeltaException.Overloaded behind) {
        return false;
      } catch (KdeltaException.ReadOnly failing) {
        refusal = String.valueOf(failing.getMessage());
        return false;
      }
    }
    return true;
  }

  /** Why the disk refuses, once it has. */
  String refusal() {
    return refusal;
  }

  /** Hands out what is due and takes back what has come, waiting a moment for it. */
  void work(long waitMillis) {
    for (StorageWork work : store.takeWork()) {
      out++;
      (work.kind() == StorageWork.Kind.LOG ? logs : tables)
          .submit(() -> {
            work.run();
            done.add(work);
          });
    }
    Throwable thrown = died.get();
    if (thrown != null) throw new AssertionError("a worker died", thrown);
    try {
      StorageWork back = done.poll(out == 0 ? 0 : waitMillis, TimeUnit.MILLISECONDS);
      while (back != null) {
        out--;
        store.workDone(back);
        back = done.poll();
      }
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  /** Waits for all that is out; hands out nothing more. */
  @Override
  public void close() {
    logs.close();
    tables.close();
    for (StorageWork back = done.poll(); back != null; back = done.poll()) store.workDone(back);
    store.close();
  }
}
