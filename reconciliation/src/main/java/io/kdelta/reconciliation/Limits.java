package io.kdelta.reconciliation;

/**
 * What one session may cost. Both sides of a cluster use {@link #STANDARD}; tests use small ones.
 *
 * @param frameBytesMax bytes a frame; what is larger goes in parts
 * @param filterBytesMax bytes a Bloom filter
 * @param cellsMax cells of one difference
 * @param scopeIdsMax ids of a scope that is told anew; a larger one is split by the next nibble
 * @param scopesInFlightMax scopes that one turn opens
 * @param treeNodesMax inner places told in one message
 * @param wantEntriesMax versions asked for in one message
 * @param refusedMax refused ids told in one session by one side
 * @param writersMax writers a dot summary names
 * @param pushesMax ids that one turn pushes, so that no turn of a driver's thread is long; a side
 *     that has more to push ends the session when the peer asks for nothing else, and the next
 *     session brings the next share
 * @param turnsMax turns of both sides together, after which the session gives up (what it moved
 *     stays, so the next one starts nearer)
 */
public record Limits(
    int frameBytesMax,
    int filterBytesMax,
    int cellsMax,
    int scopeIdsMax,
    int scopesInFlightMax,
    int treeNodesMax,
    int wantEntriesMax,
    int refusedMax,
    int writersMax,
    int pushesMax,
    int turnsMax) {
  /** The limits of the protocol (reconciliation, bounds). */
  public static final Limits STANDARD =
      new Limits(
          1 << 20, 16 << 20, 1 << 20, 1 << 17, 8, 4_096, 1 << 18, 8_192, 4_096, 1 << 15, 4_096);

  /** The smallest frame in which every message still makes progress. */
  public static final int FRAME_BYTES_MIN = 8_192;

  /** Refuses limits under which a session could not move. */
  public Limits {
    if (frameBytesMax < FRAME_BYTES_MIN
        || filterBytesMax < 8
        || cellsMax < 1
        || scopeIdsMax < 1
        || scopesInFlightMax < 1
        || treeNodesMax < 1
        || wantEntriesMax < 1
        || refusedMax < 0
        || writersMax < 0
        || pushesMax < 1
        || turnsMax < 1) {
      throw new IllegalArgumentException("limits without room: " + frameBytesMax);
    }
  }
}
