package io.kdelta.cluster;

import io.kdelta.causal.Frame;
import io.kdelta.memory.Bytes;

/** What a peer that lies may put on a link, for tests of other packages. */
public final class Forgery {
  private Forgery() {}

  /** A frame as if the sender shipped it. */
  public static Bytes ship(Frame frame) {
    return PeerCodec.encode(new PeerMessage.Ship(frame, false));
  }
}
