package io.kdelta.causal;

/**
 * The hybrid logical clock of a node: never goes back, stays near the wall clock, and is always
 * above the parents of what it stamps.
 *
 * <p>An immutable value; the store keeps the present one and persists it in the batch of whatever
 * it stamped. Source: Kulkarni, Demirbas et al., "Logical Physical Clocks" (2014).
 *
 * @param last the latest time issued or taken over, never beyond {@link Timestamp#MAX}
 */
public record HybridClock(Timestamp last) {
  /** Received times further ahead of the wall clock than this are not taken over: 5 minutes. */
  public static final long AHEAD_MICROS_MAX = 5L * 60 * 1_000_000;

  /** Before anything was stamped. */
  public static final HybridClock START = new HybridClock(Timestamp.ZERO);

  /** The next time of this clock on its own: one step on, or the wall clock if that is later. */
  public Timestamp peek(long wallMicros) {
    Timestamp own = Timestamp.later(last.next(), Timestamp.ofMicros(wallMicros));
    return own.after(Timestamp.MAX) ? Timestamp.MAX : own;
  }

  /**
   * The time of a version written now.
   *
   * @param latestParent the latest time of its parents; {@link Timestamp#ZERO} without parents
   */
  public Timestamp stamp(long wallMicros, Timestamp latestParent) {
    Timestamp own = peek(wallMicros);
    return own.after(latestParent) ? own : latestParent.next();
  }

  /** The clock after a version was stamped, which may have inherited a far future from a parent. */
  public HybridClock stamped(long wallMicros, Timestamp time) {
    return new HybridClock(peek(wallMicros)).seen(wallMicros, time);
  }

  /** The clock after a version from elsewhere was seen. */
  public HybridClock seen(long wallMicros, Timestamp time) {
    long latestMicros = Timestamp.ofMicros(wallMicros).micros() + AHEAD_MICROS_MAX;
    boolean near = time.micros() <= latestMicros && !time.after(Timestamp.MAX);
    return near && time.after(last) ? new HybridClock(time) : this;
  }
}
