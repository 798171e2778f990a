package io.kdelta.cluster;

import io.kdelta.causal.NodeId;
import io.kdelta.memory.ByteReader;
import io.kdelta.memory.ByteWriter;
import io.kdelta.memory.Bytes;
import java.util.TreeSet;

/**
 * The nodes with which a session has ended well, over restarts: only they are shipped to. Owned by
 * the core thread.
 *
 * <p>The system row {@code met}: u32 count, then 16 bytes per node.
 */
final class Acquaintances {
  private static final String ROW = "met";

  private final Outbox outbox;
  private final TreeSet<NodeId> nodes = new TreeSet<>();

  Acquaintances(Replica replica, Outbox outbox) {
    this.outbox = outbox;
    replica.recall(ROW).ifPresent(this::recall);
  }

  boolean contains(NodeId node) {
    return nodes.contains(node);
  }

  /** Adds one; whether it is new. */
  boolean add(NodeId node) {
    boolean fresh = nodes.add(node);
    if (fresh) remember();
    return fresh;
  }

  /** Has all of them remembered. */
  void remember() {
    ByteWriter out = new ByteWriter(4 + NodeId.SIZE * nodes.size());
    out.writeInt(nodes.size());
    for (NodeId node : nodes) node.write(out);
    outbox.add(new Effect.Remember(ROW, out.toBytes()));
  }

  private void recall(Bytes row) {
    ByteReader in = new ByteReader(row, "system row " + ROW);
    int count = in.readCount(NodeId.SIZE);
    for (int i = 0; i < count; i++) nodes.add(NodeId.read(in));
    in.end();
  }
}
