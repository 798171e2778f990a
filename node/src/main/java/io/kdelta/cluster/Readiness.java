package io.kdelta.cluster;

/**
 * Whether the node takes writes, as far as the cluster decides.
 *
 * @param ready whether it does
 * @param reason why not; empty when it does
 */
public record Readiness(boolean ready, String reason) {
  /** It does. */
  public static final Readiness READY = new Readiness(true, "");

  /** It does not, for that reason. */
  public static Readiness not(String reason) {
    return new Readiness(false, reason);
  }
}
