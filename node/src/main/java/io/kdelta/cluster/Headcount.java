package io.kdelta.cluster;

import io.kdelta.cluster.PeerMessage.Members.Knowledge;
import io.kdelta.memory.ByteReader;
import io.kdelta.memory.ByteWriter;
import io.kdelta.memory.Bytes;
import java.util.Optional;

/**
 * Whether this node knows of how many it is one, so that R may be counted from its {@link Roster}.
 * Owned by the core thread.
 *
 * <p>A node that was told to join and has met nobody yet, and one that lost rows to damage, may be
 * one of many without knowing: there a level counts R as configured, so that ignorance is never
 * taken for a small cluster. What ends it is the list of a peer that knows; for a new node also
 * that of a peer as new as itself; and seeds that all turn out to be this node.
 *
 * <p>Invariant: the certainty that is remembered is of one generation of the store; a repair begins
 * another, so a crash right after it leaves the node uncertain.
 *
 * <p>The system row {@code headcount}: u64 generation of the store in which the node was certain.
 */
final class Headcount {
  private static final String ROW = "headcount";

  private final Replica replica;
  private final Outbox outbox;
  private final boolean told;
  private Knowledge knowledge;

  Headcount(ClusterConfig config, Replica replica, Outbox outbox) {
    this.replica = replica;
    this.outbox = outbox;
    this.told = !config.seeds().isEmpty();
    Optional<Bytes> row = replica.recall(ROW);
    if (row.isPresent()) {
      long certain = new ByteReader(row.get(), "system row " + ROW).readLong();
      knowledge = certain == replica.generation() ? Knowledge.WHOLE : Knowledge.DAMAGED;
    } else {
      knowledge = replica.generation() == 0 ? Knowledge.NEW : Knowledge.DAMAGED;
    }
  }

  Knowledge knowledge() {
    return knowledge;
  }

  /** Whether the roster may be counted. */
  boolean certain() {
    return knowledge == Knowledge.WHOLE;
  }

  /** Tells the operator, once, at the start. */
  void start() {
    if (knowledge != Knowledge.DAMAGED) return;
    outbox.notice(
        "damage may have taken the list of members: until one of them is met, quorum and all"
            + " count as many backups as are configured (--join with this node's own address"
            + " says that there is none)");
  }

  /** Every seed is this node itself, or there is none. Whether that settles it. */
  boolean alone() {
    boolean settles = knowledge == Knowledge.NEW || (knowledge == Knowledge.DAMAGED && told);
    if (settles) know();
    return settles;
  }

  /**
   * A peer has sent the list of its members, all of which are in the roster now. Whether it is
   * news.
   */
  boolean heard(Knowledge peers) {
    boolean settles =
        switch (knowledge) {
          case WHOLE -> false;
          case NEW -> peers != Knowledge.DAMAGED;
          case DAMAGED -> peers == Knowledge.WHOLE;
        };
    if (settles) know();
    return settles;
  }

  /** Damage took rows while the node runs: what it knows it still knows, under a new generation. */
  void remember() {
    if (!certain()) return;
    Bytes row = new ByteWriter(Long.BYTES).writeLong(replica.generation()).toBytes();
    outbox.add(new Effect.Remember(ROW, row));
  }

  private void know() {
    knowledge = Knowledge.WHOLE;
    remember();
  }
}
