package io.kdelta.storage;

/**
 * How long what was shown without a copy may be used: until {@link #end} is called again. Owned by
 * the core thread, like what it guards.
 */
final class ReadEpoch {
  private long ended;

  /** Whatever was shown until now is no longer valid. */
  void end() {
    ended++;
  }

  /** Names the present epoch; never negative. */
  long number() {
    return ended;
  }
}
