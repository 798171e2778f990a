package io.kdelta.env;

/**
 * Clocks wound by hand: the simulator decides how much time has passed, how fast this machine's
 * crystal swings, and how wrong the wall clock is. Owned by the one thread of the simulation.
 *
 * <p>Invariant: {@code nanos} never decreases. True time is what {@link #advance} counts; {@code
 * nanos} runs beside it at the rate that was set; {@code epochMicros} is nanos since the start of
 * the simulation plus an offset that may be set to anything.
 */
public final class SimTime implements Time {
  /** 2025-01-01T00:00:00Z: where the wall clock of every simulation starts. */
  public static final long EPOCH_MICROS_START = 1_735_689_600_000_000L;

  /** Parts in a million by which a clock may run fast or slow. */
  public static final int DRIFT_PPM_MAX = 500_000;

  private static final long MILLION = 1_000_000L;

  private long trueNanos;
  private long wallOffsetMicros;
  private long driftPpm;

  /** Where the present rate began: true time, and what this clock said then. */
  private long trueBase;

  private long base;

  @Override
  public long nanos() {
    return nanosAt(trueNanos);
  }

  @Override
  public long epochMicros() {
    return EPOCH_MICROS_START + nanos() / 1_000 + wallOffsetMicros;
  }

  /** Lets {@code nanosPassed} nanoseconds of true time pass. */
  public void advance(long nanosPassed) {
    if (nanosPassed < 0) throw new AssertionError("time does not run backwards: " + nanosPassed);
    trueNanos = Math.addExact(trueNanos, nanosPassed);
  }

  /** Lets time pass until so many nanoseconds of true time have passed since the start. */
  public void advanceTo(long trueNanosTarget) {
    advance(trueNanosTarget - trueNanos);
  }

  /** Makes the wall clock wrong by that many microseconds, from now on, either way. */
  public void setWallOffsetMicros(long offsetMicros) {
    wallOffsetMicros = offsetMicros;
  }

  /** Makes both clocks run too fast, or too slow when negative, from now on. */
  public void setDriftPpm(int ppm) {
    if (Math.abs(ppm) > DRIFT_PPM_MAX) throw new AssertionError("drift " + ppm);
    base = nanos();
    trueBase = trueNanos;
    driftPpm = ppm;
  }

  /** What {@link #nanos} answers when that much true time has passed, if nobody turns the rate. */
  public long nanosAt(long trueMoment) {
    long passed = trueMoment - trueBase;
    long whole = Math.floorDiv(passed, MILLION) * driftPpm;
    long rest = Math.floorDiv(Math.floorMod(passed, MILLION) * driftPpm, MILLION);
    return base + passed + whole + rest;
  }

  /** The first moment of true time at which {@link #nanos} answers that or more. */
  public long trueNanosAt(long nanosTarget) {
    if (driftPpm == 0) return trueBase + (nanosTarget - base);
    long wanted = nanosTarget - base;
    long rate = MILLION + driftPpm;
    long guess =
        trueBase
            + Math.floorDiv(wanted, rate) * MILLION
            + Math.floorMod(wanted, rate) * MILLION / rate;
    while (nanosAt(guess) >= nanosTarget) guess--;
    while (nanosAt(guess) < nanosTarget) guess++;
    return guess;
  }
}
