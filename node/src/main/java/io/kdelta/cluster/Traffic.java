package io.kdelta.cluster;

import java.util.EnumMap;

/**
 * What a node has said and heard since its start: immutable, any thread.
 *
 * @param shippedBytes bytes of log frames sent, and of versions sent as missing parents
 * @param receivedBytes bytes of such messages that came
 * @param sessionSentBytes bytes sent for reconciliation, pushed versions included
 * @param sessionReceivedBytes bytes received for it
 * @param gossipSentBytes bytes of everything else sent
 * @param gossipReceivedBytes bytes of everything else received
 * @param lentBytes bytes of messages sent to nodes that took a snapshot from here
 * @param sessions what sessions took
 * @param snapshots what came by snapshots
 */
public record Traffic(
    long shippedBytes,
    long receivedBytes,
    long sessionSentBytes,
    long sessionReceivedBytes,
    long gossipSentBytes,
    long gossipReceivedBytes,
    long lentBytes,
    Sessions sessions,
    Snapshots snapshots) {
  /** Nothing yet. */
  public static final Traffic NONE =
      new Traffic(0, 0, 0, 0, 0, 0, 0, Sessions.NONE, Snapshots.NONE);

  /**
   * Sessions that ended since the start.
   *
   * @param count how many, equal roots found at once included
   * @param rounds their round trips
   * @param millis from the first message of each to its end
   * @param differences versions that moved, either way
   */
  public record Sessions(long count, long rounds, long millis, long differences) {
    /** None yet. */
    public static final Sessions NONE = new Sessions(0, 0, 0, 0);

    /** With one more. */
    Sessions and(Session session) {
      return new Sessions(
          count + 1,
          rounds + session.rounds(),
          millis + session.millis(),
          differences + session.versionsSent() + session.versionsReceived());
    }
  }

  /**
   * What came by snapshots since the start of this node, that of one under way included.
   *
   * @param count snapshots that were taken in to their end
   * @param files files that came whole
   * @param bytes of files that came
   * @param versions that were new here
   * @param nanos from asking to the last version
   */
  public record Snapshots(long count, long files, long bytes, long versions, long nanos) {
    /** None yet. */
    public static final Snapshots NONE = new Snapshots(0, 0, 0, 0, 0);

    /** Both. */
    Snapshots and(Snapshots other) {
      return new Snapshots(
          count + other.count,
          files + other.files,
          bytes + other.bytes,
          versions + other.versions,
          nanos + other.nanos);
    }
  }

  /** Counts the bytes of messages by their lanes. Owned by the core thread. */
  static final class Bytes {
    private final EnumMap<Lane, Long> sent = new EnumMap<>(Lane.class);
    private final EnumMap<Lane, Long> received = new EnumMap<>(Lane.class);
    private long lent;

    void sent(PeerMessage message, int size) {
      if (message instanceof PeerMessage.Snapshot) lent += size;
      else sent.merge(message.lane(), (long) size, Long::sum);
    }

    void received(PeerMessage message, int size) {
      // What a snapshot brings is counted by its files.
      if (message instanceof PeerMessage.Snapshot) return;
      received.merge(message.lane(), (long) size, Long::sum);
    }

    Traffic with(Sessions sessions, Snapshots snapshots) {
      return new Traffic(
          sent.getOrDefault(Lane.SHIP, 0L),
          received.getOrDefault(Lane.SHIP, 0L),
          sent.getOrDefault(Lane.BULK, 0L),
          received.getOrDefault(Lane.BULK, 0L),
          sent.getOrDefault(Lane.GOSSIP, 0L),
          received.getOrDefault(Lane.GOSSIP, 0L),
          lent,
          sessions,
          snapshots);
    }
  }
}
