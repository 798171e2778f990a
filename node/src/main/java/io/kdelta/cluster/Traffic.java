package io.kdelta.cluster;

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
    private final long[] sent = new long[Lane.values().length];
    private final long[] received = new long[Lane.values().length];

    void sent(PeerMessage message, int size) {
      sent[message.lane().ordinal()] += size;
    }

    void received(PeerMessage message, int size) {
      received[message.lane().ordinal()] += size;
    }

    Traffic with(long sessions, long rounds) {
      int ship = Lane.SHIP.ordinal();
      int bulk = Lane.BULK.ordinal();
      int gossip = Lane.GOSSIP.ordinal();
      return new Traffic(
          sent[ship],
          received[ship],
          sent[bulk],
          received[bulk],
          sent[gossip],
          received[gossip],
          sessions,
          rounds);
    }
  }
}
