package io.kdelta.cluster;

import io.kdelta.causal.NodeId;
import java.util.List;

/** How a part of the cluster reaches the linked nodes. */
interface Wire {
  /** Sends if the node is linked; whether it is. */
  boolean send(NodeId node, PeerMessage message, long now);

  /** As {@link #send}; the size of the message in bytes, or -1 if the node is not linked. */
  int sendCounting(NodeId node, PeerMessage message, long now);

  /** The linked nodes, by id. */
  List<NodeId> linked();
}
