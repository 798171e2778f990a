package io.kdelta.env;

/**
 * Clocks wound by hand: the simulator decides how much time has passed, and how wrong the wall
 * clock is. Owned by the one thread of the simulation.
 *
 * <p>Invariant: {@code nanos} never decreases; {@code epochMicros} is nanos since the start of the
 * simulation plus an offset that may be set to anything.
 */
public final class SimTime implements Time {
  /** 2025-01-01T00:00:00Z: where the wall clock of every simulation starts. */
  public static final long EPOCH_MICROS_START = 1_735_689_600_000_000L;

  private long nanos;
  private long wallOffsetMicros;

  @Override
  public long nanos() {
    return nanos;
  }

  @Override
  public long epochMicros() {
    return EPOCH_MICROS_START + nanos / 1_000 + wallOffsetMicros;
  }

  /** Lets both clocks pass {@code nanosPassed} nanoseconds. */
  public void advance(long nanosPassed) {
    if (nanosPassed < 0) throw new AssertionError("time does not run backwards: " + nanosPassed);
    nanos = Math.addExact(nanos, nanosPassed);
  }

  /** Lets both clocks pass until {@link #nanos} answers {@code nanosTarget}. */
  public void advanceTo(long nanosTarget) {
    advance(nanosTarget - nanos);
  }

  /** Makes the wall clock wrong by that many microseconds, from now on, either way. */
  public void setWallOffsetMicros(long offsetMicros) {
    wallOffsetMicros = offsetMicros;
  }
}
