package io.kdelta.bench;

import io.kdelta.causal.CausalStore;
import io.kdelta.causal.History;
import io.kdelta.causal.Key;
import io.kdelta.document.Answer;
import io.kdelta.document.DocumentSchema;
import io.kdelta.document.DocumentStore;
import io.kdelta.document.Moment;
import io.kdelta.document.Write;
import io.kdelta.env.HostEntropy;
import io.kdelta.env.HostTime;
import io.kdelta.storage.StorageEngine;
import io.kdelta.storage.StorageLimits;
import io.kdelta.vfs.HostVfs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A document store on the measuring thread; the work of the engine is done between the steps. */
final class StoreRig implements AutoCloseable {
  private static final Key HOT = new Key("bench", "many versions");
  private static final int STEPS = 2_000;
  private static final int OPERATIONS = 16;
  private static final int PAGE = 1_000;

  /** As many versions as a node makes checkpoints after. */
  private static final int CELLS_FROM = 32_768;

  private final StorageEngine engine;
  private final CausalStore store;
  private final DocumentStore documents;
  private long[] times = new long[0];

  StoreRig(Path directory) throws IOException {
    Files.createDirectories(directory);
    HostEntropy entropy = new HostEntropy();
    engine = StorageEngine.open(new HostVfs(directory), entropy, StorageLimits.standard());
    store = CausalStore.open(engine, new HostTime(), entropy, DocumentSchema.INSTANCE);
    documents = new DocumentStore(store);
  }

  /** Writes so many documents under keys of their own; nanoseconds of each write. */
  long[] writeDocuments(int count) {
    long[] nanos = new long[count];
    for (int i = 0; i < count; i++) {
      nanos[i] = write(Documents.put(Documents.key(i, count), i));
      if (i % 256 == 0) engine.runInline();
    }
    engine.runInline();
    return nanos;
  }

  /** Writes so many versions of one key; nanoseconds of each write. */
  long[] writeVersions(int count) {
    long[] nanos = new long[count];
    times = new long[count];
    for (int i = 0; i < count; i++) {
      nanos[i] = write(Documents.put(HOT, i));
      times[i] = documents.reader().get(HOT, Moment.now()).version().version().time().micros();
      if (i % 256 == 0) engine.runInline();
    }
    engine.runInline();
    return nanos;
  }

  /** Keeps what memory holds beside the rows, so that the next open reads what came later alone. */
  void checkpoint() {
    store.checkpoint(CELLS_FROM);
    engine.runInline();
  }

  /** Gets of the one key. */
  Timing get() {
    return Timing.of(
        STEPS,
        OPERATIONS,
        first -> {
          for (int i = 0; i < OPERATIONS; i++) found(documents.reader().get(HOT, Moment.now()));
        });
  }

  /** Gets of documents of so many. */
  Timing get(int count) {
    Key[] keys = new Key[Math.min(count, 50_000)];
    for (int i = 0; i < keys.length; i++) keys[i] = Documents.key(i * 31, count);
    return Timing.of(
        STEPS,
        OPERATIONS,
        first -> {
          for (int i = first; i < first + OPERATIONS; i++) {
            found(documents.reader().get(keys[i % keys.length], Moment.now()));
          }
        });
  }

  /** Asks whether documents of so many are there. */
  Timing contains(int count) {
    Key[] keys = new Key[Math.min(count, 50_000)];
    for (int i = 0; i < keys.length; i++) keys[i] = Documents.key(i * 31, count);
    return Timing.of(
        STEPS,
        OPERATIONS,
        first -> {
          for (int i = first; i < first + OPERATIONS; i++) {
            if (!documents.reader().exists(keys[i % keys.length]).exists()) {
              throw new AssertionError("a document is gone");
            }
          }
        });
  }

  /** What the one key was at moments spread over all its life. */
  Timing getAt() {
    return Timing.of(
        STEPS,
        OPERATIONS,
        first -> {
          for (int i = first; i < first + OPERATIONS; i++) {
            long micros = times[(int) (i * 7_919L % times.length)];
            found(documents.reader().get(HOT, new Moment.Time(micros)));
          }
        });
  }

  /** Walks over versions of the one key: id, time, size of each. */
  Timing historyFields() {
    int length = Math.min(PAGE * 10, times.length);
    return Timing.of(
        100,
        length,
        first -> {
          long seen = 0;
          try (History history = store.graph().history(HOT)) {
            for (int i = 0; i < length && history.next(); i++) {
              if (history.documentBytes() == Documents.SIZE
                  && history.time().packed() != 0
                  && history.id().first() != 0) {
                seen++;
              }
            }
          }
          if (seen != length) throw new AssertionError(seen + " of " + length);
        });
  }

  /** Pages of whole versions of the one key, as a client gets them. */
  Timing historyWhole() {
    int length = Math.min(PAGE, times.length);
    return Timing.of(
        400,
        length,
        first -> {
          Answer.Versions page = documents.reader().history(HOT, 0, null, length, Long.MAX_VALUE);
          if (page.versions().size() != length) throw new AssertionError("a short page");
        });
  }

  @Override
  public void close() {
    engine.runInline();
    engine.close();
  }

  private long write(Write write) {
    List<Write> one = List.of(write);
    long start = System.nanoTime();
    documents.write(one, "");
    return System.nanoTime() - start;
  }

  private static void found(Answer.Value value) {
    if (value.version().document().size() != Documents.SIZE) {
      throw new AssertionError("another document");
    }
  }
}
