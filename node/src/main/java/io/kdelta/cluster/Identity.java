package io.kdelta.cluster;

import io.kdelta.env.Entropy;
import io.kdelta.memory.ByteReader;
import io.kdelta.memory.ByteWriter;
import io.kdelta.memory.Bytes;
import java.util.Optional;

/**
 * Which cluster this node is in, and what happens when two ids meet (cluster.md section 1).
 *
 * <p>A node is settled once it, or a member of its cluster that it met, has versions: from then on
 * its cluster id never changes. Owned by the core thread. Invariant: what it says is remembered
 * before it is said.
 *
 * <p>The system row {@code cluster}: 16 bytes cluster id, u8 settled.
 */
final class Identity {
  private static final String ROW = "cluster";

  private final Outbox outbox;
  private ClusterId cluster;
  private boolean settled;
  private boolean joining;

  /** What a meeting of two ids comes to. */
  enum Verdict {
    /** Both are in one cluster. */
    SAME,
    /** This node took the other's id just now. */
    TAKEN,
    /** The other has to take this node's id; it says so with another hello. */
    THEIRS_TO_TAKE,
    /** Both are settled, in different clusters. */
    REFUSED
  }

  Identity(ClusterConfig config, Replica replica, Entropy entropy, Outbox outbox) {
    this.outbox = outbox;
    Optional<Bytes> row = replica.recall(ROW);
    boolean holding = !replica.tree().isEmpty();
    if (row.isPresent()) {
      ByteReader in = new ByteReader(row.get(), "system row " + ROW);
      cluster = ClusterId.read(in);
      settled = in.readByte() == 1 || holding;
      if (!settled && config.clusterName().isPresent()) {
        cluster = ClusterId.named(config.clusterName().get());
      }
    } else {
      cluster = config.clusterName().map(ClusterId::named).orElseGet(() -> ClusterId.draw(entropy));
      settled = holding;
      joining = !config.seeds().isEmpty() && config.clusterName().isEmpty() && !settled;
    }
  }

  /** Says once what it is, at the start. A node that still waits for a seed has nothing to say. */
  void start() {
    remember();
  }

  ClusterId cluster() {
    return cluster;
  }

  boolean settled() {
    return settled;
  }

  /** Whether writes wait for the first answer of a seed. */
  boolean joining() {
    return joining;
  }

  /** A seed has answered, or there is none but this node itself. */
  void joined() {
    if (!joining) return;
    joining = false;
    remember();
  }

  /** Versions exist in this cluster. */
  void settle() {
    if (settled) return;
    settled = true;
    remember();
  }

  /** Another node says which cluster it is in. */
  Verdict meet(ClusterId theirs, boolean theirsSettled) {
    if (theirs.equals(cluster)) {
      if (theirsSettled) settle();
      return Verdict.SAME;
    }
    if (settled && theirsSettled) return Verdict.REFUSED;
    if (settled) return Verdict.THEIRS_TO_TAKE;
    if (!theirsSettled && cluster.compareTo(theirs) < 0) return Verdict.THEIRS_TO_TAKE;
    cluster = theirs;
    settled = theirsSettled;
    remember();
    return Verdict.TAKEN;
  }

  /** Has it remembered, unless it still waits for a seed and has nothing to say. */
  void remember() {
    if (joining) return;
    ByteWriter out = new ByteWriter(ClusterId.SIZE + 1);
    cluster.write(out);
    outbox.add(new Effect.Remember(ROW, out.writeByte(settled ? 1 : 0).toBytes()));
  }
}
