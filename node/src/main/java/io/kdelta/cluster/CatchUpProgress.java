package io.kdelta.cluster;

import io.kdelta.causal.NodeId;

/**
 * How far a node is with what it lacks.
 *
 * @param rung by which it catches up: stream, session or snapshot; empty when it does not
 * @param phase what it is at, in lower case: of a snapshot its step, of a session its own rung
 * @param peer who gives, or holds most; {@link NodeId#NONE}: an earlier start gathered the files
 * @param bytes that came: of a snapshot those of its files that are here, of a stream its frames
 * @param bytesTotal of all files; 0 where it is not known
 * @param files whole files that are here
 * @param filesTotal all of them
 * @param versions that were new, since it began
 * @param versionsTotal these, and those that the peer holds and this node does not, by their number
 * @param millis since it began, in this start
 */
public record CatchUpProgress(
    String rung,
    String phase,
    NodeId peer,
    long bytes,
    long bytesTotal,
    int files,
    int filesTotal,
    long versions,
    long versionsTotal,
    long millis) {
  /** Nothing is taken in. */
  public static final CatchUpProgress NONE =
      new CatchUpProgress("", "", NodeId.NONE, 0, 0, 0, 0, 0, 0, 0);

  /** Whether a snapshot is taken in. */
  boolean isOfFiles() {
    return rung.equals("snapshot");
  }

  /** The same, of so many versions. */
  CatchUpProgress of(long total) {
    return new CatchUpProgress(
        rung, phase, peer, bytes, bytesTotal, files, filesTotal, versions, total, millis);
  }
}
