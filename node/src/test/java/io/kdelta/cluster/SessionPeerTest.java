package io.kdelta.cluster;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** Goal: a share counts as one only if something came of it. Method: counts of both ends. */
final class SessionPeerTest {
  @Test
  void theFirstShareCountsAndLaterOnesOnlyIfEitherEndHasGrown() {
    SessionPeer peer = new SessionPeer();
    assertTrue(peer.hasGrown(0));
    assertFalse(peer.hasGrown(0), "nothing came of it");
    peer.versions = 40;
    assertTrue(peer.hasGrown(0), "the peer took some in");
    assertTrue(peer.hasGrown(7), "this end did");
    assertFalse(peer.hasGrown(7));
  }
}
