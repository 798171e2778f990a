package io.kdelta.process;

/**
 * Something that happens to a cluster of processes from outside. Nodes are named by index, times
 * are in milliseconds. Immutable; printed as the record says itself.
 */
sealed interface Fault {
  /** SIGKILL; started again later. */
  record Kill(int node, long down) implements Fault {}

  /** SIGSTOP; SIGCONT later. */
  record Stop(int node, long lasts) implements Fault {}

  /** SIGTERM, and started again at once. */
  record Restart(int node) implements Fault {}

  /** Each node in turn is restarted, the next one when the one before is ready. */
  record Rolling() implements Fault {}

  /** One directed link holds everything back. */
  record OneWayCut(int from, int to, long lasts) implements Fault {}

  /** Both directions between two nodes hold everything back. */
  record Cut(int one, int other, long lasts) implements Fault {}

  /** All links of a node, both directions. */
  record Isolate(int node, long lasts) implements Fault {}

  /** One directed link is slow and narrow. */
  record Slow(int from, int to, long delay, long bytesPerSecond, long lasts) implements Fault {}

  /** Somebody else takes the room on the disk of a node but so many bytes. */
  record FullDisk(int node, long room, long lasts) implements Fault {}

  /** A second process on the data directory of a running node, which must refuse. */
  record Rival(int node) implements Fault {}

  /**
   * A copy of the data directory is started beside the node: the same identity twice, for so many
   * acknowledged writes.
   */
  record Twin(int node, int writes) implements Fault {}

  /**
   * A byte of a stopped node's file changes.
   *
   * @param table in a table, else in the log
   * @param permille where in what is written of the file
   * @param mask the bits that flip
   */
  record Rot(int node, boolean table, int permille, int mask) implements Fault {}

  /** The data directory is gone; the node joins again with an empty one. */
  record Wipe(int node) implements Fault {}

  /** A backup is taken, so many writes later the node is stopped and goes on from the backup. */
  record Restore(int node, int writes) implements Fault {}

  /** What a report calls it. */
  default String kind() {
    return getClass().getSimpleName();
  }

  /** Whether it passes by itself, and others may strike meanwhile. */
  default boolean passes() {
    return switch (this) {
      case Kill _, Stop _, OneWayCut _, Cut _, Isolate _, Slow _, FullDisk _ -> true;
      case Restart _, Rolling _, Rival _, Twin _, Rot _, Wipe _, Restore _ -> false;
    };
  }
}
