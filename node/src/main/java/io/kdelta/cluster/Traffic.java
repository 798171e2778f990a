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
 */
public record Traffic(
    long shippedBytes,
    long receivedBytes,
    long sessionSentBytes,
    long sessionReceivedBytes,
    long gossipSentBytes,
    long gossipReceivedBytes,
    long sessions,
    long rounds) {
  /** Nothing yet. */
  public static final Traffic NONE = new Traffic(0, 0, 0, 0, 0, 0, 0, 0);

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

    Traffic with(long sessions, long rounds) {
      return new Traffic(
          sent.getOrDefault(Lane.SHIP, 0L),
          received.getOrDefault(Lane.SHIP, 0L),
          sent.getOrDefault(Lane.BULK, 0L),
          received.getOrDefault(Lane.BULK, 0L),
          sent.getOrDefault(Lane.GOSSIP, 0L),
          received.getOrDefault(Lane.GOSSIP, 0L),
          sessions,
          rounds);
    }
  }
}
