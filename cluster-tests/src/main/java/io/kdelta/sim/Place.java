package io.kdelta.sim;

import java.util.Locale;

/**
 * Places that a batch of runs must reach (simulation.md section 3): each is something that the
 * product has to get right and that only comes about when several things meet. A batch in which one
 * is never reached tests less than it says.
 */
enum Place {
  /** A node started behind a log that ended in the middle of a record. */
  TORN_TAIL_CUT,
  /** A node found bytes that had changed by themselves, and named them. */
  SET_ASIDE_IN_THE_MIDDLE,
  /** Versions that a node had lost came back from a peer. */
  REPAIRED_FROM_PEER,
  /** A read was refused because what it rests on is lost. */
  READ_OF_DAMAGE_REFUSED(1_000),
  /** The power failed between the switch of names and the removal of what they replaced. */
  CRASHED_BETWEEN_RENAME_AND_UNLINK(1_000),
  /** The power failed between a write and its sync. */
  CRASHED_BEFORE_SYNC,
  /** The power failed before a directory was synced. */
  CRASHED_BEFORE_DIRECTORY_SYNC(1_000),
  /** The power failed in the middle of the writing of a table. */
  CRASHED_IN_A_TABLE,
  /** The power failed in the middle of a merge. */
  CRASHED_IN_A_MERGE,
  /** The power failed again while the node recovered. */
  CRASHED_IN_RECOVERY,
  /** A sync failed, and the node stopped itself. */
  FENCED,
  /** A disk was full, and the node took writes again when it was not any more. */
  DISK_FULL_AND_RESUMED,
  /** A piece of table work failed and was tried again. */
  TABLE_WORK_RETRIED,
  /** Tables were merged. */
  MERGED,
  /** A table or a large value was verified by a read. */
  VERIFIED_ON_READ,
  /** A start was refused by its disk. */
  START_REFUSED,
  /** A node wrote under a second incarnation. */
  NEW_INCARNATION,
  /** A version waited on a disk for its parents; at the end all are shown. */
  PARKED_THEN_SHOWN(1_000),
  /** A node that wrote nothing itself shipped the log of another. */
  RELAYED,
  /** Two nodes found the difference by a session. */
  RECONCILED,
  /** A session found the difference by positions. */
  RECONCILED_BY_DOTS,
  /** A session found the difference by maintained cells. */
  RECONCILED_BY_CELLS(1_000),
  /** A session went through Bloom filters. */
  RECONCILED_WITH_BLOOM(1_000),
  /** A session went through the tree. */
  RECONCILED_BY_DRILL_DOWN(1_000),
  /** What one rung did not find a later one found. */
  LATER_RUNG_FOUND_IT(1_000),
  /** A node took in the files of another. */
  CAUGHT_UP_BY_SNAPSHOT,
  /** An empty node loaded the files of another as a whole. */
  SNAPSHOT_LOADED,
  /** Files could not be loaded as a whole, and were read by versions. */
  SNAPSHOT_READ_BY_VERSIONS(1_000),
  /** A snapshot broke off. */
  SNAPSHOT_BROKEN_OFF(1_000),
  /** A session broke off, and a later one did the work. */
  SESSION_BROKEN_OFF,
  /** A suspected member refuted. */
  SUSPECTED_AND_REFUTED,
  /** A member that was called dead came back. */
  CALLED_DEAD_AND_BACK,
  /** A node left its cluster in good order. */
  LEFT_FOR_GOOD,
  /** A node was stopped in good order, and others held everything by then. */
  DRAINED,
  /** A dead member was removed. */
  REMOVED_FOR_GOOD,
  /** A node came up for the first time when the others had long been at work. */
  JOINED_LATE,
  /** Two nodes ran under one id. */
  TWINS,
  /** A peer told a lie. */
  LIED_TO,
  /** A node came up again after more than five minutes. */
  LONG_AWAY(1_000),
  /** A write was told that its level was not reached. */
  ACK_UNMET_TOLD,
  /** A retry was answered with what the first request had written. */
  RETRY_RECOGNISED,
  /** A condition of a write did not hold. */
  CONDITION_REFUSED,
  /** A write was refused by a node that takes none. */
  WRITE_REFUSED,
  /** A client with a token was told that the node is behind. */
  BEHIND_TOLD,
  /** A node that held nothing left a read to one that held something. */
  READ_REFERRED,
  /** A stable read showed a version. */
  READ_REPLICATED,
  /** A stable read was told that too little is known of what others have. */
  REPLICATION_UNKNOWN,
  /** A watcher went on at another node and was told something. */
  WATCHED_ELSEWHERE,
  /** A watcher went on behind a restart of its node and was told something. */
  WATCHED_OVER_A_RESTART,
  /** Somebody saw two heads of a key. */
  CONFLICT_SEEN,
  /** Somebody made one head of several. */
  CONFLICT_RESOLVED,
  /** A version stands in the far future of a clock that jumped. */
  WRITTEN_IN_THE_FUTURE;

  private final int seeds;

  Place() {
    this(150);
  }

  Place(int seeds) {
    this.seeds = seeds;
  }

  /** A batch of so many seeds must reach it. */
  int seeds() {
    return seeds;
  }

  /** As a report names it. */
  String label() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
