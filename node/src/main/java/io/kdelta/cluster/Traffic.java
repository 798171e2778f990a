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
 * @param sessions sessions that ended, equal roots found at once included
 * @param rounds their round trips
 * @param snapshots what came by snapshots
 */
public record Traffic(
    long shippedBytes,
    long receivedBytes,
    long sessionSentBytes,
    long sessionReceivedBytes,
    long gossipSentBytes,
    long gossipReceivedBytes,
    long sessions,
    long rounds,
    Snapshots snapshots) {
  /** Nothing yet. */
  public static final Traffic NONE = new Traffic(0, 0, 0, 0, 0, 0, 0, 0, Snapshots.NONE);

  /**
   * Snapshots that this node has taken in since its start.
   *
   * @param count how many
   * @param files of all of them
   * @param bytes of their files
   * @param versions that were new here
   * @param nanos from asking to the last version
   */
  public record Snapshots(long count, long files, long bytes, long versions, long nanos) {
    /** None yet. */
    public static final Snapshots NONE = new Snapshots(0, 0, 0, 0, 0);

    /** With one more. */
    Snapshots and(long itsFiles, long itsBytes, long itsVersions, long itsNanos) {
      return new Snapshots(
          count + 1, files + itsFiles, bytes + itsBytes, versions + itsVersions, nanos + itsNanos);
    }
  }

  /** Counts the bytes of messages by their lanes. Owned by the core thread. */
  static final class Bytes {
    private final EnumMap<Lane, Long> sent = new EnumMap<>(Lane.class);
    private final EnumMap<Lane, Long> received = new EnumMap<>(Lane.class);

    void sent(PeerMessage message, int size) {
      sent.merge(message.lane(), (long) size, Long::sum);
    }

    void received(PeerMessage message, int size) {
      received.merge(message.lane(), (long) size, Long::sum);
    }

    Traffic with(long sessions, long rounds, Snapshots snapshots) {
      return new Traffic(
          sent.getOrDefault(Lane.SHIP, 0L),
          received.getOrDefault(Lane.SHIP, 0L),
          sent.getOrDefault(Lane.BULK, 0L),
          received.getOrDefault(Lane.BULK, 0L),
          sent.getOrDefault(Lane.GOSSIP, 0L),
          received.getOrDefault(Lane.GOSSIP, 0L),
          sessions,
          rounds,
          snapshots);
    }
  }
}
