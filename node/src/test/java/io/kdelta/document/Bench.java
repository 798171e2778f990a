package io.kdelta.document;

import io.kdelta.causal.CausalStore;
import io.kdelta.causal.Key;
import io.kdelta.causal.Written;
import io.kdelta.env.SimEntropy;
import io.kdelta.env.SimTime;
import io.kdelta.memory.Bytes;
import io.kdelta.reconciliation.Digest;
import io.kdelta.storage.StorageEngine;
import io.kdelta.storage.StorageLimits;
import io.kdelta.vfs.SimVfs;
import java.util.List;

/** A whole store over a simulated disk, for tests; its time goes on by a millisecond a write. */
final class Bench implements AutoCloseable {
  final SimTime time = new SimTime();
  final SimVfs disk;
  private final SimEntropy entropy;
  private int starts;

  StorageEngine engine;
  CausalStore causal;
  DocumentStore documents;

  Bench(long seed) {
    entropy = new SimEntropy(seed);
    disk = new SimVfs(entropy.split("disk"));
    open();
  }

  /** The process ends and starts again over the same disk. */
  void restart() {
    engine.runInline();
    engine.close();
    open();
  }

  DocumentReader reader() {
    return documents.reader();
  }

  /** Writes one thing, and what it came to. */
  Written write(Write write) {
    return writeAs("", write).written().getFirst();
  }

  /** Writes under a request id. */
  Answer.Outcome writeAs(String requestId, Write... writes) {
    time.advance(1_000_000);
    Answer.Outcome outcome = documents.write(List.of(writes), requestId);
    engine.runInline();
    return outcome;
  }

  /** Puts JSON over all heads, and its id. */
  Digest put(Key key, String json) {
    return write(Write.put(key, Bytes.utf8(json))).version().id();
  }

  /** Puts JSON over the given versions only, and its id. */
  Digest putOver(Key key, String json, Digest... parents) {
    return write(Write.put(key, Bytes.utf8(json)).over(List.of(parents))).version().id();
  }

  /** The document that a read of the key answers. */
  String get(Key key) {
    return reader().get(key, Moment.now()).version().document().utf8();
  }

  @Override
  public void close() {
    engine.close();
  }

  private void open() {
    // What a process draws at random no process before it drew.
    SimEntropy process = entropy.split("process " + starts++);
    engine = StorageEngine.open(disk, process.split("engine"), StorageLimits.small());
    causal = CausalStore.open(engine, time, process.split("causal"), DocumentSchema.INSTANCE);
    documents = new DocumentStore(causal);
    engine.runInline();
  }
}
