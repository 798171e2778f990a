package io.kdelta.core;

import io.kdelta.causal.NodeId;
import io.kdelta.cluster.ClusterConfig;
import io.kdelta.cluster.PeerCodec;
import io.kdelta.reconciliation.BatchHasher;
import io.kdelta.storage.StorageLimits;
import java.util.List;
import java.util.Optional;

/**
 * What a core needs to know before it starts. Immutable; any thread.
 *
 * @param owner one line about this process (its id and address): what another process that wants
 *     the same data directory is told
 * @param member what this node says of itself to its peers
 * @param storage limits of the storage engine
 * @param limits bounds of the core itself
 * @param hasher what hashes many documents at once; a matter of speed alone
 */
public record CoreConfig(
    String owner, Member member, StorageLimits storage, Limits limits, BatchHasher hasher) {
  /** On a processor that nothing is known of. */
  public CoreConfig(String owner, Member member, StorageLimits storage, Limits limits) {
    this(owner, member, storage, limits, BatchHasher.ONE_BY_ONE);
  }

  /** The same as a program that speaks no newer peer format. */
  public CoreConfig withFormat(int newest) {
    return new CoreConfig(owner, member.withFormat(newest), storage, limits, hasher);
  }

  /**
   * This node as a member of a cluster. Its id lies in the data directory.
   *
   * @param name what people call it
   * @param addresses where peers may dial it ({@code host:port}), the preferred first; at most 4
   * @param http address of its HTTP port, empty if it has none
   * @param zone failure domain, may be empty
   * @param software version of the program
   * @param clusterName what {@code --cluster} gave
   * @param seeds what {@code --join} gave, {@code host:port} each
   * @param backups how many nodes are to hold each write of this one, at least 1
   * @param pace times of the cluster protocol
   * @param limits bounds of its memory
   * @param formatMax newest peer format that it speaks, to run as an older program does
   */
  public record Member(
      String name,
      List<String> addresses,
      String http,
      String zone,
      String software,
      Optional<String> clusterName,
      List<String> seeds,
      int backups,
      ClusterConfig.Pace pace,
      ClusterConfig.Limits limits,
      int formatMax) {
    /** With every format that this program speaks. */
    public Member(
        String name,
        List<String> addresses,
        String http,
        String zone,
        String software,
        Optional<String> clusterName,
        List<String> seeds,
        int backups,
        ClusterConfig.Pace pace,
        ClusterConfig.Limits limits) {
      this(
          name,
          addresses,
          http,
          zone,
          software,
          clusterName,
          seeds,
          backups,
          pace,
          limits,
          PeerCodec.NEWEST);
    }

    /** The same as a program that speaks no newer format. */
    public Member withFormat(int newest) {
      return new Member(
          name, addresses, http, zone, software, clusterName, seeds, backups, pace, limits, newest);
    }

    /** Copies the lists. */
    public Member {
      addresses = List.copyOf(addresses);
      seeds = List.copyOf(seeds);
    }

    /** A node that nobody can dial and that dials nobody. */
    public static Member alone(String name, String software) {
      return new Member(
          name,
          List.of(),
          "",
          "",
          software,
          Optional.empty(),
          List.of(),
          ClusterConfig.BACKUPS,
          ClusterConfig.Pace.DEFAULT,
          ClusterConfig.Limits.DEFAULT);
    }

    ClusterConfig of(NodeId node) {
      return new ClusterConfig(
          node,
          name,
          addresses,
          http,
          zone,
          software,
          clusterName,
          seeds,
          backups,
          pace,
          limits,
          formatMax);
    }
  }

  /**
   * Bounds of the core.
   *
   * @param inboxEvents how many events of clients may wait for a turn, and how many of peers
   * @param inboxBytes how many bytes of events of clients may wait for a turn, and of peers
   * @param parkedReplies how many answers may wait in the commit gate
   * @param ackTimeoutMillis how long a write waits for its level unless its client's deadline is
   *     sooner (cluster.md section 3)
   * @param scrubSeconds within how long the scrub reads everything once; 0 for never
   * @param checkpointVersions after how many versions what is in memory is kept as rows, so that an
   *     open reads only what came later
   */
  public record Limits(
      int inboxEvents,
      long inboxBytes,
      int parkedReplies,
      long ackTimeoutMillis,
      long scrubSeconds,
      long checkpointVersions) {
    /**
     * Of a node: 16,384 events, 64 MiB, 65,536 parked answers, 5 s, a scrub a day, a checkpoint
     * after 32,768 versions (it costs about 20 bytes for each of them).
     */
    public static final Limits DEFAULT =
        new Limits(16_384, 64L << 20, 65_536, 5_000, 86_400, 32_768);

    /** The same with another pace of the scrub. */
    public Limits withScrub(long seconds) {
      return new Limits(
          inboxEvents, inboxBytes, parkedReplies, ackTimeoutMillis, seconds, checkpointVersions);
    }

    /** The same with checkpoints after so many versions. */
    public Limits withCheckpoints(long versions) {
      return new Limits(
          inboxEvents, inboxBytes, parkedReplies, ackTimeoutMillis, scrubSeconds, versions);
    }

    /** Refuses bounds that nothing fits into. */
    public Limits {
      if (inboxEvents < 1 || inboxBytes < 1 || parkedReplies < 1 || ackTimeoutMillis < 1) {
        throw new IllegalArgumentException("a limit below 1");
      }
      if (checkpointVersions < 1) throw new IllegalArgumentException("a checkpoint of nothing");
      if (scrubSeconds < 0) throw new IllegalArgumentException("a scrub of " + scrubSeconds + " s");
    }
  }
}
