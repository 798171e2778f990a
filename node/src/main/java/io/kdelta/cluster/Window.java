package io.kdelta.cluster;

/**
 * The bytes of frames on one link, both ways: what was sent and given back, what was taken in and
 * told. Owned by the core thread.
 *
 * <p>It lives as long as its link, whether the link is the active one of its node or not: the other
 * end goes on counting. Would a link begin to count anew whenever it becomes active, a node of
 * which two processes run (a cloned machine), or one that speaks on two links in turn, were sent a
 * window more with every turn.
 */
final class Window {
  private long sent;
  private long peak;
  private long credited;
  private long taken;
  private long told;

  /** Whether less than so many bytes are on their way to the other end. */
  boolean isOpen(int windowBytes) {
    return sent - credited < windowBytes;
  }

  /** Bytes that are on their way to the other end. */
  long underWay() {
    return sent - credited;
  }

  /** A frame was sent. */
  void sent(int bytes) {
    sent += bytes;
    peak = Math.max(peak, underWay());
  }

  /** The most bytes that ever were on their way to the other end. */
  long peak() {
    return peak;
  }

  /** The other end says how much it has taken in; more than was sent counts as all of it. */
  void credited(long bytes) {
    credited = Math.max(credited, Math.min(bytes, sent));
  }

  /** A frame that came is done with, stored or not. */
  void taken(int bytes) {
    taken += bytes;
  }

  /** Whether enough was taken in to tell the other end of it. */
  boolean isDue(int windowBytes) {
    return taken - told > 0 && taken - told >= windowBytes / 4;
  }

  /** What the other end is told now: all that was taken in. */
  long tell() {
    told = taken;
    return taken;
  }
}
