package io.kdelta.cluster;

import io.kdelta.causal.NodeId;
import java.util.List;

/**
 * How a node does among others, for metrics: immutable, any thread. Counts are since its start.
 *
 * @param health by how much it doubts itself: 1 not at all, 8 at most
 * @param probes members that it asked whether they are there
 * @param missed of these, those without an answer in time
 * @param suspected verdicts that a member is suspect, its own and those it heard
 * @param dead verdicts that a member is dead
 * @param refuted how often it had to say that it lives
 * @param receipts receipts of others that told something new
 * @param lost streams that it could not go on with: the follower takes another way
 * @param format newest peer format that all members speak
 * @param peers those that are linked
 */
public record Pulse(
    int health,
    long probes,
    long missed,
    long suspected,
    long dead,
    long refuted,
    long receipts,
    long lost,
    int format,
    List<Peer> peers) {
  /** Copies the list. */
  public Pulse {
    peers = List.copyOf(peers);
  }

  /**
   * What is shipped to one linked node.
   *
   * @param bytes of frames since this node started, by all links, before they were packed
   * @param wireBytes what they took on the wire
   * @param frames how many
   * @param underWay bytes that it has not given back as credit
   * @param peak the most that these ever were
   * @param credit bytes that may still be sent before it does
   * @param streams logs that it follows
   * @param lag own versions behind the last one that it has receipted
   */
  public record Peer(
      NodeId node,
      long bytes,
      long wireBytes,
      long frames,
      long underWay,
      long peak,
      long credit,
      int streams,
      long lag) {}
}
