package io.kdelta.causal;

import java.util.List;

/** What became of a frame that a peer shipped. */
public sealed interface FrameReception {
  /**
   * Every version of it was looked at, on its own.
   *
   * @param versions what became of each, in the order of the frame
   */
  record Taken(List<Reception> versions) implements FrameReception {
    /** Copies the list. */
    public Taken {
      versions = List.copyOf(versions);
    }
  }

  /**
   * The chain does not fit what is held, or does not fit itself: nothing of the frame was taken,
   * and reconciliation has to heal what differs.
   *
   * @param incarnation whose chain
   * @param seq the position after which it broke
   */
  record ChainBroken(Incarnation incarnation, long seq) implements FrameReception {}
}
