package io.kdelta.core;

import io.kdelta.env.Time;

/**
 * The time of a turn: read once, the same for everything that the turn decides. Owned by the core.
 */
final class TurnClock implements Time {
  private final Time source;
  private long nanos;
  private long epochMicros;

  TurnClock(Time source) {
    this.source = source;
    read();
  }

  /** Reads both clocks; called once, at the start of a turn. */
  void read() {
    nanos = source.nanos();
    epochMicros = source.epochMicros();
  }

  @Override
  public long nanos() {
    return nanos;
  }

  @Override
  public long epochMicros() {
    return epochMicros;
  }
}
