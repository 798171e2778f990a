package io.kdelta.cluster;

import io.kdelta.causal.NodeId;
import java.util.List;
import java.util.Optional;

/** How a part of the cluster reaches the linked nodes. */
interface Wire {
  /** Sends if the node is linked; whether it is. */
  boolean send(NodeId node, PeerMessage message, long now);

  /** As {@link #send}; how much the message is, or empty if the node is not linked. */
  Optional<Weight> sendCounting(NodeId node, PeerMessage message, long now);

  /** The linked nodes, by id. */
  List<NodeId> linked();
}
