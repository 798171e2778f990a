package io.kdelta.cluster;

/**
 * How far a write must be synced before it is acknowledged (cluster.md section 3).
 *
 * <p>With R = min(configured backups, members that have not left - 1), dead members included.
 */
public enum AckLevel {
  /** On the accepting node. */
  LOCAL,
  /** And on 1 further node. */
  ONE,
  /** And on floor((R + 1) / 2) further nodes. */
  QUORUM,
  /** And on R further nodes. */
  ALL;

  /** How many further nodes the level needs when there are {@code backups} = R of them. */
  public int further(int backups) {
    return switch (this) {
      case LOCAL -> 0;
      case ONE -> 1;
      case QUORUM -> (backups + 1) / 2;
      case ALL -> backups;
    };
  }
}
