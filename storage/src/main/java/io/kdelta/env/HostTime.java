package io.kdelta.env;

import java.time.Instant;

/** The clocks of the machine. Stateless; any thread. */
public final class HostTime implements Time {
  @Override
  public long nanos() {
    return System.nanoTime();
  }

  @Override
  public long epochMicros() {
    Instant now = Instant.now();
    return Math.addExact(
        Math.multiplyExact(now.getEpochSecond(), 1_000_000L), now.getNano() / 1_000);
  }
}
