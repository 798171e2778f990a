package io.kdelta.causal;

import io.kdelta.env.SimEntropy;
import io.kdelta.env.SimTime;
import io.kdelta.error.KdeltaException;
import io.kdelta.memory.Bytes;
import io.kdelta.reconciliation.Digest;
import io.kdelta.storage.StorageEngine;
import io.kdelta.storage.StorageLimits;
import io.kdelta.vfs.SimVfs;
import java.util.ArrayList;
import java.util.List;

/** A causal store over the real engine and a simulated disk, for the tests of this package. */
final class TestNode implements AutoCloseable {
  final SimVfs disk;
  final SimTime time = new SimTime();
  StorageEngine engine;
  CausalStore store;
  private final SimEntropy entropy;
  private final ContentSchema schema;
  private int lives;

  TestNode(long seed) {
    this(seed, ContentSchema.ANY);
  }

  TestNode(long seed, ContentSchema schema) {
    this.entropy = new SimEntropy(seed);
    this.schema = schema;
    this.disk = new SimVfs(entropy.split("disk"));
    SimEntropy life = nextLife();
    this.engine = StorageEngine.open(disk, life, StorageLimits.small());
    this.store = CausalStore.open(engine, time, life, schema);
  }

  /** Writes, syncs, flushes and merges whatever is due. */
  TestNode settle() {
    engine.runInline();
    return this;
  }

  /** A new process on the same disk; what was not synced is as the disk left it. */
  void reopen() {
    while (true) {
      engine.close();
      SimEntropy life = nextLife();
      engine = StorageEngine.open(disk, life, StorageLimits.small());
      try {
        store = CausalStore.open(engine, time, life, schema);
        return;
      } catch (KdeltaException.Corrupt e) {
        engine.runInline();
      }
    }
  }

  /** Repairs; whenever that meets new damage the engine sets it aside at the next open. */
  void mend() {
    while (true) {
      try {
        store.repair();
        return;
      } catch (KdeltaException.Corrupt e) {
        engine.runInline();
        reopen();
      }
    }
  }

  /** The same rows, read anew into memory. */
  CausalStore rescanned() {
    return CausalStore.open(engine, time, nextLife(), schema);
  }

  CausalGraph graph() {
    return store.graph();
  }

  Written write(Draft draft) {
    time.advance(1_000_000);
    Transaction transaction = store.begin();
    Written written = transaction.write(draft);
    transaction.commit();
    engine.runInline();
    return written;
  }

  Written put(String key, String json) {
    return write(Draft.put(new Key("ns", key), Bytes.utf8(json)));
  }

  Written delete(String key) {
    return write(Draft.delete(new Key("ns", key)));
  }

  Reception receive(Envelope envelope) {
    Transaction transaction = store.begin();
    Reception reception = transaction.receive(envelope);
    transaction.commit();
    engine.runInline();
    return reception;
  }

  Reception receiveDurably(Envelope envelope) {
    Transaction transaction = store.begin();
    Reception reception = transaction.receiveDurably(envelope);
    transaction.commit();
    engine.runInline();
    return reception;
  }

  FrameReception receive(Frame frame) {
    Transaction transaction = store.begin();
    FrameReception reception = transaction.receive(frame);
    transaction.commit();
    engine.runInline();
    return reception;
  }

  Envelope envelope(Digest id) {
    Envelope envelope = graph().envelope(id);
    if (envelope == null) throw new AssertionError("version " + id + " is not visible");
    return envelope;
  }

  Stored version(Digest id) {
    Stored stored = graph().version(id);
    if (stored == null) throw new AssertionError("version " + id + " is not visible");
    return stored;
  }

  Frame frame(Incarnation log, long fromSeq, int bytesMax) {
    Frame frame = store.frame(log, fromSeq, bytesMax);
    if (frame == null) throw new AssertionError("nothing to ship from " + fromSeq);
    return frame;
  }

  Heads heads(String key) {
    return graph().heads(new Key("ns", key));
  }

  /** The document that a read of the key answers. */
  String value(String key) {
    return envelope(heads(key).winner().orElseThrow().id()).document().utf8();
  }

  /** All visible versions in an order that puts parents first. */
  List<Envelope> versions() {
    List<Envelope> all = new ArrayList<>();
    for (Digest id : store.tree()) all.add(envelope(id));
    all.sort(java.util.Comparator.comparing(envelope -> envelope.version().time()));
    return all;
  }

  /** No two lives of a process draw the same. */
  private SimEntropy nextLife() {
    return entropy.split("life " + lives++);
  }

  @Override
  public void close() {
    engine.close();
  }
}
