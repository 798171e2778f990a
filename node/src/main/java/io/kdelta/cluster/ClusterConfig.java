package io.kdelta.cluster;

import io.kdelta.causal.NodeId;
import java.util.List;
import java.util.Optional;

/**
 * How a node takes part in its cluster.
 *
 * @param node its id, made with the data directory
 * @param name what people call it; at most 64 bytes of UTF-8
 * @param addresses where peers may dial it ({@code host:port}), the preferred first; at most 4
 * @param http address of its HTTP port, empty if it has none
 * @param zone failure domain; backups are spread over zones first; may be empty
 * @param software version of the program, for people
 * @param clusterName what {@code --cluster} gave
 * @param seeds what {@code --join} gave: {@code host:port}, or names that the edge resolves
 * @param backups R, how many nodes are to hold each write of this one; at least 1
 * @param pace times of the protocol
 * @param limits bounds of its memory
 * @param formatMax newest peer format that it speaks, to run as an older program does
 */
public record ClusterConfig(
    NodeId node,
    String name,
    List<String> addresses,
    String http,
    String zone,
    String software,
    Optional<String> clusterName,
    List<String> seeds,
    int backups,
    Pace pace,
    Limits limits,
    int formatMax) {

  /** R unless configured. */
  public static final int BACKUPS = 2;

  /** With every format that this program speaks. */
  public ClusterConfig(
      NodeId node,
      String name,
      List<String> addresses,
      String http,
      String zone,
      String software,
      Optional<String> clusterName,
      List<String> seeds,
      int backups,
      Pace pace,
      Limits limits) {
    this(
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
        PeerCodec.NEWEST);
  }

  /** Refuses what no peer could decode. */
  public ClusterConfig {
    if (formatMax < PeerCodec.OLDEST || formatMax > PeerCodec.NEWEST) {
      throw new IllegalArgumentException("no format " + formatMax);
    }
    addresses = List.copyOf(addresses);
    seeds = List.copyOf(seeds);
    if (node.equals(NodeId.NONE)) throw new IllegalArgumentException("a node needs an id");
    if (backups < 1) throw new IllegalArgumentException("backups " + backups + " < 1");
    Member.requireText("name", name);
    Member.requireText("http", http);
    Member.requireText("zone", zone);
    Member.requireText("software", software);
    Member.requireAddresses(addresses);
  }

  /**
   * Times in nanoseconds (cluster.md sections 2 and 5).
   *
   * @param probe between two probes
   * @param probeTimeout until a probe without answer asks others to probe
   * @param pushPull between two exchanges of the whole list
   * @param dialMin first pause before an address is dialled again
   * @param dialMax longest pause
   * @param hello how long a link may stay without a hello
   * @param silence a link that carried nothing for so long is hung up
   * @param facts shortest pause between two facts messages on a link
   * @param pull how long a pull may bring nothing before another holder is asked
   * @param drain how long drain and leave wait for the backups
   */
  public record Pace(
      long probe,
      long probeTimeout,
      long pushPull,
      long dialMin,
      long dialMax,
      long hello,
      long silence,
      long facts,
      long pull,
      long drain) {
    private static final long MILLI = 1_000_000L;

    /** As the design has it. */
    public static final Pace DEFAULT =
        new Pace(
            1_000 * MILLI,
            500 * MILLI,
            30_000 * MILLI,
            100 * MILLI,
            5_000 * MILLI,
            5_000 * MILLI,
            10_000 * MILLI,
            50 * MILLI,
            2_000 * MILLI,
            10_000 * MILLI);
  }

  /**
   * Bounds of memory.
   *
   * @param tailBytes own frames kept in memory for fast peers; slower ones are fed by a scan
   * @param windowBytes frames that may be on their way to one peer, not yet stored there
   * @param members members that this node remembers, those that left included
   * @param sessions what one session that finds differences may cost; equal in all of a cluster
   * @param snapshots when and how a snapshot is taken
   */
  public record Limits(
      int tailBytes,
      int windowBytes,
      int members,
      io.kdelta.reconciliation.Limits sessions,
      Snapshots snapshots) {
    /** 16 MiB of tail, 4 MiB of window, 1,024 members, sessions as the protocol has them. */
    public static final Limits DEFAULT = new Limits(16 << 20, 4 << 20, 1_024);

    /** With sessions as the protocol has them. */
    public Limits(int tailBytes, int windowBytes, int members) {
      this(
          tailBytes,
          windowBytes,
          members,
          io.kdelta.reconciliation.Limits.STANDARD,
          Snapshots.DEFAULT);
    }

    /** The same with other sessions. */
    public Limits withSessions(io.kdelta.reconciliation.Limits other) {
      return new Limits(tailBytes, windowBytes, members, other, snapshots);
    }

    /** The same with other snapshots. */
    public Limits withSnapshots(Snapshots other) {
      return new Limits(tailBytes, windowBytes, members, sessions, other);
    }
  }

  /**
   * Snapshots.
   *
   * @param versionsMin a node that lacks fewer versions takes none
   * @param pieceBytes in which files are lent; from 512 bytes to 1 MiB
   */
  public record Snapshots(long versionsMin, int pieceBytes) {
    /**
     * From 16,384 versions on, in pieces of 448 KiB: each costs some turns, and the arrays of
     * larger ones would take regions of their own in the heap, half of them empty.
     */
    public static final Snapshots DEFAULT = new Snapshots(16_384, 448 << 10);
  }
}
