package io.kdelta.env;

/**
 * Two clocks: one that only moves forward, one that people read.
 *
 * <p>Timeouts and order use {@link #nanos}; {@link #epochMicros} may jump either way and is only
 * ever shown or stored. The core reads each once per turn.
 */
public interface Time {
  /** Nanoseconds since an arbitrary start, never decreasing. */
  long nanos();

  /** Microseconds since 1970-01-01T00:00:00Z on the wall clock. */
  long epochMicros();
}
