package io.kdelta.cluster;

import io.kdelta.causal.NodeId;

/**
 * How far the snapshot is that a node takes in.
 *
 * @param phase what it is at, in lower case; empty when none is taken in
 * @param peer whose files these are; {@link NodeId#NONE}: an earlier start gathered them
 * @param bytes of files that are here
 * @param bytesTotal of all of them; 0 before they are known
 * @param files whole files that are here
 * @param filesTotal all of them
 * @param versions that were new, since this start
 * @param millis since it began, in this start
 */
public record CatchUpProgress(
    String phase,
    NodeId peer,
    long bytes,
    long bytesTotal,
    int files,
    int filesTotal,
    long versions,
    long millis) {
  /** Nothing is taken in. */
  public static final CatchUpProgress NONE = new CatchUpProgress("", NodeId.NONE, 0, 0, 0, 0, 0, 0);
}
