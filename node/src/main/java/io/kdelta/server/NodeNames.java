package io.kdelta.server;

import io.kdelta.causal.NodeId;
import io.kdelta.core.Reply;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What people call the nodes whose ids versions carry. Thread-safe; filled from the member list as
 * {@link NodeHealth} sees it, so the name of a new node is known within moments.
 */
final class NodeNames {
  private final Map<NodeId, String> names = new ConcurrentHashMap<>();

  void learn(Reply.MemberList members) {
    for (Reply.MemberList.Node node : members.nodes()) {
      names.put(node.member().node(), node.member().card().name());
    }
  }

  void learn(NodeId node, String name) {
    names.put(node, name);
  }

  /** The name, or nothing while it is unknown. */
  String of(NodeId node) {
    return names.getOrDefault(node, "");
  }
}
